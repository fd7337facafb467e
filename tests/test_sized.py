"""`--size`: any longest side, made at a whole scale and then reduced, and reported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel.consistency import Residual
from depixel.domain import ART, BY_NAME
from depixel.errors import BadUsageError
from depixel.picture import Picture
from depixel.report import Candidate, Report
from depixel.request import Request
from depixel.sized import at_size
from depixel.upsampler import Upsampler

RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def _answer(upsampler: Upsampler, pixels: np.ndarray, **settings: Any) -> Report:
    return upsampler.upsample(Picture((pixels,)), Request(**{"domain": "art", **settings}))


def _mean(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Independent of the code under test: every pixel repeated until the sides divide, then block means."""
    many = pixels.repeat(height, 0).repeat(width, 1).astype(np.float64)
    rows, columns = many.shape[0] // height, many.shape[1] // width
    means: np.ndarray = many.reshape(height, rows, width, columns, -1).mean((1, 3))
    return means


def test_a_size_between_two_scales_is_reduced_from_the_larger(upsampler: Upsampler) -> None:
    """20x12 to 50 pixels: answered at x3, reduced to 50x30, and the report says at which size it is exact."""
    pixels = RNG.integers(0, 256, (12, 20, 3), dtype=np.uint8)

    exact = _answer(upsampler, pixels, scale=3)
    report = _answer(upsampler, pixels, size=50)

    assert (report.picture.width, report.picture.height, report.scale) == (50, 30, 3)
    assert np.abs(report.picture.frames[0] - _mean(exact.picture.frames[0], 30, 50)).max() <= 0.5 + 1e-6
    assert "60x36 (scale 3), where it scales back exactly, and then reduced to 50x30" in report.notes[-1]
    back = _mean(report.picture.frames[0], 12, 20)
    assert report.residual.maximum == pytest.approx(np.abs(back - pixels).max())
    assert report.residual.rmse == pytest.approx(np.sqrt(np.mean((back - pixels) ** 2)))
    assert exact.residual.maximum < report.residual.maximum


def test_a_size_that_a_scale_reaches_is_exact(upsampler: Upsampler) -> None:
    """Nothing is reduced, nothing is reported."""
    pixels = RNG.integers(0, 256, (12, 20, 3), dtype=np.uint8)

    report = _answer(upsampler, pixels, size=80)

    assert (report.picture.frames[0] == _answer(upsampler, pixels, scale=4).picture.frames[0]).all()
    assert not any("reduced to" in note for note in report.notes)


def test_transparent_pixels_lend_no_colour(upsampler: Upsampler) -> None:
    """Red next to transparent green stays red; 16 bits stay 16 bits."""
    pixels = np.zeros((8, 8, 4), np.uint16)
    pixels[..., 0], pixels[:, :4, 3] = 65535, 65535
    pixels[:, 4:, :2] = (0, 65535)

    report = _answer(upsampler, pixels, size=21, palette="free")
    result = report.picture.frames[0]

    assert result.dtype == np.uint16
    seen = result[..., 3] > 2000
    assert (result[seen][:, 1] < 2000).all()


def test_normals_stay_of_unit_length(upsampler: Upsampler) -> None:
    """A mean of vectors is shorter than they are; the answer's vectors are not."""
    vectors = RNG.normal(size=(8, 8, 3)) * 0.4 + (0, 0, 1)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    pixels = np.rint(vectors * 127.5 + 127.5).astype(np.uint8)

    result = _answer(upsampler, pixels, size=21, domain="normals").picture.frames[0]

    lengths = np.linalg.norm(result / 127.5 - 1, axis=-1)
    assert np.abs(lengths - 1).max() < 0.02


def test_a_sheet_is_sized_as_a_whole(upsampler: Upsampler) -> None:
    """The longest side is that of the sheet, not of its frames."""
    pixels = RNG.integers(0, 256, (8, 32, 4), dtype=np.uint8)

    report = _answer(upsampler, pixels, size=100, frames="4x1")

    assert (report.picture.width, report.picture.height) == (100, 25)
    assert report.scale == 4


def test_animations_and_candidates_are_reduced_together(upsampler: Upsampler) -> None:
    """Every frame of every answer has the size."""
    frames = tuple(RNG.integers(0, 256, (8, 8, 4), dtype=np.uint8) for _ in range(3))

    report = upsampler.upsample(Picture(frames), Request(domain="art", size=20, candidates=2, imagination=0.5))

    assert [frame.shape for c in report.candidates for frame in c.picture.frames] == [(20, 20, 4)] * 6
    assert report.disagreement().width == 20


def test_a_palette_cannot_be_kept_while_reducing(tmp_path: Path) -> None:
    """Means of colours are other colours: refused before anything is computed."""
    with pytest.raises(BadUsageError, match="palette keep cannot be combined with size"):
        Request(size=50, palette="keep").validated()


def _grey(value: int, alpha: int | None = None, side: int = 4) -> np.ndarray:
    channels = (value,) if alpha is None else (value, alpha)
    return np.full((side, side, len(channels)), channels, np.uint8)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_an_answer_is_compared_in_its_own_channels(channels: int, mode: str) -> None:
    """Grey with a coloured answer, colour with a grey one, with and without alpha: equal pixels have no residual."""
    small = {
        1: _grey(100),
        2: _grey(100, 255),
        3: _grey(100).repeat(3, 2),
        4: np.dstack([_grey(100)] * 3 + [_grey(255)]),
    }
    for pixels in small.values():
        large = small[channels].repeat(4, 0).repeat(4, 1)
        report = _report(Picture((large,), mode=mode), size=8)

        residual = at_size(report, Picture((pixels,))).residual

        assert (residual.maximum, residual.mean, residual.rmse) == (0, 0, 0), pixels.shape


def test_what_is_hidden_has_no_residual() -> None:
    """Invisible pixels of the input do not count; if it has no visible ones, the residual is 0."""
    small = np.zeros((4, 4, 4), np.uint8)
    large = np.full((16, 16, 4), 90, np.uint8)

    residual = at_size(_report(Picture((large,), mode="RGBA"), size=8), Picture((small,))).residual

    assert (residual.maximum, residual.mean, residual.rmse) == (0.0, 0.0, 0.0)


def test_colour_counts_by_its_opacity() -> None:
    """A colour that is off by 100 levels under half opacity is off by 50."""
    small, large = np.full((4, 4, 4), 128, np.uint8), np.full((16, 16, 4), 128, np.uint8)
    large[..., 0] = 228

    residual = at_size(_report(Picture((large,), mode="RGBA"), size=8), Picture((small,))).residual

    assert residual.maximum == pytest.approx(100 * 128 / 255, abs=0.6)


def _report(answer: Picture, size: int) -> Report:
    candidate = Candidate(answer, Residual(0.0, 0.0, 0.0), 0.0, 0)
    request = Request(size=size)
    return Report((candidate,), request, 4, ART, "area", "none", "cpu", (False, False), 0, 0.0)


@pytest.mark.parametrize(("alpha", "name", "visible"), [
    ("data", "art", 0.0), ("auto", "art", 255.0), ("opacity", "normals", 255.0), ("auto", "normals", 0.0)
])  # fmt: skip
def test_alpha_that_is_data_does_not_weight_colour(alpha: str, name: str, visible: float) -> None:
    """Black and red under alpha 0 and 255: a mean by opacity is pure red, a mean of data is half red."""
    large = np.zeros((16, 16, 4), np.uint8)
    large[:, ::2] = (255, 0, 0, 255)
    report = _report(Picture((large,), mode="RGBA"), size=8)
    report = replace(
        report, domain=replace(BY_NAME[name], vectors=False), settings=replace(report.settings, alpha=alpha)
    )

    red = at_size(report, Picture((np.zeros((4, 4, 4), np.uint8),))).picture.frames[0][..., 0]

    assert (red == 255).all() == (visible == 255.0) and (visible or ((red == 127) | (red == 128)).all())
