"""
The reading with thin outlines: dark lines about one small pixel wide are drawn at half their width.

There is no bold reading: a thickened diagonal outline would reach the centres of its neighbours, which are fixed.

`large` is [B, 4, h*f, w*f], `small` [B, 4, h, w], both premultiplied RGBA in [0, 1].
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.readings.hard import hardened

_WINDOW = 1.5  # small pixels on each side within which dark and bright are compared
_CONTRAST = 0.15  # of luminance between the darkest and the brightest there; with less, there is no outline
_WIDEST = 1.6  # small pixels: a dark area this wide is not a line
_CHANGE = 0.3  # small pixels that each side of a thinned line loses
_LEAST = 0.15  # small pixels that a thinned line keeps on each side of its middle


def thin(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """Each side of an outline recedes by three tenths of a small pixel; its neighbours take its place."""
    colours = hardened(large, small, factor)
    dark, lines = _lines(colours, factor)
    depth, beside = _nearest(~dark, colours, round(_WIDEST * factor))
    half = _largest(torch.where(lines, depth, 0.0), round(0.75 * factor))
    change = _evened((half - _LEAST * factor).clamp(0, _CHANGE * factor), factor)
    change = change * _away_from_centres(dark & lines, depth, change, factor)
    kept = (depth - change + 0.5).clamp(0, 1)
    rim = _largest((lines & (change > 1)).to(large.dtype), 1) > 0  # the old soft edge must not stay behind
    return torch.where(lines & (change > 0), torch.lerp(beside, colours, kept), torch.where(rim, colours, large))


# 0 around block centres that a line thinned by `change` would miss, because it passes at a distance; otherwise 1.
def _away_from_centres(lines: Tensor, depth: Tensor, change: Tensor, factor: int) -> Tensor:
    low, high = (factor - 1) // 2, factor // 2
    at = torch.zeros_like(depth)
    for row in (low, high):
        for column in (low, high):
            at[:, :, row::factor, column::factor] = 1
    missed = at * (lines & (depth - change < 0.5)).to(depth.dtype)
    near = _largest(missed, round(0.3 * factor))
    return (1 - 3 * _evened(near, factor)).clamp_min(0)


# Without jumps from one part of a line to the next.
def _evened(plane: Tensor, factor: int) -> Tensor:
    reach = factor // 4
    return F.avg_pool2d(F.pad(plane, (reach, reach, reach, reach), mode="replicate"), 2 * reach + 1, 1)


# Dark areas next to brighter or transparent ones, and those of them that are lines: [B, 1, H, W] bool each.
def _lines(large: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    weights = large.new_tensor([0.299, 0.587, 0.114])
    grey = (large[:, :3] * weights[:, None, None]).sum(1, keepdim=True) + 1 - large[:, 3:]  # nothing is bright
    window = round(_WINDOW * factor)
    high, low = _largest(grey, window), -_largest(-grey, window)
    dark = (high - low > _CONTRAST) & (grey < (high + low) / 2)
    inner = round(_WIDEST * factor / 2)
    opened = _largest(-_largest(-dark.to(grey.dtype), inner), inner)  # whatever a square of that width fits into
    return dark, dark & (opened < 0.5)


# Largest value within `reach` large pixels, in a square.
def _largest(plane: Tensor, reach: int) -> Tensor:
    rows = F.max_pool2d(F.pad(plane, (0, 0, reach, reach), mode="replicate"), (2 * reach + 1, 1), 1)
    return F.max_pool2d(F.pad(rows, (reach, reach, 0, 0), mode="replicate"), (1, 2 * reach + 1), 1)


# Distance to the nearest pixel of `mask` within `reach` (beyond it: reach + 1), and the picture's colour there.
def _nearest(mask: Tensor, picture: Tensor, reach: int) -> tuple[Tensor, Tensor]:
    far = torch.tensor(float((reach + 1) ** 2))
    along, sources = _along_rows(mask)  # squared distance in the row, and the column it is at
    best, chosen = far.expand_as(along).clone(), picture
    colour = picture.gather(3, sources.expand_as(picture))
    height = mask.shape[2]
    for offset in sorted(range(-reach, reach + 1), key=abs):
        rows = (torch.arange(height, device=mask.device) + offset).clamp(0, height - 1)
        distance = along.index_select(2, rows) + offset**2
        nearer = distance < best
        chosen = torch.where(nearer, colour.index_select(2, rows), chosen)
        best = torch.where(nearer, distance, best)
    return best.sqrt(), chosen


def _along_rows(mask: Tensor) -> tuple[Tensor, Tensor]:
    width = mask.shape[3]
    place = torch.arange(width, device=mask.device).expand_as(mask)
    none = 4 * width
    left = torch.where(mask, place, -none).cummax(3).values
    right = torch.where(mask, place, none).flip(3).cummin(3).values.flip(3)
    source = torch.where(place - left <= right - place, left, right)
    return (source - place).square().float(), source.clamp(0, width - 1)
