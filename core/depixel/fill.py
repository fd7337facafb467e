"""
Colour under transparent pixels. Files can hold any colour there (mostly black or white), which bleeds into soft edges
as a dark or light fringe, both in our filters and in a game's bilinear sampling.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import repeated


def fill_under_alpha(straight: Tensor) -> Tensor:
    """
    Give every fully transparent pixel the mean colour of the nearest visible pixels.

    Pull-push (Gortler et al. 1996): visible colour is averaged down a pyramid and pushed back up where nothing was.

    Args:
        straight: [B, 4, H, W] float, straight RGBA in [0, 1].

    Returns:
        The same with new RGB where alpha is 0; visible pixels do not change. All transparent: unchanged.
    """
    alpha = straight[:, 3:]
    visible = (alpha > 0).to(straight.dtype)
    if bool(visible.all()) or not bool(visible.any()):
        return straight
    colour = _pull_push(straight[:, :3] * visible, visible)
    return torch.cat([torch.where(alpha > 0, straight[:, :3], colour), alpha], 1)


# colour is premultiplied by weight; returns straight colour everywhere.
def _pull_push(colour: Tensor, weight: Tensor) -> Tensor:
    height, width = colour.shape[2:]
    if height * width == 1 or bool((weight > 0).all()):
        return colour / weight.clamp_min(1e-6)
    padded_colour, padded_weight = (F.pad(t, (0, width % 2, 0, height % 2)) for t in (colour, weight))
    down_colour, down_weight = F.avg_pool2d(padded_colour, 2), F.avg_pool2d(padded_weight, 2)
    filled = (down_weight > 0).to(colour.dtype)
    below = _pull_push(down_colour / down_weight.clamp_min(1e-6) * filled, filled)
    below = repeated(below, 2)[:, :, :height, :width]
    return torch.where(weight > 0, colour / weight.clamp_min(1e-6), below)
