"""The person who fits a portrait: reproducible, steered by dials, closer after refinement."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from short_search import shorten

from depixel.errors import CancelledError
from depixel.faces.drawn.engine import DrawnFaces, InputSquares, Person, _with_dials
from depixel.faces.drawn.proposals import propose
from depixel.faces.reader import ReaderNetwork, reading_of
from depixel.monitor import Monitor
from depixel.portrait.dials import read_dials
from depixel.portrait.rendering import render
from depixel.portrait.sampling import sample

CPU = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def _short() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patches:
        shorten(patches)
        yield


@pytest.fixture(scope="module")
def portrait() -> torch.Tensor:
    """A drawn person, blurred like a neural answer: [1, 4, 128, 128]."""
    picture = render(sample([3]), 64, samples=1)
    large = torch.nn.functional.interpolate(picture, (128, 128), mode="bilinear").clamp(0, 1)
    return torch.cat([large, torch.ones_like(large[:, :1])], 1)


@pytest.fixture(scope="module")
def person(portrait: torch.Tensor, _short: None) -> Person:
    """The person of seed 0 for that portrait."""
    return DrawnFaces(CPU).person(portrait, 0, 0.0)


def test_the_same_seed_is_the_same_person(portrait: torch.Tensor) -> None:
    """Seed, imagination and portrait decide; another seed gives another person."""
    faces = DrawnFaces(CPU)

    one, again, other = (faces.person(portrait, seed, 0.3) for seed in (1, 1, 2))

    assert torch.equal(one.parameters.values, again.parameters.values)
    assert not torch.allclose(one.parameters["features"], other.parameters["features"], atol=0.02)


def test_dials_are_obeyed(portrait: torch.Tensor) -> None:
    """The person has what the user sets, whatever the pixels show; the search does not change it."""
    faces = DrawnFaces(CPU, read_dials("age=60, hair=long, glasses=round, yaw=20"))

    person = faces.person(portrait, 0, 0.0).parameters

    assert float(person["age"]) == 60
    assert float(person["yaw"]) == 20
    assert bool(person.is_option("hair", "long"))
    assert bool(person.is_option("glasses", "round"))


def test_a_shift_counts_once(portrait: torch.Tensor) -> None:
    """Ten years more are ten years, although people are posed again afterwards."""
    faces = DrawnFaces(CPU)
    people = sample([1, 2]).replaced({"age": 40.0})

    older = _with_dials(people, read_dials("age=+10"), faces.read(portrait))

    assert older["age"].tolist() == [50, 50]


def test_the_same_person_can_become_older(portrait: torch.Tensor, person: Person) -> None:
    """The search is the one without dials; only what they name changes, and the pose."""
    older = DrawnFaces(CPU, read_dials("older"), same=True).person(portrait, 0, 0.0).parameters

    young = person.parameters
    assert float(older["age"]) == pytest.approx(min(float(young["age"]) + 20, 92), abs=1e-3)
    for name in ("features", "ancestry", "gender", "hair", "tone"):
        assert torch.equal(older[name], young[name])


def _input_squares(portrait: torch.Tensor) -> InputSquares:
    small = torch.nn.functional.adaptive_avg_pool2d(portrait, 16)
    return InputSquares(small, torch.ones(len(small), 1, 16, 16))


def test_a_square_has_the_size_and_the_colours_of_the_portrait(portrait: torch.Tensor, person: Person) -> None:
    """The joined square shrinks to nearly the given pixels before any projection; the size is one that is drawn."""
    answer = DrawnFaces(CPU).squares(person, portrait, _input_squares(portrait), 100, 0.0)

    assert answer.pictures.shape == (1, 4, 128, 128)
    assert answer.error < 2e-3
    assert _input_squares(portrait).error_of(answer.pictures[:, :3], 0) < answer.error


def test_a_person_as_found_is_not_relit(portrait: torch.Tensor, person: Person) -> None:
    """The report states the error of the picture itself."""
    answer = DrawnFaces(CPU).squares(person, portrait, _input_squares(portrait), 128, 0.0, as_found=True)

    assert abs(_input_squares(portrait).error_of(answer.pictures[:, :3], 0) - answer.error) < 1e-7


def test_equal_frames_stay_equal(portrait: torch.Tensor, person: Person) -> None:
    """A still picture does not flicker."""
    twice = portrait.expand(2, -1, -1, -1)

    pictures = DrawnFaces(CPU).squares(person, twice, _input_squares(twice), 128, 0.0).pictures

    assert torch.equal(pictures[0], pictures[1])


def test_cancelling_stops_between_drawings(portrait: torch.Tensor) -> None:
    """A cancelled call returns no picture."""
    with pytest.raises(CancelledError):
        DrawnFaces(CPU).person(portrait, 0, 0.0, Monitor(cancelled=lambda: True))


def test_proposals_follow_the_reading() -> None:
    """People are near the age of the reading; with imagination a group differs as a whole; a batch changes nobody."""
    outputs = torch.zeros(1, sum(ReaderNetwork.PARTS))
    outputs[0, sum(ReaderNetwork.PARTS[:3])] = -9  # no glasses
    reading = reading_of(outputs)

    near, far = propose(reading, range(6)), propose(reading, range(6), group=5, imagination=0.8)

    assert abs(float(near["age"].mean()) - 45) < 15
    assert abs(float(far["age"].mean() - near["age"].mean())) > 3
    assert torch.allclose(propose(reading, [4])["age"], near["age"][4:5], atol=1e-3)
    assert bool((near["glasses"] == 0).all())
