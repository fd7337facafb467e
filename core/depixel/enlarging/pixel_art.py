"""
Corrections for drawn pixel art, besides keeping its block centres: no colours other than those nearby, edges as crisp
as they were drawn, and square corners where the drawing has them.

`large` is [B, 4, h*f, w*f], `small` [B, 4, h, w], both premultiplied RGBA in [0, 1]. Tiles need at least two small
pixels of their surroundings, so that they agree.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import repeated

_Like = Callable[[int, int], Tensor]

_SOFT = 0.3  # fraction of the way to another colour that still counts as the colour itself
_APART = 0.2  # distance of two colours from which the step between them is an edge
_SAME = 0.5 / 255


def as_drawn(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """All corrections of this module, in order."""
    return square_corners(crisp(within_neighbours(large, small, factor), small, factor), small, factor)


def within_neighbours(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Clamp every channel to the range of the visible small pixels around it: no overshoot beside a line, no dark rim
    where a one-bit outline cuts through soft colour.
    """
    alpha = small[:, 3:]
    seen = alpha > 0
    colour = small[:, :3] / alpha.clamp_min(1e-6)
    high = _widest(torch.where(seen, colour, -1.0))
    low = -_widest(torch.where(seen, -colour, -1.0))
    low, high = torch.where(high < 0, 0.0, low), torch.where(high < 0, 1.0, high)  # nothing visible nearby: no limits
    low, high = repeated(low, factor), repeated(high, factor)
    cover = large[:, 3:].clamp(0, 1)
    return torch.cat([torch.maximum(torch.minimum(large[:, :3], high * cover), low * cover), cover], 1)


def crisp(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Sharpen the step between two colours: a large pixel between two clearly different colours of its nine small pixels
    moves towards the nearer one. Steps within a shade stay as they are.
    """
    _, step, share, edge = _steps(large, small, factor)
    return torch.where(edge, large + (_steep(share) - share) * step, large)


def on_steps(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Like `crisp`, but also move the pixel onto the line between the two colours. For colour and alpha that were answered
    separately and may disagree at an edge.
    """
    nearest, step, share, edge = _steps(large, small, factor)
    return torch.where(edge, nearest + _steep(share) * step, large)


def _steep(share: Tensor) -> Tensor:
    return ((share - _SOFT) / (1 - 2 * _SOFT)).clamp(0, 1)


# For every large pixel: the nearest colour of its nine small pixels; the vector to the partner colour whose mixture
# with it comes closest to the pixel; how far along that vector the pixel is; and whether there is a clearly different
# partner.
def _steps(large: Tensor, small: Tensor, factor: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    around = _around(small)
    best = torch.full_like(large[:, :1], torch.inf)
    nearest = torch.zeros_like(large)
    for colour in around:
        enlarged = repeated(colour, factor)
        distance = (enlarged - large).square().sum(1, keepdim=True)
        nearest = torch.where(distance < best, enlarged, nearest)
        best = torch.minimum(distance, best)
    beside = torch.full_like(best, torch.inf)
    way, along = torch.zeros_like(large), torch.zeros_like(best)
    for colour in around:
        step = repeated(colour, factor) - nearest
        square = step.square().sum(1, keepdim=True)
        share = (((large - nearest) * step).sum(1, keepdim=True) / square.clamp_min(1e-6)).clamp(0, 1)
        distance = (large - nearest - share * step).square().sum(1, keepdim=True)
        nearer = (distance < beside) & (square > _APART**2)
        way, along = torch.where(nearer, step, way), torch.where(nearer, share, along)
        beside = torch.where(nearer, distance, beside)
    return nearest, way, along, beside < torch.inf


def square_corners(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Keep the whole block of a pixel where two straight edges of the drawing meet at a right angle. An edge is straight
    if it is three pixels long, or ends a stroke two pixels wide; the steps of discs and diagonals are shorter.
    """
    around = F.pad(small, (3, 3, 3, 3), mode="replicate")
    height, width = small.shape[2:]

    def like(down: int, right: int) -> Tensor:
        """[B, 1, h, w]: whether the pixel at this offset has the same colour."""
        other = around[:, :, 3 + down : 3 + down + height, 3 + right : 3 + right + width]
        return ((other - small).abs() <= _SAME).all(1, keepdim=True)

    corners = torch.zeros_like(small[:, :1], dtype=torch.bool)
    for down in (-1, 1):  # the direction in which the corner points
        for right in (-1, 1):
            outside = ~like(down, right) & ~like(down, 0) & ~like(0, right)
            for along, across in (((-down, 0), (0, right)), ((0, -right), (down, 0))):
                long = _straight(like, along, across, 2)
                second = (-across[0], -across[1])
                out = (-along[0], -along[1])
                wide = _straight(like, second, out, 2)
                stroke = _straight(like, second, out, 1) & ~like(2 * second[0], 2 * second[1])
                back = [(second[0] + k * along[0], second[1] + k * along[1]) for k in (1, 2)]
                for y, x in back:
                    stroke &= like(y, x) & ~like(y + second[0], x + second[1])
                corners |= outside & long & (wide | stroke)
    return torch.where(repeated(corners.to(large.dtype), factor) > 0, repeated(small, factor), large)


# Whether the next `count` pixels along a direction have this pixel's colour, and the pixels beside them do not.
def _straight(like: _Like, along: tuple[int, int], across: tuple[int, int], count: int) -> Tensor:
    straight = ~like(*across)
    for k in range(1, count + 1):
        y, x = k * along[0], k * along[1]
        straight &= like(y, x) & ~like(y + across[0], x + across[1])
    return straight


def _around(small: Tensor) -> list[Tensor]:
    padded = F.pad(small, (1, 1, 1, 1), mode="replicate")
    height, width = small.shape[2:]
    places = [(1, 1), (0, 1), (1, 0), (1, 2), (2, 1), (0, 0), (0, 2), (2, 0), (2, 2)]  # in a tie, its own colour wins
    return [padded[:, :, top : top + height, left : left + width] for top, left in places]


def _widest(plane: Tensor) -> Tensor:
    return F.max_pool2d(F.pad(plane, (1, 1, 1, 1), mode="replicate"), 3, 1)
