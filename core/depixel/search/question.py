"""The input of a search: the pictures, how answers scale back to them, and where to start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from depixel.degradation import Degradation
from depixel.errors import BadUsageError
from depixel.priors.base import Latents


@dataclass(frozen=True)
class Question:
    """B pictures of one size, on the device of the search."""

    small: Tensor  # [B, 4, h, w] premultiplied RGBA in [0, 1]
    degradation: Degradation
    scale_back: Callable[[Tensor], Tensor] | None = None
    """
        [N, 4, H, W] => [N, 4, h, w], differentiable, each row independently; None = degradation.apply. For priors of a
        fixed
    size whose pictures are cropped or padded before the comparison.
    """
    weight: Tensor | None = None  # [B, 1, h, w] weight of each input pixel in the error, 0 ... 1
    palettes: Tensor | None = None  # [B, P, 4] allowed premultiplied colours; the last is repeated as padding
    animations: Sequence[int] | None = None
    """
        A number per picture; consecutive pictures with the same number are frames of one animation, and stay in the
        batch
    until all of them are done. None = no animations.
    """
    start: Latents | None = None
    """
        Latents of batch B (for each picture's first candidate) or B * candidates (for every row) to use instead of the
    encoder's and the prior's samples, for example those of the previous frame.
    """
    far_eps: float | None = None  # error at which a row that starts outside PULSE's eps is done, if larger

    def check(self, candidates: int) -> None:
        """Raises BadUsageError if small, start, weight, palettes and animations do not fit together."""
        small = self.small
        if small.ndim != 4 or small.shape[1] != 4 or small.shape[0] == 0:
            raise BadUsageError(f"a search takes pictures [B, 4, h, w], not {list(small.shape)}.")
        if not bool(torch.isfinite(small).all()):
            raise BadUsageError("a picture for the search has values that are not finite numbers.")
        count = small.shape[0]
        for name, length in (
            ("weight", None if self.weight is None else self.weight.shape[0]),
            ("palettes", None if self.palettes is None else self.palettes.shape[0]),
            ("animations", None if self.animations is None else len(self.animations)),
        ):
            if length is not None and length != count:
                raise BadUsageError(f"{name} must have one entry for each of the {count} pictures, not {length}.")
        if self.start is not None and batch_of(self.start) not in (count, count * candidates):
            raise BadUsageError(
                f"start must hold latents for {count} or {count * candidates} rows, not {batch_of(self.start)}."
            )


def batch_of(latents: Latents) -> int:
    """Number of rows of these latents."""
    return next(x.shape[0] for x in latents.values())
