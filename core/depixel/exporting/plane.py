"""
Turns a generated tile into the integers of the file: project, restore unit vectors, round, lock the palette, measure.
Everything here works on one tile.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.consistency import project, quantise, residual_sums
from depixel.degradation import repeated
from depixel.exporting.palette import lock_palette
from depixel.exporting.vectors import unit_vectors
from depixel.planes import Plane
from depixel.tiles import Tile, with_ring


def export_tile(
    large: Tensor,
    plane: Plane,
    tile: Tile,
    rows: slice = slice(None),
    *,
    keep_palette: bool = False,
    exact: bool = True,
) -> tuple[Tensor, Tensor]:
    """
    Args:
        large: [B, 4, h*f, w*f] premultiplied, any range: the generated tile.
        tile: its position in the plane's small pictures.
        rows: the B pictures of the plane that `large` answers.
        exact: project onto the pictures that scale back to the input; False = only round.
        keep_palette: give every pixel one of the colours that the input has near it (`lock_palette`).

    Returns:
        Integers [B, 4, h*f, w*f] int32 straight RGBA, and the residual's sums [B, 4] (see consistency.residual_sums).
    """
    degradation, levels = plane.degradation, plane.levels
    area = (rows, slice(None), slice(tile.top, tile.bottom), slice(tile.left, tile.right))
    straight, grey = plane.straight[area], plane.grey[rows]
    alpha = straight[:, 3:].to(large.dtype) / levels
    small = torch.cat([straight[:, :3].to(large.dtype) / levels * alpha, alpha], 1)
    if bool(grey.any()):
        means = large[:, :3].mean(1, keepdim=True)
        large = torch.cat([torch.where(grey[:, None, None, None], means, large[:, :3]), large[:, 3:]], 1)
    if not exact:
        exported = _rounded(large, levels)
        return exported, residual_sums(exported, straight, degradation, levels=levels, binary_alpha=plane.binary_alpha)
    projected = project(large, small, degradation, binary_alpha=plane.binary_alpha, soft_edges=plane.soft_edges)
    if plane.vectors:
        projected = torch.cat([unit_vectors(projected[:, :3], small[:, :3], degradation), projected[:, 3:]], 1)
        exported = (projected * levels).round().clamp(0, levels).to(torch.int32)
    else:
        exported = quantise(projected, straight, degradation, levels=levels, binary_alpha=plane.binary_alpha)
    if keep_palette:
        exported = lock_palette(
            exported, with_ring(plane.straight[rows], tile, degradation.wrap), degradation.factor, levels
        )
    counted = straight if plane.valid is None else straight * plane.valid[area].to(straight.dtype)
    sums = residual_sums(exported, counted, degradation, levels=levels, binary_alpha=plane.binary_alpha)
    if keep_palette:  # the palette also applies under transparency
        return exported, sums
    hidden = repeated(plane.hidden[area], degradation.factor)
    return torch.cat([torch.where(exported[:, 3:] == 0, hidden, exported[:, :3]), exported[:, 3:]], 1), sums


# Straight integers of a premultiplied picture.
def _rounded(large: Tensor, levels: int) -> Tensor:
    alpha = large[:, 3:].clamp(0, 1)
    straight = torch.cat([(large[:, :3] / alpha.clamp_min(1e-6)).clamp(0, 1), alpha], 1)
    return (straight * levels).round().to(torch.int32)


def keep_unchanged(large: Tensor, straight: Tensor, factor: int) -> Tensor:
    """
    Copy the previous frame's answer wherever a small pixel and the two rings around it did not change, so that a still
    background does not flicker. `large` is [F, 4, H, W], `straight` [F, 4, h, w].
    """
    changed = (straight[1:] != straight[:-1]).any(1, keepdim=True).to(torch.float32)
    near_change = F.max_pool2d(changed, 5, 1, 2) > 0
    still = ~repeated(near_change, factor)
    out = large.clone()
    for t in range(1, large.shape[0]):
        out[t] = torch.where(still[t - 1], out[t - 1], out[t])
    return out
