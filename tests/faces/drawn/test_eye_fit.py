"""Brows and eyes follow the portrait."""

from __future__ import annotations

import pytest
import torch

from depixel.faces.drawn.eye_fit import fit_eyes
from depixel.faces.drawn.portrait import Portrait
from depixel.faces.reader import ReaderNetwork, reading_of
from depixel.portrait.parameters import Parameters
from depixel.portrait.rendering import render
from depixel.portrait.sampling import sample

PLAIN: dict[str, str | float] = {
    "hair": "crop", "hair_melanin": 0.8, "hair_grey": 0.0, "headwear": "none", "glasses": "none", "age": 30.0,
    "tone": 0.2, "yaw": 0.0, "pitch": 0.0, "roll": 0.0, "brows_up": 0.0, "brows_down": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def person() -> Parameters:
    """With low, thick, dark brows."""
    return sample([5]).replaced({**PLAIN, "brow_height": -0.05, "brow_thickness": 1.0, "brow_darkness": 1.2})


@pytest.fixture(scope="module")
def portrait(person: Parameters) -> Portrait:
    """Of that person, as soft as a neural answer."""
    soft = torch.nn.functional.interpolate(render(person, 64, samples=2), (128, 128), mode="bilinear")
    return Portrait(soft, reading_of(torch.zeros(1, sum(ReaderNetwork.PARTS))), None)


def test_brows_become_those_of_the_portrait(person: Parameters, portrait: Portrait) -> None:
    """Brows that are too high and too pale move down and look as dark; nothing but brows and eyes changes."""
    start = person.replaced({"brow_height": 0.03, "brow_thickness": 0.6, "brow_darkness": -0.5})
    free = torch.ones(start.values.shape[1], dtype=torch.bool)

    fitted = fit_eyes(start, portrait, free)

    def missed(people: Parameters) -> float:
        return float((render(people, 64, samples=2) - render(person, 64, samples=2))[..., 18:34, 14:50].square().mean())

    assert float(fitted["brow_height"]) < -0.02
    assert missed(fitted) < 0.4 * missed(start)
    assert torch.equal(fitted["hair"], start["hair"])
    assert torch.equal(fitted["eyes_at"], start["eyes_at"])
    assert torch.equal(fitted["scale"], start["scale"])


def test_what_the_user_fixed_stays(person: Parameters, portrait: Portrait) -> None:
    """Columns that are not free keep their values, even if the portrait shows something else."""
    start = person.replaced({"brow_height": 0.03})

    fitted = fit_eyes(start, portrait, torch.zeros(start.values.shape[1], dtype=torch.bool))

    assert torch.equal(fitted.values, start.values)
