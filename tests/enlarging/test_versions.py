"""Several answers to pixel art are readings of it: labelled, exact, and the same alone, in batches and in tiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tiny_art import write_tiny_art

from depixel.client.readings import NAMES, SOFT_NAMES
from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def drawing(side: int = 12, seed: int = 0) -> Picture:
    """Blobs of four opaque colours on a transparent background."""
    rng = np.random.default_rng(seed)
    colours = np.array([[0, 0, 0, 0], [20, 16, 24, 255], [200, 60, 50, 255], [230, 200, 90, 255], [90, 120, 200, 255]])
    coarse = rng.integers(0, 5, (-(-side // 2), -(-side // 2))).repeat(2, 0).repeat(2, 1)[:side, :side]
    return Picture((colours[coarse].astype(np.uint8),))


def soft(side: int = 12) -> Picture:
    """Smooth blobs on a soft background, without transparency."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 256, (side // 3, side // 3, 3)).astype(np.uint8)
    return Picture((np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)),))


SEVEN = Request(domain="pixel-art", scale=4, candidates=len(NAMES) + 1, wrap="none")


def test_candidates_are_readings_and_each_comes_again_alone(upsampler: Upsampler) -> None:
    """In order, exact, with a recipe that reproduces the pixels; after the last one detail is imagined."""
    report = upsampler.upsample(drawing(), SEVEN)
    assert [c.reading for c in report.candidates] == [*NAMES, NAMES[0]]
    assert [c.imagination for c in report.candidates[:-1]] == [0.0] * len(NAMES)
    assert report.candidates[-1].imagination > 0
    for candidate in report.candidates:
        assert candidate.residual.maximum == 0
        alone = Request(
            domain="pixel-art", scale=4, wrap="none",
            reading=candidate.reading, seed=candidate.seed, imagination=candidate.imagination,
        )  # fmt: skip
        again = upsampler.upsample(drawing(), alone).candidates[0]
        assert np.array_equal(again.picture.frames[0], candidate.picture.frames[0])
        assert again.recipe == candidate.recipe
    assert report.candidates[3].recipe == "reading thin"
    assert "imagination" in report.candidates[-1].recipe
    assert [c["reading"] for c in report.to_dict()["candidates"]] == [*NAMES, NAMES[0]]


def test_company_and_tiles_change_no_reading(upsampler: Upsampler) -> None:
    """A picture among smaller ones, and one processed in tiles, equal the answers alone and whole."""
    pictures = [drawing(12), drawing(9, 1), drawing(12, 2)]
    small = Upsampler("cpu", upsampler.shelf.chosen)
    small._budget = 24 * 24
    large = drawing(40, 3)
    for name in NAMES:
        request = Request(domain="pixel-art", scale=4, reading=name, wrap="none")
        together = upsampler.upsample_many(pictures, request)
        for picture, report in zip(pictures, together, strict=True):
            alone = upsampler.upsample(picture, request)
            assert np.array_equal(report.picture.frames[0], alone.picture.frames[0]), name  # type: ignore[union-attr]
        whole, tiled = (engine.upsample(large, request).picture.frames[0].astype(int) for engine in (upsampler, small))
        assert (np.abs(whole - tiled) > 1).any(-1).mean() < 0.002, name


def test_soft_art_is_read_in_other_ways(upsampler: Upsampler) -> None:
    """Calm, sharp and painted answers come first, then imagined ones; each is exact and reproducible alone."""
    count = len(SOFT_NAMES) + 1
    report = upsampler.upsample(soft(), Request(domain="art", scale=8, candidates=count, wrap="none"))
    assert [c.reading for c in report.candidates] == [*SOFT_NAMES, ""]
    assert [c.imagination > 0 for c in report.candidates] == [False] * len(SOFT_NAMES) + [True]
    for candidate in report.candidates:
        assert candidate.residual.maximum < 0.2
        alone = Request(
            domain="art", scale=8, wrap="none", reading=candidate.reading or "auto",
            seed=candidate.seed, imagination=candidate.imagination,
        )  # fmt: skip
        again = upsampler.upsample(soft(), alone).candidates[0]
        assert np.array_equal(again.picture.frames[0], candidate.picture.frames[0])
    pixels = [c.picture.frames[0].astype(int) for c in report.candidates]
    assert all(np.abs(a - b).mean() > 0.5 for i, a in enumerate(pixels) for b in pixels[:i])


def test_readings_of_the_other_list_and_kinds_without_readings(upsampler: Upsampler) -> None:
    """A reading of pixel art has no effect on soft art, and maps have a single reading."""
    request = Request(domain="art", scale=4, wrap="none")
    plain = upsampler.upsample(soft(), request)
    assert plain.candidates[0].recipe == "seed 0"
    other = upsampler.upsample(soft(), replace(request, reading="thin"))
    assert np.array_equal(plain.picture.frames[0], other.picture.frames[0])
    assert [c.reading for c in upsampler.upsample(soft(), Request(domain="data", candidates=2)).candidates] == ["", ""]


def test_answers_like_a_reading_keep_it(upsampler: Upsampler) -> None:
    """More like this one: the same reading with other detail."""
    for picture, domain, name in ((drawing(), "pixel-art", "thin"), (soft(), "art", "painted")):
        request = Request(domain=domain, reading=name, like=3, imagination=0.5, candidates=3, wrap="none")
        report = upsampler.upsample(picture, request)
        assert [c.reading for c in report.candidates] == [name] * 3
        first, second = (c.picture.frames[0].astype(int) for c in report.candidates[:2])
        assert (first != second).any()


def test_a_reading_wraps_as_the_picture_does(upsampler: Upsampler) -> None:
    """Shifting a tiling picture shifts its answer."""
    request = Request(domain="pixel-art", scale=4, wrap="xy", ensemble=1)
    pixels = drawing(16, 5).frames[0]
    for name in NAMES:
        one, other = (
            upsampler.upsample(Picture((p,)), Request(**{**request.to_dict(), "reading": name})).picture.frames[0]
            for p in (pixels, np.roll(pixels, 6, 1))
        )
        seen = [picture[..., :3] * (picture[..., 3:] / 255) for picture in (np.roll(one, 24, 1), other)]
        difference = np.abs(seen[0] - seen[1]).max(-1)
        limit = 0.15 if name == "palette" else 0.002  # its pattern is anchored to the picture's corner
        assert (difference > 1).mean() < limit, name


def test_at_scale_two_readings_are_reduced_from_four(upsampler: Upsampler) -> None:
    """
    Repeated pixels are exact and remain the plain answer; readings are means of the larger ones, and a note says so.
    """
    pixels = drawing().frames[0].copy()
    pixels[1::4, 1::4] = (10, 200, 10, 255)  # single pixels: this is the true grid
    picture = Picture((pixels,))
    plain = upsampler.upsample(picture, Request(domain="pixel-art", scale=2, wrap="none"))
    repeated = pixels.repeat(2, 0).repeat(2, 1)
    seen = repeated[..., 3] > 0
    assert np.array_equal(plain.picture.frames[0][seen], repeated[seen])
    assert np.array_equal(plain.picture.frames[0][..., 3], repeated[..., 3])
    request = Request(domain="pixel-art", scale=2, candidates=len(NAMES), wrap="none")
    report = upsampler.upsample(picture, request)
    four = upsampler.upsample(picture, replace(request, scale=4))
    assert (report.scale, report.settings) == (2, request)
    assert [c.reading for c in report.candidates] == list(NAMES)
    assert any("reduced" in note for note in report.notes)
    assert max(candidate.residual.rmse for candidate in report.candidates) > 0
    for small, large in zip(report.candidates, four.candidates, strict=True):
        alpha = large.picture.frames[0][..., 3].astype(float).reshape(24, 2, 24, 2).mean((1, 3))
        assert small.picture.frames[0].shape == (24, 24, 4)
        if small.reading != "palette":
            assert np.abs(small.picture.frames[0][..., 3] - alpha).max() <= 0.5
        alone = upsampler.upsample(picture, Request(domain="pixel-art", scale=2, reading=small.reading, wrap="none"))
        assert np.array_equal(alone.picture.frames[0], small.picture.frames[0])
    own = {tuple(pixel) for pixel in picture.frames[0].reshape(-1, 4)}
    colours = {tuple(pixel) for pixel in report.candidates[-1].picture.frames[0].reshape(-1, 4)}
    assert {p for p in colours if p[3]} <= own
