"""The queue, repeating, answers side by side, sizes, presets, a low docker, clicks and scripts, in a real Krita."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.host, pytest.mark.timeout(1800)]


def test_queue(krita) -> None:
    """Three requests at once: a list with positions, one cancelled, the two others answered in their own documents."""
    facts = krita.of("queue")

    assert facts["list"] == ["sprite: working", "sprite: waiting, 1 ahead of it", "sprite: waiting, 2 ahead of it"]
    assert facts["shown"] == [True, True, True]
    assert facts["after cancel"][1]
    assert facts["layers"] == [2, 2, 1]
    assert facts["words"].startswith("Added sprite x2")


def test_repeat(krita) -> None:
    """The same request again without a dialog; the dialog opens if there is something to choose, or a refusal."""
    facts = krita.of("repeat")

    assert facts["first"] == 2
    assert facts["dialogs"] == 0
    assert facts["again"][0].startswith("sprite x3, seed 0, exact")
    assert facts["again"][1:] == [48, 0]
    assert facts["offers"] == 2
    assert facts["refused"] == "Open a picture first."


def test_side_by_side(krita) -> None:
    """Four answers in a window, marks that stay while more arrive, and the marked ones added as a group."""
    facts = krita.of("side_by_side")

    assert facts["tiles"] == 4
    assert facts["before"] == [False, False]
    assert facts["one"] == [True, True]
    assert facts["more"] == [8, 8, [1]]
    assert facts["added"]
    assert facts["closed"]


def test_sizes(krita) -> None:
    """Percent, pixels and 1x; an impossible size gives one sentence, and the value stays as typed."""
    facts = krita.of("sizes")

    assert [entry[:3] for entry in facts["made"]] == [
        ["150%", 30, 24],
        ["50 px", 50, 40],
        ["100%", 20, 16],
        ["200%", 40, 32],
    ]
    assert not facts["scale row"]
    assert facts["layer"][:2] == [30, 24]
    assert facts["part"] == [25, 20]  # of the selected 10 x 8 pixels
    assert facts["part outlook"].startswith("25 × 20 pixels, about ")
    for size, words in (("50 px", "register"), ("10%", "smaller than the picture"), ("large", "size must be")):
        busy, said, kept = facts["refused " + size]
        assert not busy
        assert words in said
        assert kept == size


def test_presets(krita) -> None:
    """Own presets are saved, used and deleted; Depixel's do not change size and output; recent requests follow."""
    facts = krita.of("presets")

    assert facts["own"] == [7, "art"]
    assert facts["shipped"] == [7, "300%", "document", "pixel-art", "crisp"]
    assert facts["defaults"]
    assert facts["recent"]
    assert "sprite: " in facts["recent"][0]
    assert facts["deleted"]


def test_the_person(krita) -> None:
    """The dials write the text and follow it; an unknown word is refused by name, and the text stays."""
    facts = krita.of("person")

    assert facts["text"] == "age=+15, glasses=round"
    assert facts["read"] == [10, "bob", 0]
    offers, words, kept = facts["antlers=12"]
    assert offers == 0
    assert "antlers" in words
    assert kept == "antlers=12"
    assert facts["age=60, glasses=round"][0] in (1, 2)  # the engine may add an exact version
    assert facts["again"]


def test_low_docker(krita) -> None:
    """At a height of 200 pixels and a width of 236, the buttons are inside the docker."""
    facts = krita.of("low_docker")

    assert len(facts["inside"]) == 9
    for width, height, across, down in facts["inside"]:
        assert across, (width, height)
        assert down, (width, height)
        assert (width, height) in ((236, 200), (300, 200), (300, 400))
    assert facts["apply"]
    assert facts["apply low"]


def test_clicks(krita) -> None:
    """The five tasks from the default values: clicks until the answer is in Krita."""
    facts = krita.of("clicks")

    assert {name: facts[name][0] for name in ("upscale", "four", "document", "face", "anonymise")} == {
        "upscale": 1,
        "four": 5,
        "document": 3,
        "face": 5,
        "anonymise": 4,
    }
    assert [facts[name][1] for name in ("upscale", "four", "document", "face", "anonymise")] == [2, 2, 2, 2, 2]


def test_scripts(krita) -> None:
    """The examples of docs/krita.md do what they say; a wrong name or value gives a sentence."""
    facts = krita.of("scripts")

    assert facts["examples"] == 3
    assert facts["said 0"] == []
    assert facts["example 0"][1] == ["sprite0-x4.kra", "sprite0.kra", "sprite1-x4.kra", "sprite1.kra"]
    assert facts["example 1"][0] == [2]
    assert facts["example 2"][0] == [1, 2]
    assert "no action 'enlarge'" in facts["{'action': 'enlarge'}"]
    assert "no option scales" in facts["{'scales': 4}"]
    assert "scale must be" in facts["{'scale': 400}"]
