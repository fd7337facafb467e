from __future__ import annotations

import pytest
import torch

from depixel.degradation import resize
from depixel.enlarging.cascade import halo
from depixel.tiles import Tile, large_tiles, tile_grid, with_surroundings


@pytest.mark.parametrize(("height", "width", "side"), [(5, 7, 16), (64, 64, 64), (65, 200, 64), (1, 300, 32)])
def test_tiles_cover_every_pixel_once(height: int, width: int, side: int) -> None:
    """No gap, no overlap, and no tile larger than requested."""
    seen = torch.zeros(height, width, dtype=torch.int32)
    for tile in tile_grid(height, width, side):
        seen[tile.top : tile.bottom, tile.left : tile.right] += 1
        assert tile.bottom - tile.top <= side and tile.right - tile.left <= side

    assert bool((seen == 1).all())


@pytest.mark.parametrize("wrap", [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("size", [(600, 600), (900, 40), (17, 2000), (400, 401)])
def test_large_tiles_fit_and_cost_no_more_than_square_ones(size: tuple[int, int], wrap: tuple[bool, bool]) -> None:
    """They cover every pixel once, each with its surroundings has at most so many pixels, and few pixels come twice."""
    margin, most = 20, 200 * 200
    seen = torch.zeros(size, dtype=torch.int32)
    plane = torch.zeros(1, 1, *size)

    def pixels(tile: Tile) -> int:
        return with_surroundings(plane, tile, margin, wrap)[0].numel()

    tiles = list(large_tiles(*size, margin, most, wrap))
    for tile in tiles:
        seen[tile.top : tile.bottom, tile.left : tile.right] += 1
        assert pixels(tile) <= most

    assert bool((seen == 1).all())
    assert sum(map(pixels, tiles)) <= sum(map(pixels, tile_grid(*size, 200 - 2 * margin)))


def test_tiles_have_a_least_size() -> None:
    """If the surroundings alone exceed the memory, tiles of about 16 pixels are cut all the same."""
    tiles = list(large_tiles(50, 33, 40, 100, (False, False)))

    assert len(tiles) == 3 * 2
    assert all(tile.bottom - tile.top >= 16 and tile.right - tile.left >= 16 for tile in tiles)


def test_surroundings_are_cut_at_borders_and_wrapped_where_told() -> None:
    """Across a border that tiles, the opposite side follows; elsewhere the picture ends."""
    plane = torch.arange(20.0).reshape(1, 1, 4, 5)
    corner = Tile(0, 0, 2, 2)

    cut, before = with_surroundings(plane, corner, 1, (False, False))
    wrapped, before_wrapped = with_surroundings(plane, corner, 1, (True, True))

    assert cut.shape[2:] == (3, 3) and before == (0, 0)
    assert wrapped.shape[2:] == (4, 4) and before_wrapped == (1, 1)
    assert wrapped[0, 0, 0, 0] == plane[0, 0, -1, -1]
    assert torch.equal(wrapped[:, :, 1:, 1:], cut)


def test_a_margin_wider_than_the_picture_wraps_again() -> None:
    """A 2x2 tile with a margin of 5 wraps around the picture more than once."""
    plane = torch.arange(4.0).reshape(1, 1, 2, 2)

    around, (rows, columns) = with_surroundings(plane, Tile(0, 0, 2, 2), 5, (True, True))

    assert around.shape[2:] == (12, 12)
    assert torch.equal(around[:, :, rows : rows + 2, columns : columns + 2], plane)
    assert torch.equal(around[:, :, 1:3, 1:3], plane)


def test_the_halo_grows_with_the_cascade() -> None:
    """Later stages see less of the small picture: a quarter of the field each."""
    assert halo(20, 4, 4) == 21
    assert halo(20, 16, 4) == 26
    assert halo(20, 2, 4) == 21


def test_resize_is_block_means_where_sizes_divide() -> None:
    """Halving is a mean of four; other sizes keep the mean colour."""
    picture = torch.rand(1, 3, 12, 12)

    half = resize(picture, 6, 6)
    third = resize(picture, 9, 9)

    assert torch.allclose(half[0, 0, 0, 0], picture[0, 0, :2, :2].mean())
    assert third.shape[2:] == (9, 9)
    assert abs(float(third.mean() - picture.mean())) < 0.02
