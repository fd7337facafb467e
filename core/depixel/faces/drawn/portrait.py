"""A small portrait, prepared for the search for a drawn face."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.reader import FaceReading


@dataclass(frozen=True)
class Portrait:
    """One portrait, its reading, and its parts."""

    soft: Tensor
    """[1, 3, R, R] in [0, 1], the neural answer."""
    reading: FaceReading
    parts: Tensor | None
    """[1, 4, k, k], probabilities in the order of `rendering.MASKS`; None if they cannot be trusted."""

    def colours(self, side: int) -> Tensor:
        """[1, 3, side, side] in [0, 1]."""
        return resize(self.soft, side, side)


def middle_first(side: int) -> Tensor:
    """[1, 1, side, side], the weight of each pixel of a portrait: the face counts more than its surroundings."""
    axis = ((torch.arange(side) + 0.5) / side - 0.5) ** 2
    weight: Tensor = 0.3 + torch.exp(-(axis + axis[:, None]) / 0.12)
    return weight[None, None]
