"""Heads are posed and shaped so that landmarks meet."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.faces.drawn.landmark_fit import fit_landmarks, landmarks_of
from depixel.faces.reader import LANDMARKS
from depixel.portrait import Parameters, sample
from depixel.portrait.camera import camera, landmarks
from depixel.portrait.head import released_head
from depixel.portrait.shape import shape


def _places(people: Parameters) -> Tensor:
    figure = shape(people, released_head())
    seen = landmarks(figure, camera(people, figure))
    return torch.stack([seen[name] for name in LANDMARKS], 1)


def test_landmarks_meet() -> None:
    """People take another person's pose: landmarks end within 2% of the side, starting from 4% and more."""
    people, points = sample(range(4)), _places(sample([100]))

    fitted = fit_landmarks(people, points)

    before = (_places(people) - points).norm(dim=2).mean(1)
    after = (_places(fitted) - points).norm(dim=2).mean(1)
    assert float(after.max()) < 0.02
    assert bool((after < before / 2).all())


def test_who_it_is_stays() -> None:
    """Age, gender, skin and hair are kept; numbers stay in their ranges."""
    people = sample(range(2))

    fitted = fit_landmarks(people, _places(sample([7])))

    for name in ("age", "gender", "tone", "ancestry", "hair_length"):
        assert torch.equal(fitted[name], people[name])
    assert torch.equal(fitted.values, fitted.clamped().values)


def test_a_person_is_fitted_the_same_in_company() -> None:
    """A batch of one equals the same person in a larger batch, up to rounding."""
    people, points = sample(range(3)), _places(sample([9]))

    together, alone = fit_landmarks(people, points), fit_landmarks(people.person(1), points)

    assert torch.allclose(together.values[1:2], alone.values, atol=2e-2)
    assert torch.allclose(_places(together)[1], _places(alone)[0], atol=1e-3)


def test_a_head_that_only_moves_keeps_its_shape() -> None:
    """Between frames of a clip a person turns and speaks, but stays the same person."""
    people = sample([0])
    points = _places(people.replaced({"yaw": people["yaw"] + 10, "eyes_at": people["eyes_at"] + 0.03}))

    moved = fit_landmarks(people, points, shaped=False)

    assert torch.equal(moved["features"], people["features"])
    assert float((landmarks_of(moved) - points).norm(dim=2).mean()) < 0.01
