"""The face finder: detections, non-detections, and loading its weights."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from depixel import files
from depixel.degradation import AreaDegradation, resize
from depixel.errors import WeightsError
from depixel.faces.finder import RELEASED_FINDER, THRESHOLD, FaceFinder, FinderNetwork, Frame, distinct
from depixel.preparation.tensors import integers, premultiplied
from depixel.priors.base import LatentPrior
from depixel.priors.faces import FacePrior
from depixel.priors.weights import load_weights, released_names

CPU = torch.device("cpu")
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder.from_weights()


@pytest.fixture(scope="module")
def prior() -> LatentPrior:
    name = next(name for name in released_names() if name.startswith("faces"))
    return FacePrior.from_weights(load_weights(name), CPU)


@pytest.fixture(scope="module")
def portrait(prior: LatentPrior) -> Tensor:
    """[1, 4, 128, 128]: the released generator's answer to a painted face, so that no portrait file is needed."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, 32), torch.linspace(-1, 1, 32), indexing="ij")
    head = (1 - torch.hypot(x / 0.6, y / 0.85)).mul(6).clamp(0, 1)
    eyes = sum((-((x - s * 0.24) ** 2 + (y + 0.05) ** 2) / 0.008).exp() for s in (-1, 1))
    mouth = (-(x**2 / 0.05 + (y - 0.45) ** 2 / 0.004)).exp()
    skin = torch.stack([0.75 - 0.45 * eyes, 0.55 - 0.35 * eyes - 0.2 * mouth, 0.45 - 0.3 * eyes - 0.2 * mouth])  # type: ignore[list-item]
    back = torch.tensor([0.35, 0.4, 0.45])[:, None, None]
    small = torch.cat([torch.lerp(back.expand_as(skin), skin, head), torch.ones(1, 32, 32)])[None].clamp(0, 1)
    with torch.no_grad():
        degradation = AreaDegradation(4)
        return prior.decode(prior.encode(small, degradation), small, degradation).clamp(0, 1)


# A picture of soft waves with the portrait in it, rotated clockwise by `roll` degrees.
def _scene(portrait: Tensor, places: list[tuple[float, float, float, float]], size: tuple[int, int]) -> Tensor:
    height, width = size
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    wave = 0.5 + 0.2 * torch.sin(x / 17) * torch.cos(y / 23)
    scene = torch.stack([wave * 0.6, wave * 0.8, wave, torch.ones_like(wave)])[None]
    for centre_x, centre_y, side, roll in places:
        turn = math.radians(roll)
        dx, dy = (x - centre_x) * 2 / side, (y - centre_y) * 2 / side
        u, v = math.cos(turn) * dx + math.sin(turn) * dy, math.cos(turn) * dy - math.sin(turn) * dx
        half = torch.nn.functional.adaptive_avg_pool2d(portrait, max(8, round(side)))
        face = torch.nn.functional.grid_sample(half, torch.stack([u, v], -1)[None], align_corners=False)
        inside = ((u.abs() < 1) & (v.abs() < 1)).float()
        scene = torch.lerp(scene, face, inside)
    return scene


@pytest.mark.parametrize(("side", "roll"), [(15.0, 0.0), (32.0, 0.0), (60.0, 25.0), (90.0, -30.0)])
def test_a_face_is_found_where_it_is(finder: FaceFinder, portrait: Tensor, side: float, roll: float) -> None:
    """Centre, side and roll of a face, small or large, level or tilted."""
    frames = finder.find(_scene(portrait, [(110, 80, side, roll)], (160, 200)))

    assert len(frames) == 1
    (frame,) = frames
    assert math.hypot(frame.x - 110, frame.y - 80) < 0.15 * side
    assert 1 / 1.3 < frame.side / side < 1.3
    assert abs(frame.roll - roll) < 15


def test_all_faces_are_found_the_largest_first(finder: FaceFinder, portrait: Tensor) -> None:
    """Three faces of three sizes give three frames."""
    places = [(50.0, 60.0, 40.0, 0.0), (150.0, 70.0, 80.0, 10.0), (60.0, 150.0, 28.0, -15.0)]

    frames = finder.find(_scene(portrait, places, (200, 220)))

    assert [round(f.x / 50) for f in frames] == [3, 1, 1]
    assert [f.side for f in frames] == sorted((f.side for f in frames), reverse=True)


def test_nothing_is_found_where_nothing_is(finder: FaceFinder, portrait: Tensor) -> None:
    """Waves, one colour, or a fully transparent picture contain no face."""
    assert finder.find(_scene(portrait, [], (160, 200))) == []
    assert finder.find(torch.full((1, 4, 80, 80), 1.0)) == []
    assert finder.find(torch.zeros(1, 4, 80, 80)) == []


def _answer(prior: LatentPrior, name: str) -> Tensor:
    """[1, 4, 128, 128]: the released generator's answer to 16x16 pixels of a sample."""
    picture = files.read(SAMPLES / name)
    seen = premultiplied(integers(picture), picture.levels)[:1]
    opaque = torch.cat([seen[:, :3] + 0.5 * (1 - seen[:, 3:]), torch.ones_like(seen[:, 3:])], 1)
    small, degradation = resize(opaque, 16, 16).clamp(0, 1), AreaDegradation(8)
    with torch.no_grad():
        return prior.decode(prior.encode(small, degradation), small, degradation).clamp(0, 1)


@pytest.mark.parametrize("name", ["faces/portrait.png", "faces/portrait-2.png"])
def test_answers_to_portraits_look_like_faces(finder: FaceFinder, prior: LatentPrior, name: str) -> None:
    """The answer imagined from a portrait of 16 pixels is a portrait to the finder (0.87 and 0.92 when written)."""
    assert finder.likeness(_answer(prior, name)) > 0.7


@pytest.mark.parametrize(
    "name", ["textures/wall.png", "pixel-art/potion.png", "sprites/dragon.png", "sprites/mage.png"]
)
def test_answers_to_what_is_no_face_hardly_look_like_one(finder: FaceFinder, prior: LatentPrior, name: str) -> None:
    """A wall, a potion, a dragon and a mage treated as faces are far from the threshold (at most 0.07 when written)."""
    assert finder.likeness(_answer(prior, name)) < THRESHOLD - 0.2


def test_a_portrait_on_its_head_is_hardly_one(finder: FaceFinder, prior: LatentPrior) -> None:
    """The same picture upside down loses much of its likeness (0.91 and 0.30 when written)."""
    upright = _answer(prior, "faces/portrait.png")

    assert finder.likeness(upright.flip(2)) < finder.likeness(upright) - 0.3


def test_tiny_pictures_are_no_error(finder: FaceFinder) -> None:
    """In one pixel, or a strip, nothing is found."""
    assert finder.find(torch.rand(1, 4, 1, 1, generator=torch.Generator().manual_seed(0))) == []
    assert finder.find(torch.ones(1, 4, 4, 300)) == []


def test_frames_on_one_another_are_one_face() -> None:
    """Of overlapping frames the one with the highest score stays; its upright box contains the rotated square."""
    frames = [Frame(10, 10, 20, 0, 0.6), Frame(12, 10, 22, 0, 0.9), Frame(60, 60, 30, 45, 0.7)]

    kept = distinct(frames)

    assert kept == [frames[2], frames[1]]
    assert kept[0].box == pytest.approx((60 - 15 * 2**0.5, 60 - 15 * 2**0.5, 60 + 15 * 2**0.5, 60 + 15 * 2**0.5))


def test_wrong_weights_are_a_sentence(tmp_path: Path) -> None:
    """Weights of another kind, and of another shape, are refused; the released ones describe themselves."""
    path = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(1)}, path, {"config": '{"kind": "art"}'})
    with pytest.raises(WeightsError, match="does not hold a face finder"):
        FaceFinder.from_weights(path)
    save_file({"x": torch.zeros(1)}, path, {"config": '{"kind": "finder"}'})
    with pytest.raises(WeightsError, match="tensors"):
        FaceFinder.from_weights(path)
    assert RELEASED_FINDER.with_suffix(".md").is_file()
    assert RELEASED_FINDER.stat().st_size < 2**18
    assert RELEASED_FINDER.stem not in released_names()


def test_the_network_answers_every_fourth_pixel() -> None:
    """Any size is accepted; there are six numbers per cell."""
    network = FinderNetwork().eval()

    for height, width in ((64, 64), (37, 90)):
        answer = network(torch.zeros(1, 3, height, width))
        assert tuple(answer.shape) == (1, 6, -(-height // 4), -(-width // 4))
    assert np.isfinite(answer.detach().numpy()).all()
