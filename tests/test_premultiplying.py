"""Premultiplied pictures through the whole engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel.picture import Picture
from depixel.premultiplying import NOTE
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def _glow(side: int = 20) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    alpha = np.rint(255 * np.clip(1.4 - 2.4 * np.hypot(x, y) / side, 0, 1))
    colour = np.floor(alpha[..., None] * np.array([0.98, 0.8, 0.3]))
    return np.concatenate([colour, alpha[..., None]], 2).astype(np.uint8)


@pytest.mark.parametrize("more", [{}, {"scale": 3}, {"candidates": 2}, {"degradation": "area", "domain": "art"}])
def test_it_stays_premultiplied_and_scales_back(upsampler: Upsampler, more: dict[str, Any]) -> None:
    """No colour above its alpha, and the means of the stored integers are preserved: measured here."""
    small = _glow()

    report = upsampler.upsample(Picture((small,), name="glow.png"), Request(**more))

    for candidate in report.candidates:
        large = candidate.picture.frames[0].astype(int)
        assert (large[..., :3] <= large[..., 3:]).all()
        means = large.reshape(20, report.scale, 20, report.scale, 4).mean((1, 3))
        assert np.abs(means - small).max() <= 1
        assert candidate.residual.maximum <= 1
    assert NOTE in report.notes and report.settings == Request(**more)


def test_straight_pictures_beside_it_are_answered_as_alone(upsampler: Upsampler) -> None:
    """Each picture separately, in its place."""
    straight = _glow()
    straight[..., :3] = 200
    pictures = [Picture((straight,)), Picture((_glow(),)), Picture((straight[..., :3],), mode="RGB")]

    for picture, report in zip(pictures, upsampler.upsample_many(pictures, Request()), strict=True):
        assert isinstance(report, Report)
        assert np.array_equal(report.picture.frames[0], upsampler.upsample(picture, Request()).picture.frames[0])
        assert (NOTE in report.notes) == (picture is pictures[1])


def test_a_size_between_scales(upsampler: Upsampler) -> None:
    """Reduced to a size, it is still premultiplied."""
    picture = upsampler.upsample(Picture((_glow(),)), Request(size=50)).picture
    assert picture.width == 50
    assert (picture.frames[0][..., :3] <= picture.frames[0][..., 3:]).all()


def test_grey_with_alpha(upsampler: Upsampler) -> None:
    """A premultiplied LA picture stays LA: no grey is above its alpha, and the means are preserved."""
    small = np.ascontiguousarray(_glow()[..., [0, 3]])

    answer = upsampler.upsample(Picture((small,), mode="LA", name="glow_pma.png"), Request(alpha="premultiplied"))

    large = answer.picture.frames[0].astype(int)
    assert answer.picture.mode == "LA" and large.shape == (80, 80, 2)
    assert (large[..., 0] <= large[..., 1]).all()
    assert np.abs(large.reshape(20, 4, 20, 4, 2).mean((1, 3)) - small).max() <= 1
