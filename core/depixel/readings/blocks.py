"""
The crisp reading: square pixels in which staircases become straight diagonals. Nothing is rounded.

Tensors are premultiplied RGBA in [0, 1]: `small` [B, 4, h, w], answers [B, 4, h*f, w*f].
"""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.degradation import repeated
from depixel.readings.neighbours import alike, shifts

_FINE = 8  # samples of a large pixel along each axis, for the edge of a diagonal
_SAME = 3 / 255


def crisp(small: Tensor, factor: int) -> Tensor:
    """
    Blocks, with a corner cut at 45 degrees where a staircase continues beyond it: the two pixels next to the corner
    have one colour, and another step of the same staircase follows. Corners of boxes do not change.
    """
    at = shifts(small, 2)
    answer = repeated(small, factor)
    for down in (-1, 1):
        for right in (-1, 1):
            beside = at(down, 0)
            corner = alike(beside, at(0, right), _SAME) & ~alike(small, beside, _SAME)
            outside = ~alike(small, at(down, right), _SAME) | alike(beside, at(down, right), _SAME)
            # the next pixel of a staircase through this corner, on one side or the other
            goes_on = alike(small, at(down, -right), _SAME) & ~alike(small, at(2 * down, -right), _SAME)
            goes_on |= alike(small, at(-down, right), _SAME) & ~alike(small, at(-down, 2 * right), _SAME)
            cut = repeated((corner & outside & goes_on).to(small.dtype), factor)
            cover = _triangle(factor, down, right).to(small).repeat(*small.shape[2:]) * cut
            answer = torch.lerp(answer, repeated(beside, factor), cover)
    return answer


# [f, f]: how much of each large pixel is beyond the diagonal between the middles of two edges.
def _triangle(factor: int, down: int, right: int) -> Tensor:
    place = (torch.arange(factor * _FINE) + 0.5) / (factor * _FINE) - 0.5
    beyond = (down * place[:, None] + right * place) > 0.5
    return beyond.float().reshape(factor, _FINE, factor, _FINE).mean((1, 3))
