"""Translucent bars, panes and glass stay as translucent, and as flat, as they were drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tiny_art import write_tiny_art

from depixel.enlarging.translucency import is_translucent, keep_flat_bars
from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def figure(alpha: int = 255) -> np.ndarray:
    """[15, 13, 4]: a disc of two colours, a line of one pixel and a bar of two, all with the same alpha."""
    pixels = np.zeros((15, 13, 4), np.uint8)
    places = np.hypot(*(np.indices((15, 13)) - 5))
    pixels[places < 4] = (200, 40, 30, alpha)
    pixels[places < 2] = (240, 220, 60, alpha)
    pixels[11, 1:11] = (20, 120, 30, alpha)
    pixels[13:, 2:12] = (90, 90, 200, alpha)
    return pixels


def answered(upsampler: Upsampler, pixels: np.ndarray, domain: str, **settings: Any) -> np.ndarray:
    request = Request.from_dict({"domain": domain, **settings})
    report = upsampler.upsample(Picture((pixels,), mode="RGBA"), request)
    assert report.residual.exact
    return report.picture.frames[0]


def test_glass_has_the_shape_of_what_is_opaque(upsampler: Upsampler) -> None:
    """
    Translucent pixel art is the translucent version of the opaque answer: the same colours, every alpha scaled alike.
    """
    opaque = answered(upsampler, figure(), "pixel-art").astype(int)
    glass = answered(upsampler, figure(128), "pixel-art").astype(int)

    expected = opaque[..., 3] * (128 / 255)
    seen = expected > 16
    assert np.abs(glass[..., 3] - expected)[opaque[..., 3] == 255].mean() < 4
    assert np.abs(glass[..., :3] - opaque[..., :3])[seen].mean() < 1
    assert glass[..., 3].max() == 128


@pytest.mark.parametrize("domain", ["pixel-art", "art"])
@pytest.mark.parametrize("high", [2, 3])
def test_a_translucent_bar_stays_flat(upsampler: Upsampler, domain: str, high: int) -> None:
    """For every kind: no opaque line in its middle, no beads; also next to opaque pixels and at the border."""
    pixels = np.zeros((16, 20, 4), np.uint8)
    pixels[3:12, 5:15] = (120, 80, 40, 255)
    pixels[6 : 6 + high, 1:19] = (0, 200, 0, 128)
    pixels[16 - high :, 3:18] = (200, 200, 250, 77)
    large = answered(upsampler, pixels, domain)

    for top, left, right, colour in ((6, 2, 18, (0, 200, 0, 128)), (16 - high, 4, 17, (200, 200, 250, 77))):
        bar = large[top * 4 + 1 : (top + high) * 4 - 1, left * 4 : right * 4]
        assert np.abs(bar.astype(int) - colour).max() <= 1


def test_locked_palettes_hold_for_glass(upsampler: Upsampler) -> None:
    """Colour and alpha are answered separately, and still only the input's own combinations appear."""
    pixels = figure(128)
    pixels[5:, 5:] = np.where(pixels[5:, 5:, 3:] > 0, np.array([10, 20, 30, 255], np.uint8), 0)
    large = answered(upsampler, pixels, "pixel-art", palette="keep")

    colours = {tuple(p) for p in pixels.reshape(-1, 4).tolist()}
    assert {tuple(p) for p in large.reshape(-1, 4).tolist()} <= colours


def test_company_and_tiles_change_nothing(upsampler: Upsampler, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A translucent drawing is the same alone, among opaque ones of other sizes, and in tiles."""
    glass, opaque = figure(128), figure()[:11, :9]
    opaque[0, 0] = (1, 2, 3, 0)
    request = Request(domain="pixel-art", ensemble=1, wrap="none")
    pictures = [Picture((p,), mode="RGBA") for p in (glass, opaque)]
    together = [r.picture.frames[0] for r in upsampler.upsample_many(pictures, request)]  # type: ignore[union-attr]

    for picture, among in zip(pictures, together, strict=True):
        assert np.array_equal(upsampler.upsample(picture, request).picture.frames[0], among)

    wide = np.tile(figure(128), (4, 4, 1))
    whole = answered(upsampler, wide, "pixel-art", ensemble=1)
    small = Upsampler("cpu", dict(upsampler.shelf.chosen))
    small._budget = 40 * 40
    tiled = small.upsample(Picture((wide,), mode="RGBA"), Request(domain="pixel-art", ensemble=1))
    assert np.abs(tiled.picture.frames[0].astype(int) - whole).max() <= 1


def test_only_narrow_flat_translucency_is_held() -> None:
    """A single line, a wide pane, a gradient, an opaque bar and faint dust are left to the generator."""
    small = torch.zeros(1, 4, 16, 24)
    small[:, :, 1, 2:20] = 0.5  # one pixel
    small[:, :, 4:9, 2:20] = 0.4  # wide
    small[:, :, 10:12, 2:20] = torch.linspace(0.2, 0.8, 18)
    small[:, :, 13:15, 2:9] = 1.0
    small[:, :, 13:15, 11:20] = 0.02
    large = torch.rand(1, 4, 64, 96)

    assert torch.equal(keep_flat_bars(large, small, 4), large)


def test_which_pictures_are_seen_through() -> None:
    """One bar is enough; opaque, absent, or invisible dust is not."""
    small = torch.zeros(3, 4, 8, 16)
    small[0, :, 2:4, 5:] = 0.5
    small[1, :, 2:6] = 1
    small[2, :, 2:6] = 3 / 255

    assert is_translucent(small).tolist() == [True, False, False]


def test_filling_up_makes_no_bar() -> None:
    """A translucent line at the lower border is one pixel high, however often it was repeated to share a batch."""
    small = torch.zeros(1, 4, 12, 12)
    small[:, :, 9:11] = 0.5  # the last real row and two more
    valid = torch.zeros(1, 1, 12, 12)
    valid[:, :, :10] = 1
    large = torch.rand(1, 4, 48, 48)

    assert torch.equal(keep_flat_bars(large, small, 4, valid), large)
    assert not torch.equal(keep_flat_bars(large, small, 4), large)
