"""Frames of a sheet at any position: each is answered separately."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel.picture import PREMULTIPLIED, REGIONS, Picture
from depixel.regions import regions_of
from depixel.request import Request
from depixel.upsampler import Upsampler

RNG = np.random.default_rng(17)
BOXES = ((0, 0, 10, 12), (10, 0, 9, 7), (3, 14, 20, 8))


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def _sheet(boxes: tuple[tuple[int, int, int, int], ...] = BOXES) -> Picture:
    pixels = RNG.integers(0, 256, (24, 24, 3)).astype(np.uint8)
    return Picture((pixels,), mode="RGB", details={REGIONS: boxes})


@pytest.mark.parametrize("scale", [2, 4])
def test_frames_are_what_they_become_alone(upsampler: Upsampler, scale: int) -> None:
    """Nothing bleeds in from a neighbour; areas outside all frames are answered too; the sheet scales back."""
    sheet = _sheet()
    request = Request(domain="art", scale=scale)

    report = upsampler.upsample(sheet, request)

    large = report.picture.frames[0]
    for left, top, width, height in BOXES:
        frame = sheet.frames[0][top : top + height, left : left + width]
        alone = upsampler.upsample(Picture((frame,), mode="RGB"), request).picture.frames[0]
        assert np.array_equal(large[top * scale : (top + height) * scale, left * scale : (left + width) * scale], alone)
    means = large.reshape(24, scale, 24, scale, 3).astype(float).mean((1, 3))
    assert np.abs(means - sheet.frames[0]).max() <= 1
    assert report.residual.maximum <= 1
    assert any("3 frames" in note for note in report.notes)


def test_frames_of_a_premultiplied_sheet_are_premultiplied(upsampler: Upsampler) -> None:
    """An atlas's statement about its page (pma: true) applies to the frames as well: no colour is above its alpha."""
    alpha = RNG.integers(0, 256, (24, 24, 1))
    pixels = np.concatenate([RNG.integers(0, 256, (24, 24, 3)) * alpha // 255, alpha], 2).astype(np.uint8)
    sheet = Picture((pixels,), details={REGIONS: BOXES, PREMULTIPLIED: True})

    report = upsampler.upsample(sheet, Request(domain="art", scale=4))

    large = report.picture.frames[0]
    assert (large[..., :3] <= large[..., 3:]).all()
    assert report.residual.maximum <= 1
    assert any("3 frames" in note for note in report.notes)


@pytest.mark.parametrize(
    ("boxes", "more"),
    [
        (((0, 0, 24, 24),), {}),
        (((-1, 0, 8, 8), (20, 20, 8, 8), (0, 0, 1, 9)), {}),
        (BOXES, {"frames": "2x2"}),
        (BOXES, {"size": 100}),
        ((), {}),
    ],
)
def test_what_is_no_frame(boxes: Any, more: dict[str, Any]) -> None:
    """The whole sheet, frames outside or too small; other requests for frames; other sizes."""
    assert regions_of(_sheet(boxes), Request(**more)) == ()


def test_equal_frames_count_once() -> None:
    """A sheet names a frame as often as it is shown."""
    assert regions_of(_sheet((BOXES[0], BOXES[0], BOXES[1])), Request()) == BOXES[:2]
