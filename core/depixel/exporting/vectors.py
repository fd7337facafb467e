"""Normals stay unit vectors: RGB that is read as a direction."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import Degradation


def unit_vectors(encoded: Tensor, small: Tensor, degradation: Degradation) -> Tensor:
    """
    The answer's normals at length 1, turned so that the mean of each block points where the input's vector points.

    Means of unit vectors are shorter than 1, so no answer with any detail has the length as well where the input was
    normalised: there the vectors of a block may spread until their mean has _SHORTER. Where the input is shorter, as
    after a reduction that did not normalise, they spread as far as its length says.

    Args:
        encoded: [B, 3, h*f, w*f] in [0, 1] (0.5 = zero), projected.
        small: [B, 3, h, w] likewise.
    """
    wanted = small * 2 - 1
    length = wanted.norm(dim=1, keepdim=True).clamp_max(1)
    direction = F.normalize(wanted, dim=1, eps=1e-4)
    spreads = length > _A_VECTOR
    vectors = F.normalize(encoded * 2 - 1, dim=1, eps=1e-4)
    for _ in range(_TURNS):
        mean = degradation.apply(vectors)
        along = (mean * direction).sum(1, keepdim=True)
        beside = mean - along * direction
        longer = (length.clamp_max(_SHORTER) - along).clamp_min(0) - (along - length).clamp_min(0) * spreads
        shift = longer * direction - beside
        shift = shift * (shift.abs().amax(1, keepdim=True) > _TURNED)  # each block by itself, whatever the company
        if not bool(shift.any()):
            break
        vectors = F.normalize(vectors + _AHEAD * degradation.pseudo_inverse(shift), dim=1, eps=1e-4)
    return vectors / 2 + 0.5


_SHORTER = 0.95  # six levels at most beside 1, and next to nothing lost of the detail
_A_VECTOR = 0.4  # length below which it is none
_TURNS = 12
_TURNED = 1e-3  # an eighth of a level
_AHEAD = 1.5  # further than the error itself: normalising takes a part of each step back
