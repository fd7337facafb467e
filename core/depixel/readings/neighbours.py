"""Small pixels around each pixel. Tensors are [B, C, h, w]."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

NINE = ((0, 0), (-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
"""(down, right) of a pixel and its neighbours, the pixel first: in a tie, its own colour wins."""
FOUR = NINE[1:5]
"""Of these, the neighbours along the grid."""


def shifts(
    small: Tensor, reach: int, border: str = "replicate", value: float | None = None
) -> Callable[[int, int], Tensor]:
    """
    A function of (down, right), each at most `reach`: the picture in which every pixel is that neighbour.

    Args:
        border: how the picture continues beyond its border, a mode of `F.pad`.
        value: of all pixels beyond the border if `border` is "constant".
    """
    padded = F.pad(small, (reach, reach, reach, reach), border, value)
    height, width = small.shape[2:]

    def shifted(down: int, right: int) -> Tensor:
        return padded[:, :, reach + down : reach + down + height, reach + right : reach + right + width]

    return shifted


def nine(small: Tensor) -> list[Tensor]:
    """The picture and its eight neighbours, in the order of NINE; the border repeats."""
    shifted = shifts(small, 1)
    return [shifted(down, right) for down, right in NINE]


def alike(one: Tensor, other: Tensor, tolerance: float = 0.5 / 255) -> Tensor:
    """[B, 1, h, w] bool: equal in every channel."""
    return ((one - other).abs() <= tolerance).all(1, keepdim=True)
