"""
Joins two answers to one input: the low band of the neural face, which has the right layout but is soft, and the fine
band of the drawn one, which is crisp, wherever both show the same thing.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred

CUT_OFF = 1 / 128
"""Standard deviation of the blur that separates the bands, as a fraction of the picture's side."""
TOLERANCE = 0.2
"""Difference of the low bands, on [0, 1], at which drawn detail has faded to 60 %."""
FINEST = 1 / 230
"""
Standard deviation of the blur beyond which detail is finer than the neural answer can show; the tolerance for it is
larger.
"""
LOOSE = 2.0
"""Factor on the tolerance for that detail."""
CRISP, CRISP_SIZE = 0.4, 512
"""
How much the finest detail is strengthened in pictures of CRISP_SIZE pixels and more, because what was fitted to a soft
picture comes out too smooth. In smaller ones that detail is edges of single pixels, and less is added.
"""
DARK, MOST_RATIO = 0.03, 2.5
"""Added to brightnesses before they are compared, and the largest factor on detail."""


def joined(
    soft: Tensor, drawn: Tensor, agreement: Tensor, cut_off: float = CUT_OFF, tolerance: float = TOLERANCE
) -> Tensor:
    """
    Low band of `soft` plus the fine band of `drawn` where the two agree; elsewhere `soft` alone.

    The drawing's fine band is scaled by the ratio of the low bands (ratio images, Liu, Shan & Zhang 2001), so that fair
    hair drawn over dark hair becomes dark hair. It replaces the fine band of the soft picture, or each brow would
    appear twice. Detail fades where the two show different things: the outline of hair that only one of them has would
    become a halo.

    Args:
        soft: [B or 1, 3, R, R] in [0, 1], of any size.
        drawn: [B, 3, S, S] in [0, 1].
        agreement: [B or 1, 1, n, n], 0 to 1, how far both show the same parts (`outlines.agreement`).
        cut_off: standard deviation of the blur between the bands, as a fraction of the side.
        tolerance: difference of the low bands at which detail has faded to 60 %.
    """
    size = drawn.shape[2]
    soft = soft.expand(len(drawn), -1, -1, -1)
    low = low_band(drawn, cut_off * size)
    base = F.interpolate(soft, (size, size), mode="bicubic", align_corners=False)
    base_low = low_band(base, cut_off * size)
    difference = (base_low - low).square().mean(1, keepdim=True)
    same, alike = (
        low_band(torch.exp(-0.5 * difference / limit**2), cut_off * size) for limit in (tolerance, LOOSE * tolerance)
    )
    agreed = F.interpolate(agreement, (size, size), mode="bicubic", align_corners=False)
    coarse, fine = (same * agreed).clamp(0, 1), (alike * agreed).clamp(0, 1)
    ratio = (base_low.mean(1, keepdim=True) + DARK) / (low.mean(1, keepdim=True) + DARK)
    ratio = ratio.clamp(1 / MOST_RATIO, MOST_RATIO)
    middle = low_band(drawn, FINEST * size)
    crisp = 1 + CRISP * min(1.0, max(0.0, (size - 128) / (CRISP_SIZE - 128)))
    detail = ((middle - low) * coarse + (drawn - middle) * fine * crisp) * ratio - (base - base_low) * coarse
    return (base + detail).clamp(0, 1)


def low_band(picture: Tensor, sigma: float) -> Tensor:
    """
    [B, C, S, S] blurred by a Gaussian with this standard deviation in pixels, computed on a grid that is just fine
    enough.
    """
    size = picture.shape[2]
    step = 1
    while sigma / (2 * step) >= 2.5 and size % (2 * step) == 0:
        step *= 2
    small = blurred(resize(picture, size // step, size // step), (sigma**2 - step**2 / 12) ** 0.5 / step)
    return small if step == 1 else F.interpolate(small, (size, size), mode="bicubic", align_corners=False)
