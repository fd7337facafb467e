"""`--dither remove`: colours change, nothing else does, and the report says what the answer scales back to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_art import write_tiny_art
from tiny_undither import write_tiny_undither

from depixel import undither
from depixel.errors import WeightsError
from depixel.picture import Picture
from depixel.request import Request
from depixel.undither import Undither
from depixel.upsampler import Upsampler


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("weights")
    return {"art": str(write_tiny_art(folder)), "undither": str(write_tiny_undither(folder))}


def noise(side: int = 20, channels: int = 4) -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (side, side, channels)).astype(np.uint8)


def test_alpha_and_hidden_colour_stay(weights: dict[str, str]) -> None:
    """Only visible colours change, in every frame, at 8 and at 16 bits."""
    pixels = noise()
    pixels[:8, :8, 3] = 0
    remover = Undither(weights["undither"])
    clean = remover.of(Picture((pixels, pixels[::-1].copy()), durations=(50.0, 50.0), mode="RGBA"))
    assert len(clean.frames) == 2
    assert np.array_equal(clean.frames[0][..., 3], pixels[..., 3])
    assert np.array_equal(clean.frames[0][:8, :8], pixels[:8, :8])
    assert (clean.frames[0][8:, 8:, :3] != pixels[8:, 8:, :3]).any()
    deep = remover.of(Picture((pixels.astype(np.uint16) * 257,), mode="RGBA"))
    assert deep.frames[0].dtype == np.uint16
    assert np.abs(deep.frames[0] / 257 - clean.frames[0].astype(float)).max() <= 1


def test_tiles_meet(weights: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A large picture, processed in tiles, equals the whole one."""
    picture, remover = Picture((noise(50, 3),)), Undither(weights["undither"])
    whole = remover.of(picture).frames[0].astype(int)
    monkeypatch.setattr(undither, "_TILE", 16)
    tiled = remover.of(picture).frames[0].astype(int)
    assert np.abs(whole - tiled).max() <= 1


def test_the_report_measures_against_the_given_picture(weights: dict[str, str]) -> None:
    """It scales back to the undithered picture, is also measured against the source, and says so."""
    engine, picture = Upsampler("cpu", weights), Picture((noise(12, 3),))
    request = Request(domain="art", dither="remove", wrap="none")
    report = engine.upsample(picture, request)
    clean = Undither(weights["undither"]).of(picture)
    again = engine.upsample(clean, Request(domain="art", wrap="none"))
    assert np.array_equal(report.picture.frames[0], again.picture.frames[0])
    off = clean.frames[0].astype(float) - picture.frames[0]
    assert report.residual.rmse == pytest.approx(float(np.sqrt(np.mean(off**2))), abs=0.3)
    assert report.settings == request
    assert any("undithered picture" in note for note in report.notes)


def test_maps_have_no_dither(weights: dict[str, str]) -> None:
    """A data map is left alone, and the report says so."""
    engine, picture = Upsampler("cpu", weights), Picture((noise(12, 3),))
    report = engine.upsample(picture, Request(domain="data", dither="remove", wrap="none"))
    plain = engine.upsample(picture, Request(domain="data", wrap="none"))
    assert np.array_equal(report.picture.frames[0], plain.picture.frames[0])
    assert any("no dither" in note for note in report.notes)


def test_other_weights_are_refused(weights: dict[str, str]) -> None:
    """With a sentence, not with a traceback."""
    with pytest.raises(WeightsError, match="do not fit"):
        Undither(weights["art"])


@pytest.mark.weights
def test_released_weights_remove_an_ordered_dither() -> None:
    """A ramp in eight greys with a Bayer pattern becomes a ramp; the plain ramp does not change."""
    ramp = np.linspace(10, 245, 64).round().astype(np.uint8)
    clean = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (64, 64, 3)))
    pattern = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 - 0.5 + 1 / 32
    moved = clean + np.tile(pattern, (16, 16))[..., None] * 36
    dithered = (np.rint(moved / 36).clip(0, 7) * 36).astype(np.uint8)
    remover = Undither()
    before, after, kept = (
        np.abs(picture.astype(float) - clean).mean()
        for picture in (dithered, remover.of(Picture((dithered,))).frames[0], remover.of(Picture((clean,))).frames[0])
    )
    assert after < 0.4 * before
    assert kept < 1.0


def test_an_indexed_picture_becomes_true_colour(weights: dict[str, str], tmp_path: Path) -> None:
    """The intermediate colours are in no palette."""
    from depixel import files

    path = tmp_path / "indexed.png"
    Image.fromarray(noise(16, 3)).quantize(8).save(path)
    clean = Undither(weights["undither"]).of(files.read(path))
    assert clean.mode == "RGB" and clean.palette is None
