"""Keeps to the colours of the input: the palettes for a search, and the lock on the exported pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.degradation import repeated


def lock_palette(exported: Tensor, neighbours: Tensor, factor: int, levels: int) -> Tensor:
    """
    Give every large pixel one of the colours that the input has within one pixel of its position.

    Colours from elsewhere in the picture never appear: an edge between red and white stays red and white even if pink
    is in the palette. Distances are measured premultiplied, so that transparency counts.

    Args:
        exported: [B, 4, h*f, w*f] straight integers.
        neighbours: [B, 4, h+2, w+2] the input with a ring around it.
    """
    neighbours = neighbours.to(torch.float32)
    height, width = (side - 2 for side in neighbours.shape[2:])
    target = _premultiplied(exported.to(torch.float32) / levels)
    best = torch.full_like(target[:, :1], torch.inf)
    chosen = torch.zeros_like(exported)
    order = [(1, 1), (0, 1), (1, 0), (1, 2), (2, 1), (0, 0), (0, 2), (2, 0), (2, 2)]  # on a draw its own colour wins
    for top, left in order:
        colour = repeated(neighbours[:, :, top : top + height, left : left + width], factor)
        distance = (_premultiplied(colour / levels) - target).square().sum(1, keepdim=True)
        nearer = distance < best
        best = torch.where(nearer, distance, best)
        chosen = torch.where(nearer, colour.to(torch.int32), chosen)
    return chosen


def palettes_of(straight: Tensor, levels: int, most: int = 256) -> Tensor:
    """[B, 4, h, w] integers => [B, P, 4] premultiplied colours of each picture, padded by repeating the last."""
    palettes = [picture.flatten(1).T.unique(dim=0)[:most] for picture in straight]
    longest = max(len(colours) for colours in palettes)
    rows = [torch.cat([c, c[-1:].expand(longest - len(c), -1)]) for c in palettes]
    values = torch.stack(rows).to(torch.float32) / levels
    return torch.cat([values[..., :3] * values[..., 3:], values[..., 3:]], -1)


def _premultiplied(straight: Tensor) -> Tensor:
    return torch.cat([straight[:, :3] * straight[:, 3:], straight[:, 3:]], 1)
