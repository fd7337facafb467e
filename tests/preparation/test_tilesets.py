"""Opaque sheets of tiles without gaps: the grid is found if it is certain, and not otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from depixel.picture import Picture
from depixel.preparation.sheets import Sheet, layout_of
from depixel.preparation.tilesets import find_tiles
from depixel.request import Request


def _tile(seed: int, side: int) -> np.ndarray:
    """A smooth background in its own colour."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] * (2 * np.pi / side)
    wave = np.sin(x + rng.uniform(0, 6)) + np.cos(y + rng.uniform(0, 6))
    return np.rint(rng.uniform(40, 200, 3) + 8 * wave[..., None] + rng.normal(0, 1, (side, side, 1))).astype(np.uint8)


def _tileset(columns: int, rows: int, side: int) -> Picture:
    tiles = [[_tile(row * columns + column, side) for column in range(columns)] for row in range(rows)]
    return Picture((np.concatenate([np.concatenate(row, 1) for row in tiles]),), mode="RGB")


@pytest.mark.parametrize(
    ("columns", "rows", "side"), [(8, 4, 16), (4, 4, 32), (3, 2, 24), (6, 3, 8), (2, 3, 64), (5, 4, 18), (3, 4, 40)]
)
def test_a_grid_of_tiles_is_found(columns: int, rows: int, side: int) -> None:
    """For any size; if asked to find frames, the engine cuts there, by default a note says how to ask."""
    picture = _tileset(columns, rows, side)
    assert find_tiles(picture) == (columns, rows)
    assert layout_of(picture, Request(frames="auto")) == Sheet(columns, rows)
    assert layout_of(picture, Request()) is None


def _bricks() -> np.ndarray:
    wall = np.full((64, 64, 3), 140, np.uint8)
    wall[15::16] = 60
    for row in range(4):
        wall[row * 16 : row * 16 + 15, (8 if row % 2 else 0) + 7 :: 16] = 60
    return wall


@pytest.mark.parametrize("kind", ["bricks", "noise", "gradient", "one tile", "checks", "transparent"])
def test_textures_are_no_tilesets(kind: str) -> None:
    """Walls with evenly spaced mortar, noise, gradients, checkerboards, sheets on a transparent background."""
    y, x = np.mgrid[:64, :64]
    pixels = {
        "bricks": _bricks(),
        "noise": np.random.default_rng(2).integers(0, 255, (64, 64, 3)),
        "gradient": np.stack([x * 4, y * 4, x + y], 2),
        "one tile": _tile(3, 64),
        "checks": ((x // 4 + y // 4) % 2 * 200)[..., None].repeat(3, 2),
        "transparent": np.concatenate([_tileset(4, 4, 16).frames[0], np.zeros((64, 64, 1))], 2),
    }[kind]
    assert find_tiles(Picture((pixels.astype(np.uint8),))) is None


def test_tiles_that_hardly_differ_are_no_grid() -> None:
    """Flat tiles one level apart: the steps are sharp, but too faint for an edge; five levels are enough."""
    rows, columns = np.mgrid[:64, :64] // 16
    for step, grid in ((1, None), (5, (4, 4))):
        grey = (100 + step * ((rows + columns) % 2)).astype(np.uint8)
        assert find_tiles(Picture((np.repeat(grey[..., None], 3, 2),), mode="RGB")) == grid
