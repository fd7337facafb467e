"""Hair takes the colour of the portrait."""

from __future__ import annotations

import torch

from depixel.faces.drawn.hair_tint import tinted
from depixel.portrait.parameters import Parameters, layout, width
from depixel.portrait.rendering import draw
from depixel.portrait.sampling import sample


def _person(melanin: float, grey: float) -> Parameters:
    changes: dict[str, torch.Tensor | float | str] = {
        "hair": "bob", "hair_melanin": melanin, "hair_grey": grey, "hair_dye": 0.0, "hair_redness": 0.0,
        "headwear": "none", "hair_highlights": 0.0,
    }  # fmt: skip
    return sample([2]).replaced(changes)


def _tinted(start: Parameters, portrait: torch.Tensor, free: torch.Tensor) -> Parameters:
    with torch.no_grad():
        return tinted(start, draw(start, 48, samples=1), portrait, free)


def test_blond_hair_turns_dark_for_a_dark_portrait() -> None:
    """The pigment approaches that of the person shown, and so does the drawing."""
    dark, blond = _person(0.75, 0.0), _person(0.1, 0.0)
    with torch.no_grad():
        portrait = draw(dark, 48, samples=1).picture

    person = _tinted(blond, portrait, torch.ones(width(), dtype=torch.bool))

    assert abs(float(person["hair_melanin"]) - 0.75) < 0.15
    assert float(person["hair_grey"]) < 0.3


def test_what_the_user_has_set_stays() -> None:
    """A fixed column does not change."""
    blond = _person(0.1, 0.0)
    free = torch.ones(width(), dtype=torch.bool)
    free[layout()["hair_melanin"]] = False

    person = _tinted(blond, torch.zeros(1, 3, 48, 48), free)

    assert float(person["hair_melanin"]) == float(blond["hair_melanin"])


def test_a_bald_person_keeps_the_colour() -> None:
    """Without hair there is nothing to measure."""
    bald = _person(0.4, 0.0).replaced({"hair": "bald", "beard": "none", "brow_density": 0.1})

    person = _tinted(bald, torch.zeros(1, 3, 48, 48), torch.ones(width(), dtype=torch.bool))

    assert torch.equal(person.values, bald.values)
