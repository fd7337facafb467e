"""Pictures that tile: the generator itself wraps, which needs no surroundings and answers as if tiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tiny_art import write_tiny_art

from depixel.degradation import make_degradation
from depixel.enlarging import latents as enlarging_latents
from depixel.enlarging.cascade import enlarge, halo
from depixel.picture import Picture
from depixel.priors import art
from depixel.priors.art import ArtPrior
from depixel.request import Request
from depixel.search.loop import search
from depixel.search.question import Question
from depixel.tiles import Tile, with_surroundings
from depixel.upsampler import Upsampler

WRAPS = [(True, True), (True, False), (False, True)]


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


@pytest.fixture
def prior(upsampler: Upsampler, monkeypatch: pytest.MonkeyPatch) -> ArtPrior:
    """In float32 on every machine, so that two ways to one answer can be compared closely."""
    monkeypatch.setattr(art, "fast_at_bfloat16", lambda device: False)
    return ArtPrior.load(upsampler.shelf.chosen["art"])


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("name", ["area", "point", "bicubic"])
@pytest.mark.parametrize(("factor", "turns", "vivid"), [(2, 1, True), (4, 8, True), (3, 2, False), (8, 1, True)])
def test_wrapping_inside_equals_surroundings(
    prior: ArtPrior, wrap: tuple[bool, bool], name: str, factor: int, turns: int, vivid: bool
) -> None:
    """
    The same as with the opposite side repeated around it as far as the generator sees: any kind, factor and turns.
    """
    generator = torch.Generator().manual_seed(4)
    small = torch.rand(2, 4, 7, 10, generator=generator)
    small[:, :3] *= small[:, 3:]
    z = torch.randn(2, 4, 7, 10, generator=generator) * vivid
    whole, margin = Tile(0, 0, 7, 10), halo(prior.spec.receptive_field, factor, 4)
    around, (rows, columns) = with_surroundings(small, whole, margin, wrap)
    among = enlarge(
        prior.ensemble(turns),
        around,
        {"z": with_surroundings(z, whole, margin, wrap)[0]},
        make_degradation(name, factor),
    )[:, :, rows * factor : (rows + 7) * factor, columns * factor : (columns + 10) * factor]

    alone = enlarge(prior.ensemble(turns), small, {"z": z}, make_degradation(name, factor, wrap))

    iterated = name == "bicubic" and factor > 4  # its projection stops by the worst pixel, including the surroundings
    assert alone.shape == (2, 4, 7 * factor, 10 * factor)
    assert float((alone - among).abs().max()) < (0.5 / 255 if iterated else 2e-5)
    other = enlarge(prior.ensemble(turns), small, {"z": z}, make_degradation(name, factor))
    assert float((other - among).abs().max()) > 0.01


def test_sixteen_times_wraps_through_both_stages(prior: ArtPrior) -> None:
    """The second stage of the cascade wraps like the first: rolled in, rolled out."""
    small = torch.rand(1, 4, 6, 5, generator=torch.Generator().manual_seed(2))
    small[:, 3:] = 1
    degradation = make_degradation("area", 16, (True, True))
    start = prior.encode(small, degradation)

    answer = enlarge(prior, small, start, degradation)
    rolled = enlarge(prior, small.roll((2, 3), (2, 3)), start, degradation)

    assert float((rolled - answer.roll((32, 48), (2, 3))).abs().max()) < 2e-5


@pytest.mark.parametrize("palette", ["free", "keep"])
@pytest.mark.parametrize(("domain", "channels"), [("textures", 4), ("pixel-art", 4), ("normals", 3)])
def test_a_picture_that_wraps_has_no_border(upsampler: Upsampler, domain: str, channels: int, palette: str) -> None:
    """
    Rolled in, rolled out, to within a level: areas, corners of pixel art, rounding and the choice of colours do not
    depend on where the file begins.
    """
    pixels = np.repeat(np.repeat(noise(5, 7, channels), 3, 0), 2, 1)  # blocks of 3x2, to have areas
    if channels == 4:
        pixels[..., 3] = np.where(pixels[..., 3] > 120, 255, 0)
    settings = Request(domain=domain, wrap="xy", ensemble=2, palette=palette)

    answer = upsampler.upsample(Picture((pixels,)), settings).picture.frames[0]
    moved = upsampler.upsample(Picture((np.roll(pixels, (4, 3), (0, 1)),)), settings).picture.frames[0]

    a, b = np.roll(answer, (16, 12), (0, 1)).astype(int), moved.astype(int)
    visible = a[..., 3] > 0 if channels == 4 else np.ones(a.shape[:2], bool)
    if palette == "keep":  # a tie between two colours may go either way
        assert (a != b)[visible].mean() < 0.002
    else:
        assert np.abs(a - b)[visible].max() <= 1


def test_tiles_choose_from_the_same_colours(upsampler: Upsampler) -> None:
    """With the palette kept, tiled still equals untiled: a tile sees the colours beyond its border."""
    picture = Picture((np.repeat(np.repeat(noise(14, 20, 3), 3, 0), 4, 1),))
    settings = Request(domain="art", degradation="area", wrap="none", palette="keep", ensemble=1)
    small_tiles = Upsampler("cpu", upsampler.shelf.chosen)
    small_tiles._budget = 30 * 30

    whole, tiled = (u.upsample(picture, settings).picture.frames[0] for u in (upsampler, small_tiles))

    assert (whole != tiled).mean() < 0.002


def test_a_search_knows_that_the_picture_wraps(upsampler: Upsampler, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search sees the picture alone and wraps, so that its term for the seam sees the real seam."""
    calls = []

    def listened(prior: object, question: Question, *rest: Any, **others: Any):
        calls.append((tuple(question.small.shape[2:]), question.degradation.wrap))
        return search(prior, question, *rest, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(enlarging_latents, "search", listened)
    pictures = [Picture((noise(9, 14, 3),)), Picture((noise(9, 100, 3),))]
    for picture in pictures:
        report = upsampler.upsample(picture, Request(domain="textures", wrap="x", steps=2))
        assert report.residual.exact

    assert calls[0] == ((9, 14), (True, False))
    assert [wrap for _, wrap in calls[1:]] == [(False, False)] * 2  # two tiles, each with surroundings


def test_what_fits_is_looked_at_once(upsampler: Upsampler) -> None:
    """For any number of pictures or frames, the generator sees each pixel once, and surroundings only around tiles."""
    seen = []
    engine = Upsampler("cpu", upsampler.shelf.chosen)
    hook = engine.shelf.art().network.register_forward_hook(  # type: ignore[attr-defined]
        lambda module, inputs, output: seen.append(inputs[0].shape[0] * inputs[0].shape[2] * inputs[0].shape[3])
    )
    pictures = [Picture((noise(20, 20, 3, seed=i),)) for i in range(5)]
    moving = Picture(tuple(noise(20, 20, 3, seed=i) for i in range(7)), durations=(50.0,) * 7)

    for wrap in ("none", "xy", "x"):
        settings = Request(domain="textures", wrap=wrap, ensemble=1)
        engine._budget = 20 * 20  # twice that from the next call on
        engine.upsample_many([*pictures, moving], settings)
        assert sum(seen) == 12 * 20 * 20 and max(seen) <= 2 * 20 * 20
        seen.clear()
    hook.remove()
