"""The surroundings of a picture beyond its border, for networks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.priors.turns import Wrap


def enlarged_smoothly(small: Tensor, scale: int, wrap: Wrap) -> Tensor:
    """[B, C, h, w] => bicubic [B, C, h*scale, w*scale], smooth across the borders that wrap."""
    around = with_other_side(small, 2, wrap)  # its kernel reaches two pixels
    large = F.interpolate(around, scale_factor=scale, mode="bicubic", align_corners=False)
    top, left = 2 * scale * wrap[1], 2 * scale * wrap[0]
    return large[:, :, top : top + small.shape[2] * scale, left : left + small.shape[3] * scale]


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
