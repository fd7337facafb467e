"""A foreign network behind `EnlargerPrior`: what the adapter owns, seen through the whole engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from foreign_enlarger import foreign_enlarger
from torch import Tensor, nn

from depixel.degradation import AreaDegradation
from depixel.picture import Picture
from depixel.priors.enlarger import Enlarger, EnlargerPrior
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler

FOREIGN = Request(model="foreign", degradation="area", wrap="none")


@pytest.fixture
def upsampler() -> Upsampler:
    upsampler = Upsampler("cpu")
    upsampler.shelf.put(foreign_enlarger())
    return upsampler


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels)).astype(np.uint8)


def frame(report: object) -> np.ndarray:
    assert isinstance(report, Report), report
    return report.picture.frames[0].astype(int)


def ask(**values: Any) -> Request:
    return Request(**{"model": "foreign", "domain": "art", "degradation": "area", "wrap": "none", **values})


def test_it_takes_sixty_lines_at_most() -> None:
    """Network, description and everything else that the author of a network has to write."""
    from foreign_enlarger import __file__ as path

    assert len(Path(path).read_text("utf-8").splitlines()) <= 60


def test_steps_are_not_searched_and_the_report_says_so(upsampler: Upsampler) -> None:
    """Without latents there is nothing to search: the same answer as with 0 steps, and a sentence."""
    picture = Picture((noise(10, 12),))

    plain, searched = (upsampler.upsample(picture, ask(steps=steps)) for steps in (0, 5))

    assert np.array_equal(frame(plain), frame(searched))
    assert searched.steps == 0
    assert any("have no effect: steps" in note for note in searched.notes)
    assert not any("no effect" in note for note in plain.notes)


def test_imagination_that_changes_nothing_is_not_claimed(upsampler: Upsampler) -> None:
    """One calm answer for any request; the report does not say that detail was imagined."""
    picture = Picture((noise(10, 12),))

    calm = upsampler.upsample(picture, ask())
    vivid = upsampler.upsample(picture, ask(imagination=0.7, candidates=3, like=4))

    assert len(vivid.candidates) == 1
    assert np.array_equal(frame(calm), frame(vivid))
    assert vivid.candidates[0].imagination == 0
    assert not any("invented" in note for note in vivid.notes)
    assert any("have no effect: candidates, imagination, like" in note for note in vivid.notes)


@pytest.mark.parametrize("alpha", [False, True])
def test_company_changes_nothing(upsampler: Upsampler, alpha: bool) -> None:
    """Pictures of several sizes in one batch, opaque ones next to transparent ones: each equals its answer alone."""
    shapes = ((16, 16), (9, 13), (12, 16), (5, 15))
    pictures = [Picture((noise(h, w, 4 if alpha and h % 2 else 3, seed=h),)) for h, w in shapes]

    together = upsampler.upsample_many(pictures, ask())

    for picture, report in zip(pictures, together, strict=True):
        assert np.abs(frame(report) - frame(upsampler.upsample(picture, ask()))).max() <= 1


@pytest.mark.parametrize("channels", [3, 4])
def test_tiles_do_not_show(upsampler: Upsampler, channels: int) -> None:
    """A large picture in tiles equals the answer to the whole."""
    picture = Picture((noise(40, 50, channels),))
    tiled = Upsampler("cpu")
    tiled.shelf.put(foreign_enlarger())
    tiled._budget = 12 * 12

    a, b = (frame(u.upsample(picture, ask(ensemble=1))) for u in (upsampler, tiled))

    visible = a[..., 3] > 8 if channels == 4 else np.ones(a.shape[:2], bool)
    assert np.abs(a - b)[visible].max() <= 1


@pytest.mark.parametrize("scale", [2, 4, 7, 16])
@pytest.mark.parametrize("kind", ["opaque", "alpha", "binary"])
def test_every_answer_scales_back(upsampler: Upsampler, scale: int, kind: str) -> None:
    """Below, at and beyond the network's own factor, with every kind of alpha."""
    pixels = noise(6, 7, 3 if kind == "opaque" else 4)
    if kind == "binary":
        pixels[..., 3] = np.where(pixels[..., 3] > 120, 255, 0)

    report = upsampler.upsample(Picture((pixels,)), ask(scale=scale))

    assert report.residual.exact
    assert report.picture.width == 7 * scale
    if kind == "binary":
        assert set(np.unique(frame(report)[..., 3])) == {0, 255}


def test_it_wraps_and_turns_though_the_network_does_not() -> None:
    """Rolled in, rolled out; mirrored in, mirrored out."""
    prior = EnlargerPrior(foreign_enlarger())
    small = torch.rand(1, 4, 7, 9, generator=torch.Generator().manual_seed(1))
    small[:, :3] *= small[:, 3:]
    wrapped, plain = AreaDegradation(4, (True, True)), AreaDegradation(4)

    answer = prior.decode({}, small, wrapped)
    rolled = prior.decode({}, small.roll((2, 3), (2, 3)), wrapped)
    assert (rolled - answer.roll((8, 12), (2, 3))).abs().max() < 1e-5
    turned = prior.ensemble(8).decode({}, small.flip(3), plain)
    assert (turned - prior.ensemble(8).decode({}, small, plain).flip(3)).abs().max() < 1e-5
    assert (prior.decode({}, small.flip(3), plain) - prior.decode({}, small, plain).flip(3)).abs().max() > 1e-3


def test_transparency_leaves_no_fringe() -> None:
    """A red shape on nothing stays red up to its edge, although the file has black under transparency."""

    def bicubic(rgb: Tensor) -> Tensor:
        return nn.functional.interpolate(rgb, scale_factor=4, mode="bicubic", align_corners=False)

    prior = EnlargerPrior(Enlarger("bicubic", 4, bicubic, receptive_field=2))
    small = torch.zeros(1, 4, 20, 20)
    small[:, 0, 8:12, 8:12] = small[:, 3, 8:12, 8:12] = 1

    large = prior.decode({}, small, AreaDegradation(8))  # another factor: nothing is imposed

    seen = large[:, 3:] > 0.05
    assert ((large[:, :1] / large[:, 3:].clamp_min(1e-6))[seen] > 0.97).all()
    assert (large[:, 1:3].abs() <= 0.03).all()


def test_sides_are_filled_up_to_what_the_network_takes() -> None:
    """A function that takes multiples of 8 from 16 on gets them, and the answer has the picture's size."""
    seen: list[tuple[int, ...]] = []

    def function(rgb: Tensor) -> Tensor:
        seen.append(tuple(rgb.shape[2:]))
        return nn.functional.interpolate(rgb, scale_factor=2, mode="nearest")

    prior = EnlargerPrior(Enlarger("picky", 2, function, receptive_field=0, multiple=8, least_side=16))
    small = torch.rand(1, 4, 19, 5)
    small[:, 3] = 1

    large = prior.decode({}, small, AreaDegradation(2))

    assert seen == [(24, 16)]
    assert torch.allclose(large, small.repeat_interleave(2, 2).repeat_interleave(2, 3), atol=1e-6)


def test_with_latents_it_is_searched_and_imagines(upsampler: Upsampler) -> None:
    """A network with latents can be searched, gives several answers, and says that detail was imagined."""
    bend = nn.Conv2d(2, 3 * 4, 1, bias=False)
    nn.init.normal_(bend.weight, std=0.2, generator=torch.Generator().manual_seed(2))

    def function(rgb: Tensor, z: Tensor) -> Tensor:
        return nn.functional.pixel_shuffle(bend(z), 2) + nn.functional.interpolate(rgb, scale_factor=2, mode="nearest")

    upsampler.shelf.put(Enlarger("latent", 2, function, receptive_field=1, latents=2))
    picture = Picture((noise(9, 8),))
    request = ask(model="latent", scale=2)

    calm = upsampler.upsample(picture, request)
    vivid = upsampler.upsample(picture, ask(model="latent", scale=2, candidates=2, imagination=0.8, steps=3))

    assert len(vivid.candidates) == 2
    assert not np.array_equal(frame(calm), frame(vivid))
    assert any("invented" in note for note in vivid.notes)
    assert vivid.steps == 3 and vivid.residual.exact
