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


def lock_palette(exported: Tensor, neighbours: Tensor, factor: int, levels: int) -> Tensor:
    """
    Give every large pixel one of the colours that the input has within one pixel of its place: [B, 4, h*f, w*f]
    integers and [B, 4, h+2, w+2], the input and a ring around it.

    Only colours of the input appear, and never one from elsewhere in the picture: an edge between red and white stays
    red and white although pink is in the palette. Distances are taken premultiplied, so that transparency counts.
    """
    neighbours = neighbours.to(torch.float32)
    height, width = (side - 2 for side in neighbours.shape[2:])
    wanted = _premultiplied(exported.to(torch.float32) / levels)
    best = torch.full_like(wanted[:, :1], torch.inf)
    chosen = torch.zeros_like(exported)
    order = [(1, 1), (0, 1), (1, 0), (1, 2), (2, 1), (0, 0), (0, 2), (2, 0), (2, 2)]  # its own colour wins a draw
    for top, left in order:
        colour = repeated(neighbours[:, :, top : top + height, left : left + width], factor)
        distance = (_premultiplied(colour / levels) - wanted).square().sum(1, keepdim=True)
        nearer = distance < best
        best = torch.where(nearer, distance, best)
        chosen = torch.where(nearer, colour.to(torch.int32), chosen)
    return chosen


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


def palettes_of(straight: Tensor, levels: int, most: int = 256) -> Tensor:
    """[B, 4, h, w] integers => [B, P, 4] premultiplied colours of each picture; the last one repeats to fill up."""
    found = [picture.flatten(1).T.unique(dim=0)[:most] for picture in straight]
    longest = max(len(colours) for colours in found)
    rows = [torch.cat([c, c[-1:].expand(longest - len(c), -1)]) for c in found]
    values = torch.stack(rows).to(torch.float32) / levels
    return torch.cat([values[..., :3] * values[..., 3:], values[..., 3:]], -1)


def _premultiplied(straight: Tensor) -> Tensor:
    return torch.cat([straight[:, :3] * straight[:, 3:], straight[:, 3:]], 1)
