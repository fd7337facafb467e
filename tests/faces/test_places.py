"""Places of faces: cut out level, put back rotated, and the picture still scales back."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tiny_prior import TinyArt, TinyFaces
from torch import Tensor

from depixel.degradation import AreaDegradation, resize
from depixel.enlarging.engine import EnlargingEngine
from depixel.errors import BadUsageError
from depixel.faces.engine import FaceEngine
from depixel.faces.finder import Frame
from depixel.faces.places import Crop, Turned
from depixel.picture import Picture
from depixel.preparation.prepare import prepare
from depixel.request import Request

CPU = torch.device("cpu")


# A soft bar from ear to ear, red to the left and blue to the right of the middle, rotated clockwise by `roll` degrees.
def _tilted(side: int, roll: float) -> Tensor:
    y, x = torch.meshgrid(*[torch.arange(side) + 0.5 - side / 2] * 2, indexing="ij")
    turn = math.radians(roll)
    u, v = math.cos(turn) * x + math.sin(turn) * y, math.cos(turn) * y - math.sin(turn) * x
    bar = torch.exp(-((v / (0.12 * side)) ** 2))
    return torch.stack([bar * (u < 0), 0.5 * bar, bar * (u > 0), torch.ones_like(bar)])[None].float()


@pytest.mark.parametrize("roll", [-40.0, 0.0, 25.0])
def test_a_turned_face_is_cut_out_level(roll: float) -> None:
    """The levelled square shows the bar as if it had never been rotated: red left, blue right."""
    small = _tilted(48, roll)

    square, weight = Turned((Frame(24, 24, 24, roll),)).cut(small, 128)

    expected = _tilted(48, 0.0)[:, :, 12:36, 12:36]
    assert tuple(square.shape) == (1, 4, 24, 24)
    assert (square - expected).abs().mean() < 0.03
    assert (weight > 0.999).all()


def test_what_is_outside_the_picture_hardly_counts() -> None:
    """A face at the border is extended with the border's colours, which the search need not match."""
    square, weight = Turned((Frame(0.0, 24, 24),)).cut(_tilted(48, 0.0), 128)

    assert torch.isfinite(square).all()
    assert (weight[..., :11] < 0.01).all()
    assert (weight[..., 13:] > 0.999).all()


@pytest.mark.parametrize("roll", [0.0, 30.0])
def test_a_face_comes_back_where_it_was_with_a_soft_seam(roll: float) -> None:
    """
    Putting the unchanged square back restores the picture; far from the face nothing changes, and all scales back.
    """
    small, factor = _tilted(40, roll), 4
    degradation = AreaDegradation(factor)
    around = F.interpolate(small, scale_factor=4.0, mode="bicubic", align_corners=False)
    place = Turned((Frame(20, 20, 20, roll),))
    square, _ = place.cut(small, 128)

    large = place.put(square, small, around, degradation, resize)

    assert (degradation.apply(large) - small).abs().max() < 0.02
    assert torch.equal(large[..., :16, :16], around[..., :16, :16])
    assert (large - around).abs().mean() < 0.02
    green = torch.zeros_like(square)
    green[:, 1], green[:, 3] = 1.0, 1.0
    painted = place.put(green, torch.zeros_like(small), torch.zeros_like(around), AreaDegradation(factor), _uniform)
    steps = painted[0, 1].diff(dim=0).abs().max()
    assert steps < 0.5  # feathered: no full-height edge between neighbouring pixels


def test_a_face_that_is_not_there_yet_is_not_put_in() -> None:
    """In a frame without the face the picture does not change, and the nearest frame's face is searched."""
    there = _tilted(40, 0.0)
    small = torch.cat([torch.full_like(there, 0.5), there])
    around = F.interpolate(small, scale_factor=4.0, mode="bicubic", align_corners=False)
    place = Turned((Frame(20, 20, 20, score=0.0), Frame(20, 20, 20)))

    square, _ = place.cut(small, 128)
    large = place.put(torch.zeros_like(square), small, around, AreaDegradation(4), resize)

    assert torch.equal(square[0], square[1])
    assert torch.equal(large[0], around[0])
    assert not torch.equal(large[1], around[1])


def _uniform(faces: Tensor, height: int, width: int) -> Tensor:
    return faces[:, :, :1, :1].expand(-1, -1, height, width)


def test_a_box_too_small_for_a_face_is_padded_to_a_square() -> None:
    """A wide box becomes a square whose added rows have no weight."""
    small = _tilted(16, 0.0)

    square, weight = Crop.of((2, 6, 14, 10)).cut(small, 128)

    assert tuple(square.shape[2:]) == (12, 12)
    assert (weight[0, 0, 4:8] == 1).all()
    assert (weight[0, 0, :4] < 0.01).all() and (weight[0, 0, 8:] < 0.01).all()


def test_a_roll_turns_the_face_and_the_answer_scales_back() -> None:
    """
    `--roll` levels the box before the search; the exported answer is exact, and differs from that of the untilted box.
    """
    engine = FaceEngine(TinyFaces(), EnlargingEngine(TinyArt(), CPU, 64 * 64), CPU)  # type: ignore[arg-type]
    pixels = (_tilted(24, 20.0)[0, :3].permute(1, 2, 0) * 255).round().numpy().astype(np.uint8)
    answers = []
    for roll in (0.0, 20.0):
        settings = Request(domain="faces", steps=2, scale=4, box=(4, 4, 20, 20), roll=roll)
        answers.append(engine.answer([prepare(Picture((pixels,)), settings)], settings)[0].candidates[0])

    assert all(answer.residual.exact for answer in answers)
    assert not torch.equal(answers[0].straight, answers[1].straight)
    with pytest.raises(BadUsageError, match="roll"):
        Request(roll=400.0).validated()


def test_under_transparency_lies_something_plain_and_no_fringe() -> None:
    """
    Next to visible pixels their colour continues for one pixel; beyond that it is grey, and none of it has weight.
    """
    small = torch.zeros(1, 4, 9, 9)
    small[:, 0, 4, 4] = small[:, 3, 4, 4] = 1  # one red pixel, premultiplied
    square, weight = Crop.of((0, 0, 9, 9)).cut(small, 128)
    assert torch.equal(square[0, :3, 3:6, 3:6], torch.tensor([1.0, 0, 0])[:, None, None].expand(3, 3, 3))
    square[:, :3, 3:6, 3:6] = 0.5
    assert (square[:, :3] == 0.5).all()
    assert (square[:, 3] == 1).all()
    assert weight[0, 0, 4, 4] == 1
    weight[0, 0, 4, 4] = 0
    assert weight.max() < 1e-3
