"""
The reading with straight lines: contours through a mesh of triangles, straight within each of them.

`large` is [B, 4, h*f, w*f], `small` [B, 4, h, w], both premultiplied RGBA in [0, 1].
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.readings.hard import hardened
from depixel.readings.neighbours import nine

_SAME = 2 / 255
_COUNTED = 4  # samples along each side of the window in which colours are counted around a place of the mesh
_FINE = 2  # samples of a large pixel along each axis, for smooth edges
_VALUES = 2**24  # scores in memory at once


def facets(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    The fraction of each of the nine colours around a block is counted in `large` around the block's centre, corners and
    edge middles, and interpolated linearly on the eight triangles between them; the largest fraction wins. Every
    contour is therefore a chain of straight lines that bend only on the mesh. At the centre, the block's own colour
    always wins.
    """
    colours = torch.stack(nine(small), 1)  # [B, 9, 4, h, w]
    height, width = small.shape[2:]
    drawn = hardened(large, small, factor)
    share = torch.stack([_shares(drawn, colours, row, column, factor) for row in range(3) for column in range(3)], -1)
    weights = _weights(factor).to(large)
    rows = max(1, _VALUES // (len(small) * 9 * width * weights.shape[1]))
    parts = [_best(share[:, :, y : y + rows], colours[..., y : y + rows, :], weights) for y in range(0, height, rows)]
    blocks = torch.cat(parts, 2).unflatten(-1, (factor, factor))  # [B, 4, h, w, f, f]
    answer: Tensor = blocks.permute(0, 1, 2, 4, 3, 5).reshape(large.shape)
    return answer


# [B, 9, h, w, 9] shares, [B, 9, 4, h, w] colours, [9, f*f*_FINE**2] weights => colours [B, 4, h, w, f*f].
def _best(share: Tensor, colours: Tensor, weights: Tensor) -> Tensor:
    score = share @ weights
    score[:, 0] += 1e-5  # in a tie, its own colour wins
    chosen = F.one_hot(score.argmax(1), 9).to(share.dtype)  # [B, h, w, S, 9]
    cover = chosen.unflatten(3, (-1, _FINE**2)).mean(4)
    return torch.einsum("bhwpn,bnchw->bchwp", cover, colours)


# Weight of each of the 3x3 places of a block's mesh at each sample of the block: [9, f*f*_FINE**2], a pixel's samples
# side by side. Within a triangle (centre, edge middle, corner) the weights are its barycentric coordinates.
def _weights(factor: int) -> Tensor:
    line = (torch.arange(factor * _FINE) + 0.5) / (factor * _FINE) * 2 - 1
    down, right = (plane.reshape(-1) for plane in torch.meshgrid(line, line, indexing="ij"))
    most, least = torch.maximum(down.abs(), right.abs()), torch.minimum(down.abs(), right.abs())
    tall = down.abs() >= right.abs()
    table = torch.zeros(3, 3, len(down))
    table[1, 1] = 1 - most
    for side, sign in ((0, -1), (2, 1)):
        table[side, 1] = torch.where(tall & (down * sign > 0), most - least, 0.0)
        table[1, side] = torch.where(~tall & (right * sign > 0), most - least, 0.0)
        for other, turn in ((0, -1), (2, 1)):
            table[side, other] = torch.where((down * sign > 0) & (right * turn > 0), least, 0.0)
    samples = table.reshape(9, factor, _FINE, factor, _FINE).permute(0, 1, 3, 2, 4)
    return samples.reshape(9, -1)


# Fractions of the nine colours around a place of each block's mesh (row and column 0 to 2): [B, 9, h, w].
def _shares(drawn: Tensor, colours: Tensor, row: int, column: int, factor: int) -> Tensor:
    if (row, column) == (1, 1):
        own = (colours - colours[:, :1]).abs().amax(2) <= _SAME
        return own.to(drawn.dtype)
    height, width = colours.shape[3:]
    total = torch.zeros_like(colours[:, :, 0])
    samples = [(index + 0.5) / _COUNTED - 0.5 for index in range(_COUNTED)]  # a window of half a block
    for down in samples:
        rows = _places(height, factor, row / 2 + down / 2, drawn.device)
        there = drawn.index_select(2, rows)
        for right in samples:
            seen = there.index_select(3, _places(width, factor, column / 2 + right / 2, drawn.device))
            total += (colours - seen[:, None]).abs().amax(2) <= _SAME
    return total / _COUNTED**2


# Large coordinates at fraction `part` of each of `count` blocks, clamped to the picture.
def _places(count: int, factor: int, part: float, device: torch.device) -> Tensor:
    offset = math.floor(part * factor)
    return (torch.arange(count, device=device) * factor + offset).clamp(0, count * factor - 1)
