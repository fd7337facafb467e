"""
Cuts a picture into tiles, each with as much of its surroundings as the computation needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_LEAST_SIDE = 16  # pixels of the smallest tile


@dataclass(frozen=True)
class Tile:
    """The rectangle of the small picture that one tile contributes."""

    top: int
    left: int
    bottom: int
    right: int


def tile_grid(height: int, width: int, side: int) -> Iterator[Tile]:
    """Tiles of nearly equal size, at most side x side small pixels, that cover the picture."""
    return _cut(height, width, -(-height // side), -(-width // side))


def _cut(height: int, width: int, rows: int, columns: int) -> Iterator[Tile]:
    for r in range(rows):
        for c in range(columns):
            yield Tile(r * height // rows, c * width // columns, (r + 1) * height // rows, (c + 1) * width // columns)


def large_tiles(height: int, width: int, margin: int, most: int, wrap: tuple[bool, bool]) -> Iterator[Tile]:
    """
    The cheapest tiles that cover the picture: those with the fewest pixels in all, surroundings included.

    Args:
        margin: pixels of surroundings on each side of a tile.
        most: pixels of one tile with its surroundings; tiles of about 16 pixels may have more.
        wrap: (x, y) axes along which the picture continues at its opposite side.
    """
    most_rows, most_columns = max(1, height // _LEAST_SIDE), max(1, width // _LEAST_SIDE)
    best = (0, most_rows, most_columns)
    for rows in range(1, most_rows + 1):
        tall = _with_margins(height, rows, margin, wrap[1])
        for columns in range(1, most_columns + 1):
            if tall * _with_margins(width, columns, margin, wrap[0]) <= most:
                pixels = (height + 2 * margin * (rows - 1)) * (width + 2 * margin * (columns - 1))
                best = min(best if best[0] else (pixels, rows, columns), (pixels, rows, columns))
                break
    return _cut(height, width, *best[1:])


# The longest of `parts` parts of a side. A single part has no surroundings unless the picture wraps.
def _with_margins(side: int, parts: int, margin: int, wraps: bool) -> int:
    return -(-side // parts) + (2 * margin if parts > 1 or wraps else 0)


def with_surroundings(
    plane: Tensor, tile: Tile, margin: int, wrap: tuple[bool, bool], grid: int = 1
) -> tuple[Tensor, tuple[int, int]]:
    """
    [B, C, h, w] => the tile with up to `margin` pixels around it, and the number of (rows, columns) before the tile.
    Surroundings come from the opposite side where the picture wraps and are cut at the border elsewhere. The top and
    left have up to `grid` - 1 more pixels, so that the whole begins at a multiple of `grid`.
    """
    rows, before_rows = _axis(plane.shape[2], tile.top, tile.bottom, margin, wrap[1], grid, plane.device)
    columns, before_columns = _axis(plane.shape[3], tile.left, tile.right, margin, wrap[0], grid, plane.device)
    return plane.index_select(2, rows).index_select(3, columns), (before_rows, before_columns)


def with_ring(plane: Tensor, tile: Tile, wrap: tuple[bool, bool]) -> Tensor:
    """[B, C, h, w] => the tile with one pixel around it; a border that does not wrap is repeated."""
    around, (above, left) = with_surroundings(plane, tile, 1, wrap)
    below = around.shape[2] - above - (tile.bottom - tile.top)
    right = around.shape[3] - left - (tile.right - tile.left)
    return F.pad(around.float(), (1 - left, 1 - right, 1 - above, 1 - below), mode="replicate").to(plane.dtype)


def _axis(
    length: int, start: int, stop: int, margin: int, wraps: bool, grid: int, device: torch.device
) -> tuple[Tensor, int]:
    first, last = (start - margin) // grid * grid, stop + margin
    if wraps:
        return torch.arange(first, last, device=device) % length, start - first
    first, last = max(first, 0), min(last, length)
    return torch.arange(first, last, device=device), start - first
