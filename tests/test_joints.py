"""Adjoining pictures: which are compared, which edges fit, and what is beyond them."""

from __future__ import annotations

import numpy as np
import pytest

from depixel.joints import DEPTH, margins_of, neighbour_names, with_margins
from depixel.picture import Picture

RNG = np.random.default_rng(12)


def _panorama(height: int = 24, width: int = 96) -> np.ndarray:
    """Smooth hills that do not repeat."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 7 + y / 9) + np.sin(x / 23), np.cos(x / 11 - y / 5), np.sin(y / 6 + x / 31)]
    return np.rint(127 + 50 * np.stack(waves, 2)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "some"),
    [
        ("sky_ft.png", {"sky_rt.png", "sky_up.png"}),
        ("SkyFT.tga", {"SkyRT.tga", "SkyDN.tga"}),
        ("night_north.png", {"night_east.png", "night_up.png"}),
        ("box_Left.png", {"box_Right.png", "box_Top.png"}),
        ("panorama_3.png", {"panorama_0.png", "panorama_5.png"}),
        ("ground_02_10.png", {"ground_02_11.png", "ground_01_10.png", "ground_03_10.png"}),
    ],
)
def test_names_of_pictures_that_may_meet(name: str, some: set[str]) -> None:
    """Faces of a sky with every engine's names, tiles by row and column."""
    names = set(neighbour_names(name))
    assert some <= names and name not in names


def test_the_first_row_has_number_nought() -> None:
    """Neighbours exist on all sides, but no number is negative."""
    assert set(neighbour_names("tile_1_0.png")) == {"tile_0_0.png", "tile_2_0.png", "tile_1_1.png"}


@pytest.mark.parametrize("name", ["hero.png", "sprite.png", "walk_3.png", "cleft.png", "stone_n.png", "up.png"])
def test_names_that_say_nothing(name: str) -> None:
    """Words that only end like a direction, frames of animations, maps."""
    assert not list(neighbour_names(name))


@pytest.mark.parametrize("turn", ["as it is", "upside down", "on its side"])
def test_the_neighbour_is_found_however_it_lies(turn: str) -> None:
    """Beyond the right edge is the other half, however the engine rotated it."""
    whole = _panorama(24, 48)
    left, right = whole[:, :24], whole[:, 24:]
    stored = {"as it is": right, "upside down": right[::-1, ::-1], "on its side": np.rot90(right)}[turn]
    others = [Picture((RNG.integers(0, 255, (24, 24, 3)).astype(np.uint8),)), Picture((np.ascontiguousarray(stored),))]

    margins = margins_of(Picture((left,)), others)

    assert margins.right is not None and np.array_equal(margins.right, right[:, :DEPTH])
    assert margins.left is None and margins.top is None and margins.bottom is None


def test_what_tiles_by_itself_needs_no_neighbour() -> None:
    """Two variants of one ground texture: each continues itself."""
    y, x = np.mgrid[:24, :24] * (2 * np.pi / 24)
    ground = np.rint(127 + 50 * np.stack([np.sin(x), np.cos(y), np.sin(x + y)], 2)).astype(np.uint8)
    assert not margins_of(Picture((ground,)), [Picture((np.roll(ground, (3, 5), (0, 1)),))])


def test_what_does_not_fit_is_no_neighbour() -> None:
    """Noise, other sizes, transparent pictures, flat edges."""
    own = Picture((_panorama(24, 24),))
    noise = RNG.integers(0, 255, (24, 24, 3)).astype(np.uint8)
    clear = np.concatenate([_panorama(24, 48)[:, 24:], np.zeros((24, 24, 1), np.uint8)], 2)
    assert not margins_of(own, [Picture((noise,)), Picture((_panorama(20, 40)[:, 20:],)), Picture((clear,))])
    for thin in (Picture((_panorama(1, 24),)), Picture((_panorama(24, 4),))):
        assert not margins_of(thin, [own]) and not margins_of(own, [thin])
    flat = Picture((np.full((24, 24, 3), 90, np.uint8),))
    assert not margins_of(flat, [flat])


def test_margins_lie_round_the_picture() -> None:
    """The picture is in its place, its neighbours around it, corners from the sides."""
    whole = _panorama(24, 72)
    middle = Picture((whole[:, 24:48],))
    margins = margins_of(middle, [Picture((whole[:, :24],)), Picture((whole[:, 48:],))])

    padded, (top, left) = with_margins(middle.frames[0], margins)

    assert margins.axes == (True, False) and (top, left) == (0, DEPTH)
    assert np.array_equal(padded, whole[:, 24 - DEPTH : 48 + DEPTH])
