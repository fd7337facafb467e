"""Premultiplied alpha: when it is detected, and that its integers keep their sums."""

from __future__ import annotations

import numpy as np
import pytest

from depixel.picture import Picture
from depixel.preparation.premultiplied import covering, is_premultiplied, looks_premultiplied, multiplied, on_black
from depixel.request import Request

RNG = np.random.default_rng(3)


def _glow(multiplied: bool, colour: tuple[int, int, int] = (250, 220, 60), side: int = 24) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    alpha = np.clip(1.4 - 2.4 * np.hypot(x, y) / side, 0, 1)[..., None]
    straight = np.broadcast_to(np.array(colour) / 255, (side, side, 3))
    rgba = np.concatenate([straight * alpha if multiplied else straight, alpha], 2)
    pixels = np.rint(rgba * 255).astype(np.uint8)
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:]) if multiplied else pixels[..., :3]
    return pixels


@pytest.mark.parametrize("depth", [8, 16])
def test_a_premultiplied_glow_is_seen(depth: int) -> None:
    """Colour decreases with alpha."""
    pixels = _glow(multiplied=True)
    if depth == 16:
        pixels = pixels.astype(np.uint16) * 257
    assert looks_premultiplied(Picture((pixels,)))


@pytest.mark.parametrize("colour", [(250, 220, 60), (0, 0, 0), (12, 9, 3), (128, 20, 20)])
def test_straight_colour_is_not_taken_for_it(colour: tuple[int, int, int]) -> None:
    """Bright glows break the rule; dark smoke below a soft edge keeps its colour while alpha decreases."""
    assert not looks_premultiplied(Picture((_glow(False, colour),)))


def test_a_dark_outline_is_not_taken_for_it() -> None:
    """No colour above alpha, because the edge is black: still straight."""
    pixels = _glow(multiplied=False)
    pixels[..., :3] = np.where(pixels[..., 3:] < 255, 8, pixels[..., :3])
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    assert not looks_premultiplied(Picture((pixels,)))


def test_names_and_requests() -> None:
    """
    A name ending in pma decides if pixels cannot; a request takes precedence over both; without alpha nothing applies.
    """
    light = np.zeros((8, 8, 4), np.uint8)
    light[2:6, 2:6, :3] = 200
    assert is_premultiplied(Picture((light,), name="flare_pma.png"), Request())
    assert not is_premultiplied(Picture((light,), name="flare.png"), Request())
    assert is_premultiplied(Picture((light,)), Request(alpha="premultiplied"))
    assert not is_premultiplied(Picture((_glow(True),), name="x_pma.png"), Request(alpha="opacity"))
    assert not is_premultiplied(Picture((_glow(True),)), Request(domain="data"))
    assert not is_premultiplied(Picture((light[..., :3],), name="a_pma.png"), Request(alpha="premultiplied"))


@pytest.mark.parametrize("block", [2, 3, 4])
def test_sums_of_blocks_stay(block: int) -> None:
    """For any answer, each block's mean is the source's, and no colour is above its alpha."""
    source = _glow(multiplied=True)
    large = covering(Picture((source,))).frames[0].repeat(block, 0).repeat(block, 1)

    out = multiplied(large, None, source, 255, block).astype(int)

    means = out.reshape(24, block, 24, block, 4).mean((1, 3))
    assert np.abs(means - source).max() < 0.5
    assert (out[..., :3] <= out[..., 3:]).all()


def test_light_keeps_the_colours_it_has_on_black() -> None:
    """Where colour is above alpha, the answer to the picture on black is used; elsewhere none is."""
    source = _glow(multiplied=True)
    assert on_black(Picture((source,))) is None
    source[:8, :8] = [90, 80, 70, 0]
    assert on_black(Picture((source,))) is not None
    large = covering(Picture((source,))).frames[0].repeat(4, 0).repeat(4, 1)
    black = source[..., :3].repeat(4, 0).repeat(4, 1)

    out = multiplied(large, black, source, 255, 4)

    assert (out[:32, :32] == [90, 80, 70, 0]).all()
    assert (out[48:, 48:, :3] <= out[48:, 48:, 3:]).all()
