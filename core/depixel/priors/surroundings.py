"""A picture beyond its border, and its smooth enlargement, for networks."""

from __future__ import annotations

from functools import lru_cache
from math import floor

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.priors.turns import Wrap

_KEYS = -0.75  # the constant of the cubic kernel (Keys 1981, equation 4) that torch uses
_REACH = 2  # small pixels that the kernel reaches


def added_to_bicubic(difference: Tensor, small: Tensor, scale: int, wrap: Wrap) -> Tensor:
    """
    The bicubic enlargement of `small`, smooth across the borders that wrap, with a network's difference from it.

    Args:
        difference: [B, C*scale*scale, h, w], channels in the order of `F.pixel_shuffle`.
        small: [B, C, h, w] float32.

    Returns:
        [B, C, h*scale, w*scale] float32.
    """
    around = with_other_side(small, _REACH, wrap)
    batch, channels, height, width = small.shape
    if small.device.type != "cpu":
        large = F.interpolate(around, scale_factor=scale, mode="bicubic", align_corners=False)
        top, left = _REACH * scale * wrap[1], _REACH * scale * wrap[0]
        large = large[:, :, top : top + height * scale, left : left + width * scale]
        return large + F.pixel_shuffle(difference, scale).float()
    margins = [0 if wraps else _REACH for wraps in (wrap[0], wrap[0], wrap[1], wrap[1])]
    phases = _bicubic_phases(F.pad(around, margins, mode="replicate"), scale)
    phases = phases + difference.reshape(batch, channels, scale, scale, height, width)
    return phases.permute(0, 1, 4, 2, 5, 3).reshape(batch, channels, height * scale, width * scale)


# [B, C, h+4, w+4] => [B, C, scale, scale, h, w]: large pixels by their place in a block, rows first. One axis after the
# other, in sums over whole planes: on a CPU four times as fast as torch's kernel, which takes 16 taps for each pixel.
def _bicubic_phases(around: Tensor, scale: int) -> Tensor:
    height, width = (side - 2 * _REACH for side in around.shape[2:])
    rows = torch.stack([_tapped(around, 2, height, *tap) for tap in _cubic_taps(scale)], 2)
    return torch.stack([_tapped(rows, 4, width, *tap) for tap in _cubic_taps(scale)], 3)


# The weighted sum of four shifted views along a dimension.
def _tapped(x: Tensor, dim: int, length: int, first: int, weights: tuple[float, ...]) -> Tensor:
    total = x.narrow(dim, first, length) * weights[0]
    for k, weight in enumerate(weights[1:], first + 1):
        total = total.add_(x.narrow(dim, k, length), alpha=weight)
    return total


# For each large pixel of a block: its first small pixel, counted from _REACH before the block, and the weights of four.
@lru_cache(maxsize=8)
def _cubic_taps(scale: int) -> tuple[tuple[int, tuple[float, ...]], ...]:
    taps = []
    for place in range(scale):
        centre = (place + 0.5) / scale - 0.5
        distances = (abs(centre - (floor(centre) + k)) for k in (-1, 0, 1, 2))
        taps.append((floor(centre) - 1 + _REACH, tuple(_cubic(distance) for distance in distances)))
    return tuple(taps)


def _cubic(distance: float) -> float:
    if distance <= 1:
        return ((_KEYS + 2) * distance - (_KEYS + 3)) * distance**2 + 1
    return ((distance - 5) * distance + 8) * _KEYS * distance - 4 * _KEYS


def with_other_side(x: Tensor, margin: int, wrap: Wrap) -> Tensor:
    """[B, C, h, w] with `margin` more pixels on both sides of each axis that wraps, the layout in memory kept."""
    for dim, wraps in ((3, wrap[0]), (2, wrap[1])):
        if wraps:
            length = x.shape[dim]
            if margin > length:  # round more than once
                x = x.index_select(dim, torch.arange(-margin, length + margin, device=x.device) % length)
            else:
                x = torch.cat([x.narrow(dim, length - margin, margin), x, x.narrow(dim, 0, margin)], dim)
    return x
