"""Answers averaged over flips and turns by the engine."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel.enlarging.batches import batch_key, turns_for
from depixel.picture import Picture
from depixel.preparation.prepare import prepare
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels)).astype(np.uint8)


def apart(a: Report, b: Report) -> int:
    """Largest difference of two answers in levels."""
    return int(np.abs(a.picture.frames[0].astype(int) - b.picture.frames[0].astype(int)).max())


@pytest.mark.parametrize(
    ("side", "scale", "turns"),
    [(16, 4, 8), (24, 4, 8), (25, 4, 4), (32, 4, 4), (33, 4, 2), (64, 4, 2), (65, 4, 1), (64, 8, 1), (32, 2, 4)],
)
def test_small_answers_are_averaged_more(side: int, scale: int, turns: int) -> None:
    """
    With transparency 8 up to 96x96 pixels of answer, 4 up to 128x128, 2 up to 256x256; opaque never more than 2. A x4
    network does the same work for x2.
    """
    settings = Request(scale=scale, domain="art")
    opaque, transparent = noise(side, side), noise(side, side, 4)
    assert turns_for(prepare(Picture((transparent,)), settings), settings) == turns
    assert turns_for(prepare(Picture((opaque,)), settings), settings) == min(turns, 2)


@pytest.mark.parametrize(("side", "scale", "turns"), [(16, 4, 8), (33, 4, 4), (128, 4, 4), (129, 4, 2), (600, 4, 1)])
def test_best_quality_turns_larger_answers_too(side: int, scale: int, turns: int) -> None:
    """With transparency 8, opaque never more than 4; an explicit number takes precedence."""
    settings = Request(scale=scale, domain="art", quality="best")
    transparent, opaque = (prepare(Picture((noise(side, side, channels),)), settings) for channels in (4, 3))
    assert turns_for(transparent, settings) == turns
    assert turns_for(opaque, settings) == min(turns, 4)
    assert turns_for(transparent, Request(scale=scale, domain="art", quality="best", ensemble=2)) == 2
    bicubic = Request(scale=scale, domain="art", degradation="bicubic")
    assert turns_for(prepare(Picture((noise(side, side, 4),)), bicubic), bicubic) == turns


def test_frames_count_and_imagined_detail_is_not_averaged_away() -> None:
    """The size of an animation counts all frames; vivid candidates get one pass, unless requested otherwise."""
    still = Picture((noise(32, 32, 4),))
    moving = Picture(tuple(noise(32, 32, 4, seed=i) for i in range(3)), durations=(50.0,) * 3)
    calm, vivid = Request(domain="art"), Request(domain="art", imagination=0.3)
    several = Request(domain="art", candidates=2)
    imagined = Request(domain="art", imagination=0.3, ensemble=8)

    assert turns_for(prepare(still, calm), calm) == 4
    assert turns_for(prepare(moving, calm), calm) == 2
    assert turns_for(prepare(still, vivid), vivid) == 1
    assert [turns_for(prepare(still, several), several, k) for k in (0, 1)] == [4, 1]
    assert turns_for(prepare(still, imagined), imagined) == 8


@pytest.mark.parametrize("degradation", ["area", "point"])
def test_the_answer_turns_with_the_picture(upsampler: Upsampler, degradation: str) -> None:
    """A mirrored input gives a mirrored answer, to the rounding of a block; a single pass prefers a side."""
    pixels = noise(9, 12)
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    apart_by = []
    for ensemble in (1, 8):
        settings = Request(domain="art", degradation=degradation, ensemble=ensemble)
        a = upsampler.upsample(Picture((pixels,)), settings)
        b = upsampler.upsample(Picture((mirrored,)), settings).picture.frames[0][:, ::-1]
        apart_by.append(int(np.abs(a.picture.frames[0].astype(int) - b.astype(int)).max()))
        assert a.residual.maximum <= 1
    assert apart_by[1] <= 1 < apart_by[0]


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("steps", [0, 2])
def test_averaged_answers_stay_exact_and_of_their_kind(upsampler: Upsampler, binary: bool, steps: int) -> None:
    """The mean is projected, not the parts: block means hold, one-bit alpha stays one bit, with a search too."""
    pixels = noise(10, 7, 4)
    if binary:
        pixels[..., 3] = np.where(pixels[..., 3] > 90, 255, 0)

    settings = Request(domain="art", degradation="area", ensemble=8, steps=steps)
    report = upsampler.upsample(Picture((pixels,)), settings)

    assert report.residual.exact
    if binary:
        assert set(np.unique(report.picture.frames[0][..., 3])) == {0, 255}


def test_company_does_not_change_how_often_an_answer_is_turned(upsampler: Upsampler) -> None:
    """Small and large pictures in one call: each equals its answer alone."""
    settings = Request(domain="art", degradation="area", wrap="none")
    pictures = [
        Picture((noise(h, w, 4, seed=h),)) for h, w in ((66, 50), (65, 49), (80, 60), (9, 70), (16, 16), (15, 12))
    ]
    keys = {batch_key(prepare(p, settings), settings) for p in pictures[:3]}

    together = upsampler.upsample_many(pictures, settings)

    assert len(keys) == 2  # the first two share a pass; the third would fit too, but is averaged over fewer turns
    for picture, report in zip(pictures, together, strict=True):
        assert isinstance(report, Report)
        assert apart(report, upsampler.upsample(picture, settings)) <= 1


def test_tiles_meet_when_turned(upsampler: Upsampler) -> None:
    """Tiled equals untiled; each tile is turned separately, and the picture's size decides how often."""
    picture = Picture((noise(40, 72, 4),))
    small_tiles = Upsampler("cpu", upsampler.shelf.chosen)
    small_tiles._budget = 40 * 40
    settings = Request(domain="art", degradation="area", wrap="none")
    whole, tiled = (u.upsample(picture, settings) for u in (upsampler, small_tiles))
    visible = whole.picture.frames[0][..., 3] > 8  # colour that is hardly visible is rounded coarsely
    a, b = (r.picture.frames[0].astype(int) for r in (whole, tiled))
    assert turns_for(prepare(picture, settings), settings) == 2
    assert np.abs(a - b)[visible].max() <= 1


def test_wrapped_pictures_are_turned_with_their_surroundings(upsampler: Upsampler) -> None:
    """The averaged answer of a tiling texture is the middle of that of nine copies."""
    pixels = noise(12, 10)
    settings = Request(domain="textures", degradation="area", ensemble=8, wrap="xy")
    wrapped = upsampler.upsample(Picture((pixels,)), settings).picture.frames[0]
    nine = Picture((np.tile(pixels, (3, 3, 1)),))
    alone = Request(domain="textures", degradation="area", ensemble=8, wrap="none")
    middle = upsampler.upsample(nine, alone).picture.frames[0][48:96, 40:80]

    assert np.abs(wrapped.astype(int) - middle.astype(int)).max() <= 1
