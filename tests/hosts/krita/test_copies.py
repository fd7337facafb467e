"""Whole documents, several layers, animations in a document, and copies to share, in a real Krita."""

from __future__ import annotations

import numpy as np
import pytest
from tests.hosts.krita.answers import answer, pixels

pytestmark = [pytest.mark.host, pytest.mark.timeout(1800)]

LAYERS = {"sprite": (24, 16), "inner": (14, 15), "hidden": (14, 14)}


def test_whole_document(krita) -> None:
    """Structure, guides and shapes are kept and scaled; the source does not change; the copy is unsaved work."""
    facts = krita.of("whole_document")

    assert facts["source"] == [24, False, True]
    assert facts["after"] == facts["before"]
    assert facts["size"] == [72, 48]
    assert facts["name"] == ["rich-x3.kra", False, True, "rich-x3"]
    assert facts["guides"] == [[9.0], [21.0, 33.0]]
    assert facts["shapes"] == facts["saved shapes"] == [[9, 6, 27, 21], [42, 27, 12, 9]]
    assert facts["undone"] == [72, True]
    assert facts["recipe"]
    assert facts["saved"]
    assert facts["words"].startswith("Added rich-x3. 4 layers in ")


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_answered(krita, name: str) -> None:
    """Each painted layer of the copy, shown or hidden, inside or beyond the canvas, is the engine's answer in place."""
    assert krita.of("whole_document")["size"] == [72, 48]
    width, height = LAYERS[name]
    source = pixels(krita.read(f"whole-{name}.src"), width, height)

    (expected,) = answer(source, scale=3, domain="art")

    large = pixels(krita.read(f"whole-{name}.out"), width * 3, height * 3)
    assert np.array_equal(expected, large), np.count_nonzero(expected != large)


def test_masks_are_answered(krita) -> None:
    """A mask is answered too: its means are the source values, and it has more values than before."""
    assert krita.of("whole_document")["size"] == [72, 48]
    source = np.frombuffer(krita.read("whole-mask.src"), np.uint8).reshape(15, 14)
    answer = np.frombuffer(krita.read("whole-mask.out"), np.uint8).reshape(45, 42)

    assert np.abs(answer.reshape(15, 3, 14, 3).mean((1, 3)) - source).max() <= 0.5
    assert len(set(answer.flat)) > len(set(source.flat))


def test_visible_layers(krita) -> None:
    """A copy of what is visible has no hidden layers, and its layers are the engine's answers."""
    facts = krita.of("visible_document")
    source = pixels(krita.read("visible-inner.src"), 14, 15)

    (expected,) = answer(source, scale=2, domain="art")

    assert facts["source"] and facts["size"] == [48, 32]
    assert facts["names"] == ["copy", "drawn", "empty", "filled", "folder", "inner", "mask", "sprite"]
    assert (facts["hidden"], facts["clone"]) == (["sprite"], "clonelayer")
    assert np.array_equal(expected, pixels(krita.read("visible-inner.out"), 28, 30))
    assert facts["words"].startswith("Added ")


def test_several_layers(krita) -> None:
    """Selected layers become one document with their groups and masks, or answers above each; undo works."""
    facts = krita.of("several_layers")

    assert len(facts["selected"]) > 5
    assert [name for name, _ in facts["all"]][:3] == ["sprite", "folder", "hidden"]
    assert facts["two"] == ["hidden", "inner"]
    assert facts["kept"] == [["folder", ["inner"]], ["hidden", []]]
    names = [name for name, _ in facts["above"]]
    assert facts["larger"][:2] == [48, 32]
    assert names[0] == "sprite"
    assert names[1].startswith("sprite x2")
    assert names[names.index("hidden") + 1].startswith("hidden x2")
    assert facts["undone"]


def test_animated_document(krita) -> None:
    """The keyframes of a layer are one animation, and are restored at their times."""
    facts = krita.of("animated_document")
    source = [pixels(krita.read(f"moving-{time}.src"), 16, 12) for time in (0, 4)]
    larger = [pixels(krita.read(f"moving-{time}.out"), 32, 24) for time in (0, 4)]

    expected = answer(*source, scale=2, domain="art")

    assert facts["times"] == [0, 4]
    assert facts["time"] == 4
    for wanted, frame in zip(expected, larger, strict=True):
        assert np.array_equal(wanted, frame)


def test_flattened_copy(krita) -> None:
    """After anonymising, a message about what is below, and a copy by one click with only what is visible."""
    facts = krita.of("flattened")

    assert "still shows the real face" in facts["words"]
    assert facts["button"]
    assert facts["layers"] == facts["undone"] == [["Flattened", []]]
    assert facts["annotations"] == []
    assert facts["modified"]
    assert krita.read("flattened.out") == krita.read("flattened.seen")
