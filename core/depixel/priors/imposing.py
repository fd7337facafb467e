"""The last layer of an enlarging prior: the nearest picture that scales back, differentiable."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.consistency import straight_colour
from depixel.degradation import Degradation, PointDegradation, repeated


def impose(large: Tensor, small: Tensor, degradation: Degradation) -> Tensor:
    """
    The nearest picture with A x = y, differentiable and unclipped; export clips and rounds (depixel.consistency).

    For point sampling the centre pixels themselves are fixed, not only their mean, as in exporting.
    """
    if isinstance(degradation, PointDegradation):
        offsets, _ = degradation.taps()
        comb = large.new_zeros(degradation.factor)
        comb[offsets] = 1.0
        mask = (comb[:, None] * comb).repeat(small.shape[2], small.shape[3])
        return torch.lerp(large, repeated(small, degradation.factor), mask)
    return large + degradation.pseudo_inverse(small - degradation.apply(large))


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
