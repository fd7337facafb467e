"""Stairs and unevenly soft outlines are distinguished from reduced edges, whatever filter reduced them."""

from __future__ import annotations

import numpy as np
import pytest

from depixel.picture import Picture
from depixel.preparation.detection import detect
from depixel.preparation.edges import is_stepped, is_unevenly_soft, step_unevenness

SIDE, FINE, SLOPE = 28, 16, 0.37
DARK, BRIGHT = np.array([20, 10, 30, 255.0]), np.array([230, 210, 120, 255.0])


def bright_share() -> np.ndarray:
    """[H, W] fine pixels, 1 right of a slanted edge."""
    y, x = (np.mgrid[: SIDE * FINE, : SIDE * FINE] + 0.5) / FINE
    return np.asarray((x - 6 - SLOPE * y > 0).astype(float))


def reduced(fine: np.ndarray) -> np.ndarray:
    return np.asarray(fine.reshape(SIDE, FINE, SIDE, FINE).mean((1, 3)))


def stairs(blend: float) -> np.ndarray:
    """Sampled at the centres of pixels; the dark pixel beside each bright run has a little of its colour."""
    share = bright_share()[FINE // 2 :: FINE, FINE // 2 :: FINE]
    beside = np.roll(share, -1, 1) > share
    beside[:, -1] = False
    return np.where(beside, blend, share)


def blurred(share: np.ndarray) -> np.ndarray:
    around = np.pad(share, 1, mode="edge")
    rows = (around[:-2] + 2 * around[1:-1] + around[2:]) / 4
    return np.asarray((rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4)


def coloured(share: np.ndarray) -> np.ndarray:
    return np.asarray(np.rint(DARK + share[..., None] * (BRIGHT - DARK)), np.uint8)


def outlined(share: np.ndarray) -> np.ndarray:
    """A dark figure, with `share` as its alpha."""
    pixels = np.zeros((*share.shape, 4), np.uint8)
    pixels[..., 3] = np.rint(255 * share)
    return pixels


@pytest.mark.parametrize("blend", [0.0, 0.13])
def test_stairs_are_stepped_and_reduced_edges_are_not(blend: float) -> None:
    assert is_stepped(coloured(stairs(blend)))
    assert is_stepped(coloured(stairs(blend)).swapaxes(0, 1))
    assert is_stepped(coloured(stairs(blend)).astype(np.uint16) * 257)
    count, unevenness = step_unevenness(coloured(reduced(bright_share())))
    assert count >= 10 and unevenness < 0.3
    assert not is_stepped(coloured(blurred(reduced(bright_share()))))


def test_the_outline_of_a_cut_out_is_no_stair() -> None:
    """A photograph cut out along pixels is still a reduction inside."""
    assert not is_stepped(outlined(stairs(0.0)))


def test_only_outlines_that_are_soft_and_uneven_are_unevenly_soft() -> None:
    assert is_unevenly_soft(outlined(blurred(stairs(0.3))))
    assert not is_unevenly_soft(outlined(blurred(reduced(bright_share()))))
    assert not is_unevenly_soft(outlined(reduced(bright_share())))
    assert not is_unevenly_soft(outlined(stairs(0.13)))


def test_tiny_pictures_have_no_edges_to_measure() -> None:
    for side in (1, 2, 5):
        pixels = np.full((side, side, 4), 255, np.uint8)
        assert not is_stepped(pixels) and not is_unevenly_soft(pixels)


def test_drawings_with_blended_stairs_are_pixel_art_however_many_colours_they_have() -> None:
    """The share of blended pixels alone would call them reduced."""
    rng = np.random.default_rng(0)
    pixels = coloured(stairs(0.13))
    shade = (np.arange(SIDE)[:, None] + np.arange(SIDE)[None]) // 9
    pixels[..., 1] = np.clip(pixels[..., 1].astype(int) + 6 * shade, 0, 255)
    beside = stairs(0.13) == 0.13
    pixels[beside, :3] += rng.integers(0, 12, (int(beside.sum()), 3)).astype(np.uint8)
    assert detect(Picture((pixels,), name="balloon.png")).name == "pixel-art"
    smooth = coloured(reduced(bright_share()))
    smooth[..., 1] = np.clip(smooth[..., 1].astype(int) + 6 * shade, 0, 255)
    assert detect(Picture((smooth,), name="balloon.png")).name == "art"
