"""The client's dials are those of the drawn person, and write what the engine reads."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from depixel.client.dials import DIALS, Dial, dial_number, dial_text, read_face, turned, write_face
from depixel.portrait.dials import read_dials
from depixel.portrait.parameters import by_name

AGE, SMILE, HAIR = (next(dial for dial in DIALS if dial.name == name) for name in ("age", "smile", "hair"))


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.name)
def test_the_engine_understands_each_dial(dial: Dial) -> None:
    """At both ends of its range, or at each choice; shifts are shifts."""
    if dial.kind == "choice":
        assert dial.choices == by_name()[dial.name].options
    for value in dial.choices or (dial_text(dial, dial.low), dial_text(dial, dial.high)):
        (read,) = read_dials(turned("", dial, value))
        assert (read.name, read.shift) == (dial.name, dial.kind == "shift")


def test_the_page_has_the_same_dials() -> None:
    """There is one list for all doors."""
    folder = resources.files("depixel.service").joinpath("page")
    rows = json.loads(folder.joinpath("dials.json").read_text("utf-8"))
    words = json.loads(folder.joinpath("words.en.json").read_text("utf-8"))

    assert [row["name"] for row in rows] == [dial.name for dial in DIALS]
    for row, dial in zip(rows, DIALS, strict=True):
        assert (row["kind"], tuple(row.get("options", ()))) == (dial.kind, dial.choices)
        assert row["kind"] == "choice" or (row["low"], row["high"], row["step"]) == (dial.low, dial.high, dial.step)
        assert words[f"dial.{dial.name}"] == dial.label


def test_a_text_is_kept_around_the_dial_that_is_turned() -> None:
    """Text for other properties stays in its place."""
    assert turned("smile, hair=long, ear_size=2", AGE, "+15") == "smile, hair=long, ear_size=2, age=+15"
    assert turned("age=60, smile", AGE, "-5") == "age=-5, smile"
    assert turned("age=60, smile", AGE, "") == "smile"
    assert turned("no smile, age=60", SMILE, "0.5") == "age=60, smile=0.5"
    assert turned("hair = man bun", HAIR, "") == ""
    assert write_face(read_face("Age=+15,no glasses, smile")) == "age=+15, no glasses, smile"


def test_sliders_and_values() -> None:
    """Steps are preserved; a value that a slider cannot show puts it in the middle."""
    assert [dial_text(AGE, number) for number in (0.4, 15, -12.4)] == ["", "+15", "-10"]
    assert [dial_text(SMILE, number) for number in (0, 0.3000001, 1.2)] == ["0", "0.3", "1.2"]
    assert [dial_number(AGE, value) for value in ("+15", "60", "", "-99")] == [15, 0, 0, -40]
    assert [dial_number(SMILE, value) for value in ("0.5", "", "big")] == [0.5, 0.6, 0.6]
