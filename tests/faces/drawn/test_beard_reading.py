"""Beards from the parts of a portrait."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from depixel.faces.drawn.beard_reading import beard_seen
from depixel.faces.reader import BEARDS, FaceReading, ReaderNetwork, reading_of

SIDE = 64


@pytest.fixture
def reading() -> FaceReading:
    """A face in the middle whose beard may be of any kind."""
    reading = reading_of(torch.zeros(1, sum(ReaderNetwork.PARTS)))
    places = reading.landmarks.clone()
    for row, place in {7: (0.4, 0.7), 8: (0.6, 0.7), 10: (0.5, 0.73), 11: (0.5, 0.87)}.items():
        places[0, row] = torch.tensor(place)
    return replace(reading, landmarks=places)


def _hair(left: float, right: float) -> torch.Tensor:
    """Hair below the mouth between two places, face elsewhere: [1, 4, SIDE, SIDE]."""
    parts = torch.zeros(1, 4, SIDE, SIDE)
    parts[:, 0] = 1
    hair = torch.tensor((0.0, 1.0, 0.0, 0.0))[:, None, None]
    parts[:, :, round(0.74 * SIDE) :, round(left * SIDE) : round(right * SIDE)] = hair
    return parts


@pytest.mark.parametrize(("left", "right", "kind"), [(0.2, 0.8, "full"), (0.45, 0.55, "goatee")])
def test_hair_on_the_chin_is_a_beard(reading: FaceReading, left: float, right: float, kind: str) -> None:
    """On the jaw too it is a full beard, on the chin alone a goatee."""
    chance = beard_seen(reading, _hair(left, right))

    assert BEARDS[int(chance.argmax())] == kind
    assert float(chance[0, BEARDS.index("none")]) == 0
    assert float(chance.sum()) == pytest.approx(1)


def test_a_bare_chin_has_none(reading: FaceReading) -> None:
    """Moustaches remain possible."""
    chance = beard_seen(reading, _hair(0.0, 0.0))

    assert float(chance[0, BEARDS.index("full")]) == 0
    assert float(chance[0, BEARDS.index("moustache")]) > 0.2
