"""People as rows of numbers."""

from __future__ import annotations

import json

import pytest
import torch

from depixel.errors import BadUsageError
from depixel.portrait.parameters import Parameters, by_name, layout, middle, ranges, table, width
from depixel.portrait.sampling import sample


def test_a_row_comes_back_from_its_names() -> None:
    """`named` goes through JSON and back to the same person."""
    people = sample([3, 4])
    row = json.loads(json.dumps(people.named(1)))

    assert torch.allclose(Parameters.from_named(row).values, people.values[1:], atol=2e-4)
    assert row["background"] in by_name()["background"].options


def test_random_people_are_within_their_ranges_and_alone_the_same() -> None:
    """A seed gives the same person in any batch; two seeds give two people; every number is in its range."""
    people = sample(range(64))
    low, high = ranges()

    assert people.values.shape == (64, width())
    assert torch.equal(sample([7]).values[0], people.values[7])
    assert not torch.equal(people.values[0], people.values[1])
    assert (people.values >= low).all() and (people.values <= high).all()


def test_the_prior_is_even_over_tone_gender_age_and_ancestry() -> None:
    """Quarters of the range are equally frequent, and no ancestry is preferred."""
    people = sample(range(2000))

    for name in ("tone", "gender", "age"):
        prior = by_name()[name].prior
        quarter = ((people[name] - prior[0]) / (prior[1] - prior[0]) * 4).long().clamp(0, 3)  # type: ignore[operator, misc]
        assert torch.bincount(quarter, minlength=4).min() > 420
    assert (people["ancestry"].mean(0) - 1 / 3).abs().max() < 0.03
    assert torch.corrcoef(torch.stack([people["tone"], people["gender"], people["age"]])).triu(1).abs().max() < 0.08


def test_children_wear_no_make_up_and_have_no_stubble() -> None:
    """Customs apply to everybody drawn."""
    people = sample(range(400))
    children = people["age"] < 13

    assert children.sum() > 10
    for name in ("lipstick", "eyeshadow", "eyeliner", "stubble"):
        assert people[name][children].max() == 0
        assert people[name].max() > 0.3


def test_replacing_by_name() -> None:
    """Numbers, colours and options can be set; unknown names are refused with a sentence."""
    people = middle(2).replaced({"age": 60, "background": "blurred", "key_colour": torch.tensor([1.0, 2, 3])})

    assert people["age"].tolist() == [60, 60]
    assert people.is_option("background", "blurred").all()
    assert people["key_colour"].tolist() == [[1, 2, 3]] * 2
    with pytest.raises(BadUsageError, match="no parameter 'agee'"):
        people.replaced({"agee": 1})
    with pytest.raises(BadUsageError, match="background is one of"):
        people.replaced({"background": "stars"})


def test_the_table_is_sound() -> None:
    """Names are unique, columns do not overlap, choices have as many weights as options."""
    names = [parameter.name for parameter in table()]

    assert len(set(names)) == len(names)
    assert sum(place.stop - place.start for place in layout().values()) == width()
    for parameter in table():
        assert parameter.low < parameter.high, parameter.name
        if parameter.options:
            assert parameter.high == len(parameter.options) - 1, parameter.name
            assert len(parameter.prior[0]) == len(parameter.options)  # type: ignore[arg-type]
