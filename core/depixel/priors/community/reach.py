"""
Measures the reach of a third-party network: how many pixels of surroundings, beginning at multiples of which number,
make a tile equal to the whole picture within half a level of 255.

The layers say little about it. A convolutional network could depend on hundreds of pixels but uses a few dozen;
attention windows lie on a grid that starts at the picture's corner; attention over channels depends on all pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.priors.community.allocation import PeakMemory

NetworkFunction = Callable[[Tensor], Tensor]
"""RGB [1, 3, h, w] in [0, 1] => [1, 3, h*scale, w*scale]."""

MARGINS = (8, 16, 32, 48)
GRIDS = (1, 7, 8, 16, 32)  # attention windows have 7, 8, 16 or 32 pixels
_ENOUGH = 0.25 / 255  # half of the promised half level, because other pictures may be harder
_KEPT = 16  # small pixels per side of the tile
_SIDE = 160  # small pixels per side of the picture


@dataclass(frozen=True)
class Reach:
    """The surroundings that tiles of a network need."""

    margin: int  # small pixels on each side, a multiple of `grid`
    grid: int  # tiles with their surroundings begin at multiples of this
    difference: float  # levels of 255 by which such a tile differed from the whole picture
    bytes_per_pixel: int  # peak memory of one pass per small pixel

    @property
    def is_enough(self) -> bool:
        """Whether a tile equals the whole picture within half a level."""
        return self.difference <= 0.5


def measure_reach(network: NetworkFunction, scale: int, multiple: int, side: int = _SIDE) -> Reach:
    """
    Args:
        multiple: tiles begin at multiples of this in any case: the size of the network's windows, or of its sides.
        side: of the test picture; 160 leaves room for every margin.

    Returns:
        The smallest sufficient grid, with its smallest sufficient margin; the largest ones if none suffice.
    """
    picture = sample_picture(side)
    with PeakMemory() as memory:
        whole = network(picture).float()
    per_pixel = memory.peak // side**2
    margins = [m for m in MARGINS if 2 * m + _KEPT + max(GRIDS) <= side]
    grids = sorted({math.lcm(multiple, g) for g in GRIDS if math.lcm(multiple, g) <= max(multiple, side // 4)})

    def difference(margin: int, grid: int) -> float:
        return _difference(network, picture, whole, scale, margin, grid)

    worst = 0.0
    for grid in grids:
        worst = difference(margins[-1], grid)
        if worst <= _ENOUGH:
            break
    else:
        return Reach(_rounded(margins[-1], grids[-1]), grids[-1], worst * 255, per_pixel)
    for margin in margins[:-1]:
        least = difference(margin, grid)
        if least <= _ENOUGH:
            return Reach(_rounded(margin, grid), grid, least * 255, per_pixel)
    return Reach(_rounded(margins[-1], grid), grid, worst * 255, per_pixel)


# The largest difference in a tile in the middle. The tile begins at an odd multiple of the grid, so that a larger grid
# is noticed.
def _difference(network: NetworkFunction, picture: Tensor, whole: Tensor, scale: int, margin: int, grid: int) -> float:
    side = picture.shape[-1]
    top = (side - _KEPT) // 2
    begin = (top - margin) // grid
    begin = (begin if begin % 2 else begin - 1) * grid
    if begin < 0:
        begin += 2 * grid
    end = min(side, top + _KEPT + margin)
    part = network(picture[:, :, begin:end, begin:end].contiguous()).float()
    inner = slice((top - begin) * scale, (top - begin + _KEPT) * scale)
    there = slice(top * scale, (top + _KEPT) * scale)
    return float((part[:, :, inner, inner] - whole[:, :, there, there]).abs().max())


def sample_picture(side: int) -> Tensor:
    """[1, 3, side, side] with typical contents: gradients, edges, lines and noise. Always the same."""
    generator = torch.Generator().manual_seed(20)
    coarse = torch.rand(1, 3, 6, 6, generator=generator)
    picture = F.interpolate(coarse, (side, side), mode="bicubic", align_corners=False)
    for _ in range(24):
        y, x, h, w = (int(n) for n in torch.randint(0, side, (4,), generator=generator))
        colour = torch.rand(1, 3, 1, 1, generator=generator)
        picture[:, :, y : y + h // 4 + 1, x : x + w // 4 + 1] = colour
    picture = picture + 0.2 * torch.randn(1, 3, side, side, generator=generator)
    return picture.clamp(0, 1)


def _rounded(margin: int, grid: int) -> int:
    return -(-margin // grid) * grid
