"""Tiles that cover the plane: found by their masks, and their enlarged outlines leave no gaps."""

from __future__ import annotations

import numpy as np
import pytest

from depixel.picture import Picture
from depixel.preparation.lattices import lattice_of, outline


def _hexagon(side: int = 24) -> np.ndarray:
    """Points to the left and right; neighbours are 3/4 of a side across and half a side down."""
    rows = np.arange(side)
    cut = np.abs(rows + 0.5 - side / 2) / 2  # a quarter of the side at top and bottom
    columns = np.arange(side) + 0.5
    return np.asarray((columns > cut[:, None]) & (columns < side - cut[:, None]))


def _diamond(width: int = 32) -> np.ndarray:
    """An isometric tile: each row two pixels longer on either side, then shorter."""
    height = width // 2
    rows = np.arange(height)
    half = np.where(rows < height // 2, 2 * rows + 2, 2 * (height - rows))
    columns = np.arange(width)
    return np.asarray(np.abs(columns + 0.5 - width / 2)[None] < half[:, None])


def _tile(mask: np.ndarray) -> Picture:
    colour = np.random.default_rng(3).integers(0, 255, (*mask.shape, 3))
    return Picture((np.concatenate([colour, np.where(mask, 255, 0)[..., None]], 2).astype(np.uint8),))


def _laid(mask: np.ndarray, lattice: tuple[tuple[int, int], tuple[int, int]], factor: int) -> np.ndarray:
    """How often each pixel in the middle is covered by copies."""
    (a, b), (c, d) = lattice
    height, width = mask.shape
    count = np.zeros((5 * height, 5 * width), int)
    for m in range(-8, 9):
        for n in range(-8, 9):
            top, left = 2 * height + (m * a + n * c) * factor, 2 * width + (m * b + n * d) * factor
            if 0 <= top <= 4 * height and 0 <= left <= 4 * width:
                count[top : top + height, left : left + width] += mask
    return count[2 * height : 3 * height, 2 * width : 3 * width]


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
@pytest.mark.parametrize("mask", [_diamond(), _diamond(64), _hexagon(), _hexagon(72)])
def test_copies_cover_each_place_once(mask: np.ndarray, factor: int) -> None:
    """At every scale; centres of small pixels do not change."""
    lattice = lattice_of(_tile(mask))
    assert lattice is not None
    assert (_laid(mask, lattice, 1) == 1).all()

    large = outline(mask, lattice, factor)

    assert (_laid(large, lattice, factor) == 1).all()
    for centre in ((factor - 1) // 2, factor // 2):
        assert np.array_equal(large[centre::factor, centre::factor], mask)


def test_steps_become_slopes() -> None:
    """The outline is not the old one with repeated pixels."""
    mask = _diamond()
    lattice = lattice_of(_tile(mask))
    assert lattice is not None
    assert (outline(mask, lattice, 4) != mask.repeat(4, 0).repeat(4, 1)).any()


@pytest.mark.parametrize("kind", ["disc", "full", "soft", "holes"])
def test_other_shapes_have_no_lattice(kind: str) -> None:
    """Figures, whole rectangles, soft edges, a diamond with a hole in it."""
    y, x = np.mgrid[:24, :24] - 11.5
    mask = {"disc": np.hypot(x, y) < 11, "full": np.ones((24, 24), bool)}.get(kind, _diamond())
    tile = _tile(mask)
    if kind == "soft":
        tile.frames[0][8, 8, 3] = 100
    if kind == "holes":
        tile.frames[0][8, 15:17, 3] = 0
    assert lattice_of(tile) is None
    assert lattice_of(Picture((tile.frames[0][..., :3],), mode="RGB")) is None


@pytest.mark.parametrize(("width", "there"), [(16, False), (24, True), (512, True), (516, False)])
def test_sizes_of_tiles(width: int, there: bool) -> None:
    """From 12 pixels of the shorter side to 512 of the longer one."""
    assert (lattice_of(_tile(_diamond(width))) is not None) == there
