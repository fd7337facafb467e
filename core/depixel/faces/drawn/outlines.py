"""How well the outlines of a drawing match those of a portrait whose parts `faces.face_parts` has found."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred

GRID = 128
"""Pixels per side at which the parts are compared."""
TOLERANCE = 1.5 / 64
"""
Standard deviation of the blur before parts are compared, as a fraction of the side: outlines may be off by about as
much.
"""
FADES, GONE = 0.3, 0.65
"""Fraction of a place that shows something else: where drawn detail begins to fade, and where it is gone."""


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
    [B, 1, GRID, GRID], 0 to 1: where a drawing shows the same part as the portrait; 1 inside and at common outlines.

    Args: as `outline_miss`.
    """
    sigma = TOLERANCE * GRID
    other = (blurred(_on_grid(masks), sigma) - blurred(_on_grid(parts), sigma)).abs().sum(1, keepdim=True) / 2
    same = ((GONE - other) / (GONE - FADES)).clamp(0, 1)
    # Detail fades on both sides of an outline that should not be there.
    least = -F.max_pool2d(-same, 5, stride=1, padding=2)
    return blurred(torch.minimum(same, least + 0.25), 1.5)


def _on_grid(picture: Tensor) -> Tensor:
    if picture.shape[2] < GRID:
        return F.interpolate(picture, (GRID, GRID), mode="bicubic", align_corners=False)
    return resize(picture, GRID, GRID)
