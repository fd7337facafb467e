"""How well the outlines of a drawing match those of a portrait whose parts `faces.face_parts` has found."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred, enlarged

GRID = 256
"""Pixels per side at which the parts are compared."""
REACH = 1.6 / 64
"""How far outlines may be off, as a fraction of the side."""
GONE, WHOLE = 0.6, 0.9
"""Fraction of a place that shows the same part: no drawn detail up to the first value, all of it from the second."""
EDGE = 5
"""Width of an edge in pixels of the grid."""
SOFTNESS = 0.6 / 64
"""Standard deviation of the blur between drawn detail and the rest, as a fraction of the side."""


def outline_miss(masks: Tensor, parts: Tensor, weight: Tensor) -> Tensor:
    """
    [B], 0 to 1: how much of the picture shows another part in the drawing than in the portrait.

    Args:
        masks: [B, 4, S, S], the drawing's, in the order of `rendering.MASKS`.
        parts: [B or 1, 4, k, k], the portrait's.
        weight: [B or 1, 1, n, n], the weight of each pixel; the parts are compared at this size.
    """
    side = weight.shape[2]
    difference = resize(masks, side, side) - resize(parts, side, side)
    missed = difference.square().sum(1, keepdim=True) / 2 * weight
    return missed.mean((1, 2, 3)) / weight.mean((1, 2, 3))


def agreement(masks: Tensor, parts: Tensor) -> Tensor:
    """
    [B, 1, GRID, GRID], 0 to 1: where the portrait shows the same part as the drawing, in that place or next to it.

    Args: as `outline_miss`.
    """
    kernel = 2 * round(REACH * GRID) + 1
    near = F.max_pool2d(_on_grid(parts).clamp(0, 1), kernel, stride=1, padding=kernel // 2)
    same = (_on_grid(masks) * near).sum(1, keepdim=True)
    same = ((same - GONE) / (WHOLE - GONE)).clamp(0, 1)
    # The edge of a part that is left out is left out too; otherwise, it would remain as a line.
    return blurred(-F.max_pool2d(-same, EDGE, stride=1, padding=EDGE // 2), SOFTNESS * GRID)


def _on_grid(picture: Tensor) -> Tensor:
    if picture.shape[2] < GRID:
        return enlarged(picture, GRID)
    return resize(picture, GRID, GRID)
