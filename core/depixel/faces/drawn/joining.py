"""
Joins two answers to one input: the neural face, whose layout is right but soft, and the drawn person, which is crisp.
The person is shown in the light of the neural face; where the two show different things, the neural face is shown.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred, enlarged
from depixel.faces.drawn.outlines import agreement
from depixel.faces.drawn.relighting import relit

FAITHFUL = 64
"""
Pixels per side at which the person has the light and colours of the neural answer, without imagination. With full
imagination, only the pixels of the input count.
"""
COMPARED = 48
"""Pixels per side at which colours are compared after the person was relit."""
TOLERANCE = (0.25, 0.25, 0.08, 0.25)
"""
Difference of colours, on [0, 1], at which the person has faded to 60%, for each part. It is smaller for cloth: clothes
are random, and a collar of another colour would look like a rag.
"""
FINEST, CRISP = 1 / 260, 0.4
"""
Standard deviation of the blur that removes only the finest detail, as a fraction of the side, and how much this detail
is strengthened: a person fitted to a soft picture is too smooth.
"""


class Joined(NamedTuple):
    """B joined pictures."""

    picture: Tensor
    """[B, 3, S, S] in [0, 1]."""
    masks: Tensor
    """[B, 4, S, S], the parts in the pictures, in the order of `rendering.MASKS`."""


def joined(soft: Tensor, drawn: Tensor, masks: Tensor, parts: Tensor | None, side: int, imagination: float) -> Joined:
    """
    The drawn people in the light of a neural face.

    Args:
        soft: [1, 3, R, R] in [0, 1], of any size.
        drawn: [B, 3, S, S] in [0, 1].
        masks: [B, 4, S, S], of the drawing; where all are 0, nothing was drawn.
        parts: [1, 4, k, k], of the neural face; None = the same as those of the drawing.
        side: pixels per side of the input.
        imagination: 0 to 1, how much of the person's own light and features is visible.
    """
    size, count = drawn.shape[2], len(drawn)
    part = max(0.0, min(imagination, 1.0))
    lit = round(FAITHFUL ** (1 - part) * min(side, FAITHFUL) ** part)  # pixels per side
    same = torch.ones_like(masks[:, :1]) if parts is None else enlarged(agreement(masks, parts), size).clamp(0, 1)
    weight = resize(same, lit, lit)
    picture = relit(drawn, masks, resize(soft, lit, lit).expand(count, -1, -1, -1), weight)
    picture = (picture + CRISP * (picture - blurred(picture, FINEST * size))).clamp(0, 1)
    if parts is None:
        return Joined(picture, masks)
    base = enlarged(soft, size).clamp(0, 1)
    same = same * enlarged(_alike(picture, soft, masks), size).clamp(0, 1)
    shown = masks + (enlarged(parts, size).clamp(0, 1) - masks) * (1 - same)
    return Joined(base + (picture - base) * same, shown)


# 0 to 1: where pictures have the colours of the neural face, [B, 1, COMPARED, COMPARED].
def _alike(picture: Tensor, soft: Tensor, masks: Tensor) -> Tensor:
    difference = resize(picture, COMPARED, COMPARED) - resize(soft, COMPARED, COMPARED)
    shares = resize(masks, COMPARED, COMPARED).clamp(0, 1)
    limit = (shares * shares.new_tensor(TOLERANCE)[:, None, None]).sum(1, keepdim=True)
    limit = (limit / shares.sum(1, keepdim=True).clamp(min=0.1)).clamp(min=min(TOLERANCE))
    return torch.exp(-0.5 * difference.square().mean(1, keepdim=True) / limit**2)
