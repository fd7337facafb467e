"""
From a small picture to a large one of any factor with a prior that enlarges by 4: cascades up, reduces down, in tiles.

Every tile is decoded with as many neighbours around it as the network can see (`receptive_field`), so tiles meet
without a seam: they hold what the untiled picture would hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.consistency import project
from depixel.degradation import AreaDegradation, Degradation, make_degradation
from depixel.priors.base import EnlargingPrior, Latents

PRIOR_SCALE = 4


@dataclass(frozen=True)
class Tile:
    """A rectangle of the small picture: the part that is kept."""

    top: int
    left: int
    bottom: int
    right: int


def tile_grid(height: int, width: int, side: int) -> Iterator[Tile]:
    """Tiles of at most side x side small pixels that cover the picture, of nearly equal size."""
    rows, columns = -(-height // side), -(-width // side)
    for r in range(rows):
        for c in range(columns):
            yield Tile(r * height // rows, c * width // columns, (r + 1) * height // rows, (c + 1) * width // columns)


def halo(receptive_field: int, factor: int) -> int:
    """Small pixels of surroundings a tile needs, through every stage of the cascade."""
    needed, stage = 0.0, 1
    while True:
        needed += receptive_field / stage
        stage *= PRIOR_SCALE
        if stage >= factor:
            return int(needed) + 1


def with_surroundings(
    plane: Tensor, tile: Tile, margin: int, wrap: tuple[bool, bool]
) -> tuple[Tensor, tuple[int, int]]:
    """
    [B, C, h, w] => the tile with up to `margin` pixels around it, taken from the other side where the picture wraps
    and cut at the border where it does not; and the (rows, columns) that precede the tile in it.
    """
    rows, before_rows = _axis(plane.shape[2], tile.top, tile.bottom, margin, wrap[1], plane.device)
    columns, before_columns = _axis(plane.shape[3], tile.left, tile.right, margin, wrap[0], plane.device)
    return plane.index_select(2, rows).index_select(3, columns), (before_rows, before_columns)


def with_ring(plane: Tensor, tile: Tile, wrap: tuple[bool, bool]) -> Tensor:
    """[B, C, h, w] => the tile with one pixel around it; beyond a border that does not wrap the border repeats."""
    around, (above, left) = with_surroundings(plane, tile, 1, wrap)
    below = around.shape[2] - above - (tile.bottom - tile.top)
    right = around.shape[3] - left - (tile.right - tile.left)
    return F.pad(around.float(), (1 - left, 1 - right, 1 - above, 1 - below), mode="replicate").to(plane.dtype)


def _axis(length: int, start: int, stop: int, margin: int, wraps: bool, device: torch.device) -> tuple[Tensor, int]:
    first, last = start - margin, stop + margin
    if wraps:
        return torch.arange(first, last, device=device) % length, margin
    first, last = max(first, 0), min(last, length)
    return torch.arange(first, last, device=device), start - first


def enlarge(
    prior: EnlargingPrior, small: Tensor, latents: Latents, degradation: Degradation, valid: Tensor | None = None
) -> Tensor:
    """
    [B, 4, h, w] => [B, 4, h*f, w*f] for any whole factor f, not yet projected.

    The first stage follows the latents; its answer is exact at x4 and, from there on, an ordinary reduced picture.
    Every stage wraps as the degradation does. `valid` (see EnlargingPrior.decode) is for factors up to 4 only.
    """
    wrap = degradation.wrap
    first = make_degradation(degradation.name, PRIOR_SCALE, wrap)
    large = prior.decode(latents, small, first) if valid is None else prior.decode(latents, small, first, valid)
    reached = PRIOR_SCALE
    while reached < degradation.factor:
        large = project(large, small, first) if reached == PRIOR_SCALE else large.clamp(0, 1)
        again = AreaDegradation(PRIOR_SCALE, wrap)
        large = prior.decode(prior.encode(large, again), large, again)
        reached *= PRIOR_SCALE
    height, width = small.shape[2:]
    if not any(wrap):
        return resize(large, height * degradation.factor, width * degradation.factor)
    margin = 2  # small pixels: more than an antialiased kernel reaches
    around, (rows, columns) = with_surroundings(
        large, Tile(0, 0, height * reached, width * reached), margin * reached, wrap
    )
    factor = degradation.factor
    reduced = resize(around, around.shape[2] // reached * factor, around.shape[3] // reached * factor)
    top, left = rows // reached * factor, columns // reached * factor
    return reduced[:, :, top : top + height * factor, left : left + width * factor]


def resize(picture: Tensor, height: int, width: int) -> Tensor:
    """Reduce (or enlarge) [B, C, H, W] to a size; block means where the sizes divide, antialiased bicubic elsewhere."""
    if tuple(picture.shape[2:]) == (height, width):
        return picture
    if picture.shape[2] % height == 0 and picture.shape[3] % width == 0:
        return F.adaptive_avg_pool2d(picture, (height, width))
    return F.interpolate(picture, size=(height, width), mode="bicubic", antialias=True, align_corners=False)
