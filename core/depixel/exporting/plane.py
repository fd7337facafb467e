"""
From a generated tile to the integers of the file: project, treat the domain's own constraint, round, lock the palette,
measure. Everything here is local to a tile.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.consistency import project, quantise, residual_sums
from depixel.degradation import Degradation, repeated
from depixel.exporting.palette import lock_palette
from depixel.exporting.vectors import unit_vectors


def export_tile(
    large: Tensor,
    straight: Tensor,
    hidden: Tensor,
    degradation: Degradation,
    *,
    levels: int,
    binary_alpha: bool,
    grey: Tensor,
    domain: str,
    neighbours: Tensor | None = None,
    valid: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """
    Args:
        large: [B, 4, h*f, w*f] as the cascade made it.
        straight: [B, 4, h, w] int32 straight RGBA of the input.
        hidden: [B, 3, h, w] int32 colour to leave under transparent pixels.
        neighbours: [B, 4, h+2, w+2] the input with a ring of what lies around the tile: give every pixel one of these
            colours (`lock_palette`); None = colours are free.
        valid: [B, 1, h, w], 0 where a picture was filled up and nothing counts; None = all of it counts.
        grey: [B] bool, pictures without colour: they stay so.

    Returns:
        Integers [B, 4, h*f, w*f] int32 straight RGBA, and the residual's sums [B, 4] (see consistency.residual_sums).
    """
    alpha = straight[:, 3:].to(large.dtype) / levels
    small = torch.cat([straight[:, :3].to(large.dtype) / levels * alpha, alpha], 1)
    if bool(grey.any()):
        means = large[:, :3].mean(1, keepdim=True)
        large = torch.cat([torch.where(grey[:, None, None, None], means, large[:, :3]), large[:, 3:]], 1)
    projected = project(large, small, degradation, binary_alpha=binary_alpha)
    if domain == "normals":
        projected = torch.cat([unit_vectors(projected[:, :3], small[:, :3], degradation), projected[:, 3:]], 1)
        exported = (projected * levels).round().clamp(0, levels).to(torch.int32)
    else:
        exported = quantise(projected, straight, degradation, levels=levels, binary_alpha=binary_alpha)
    if neighbours is not None:
        exported = lock_palette(exported, neighbours, degradation.factor, levels)  # under transparency as well
    counted = straight if valid is None else straight * valid.to(straight.dtype)
    sums = residual_sums(exported, counted, degradation, levels=levels, binary_alpha=binary_alpha)
    if neighbours is not None:
        return exported, sums
    colour = torch.where(exported[:, 3:] == 0, repeated(hidden, degradation.factor), exported[:, :3])
    return torch.cat([colour, exported[:, 3:]], 1), sums


def keep_unchanged(large: Tensor, straight: Tensor, factor: int) -> Tensor:
    """
    Frames [F, 4, H, W]: where a small pixel and the two rings round it are the same as in the frame before, the answer
    is the same as well, so that a still background does not flicker.
    """
    changed = (straight[1:] != straight[:-1]).any(1, keepdim=True).to(torch.float32)
    near_change = F.max_pool2d(changed, 5, 1, 2) > 0
    still = ~repeated(near_change, factor)
    out = large.clone()
    for t in range(1, large.shape[0]):
        out[t] = torch.where(still[t - 1], out[t - 1], out[t])
    return out
