"""What users say about the person."""

from __future__ import annotations

import pytest

from depixel.errors import BadUsageError
from depixel.portrait.dials import ALIASES, fixed_columns, keeps_person, read_dials, turned
from depixel.portrait.parameters import by_name, layout
from depixel.portrait.sampling import sample


def test_values_shifts_options_switches_and_colours() -> None:
    """Each form of a dial has its effect, and everything else stays."""
    people = sample([1, 2])
    said = "age=60, glasses=round, yaw=-20, tone=+1, smile, no lipstick, garment-colour=#ff0000"
    changed = turned(people, read_dials(said))

    assert changed["age"].tolist() == [60, 60]
    assert changed.is_option("glasses", "round").all()
    assert changed["yaw"].tolist() == [-20, -20]
    assert (changed["tone"] - (people["tone"] + 0.1).clamp(max=1)).abs().max() < 1e-6
    assert changed["smile"].min() > 0.6 and changed["lipstick"].max() == 0
    assert changed["garment_colour"].tolist() == [[1, 0, 0]] * 2
    assert (changed["features"] == people["features"]).all()


def test_words_stand_for_dials() -> None:
    """ "Older" and "younger" shift the age; "same person" is no dial, but how the others are meant."""
    person = sample([1]).replaced({"age": 40.0})

    assert float(turned(person, read_dials("same person, older"))["age"]) == 60
    assert float(turned(person, read_dials("Younger"))["age"]) == 20
    assert read_dials("Same-Person") == ()
    assert keeps_person("age=60, same person") and not keeps_person("age=60, older")


def test_shifts_count_years_and_stay_in_range() -> None:
    """+30 means thirty years, and nobody gets older than the range."""
    people = sample([1]).replaced({"age": 50})

    assert turned(people, read_dials("age=+30"))["age"].item() == 80
    assert turned(people, read_dials("age=+70"))["age"].item() == 92


def test_what_is_set_is_fixed_for_a_search() -> None:
    """Columns of the named dials are marked, no others."""
    fixed = fixed_columns(read_dials("age=60, garment_colour=#102030"))

    assert fixed.sum() == 4
    assert fixed[layout()["age"]].all() and fixed[layout()["garment_colour"]].all()


@pytest.mark.parametrize(
    ("said", "option"), [("dreads", "locs"), ("man bun", "top-knot"), ("Wavy", "long-wavy"), ("side_part", "side-part")]
)
def test_styles_have_common_names_too(said: str, option: str) -> None:
    """Common names of styles are understood, with spaces or hyphens, in any case."""
    assert turned(sample([1]), read_dials(f"hair={said}")).is_option("hair", option).all()


def test_other_names_lead_to_options_and_hide_none() -> None:
    """Every alias means an existing option, and is not the name of another one."""
    for dial, names in ALIASES.items():
        options = by_name()[dial].options
        assert set(names.values()) <= set(options)
        assert not set(names) & set(options)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("agee=3", r"no dial 'agee'\. Do you mean age\? `depixel imagine --face help` lists the dials\.$"),
        ("garment_color=#102030", r"Do you mean garment_colour\? `"),
        ("sparkle", r"no dial 'sparkle'\. `depixel imagine --face help` lists the dials\.$"),
        ("age=old", "age=old: it must be a number"),
        ("age=300", "goes from 4 to 92 years"),
        ("glasses=big", "one of none, round"),
        ("glasses=2", "one of none, round"),
        ("garment", "Say which"),
        ("garment_colour=red", "a colour like #804020"),
    ],
)
def test_what_cannot_be_understood_is_named(said: str, answer: str) -> None:
    """One sentence with the error and the valid choices."""
    with pytest.raises(BadUsageError, match=answer):
        read_dials(said)
