"""Textures with detail of a material: exact, reproducible alone and in tiles, and clean where there is nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from foreign_enlarger import foreign_enlarger
from tiny_art import write_tiny_art

from depixel.client.readings import MATERIAL_NAMES, TEXTURE_NAMES
from depixel.errors import WeightsError
from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

GRAINY = Request(domain="textures", scale=4, wrap="none", imagination=0.6)


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def texture(height: int = 20, width: int = 20, seed: int = 0) -> Picture:
    """Grain of medium contrast, and a flat corner."""
    pixels = np.random.default_rng(seed).normal(120, 30, (height, width, 1)).clip(0, 255).repeat(3, 2).astype(np.uint8)
    pixels[: height // 2, : width // 2] = 120
    return Picture((pixels,))


def test_candidates_are_readings_of_a_texture(upsampler: Upsampler) -> None:
    """Calm first, then materials, then the others; each exact, different from the others, and reproducible alone."""
    report = upsampler.upsample(texture(), replace(GRAINY, imagination=0.0, candidates=len(TEXTURE_NAMES) + 1))
    assert [c.reading for c in report.candidates] == [*TEXTURE_NAMES, ""]
    assert [c.imagination > 0 for c in report.candidates] == [
        name in (*MATERIAL_NAMES, "") for name in (*TEXTURE_NAMES, "")
    ]
    for candidate in report.candidates:
        assert candidate.residual.maximum < 0.2
        alone = replace(
            GRAINY, reading=candidate.reading or "auto", seed=candidate.seed, imagination=candidate.imagination
        )
        again = upsampler.upsample(texture(), alone).candidates[0]
        assert np.array_equal(again.picture.frames[0], candidate.picture.frames[0]), candidate.reading
        assert again.recipe == candidate.recipe
    pixels = [c.picture.frames[0].astype(int) for c in report.candidates[:5]]
    assert all(np.abs(a - b).mean() > 1 for i, a in enumerate(pixels) for b in pixels[:i])


def test_flat_areas_stay_clean(upsampler: Upsampler) -> None:
    """Where the small picture is flat, detail changes nothing."""
    calm, rich = (
        upsampler.upsample(texture(24, 24), replace(GRAINY, imagination=value)).picture.frames[0].astype(int)
        for value in (0.0, 1.0)
    )
    change = np.abs(rich - calm)
    assert change[:20, :20].max() <= 1
    assert change[60:, 60:].mean() > 2


@pytest.mark.parametrize("scale", [2, 3, 4, 8, 16])
def test_any_scale(upsampler: Upsampler, scale: int) -> None:
    """Detail is added at every scale, and the answer is exact."""
    report = upsampler.upsample(texture(12, 10), replace(GRAINY, scale=scale))
    calm = upsampler.upsample(texture(12, 10), replace(GRAINY, scale=scale, imagination=0.0))
    assert report.residual.maximum < 0.2
    assert np.abs(report.picture.frames[0].astype(int) - calm.picture.frames[0]).mean() > 0.5


def test_tiles_and_company_change_nothing(upsampler: Upsampler) -> None:
    """A texture processed in tiles, or with others, has the same detail."""
    large = texture(40, 52)
    small = Upsampler("cpu", upsampler.shelf.chosen)
    small._budget = 24 * 24
    whole, tiled = (engine.upsample(large, GRAINY).picture.frames[0].astype(int) for engine in (upsampler, small))
    assert np.abs(whole - tiled).max() <= 2
    reports = upsampler.upsample_many([texture(), texture(seed=1)], GRAINY)
    for picture, report in zip((texture(), texture(seed=1)), reports, strict=True):
        alone = upsampler.upsample(picture, GRAINY)
        assert np.array_equal(report.picture.frames[0], alone.picture.frames[0])  # type: ignore[union-attr]


def test_what_wraps_has_no_seam(upsampler: Upsampler) -> None:
    """Rolling a texture that wraps rolls its borders: no discontinuity that the inside does not have."""
    picture = texture(16, 16)
    pixels = upsampler.upsample(picture, replace(GRAINY, wrap="xy")).picture.frames[0].astype(float)
    across = np.abs(pixels[:, 0] - pixels[:, -1]).mean()
    inside = np.abs(np.diff(pixels, axis=1))[:, 3::4].mean()
    assert across < 1.5 * inside


def test_more_like_this_is_nearer(upsampler: Upsampler) -> None:
    """Answers similar to a favourite share more with it than others do."""
    liked = upsampler.upsample(texture(), replace(GRAINY, seed=7)).picture.frames[0].astype(int)
    near = upsampler.upsample(texture(), replace(GRAINY, like=7, seed=8)).picture.frames[0].astype(int)
    far = upsampler.upsample(texture(), replace(GRAINY, seed=8)).picture.frames[0].astype(int)
    assert 0 < np.abs(near - liked).mean() < 0.8 * np.abs(far - liked).mean()


def test_other_networks_get_detail_too() -> None:
    """A network without latents answers calmly, and material detail is added to that."""
    engine = Upsampler("cpu")
    engine.shelf.put(foreign_enlarger())
    calm = replace(GRAINY, imagination=0.0, model="foreign")
    plain, stone = (engine.upsample(texture(), replace(calm, reading=name)) for name in ("auto", "stone"))
    assert stone.residual.maximum < 0.2
    assert np.abs(stone.picture.frames[0].astype(int) - plain.picture.frames[0]).mean() > 1
    assert "Detail was invented, not recovered." in stone.notes
    assert "Detail was invented, not recovered." not in plain.notes


def test_invented_detail_is_noted_once(upsampler: Upsampler) -> None:
    """Imagination and material detail share one note."""
    notes = upsampler.upsample(texture(), GRAINY).notes
    assert len([note for note in notes if "not recovered" in note]) == 1


def test_other_weights_are_refused_in_a_sentence(upsampler: Upsampler, tmp_path: Path) -> None:
    """A file without exemplars is reported by name."""
    path = write_tiny_art(tmp_path)
    engine = Upsampler("cpu", {**upsampler.shelf.chosen, "detail": str(path)})
    with pytest.raises(WeightsError, match="art-tiny holds no exemplars of detail"):
        engine.upsample(texture(), GRAINY)


def test_a_painted_face_gets_no_detail(upsampler: Upsampler) -> None:
    """Smooth skin with a few strong edges, whatever material is chosen."""
    shade = np.linspace(150, 220, 24).astype(np.uint8)
    pixels = np.broadcast_to(shade, (24, 24))[..., None].repeat(3, 2).copy()
    pixels[8:10, 5:9] = pixels[8:10, 15:19] = 20
    pixels[17:19, 8:16] = 60
    face = Picture((pixels,))
    answers = [
        upsampler.upsample(face, replace(GRAINY, reading="wood", seed=seed)).picture.frames[0] for seed in (0, 1)
    ]
    assert np.array_equal(answers[0], answers[1])  # detail of another seed would differ
