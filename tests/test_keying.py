"""Pictures with a colour key through the whole engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel.picture import Picture
from depixel.projecting import measure_result, project_result
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler

RNG = np.random.default_rng(8)
KEY = np.array([255, 0, 255], np.uint8)


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def _on_key(side: int = 12) -> np.ndarray:
    pixels = np.empty((side, side, 3), np.uint8)
    pixels[:] = KEY
    pixels[3:-3, 2:-2] = RNG.integers(40, 200, (side - 6, side - 4, 3))
    return pixels


@pytest.mark.parametrize("more", [{}, {"edges": "soft"}, {"domain": "pixel-art"}, {"candidates": 2}, {"size": 40}])
def test_the_ground_is_the_key_and_nothing_lies_between(upsampler: Upsampler, more: dict[str, Any]) -> None:
    """Deep in the background every pixel is the key; no pixel is between it and the figure's colours."""
    small = _on_key()

    report = upsampler.upsample(Picture((small,), mode="RGB", name="a.png"), Request(**more))

    for candidate in report.candidates:
        large = candidate.picture.frames[0].astype(int)
        is_key = (large == KEY).all(-1)
        assert candidate.picture.channels == 3
        assert is_key[:4].all() and is_key[:, :2].all()
        # Colours are means of the figure's own (green 40 and more, red and blue below 200), or the network's noise.
        assert not ((large[..., 0] > 225) & (large[..., 1] < 20) & (large[..., 2] > 225) & ~is_key).any()
    assert any("#FF00FF" in note for note in report.notes)


def test_key_none_takes_the_key_for_a_colour(upsampler: Upsampler) -> None:
    """As before: the report does not mention a key."""
    report = upsampler.upsample(Picture((_on_key(),), mode="RGB"), Request(key="none"))
    assert not any("key" in note for note in report.notes)


def test_alone_and_in_company(upsampler: Upsampler) -> None:
    """A batch of pictures with and without a key: each answer equals its answer alone, in its place."""
    pictures = [Picture((_on_key(),), mode="RGB"), Picture((RNG.integers(0, 255, (12, 12, 3)).astype(np.uint8),))]
    pictures.append(Picture((_on_key(),), mode="RGB"))
    request = Request(reading="smooth")

    together = upsampler.upsample_many(pictures, request)

    for picture, report in zip(pictures, together, strict=True):
        assert isinstance(report, Report)
        alone = upsampler.upsample(picture, request)
        assert np.array_equal(report.picture.frames[0], alone.picture.frames[0])


def test_a_number_keeps_its_picture_indexed(upsampler: Upsampler) -> None:
    """Equal colours with different indices can be distinguished only in a palette; a typed --palette free is obeyed."""
    palette = np.array([[0, 0, 0, 255], [200, 60, 20, 255], [0, 0, 0, 255]], np.uint8)
    numbers = np.zeros((12, 12), np.uint8)
    numbers[3:9, 3:9], numbers[4:8, 4:8] = 2, 1
    picture = Picture((palette[numbers][..., :3],), palette=palette, mode="P", details={"indices": (numbers,)})

    kept = upsampler.upsample(picture, Request()).picture
    free = upsampler.upsample(picture, Request.from_typed({"palette": "free"})).picture

    assert kept.mode == "P" and kept.palette is not None
    assert kept.details["numbers"][0].max() == 2 and (kept.details["numbers"][0][2::4, 2::4] == numbers).all()
    assert free.mode == "RGB" and free.palette is None


def test_results_of_others_are_measured_and_projected_with_the_key(tmp_path: Path) -> None:
    """Repeated pixels scale back exactly; a projected result has the key again."""
    small = Picture((_on_key(),), mode="RGB")
    large = small.frames[0].repeat(4, 0).repeat(4, 1)
    blurred = large.copy()
    blurred[12:-12, 8:-8] = np.clip(blurred[12:-12, 8:-8].astype(int) + 9, 0, 255)

    assert measure_result(Picture((large,), mode="RGB"), small, Request()).maximum == 0
    projection = project_result(Picture((blurred,), mode="RGB"), small, Request())

    assert projection.after.maximum <= 1 < projection.before.maximum
    assert (projection.picture.frames[0][:12] == KEY).all()
