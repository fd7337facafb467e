"""Restores unit vectors in normal maps, whose RGB is a direction."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import Degradation


def unit_vectors(encoded: Tensor, small: Tensor, degradation: Degradation) -> Tensor:
    """
    Scale the answer's normals to length 1 and turn them so that the mean of each block points where the input points.

    The mean of different unit vectors is shorter than 1. If the input was normalised, an answer with detail therefore
    cannot match its length too: the vectors of a block may spread until the length of their mean is _SHORTER. If the
    input is shorter, for example after a reduction without normalising, they spread as far as its length allows.

    Args:
        encoded: [B, 3, h*f, w*f] in [0, 1] (0.5 = zero), projected.
        small: [B, 3, h, w] likewise.
    """
    target = small * 2 - 1
    length = target.norm(dim=1, keepdim=True).clamp_max(1)
    direction = F.normalize(target, dim=1, eps=1e-4)
    spreads = length > _A_VECTOR
    vectors = F.normalize(encoded * 2 - 1, dim=1, eps=1e-4)
    for _ in range(_TURNS):
        mean = degradation.apply(vectors)
        along = (mean * direction).sum(1, keepdim=True)
        beside = mean - along * direction
        longer = (length.clamp_max(_SHORTER) - along).clamp_min(0) - (along - length).clamp_min(0) * spreads
        shift = longer * direction - beside
        shift = shift * (
            shift.abs().amax(1, keepdim=True) > _TURNED
        )  # each block separately, whatever else is in the batch
        if not bool(shift.any()):
            break
        vectors = F.normalize(vectors + _AHEAD * degradation.pseudo_inverse(shift), dim=1, eps=1e-4)
    return vectors / 2 + 0.5


_SHORTER = 0.95  # at most six levels away from 1, and almost no detail is lost
_A_VECTOR = 0.4  # a shorter one has no direction
_TURNS = 12
_TURNED = 1e-3  # an eighth of a level
_AHEAD = 1.5  # step further than the error, because normalising undoes part of each step
