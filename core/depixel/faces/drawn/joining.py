"""
Joins two answers to one input: the low band of the neural face, which is laid out rightly and soft, and the fine band
of the drawn one, which is crisp, wherever the two show the same thing.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred

CUT_OFF = 1 / 52
"""Deviation of the blur that parts the bands, as a part of the picture's side."""
TOLERANCE = 0.13
"""Difference of the low bands, on [0, 1], at which drawn detail has faded to 60 %."""


def joined(soft: Tensor, drawn: Tensor, cut_off: float = CUT_OFF, tolerance: float = TOLERANCE) -> Tensor:
    """
    Low band of `soft` plus the fine band of `drawn`.

    Detail fades where the low bands disagree: the outline of hair that only one of them has would be a halo.

    Args:
        soft: [B or 1, 3, R, R] in [0, 1], of any size.
        drawn: [B, 3, S, S] in [0, 1].
        cut_off: deviation of the blur between the bands, as a part of the side.
        tolerance: difference of the low bands at which detail has faded to 60 %.
    """
    size = drawn.shape[2]
    low = low_band(drawn, cut_off * size)
    base = F.interpolate(soft, (size, size), mode="bicubic", align_corners=False).expand(len(drawn), -1, -1, -1)
    return (base + (drawn - low) * agreement(base, low, cut_off * size, tolerance)).clamp(0, 1)


def agreement(soft: Tensor, low: Tensor, sigma: float, tolerance: float) -> Tensor:
    """[B, 1, S, S], 0 to 1: how far two low bands show the same thing, smooth itself at the scale of the cut-off."""
    difference = (low_band(soft, sigma) - low).square().mean(1, keepdim=True)
    return low_band(torch.exp(-0.5 * difference / tolerance**2), sigma)


def low_band(picture: Tensor, sigma: float) -> Tensor:
    """[B, C, S, S] under a Gaussian of that deviation in pixels, computed on a grid that is just fine enough for it."""
    size = picture.shape[2]
    step = 1
    while sigma / (2 * step) >= 2.5 and size % (2 * step) == 0:
        step *= 2
    small = blurred(resize(picture, size // step, size // step), (sigma**2 - step**2 / 12) ** 0.5 / step)
    return small if step == 1 else F.interpolate(small, (size, size), mode="bicubic", align_corners=False)
