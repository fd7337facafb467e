"""The last layer of an enlarging prior: the nearest picture that scales back, differentiable."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.consistency import straight_colour
from depixel.degradation import BicubicDegradation, Degradation, PointDegradation, repeated

_NEAR = 1e-5  # relative rounding of premultiplied values


def impose(large: Tensor, small: Tensor, degradation: Degradation) -> Tensor:
    """
    The nearest picture with A x = y, differentiable and unclipped; export clips and rounds (depixel.consistency).

    For point sampling the centre pixels themselves are fixed, not only their mean, as in exporting. Bicubic reduction
    overshoots next to edges, and files store the overshoot clipped: where y is 0 or the maximum, A x may be beyond it.
    """
    if isinstance(degradation, PointDegradation):
        offsets, _ = degradation.taps()
        comb = large.new_zeros(degradation.factor)
        comb[offsets] = 1.0
        mask = (comb[:, None] * comb).repeat(small.shape[2], small.shape[3])
        return torch.lerp(large, repeated(small, degradation.factor), mask)
    missing = small - degradation.apply(large)
    if isinstance(degradation, BicubicDegradation):
        missing = torch.where(_was_clipped(small, missing), 0.0, missing)
    return large + degradation.pseudo_inverse(missing)


# Where a small picture [B, 3 or 4, h, w], premultiplied, is at an end of its range and the answer is beyond it.
def _was_clipped(small: Tensor, missing: Tensor) -> Tensor:
    top = torch.ones_like(small)
    if small.shape[1] == 4:
        top = torch.cat([small[:, 3:].expand(-1, 3, -1, -1), top[:, 3:]], 1)
    highest = (small >= top * (1 - _NEAR)) & (small > 0)
    return ((small <= 0) & (missing > 0)) | (highest & (missing < 0))


def impose_small(large: Tensor, small: Tensor, degradation: Degradation, binary_alpha: bool) -> Tensor:
    """
    `impose` for alpha that was never a mean: block centres keep the small picture's alpha, and the visible part of each
    block keeps its colour.
    """
    if not binary_alpha or isinstance(degradation, PointDegradation):
        return impose(large, small, degradation)
    alpha = impose(large[:, 3:], small[:, 3:], PointDegradation(degradation.factor, degradation.wrap))
    coverage = degradation.apply(alpha.detach().clamp(0, 1))
    colour = impose(large[:, :3], straight_colour(small) * coverage, degradation)
    return torch.cat([colour, alpha], 1)
