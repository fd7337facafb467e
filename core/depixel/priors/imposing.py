"""The last layer of an enlarging prior: the nearest picture that scales back, differentiable."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.consistency import straight_colour
from depixel.degradation import Degradation, PointDegradation, repeated


def impose(large: Tensor, small: Tensor, degradation: Degradation) -> Tensor:
    """
    The nearest picture with A x = y, differentiable and unclipped; export clips and rounds (depixel.consistency).

    Point sampling fixes the centre pixels themselves and not only their mean, as export does.
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
    `impose`, with alpha that was never a mean treated as it is: block centres keep it, and colour is held to the
    small picture's own colour over whatever part of a block is visible.
    """
    if not binary_alpha or isinstance(degradation, PointDegradation):
        return impose(large, small, degradation)
    alpha = impose(large[:, 3:], small[:, 3:], PointDegradation(degradation.factor, degradation.wrap))
    coverage = degradation.apply(alpha.detach().clamp(0, 1))
    colour = impose(large[:, :3], straight_colour(small) * coverage, degradation)
    return torch.cat([colour, alpha], 1)
