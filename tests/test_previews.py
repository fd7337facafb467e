"""Previews: complete, bounded, exact where that costs little."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from depixel.picture import Picture
from depixel.previews import preview

RNG = np.random.default_rng(3)


def noise(width: int, height: int, channels: int = 4, frames: int = 1, kind: type = np.uint8) -> Picture:
    """Pixels that compress badly."""
    top = np.iinfo(kind).max
    return Picture(tuple(RNG.integers(0, top, (height, width, channels), dtype=kind) for _ in range(frames)))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_small_picture_is_exact(channels: int) -> None:
    """Every pixel is in it."""
    picture = noise(20, 10, channels)

    shown = preview(picture)

    assert (shown.media, shown.exact, shown.width, shown.height) == ("image/png", True, 20, 10)
    decoded = np.asarray(Image.open(io.BytesIO(shown.data)).convert("RGBA"))
    assert np.array_equal(decoded, picture.rgba())
    assert shown.uri.startswith("data:image/png;base64,")


@pytest.mark.parametrize(("width", "height", "frames"), [(3000, 20, 1), (1500, 1500, 1), (600, 600, 40)])
def test_it_keeps_its_bounds(width: int, height: int, frames: int) -> None:
    """Neither pixels nor bytes exceed them, whatever the picture holds; its shape stays."""
    shown = preview(noise(width, height, 3, frames), side=256, most=100_000)

    assert not shown.exact
    assert max(shown.width, shown.height) <= 256
    assert len(shown.data) <= 100_000
    assert shown.width / shown.height == pytest.approx(width / height, rel=0.6 if height < 100 else 0.02)


def test_hidden_colours_do_not_show_through() -> None:
    """Transparent pixels do not tint their neighbours when reduced."""
    pixels = np.zeros((512, 512, 4), np.uint8)
    pixels[:, ::2] = (255, 255, 255, 255)  # visible white next to invisible black

    decoded = np.asarray(Image.open(io.BytesIO(preview(Picture((pixels,)), side=128).data)).convert("RGBA"))

    assert decoded[..., :3].min() > 245
    assert abs(int(decoded[..., 3].mean()) - 128) < 4


def test_16_bits_are_shown_as_8() -> None:
    """And reported as inexact."""
    shown = preview(noise(8, 8, 3, kind=np.uint16))

    assert not shown.exact
    assert Image.open(io.BytesIO(shown.data)).size == (8, 8)
