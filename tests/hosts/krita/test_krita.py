"""The plug-in in a real Krita, with a real engine and the shipped weights. See driver/ for what is done there."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from tests.hosts.krita.answers import answer, engine, pixels, same

from depixel.picture import Picture
from depixel.settings import SearchSettings

pytestmark = [pytest.mark.host, pytest.mark.timeout(900)]


def test_menus(krita) -> None:
    """Each action is in Tools > Scripts and in Filter, and the docker is there."""
    facts = krita.of("menus")

    titles = [title for title, text in facts["entries"] if text == "Depixel: upscale..."]

    assert sorted(title.replace("&", "") for title in titles) == ["Filter", "Scripts"]
    assert facts["docker"]


def test_nothing_open(krita) -> None:
    """Without a document there is a sentence, and nothing is begun."""
    facts = krita.of("nothing_open")

    assert not facts["busy"]
    assert facts["words"] == "Open a picture first."


def test_dialog_makes_a_document(krita) -> None:
    """Menu entry, dialog, one answer: a new document with the engine's pixels, profile kept, source untouched."""
    facts = krita.of("dialog")

    assert facts["size"] == [128, 96]
    assert facts["profile"][0] == facts["profile"][1]
    assert facts["source"] == [["sprite", []]]
    assert facts["layers"][0][0].startswith("sprite x4, seed 0, exact")
    same(krita, "dialog", (32, 24), 4)


def test_new_layer_undo_redo(krita) -> None:
    """An answer in the same document is one step that undo takes away and redo repeats exactly."""
    facts = krita.of("new_layer")

    assert facts["layers"][0][0] == "sprite"
    assert facts["active"] == facts["layers"][1][0]
    assert facts["undone"] == [["sprite", []]]
    assert facts["source kept"]
    assert facts["redone"] == facts["layers"]
    assert krita.read("new_layer.redone") == krita.read("new_layer.out")
    same(krita, "new_layer", (24, 20), 3)


def test_larger_document(krita) -> None:
    """The document is enlarged, the answer fits it, and two undos bring back every pixel."""
    facts = krita.of("larger_document")

    assert facts["size"] == [40, 32]
    assert facts["undone"] == [20, 16, [["sprite", []]]]
    assert facts["source kept"]
    same(krita, "larger_document", (20, 16), 2)


def test_selection(krita) -> None:
    """The box around the selection is answered alone, and its answer begins at its corner."""
    facts = krita.of("selected_part")

    assert facts["corner"][0] >= 6
    assert facts["corner"][1] >= 4
    same(krita, "selected_part", (20, 12), 4)


def test_selected_shape(krita) -> None:
    """The answer to a round selection keeps all pixels of its box; a mask shows the shape; one step of undo."""
    facts = krita.of("selected_shape")
    same(krita, "shape", (24, 16), 2)
    made = pixels(krita.read("shape.out"), 48, 32).astype(float)
    shown = pixels(krita.read("shape.shown"), 48, 32)
    chosen = np.frombuffer(krita.read("shape.selection"), np.uint8).reshape(16, 24).repeat(2, 0).repeat(2, 1)

    assert 0 < chosen.min(where=chosen > 0, initial=255) < 100
    assert np.abs(made[..., 3] * chosen / 255 - shown[..., 3]).max() <= 1
    seen = (shown[..., 3] > 0) & (chosen == 255)
    assert np.array_equal(made[seen], shown[seen])
    assert facts["layers"][1][1] == ["Selection"]
    assert facts["undone"] == [["sprite", []]]
    assert facts["redone"] == facts["layers"]
    assert krita.read("shape.redone") == krita.read("shape.shown")
    assert len(facts["in a document"]) == 5
    assert all(children == ["Selection"] for _, children in facts["in a document"])
    alone = pixels(krita.read("shape.document"), 48, 32)
    assert not alone[chosen == 0].any()
    assert alone[chosen == 255][:, 3].any()


def test_pixel_art(krita) -> None:
    """Few colours are known as pixel art, and with the colours kept there is no other."""
    facts = krita.of("pixel_art")
    same(krita, "pixel_art", (24, 24), 4, palette="keep")
    given, made = (pixels(krita.read("pixel_art" + end), side, side) for end, side in ((".src", 24), (".out", 96)))

    assert facts["domain"] == "pixel-art"
    assert set(made[..., 3].flat) == {0, 255}
    assert {tuple(p) for p in made[made[..., 3] > 0]} <= {tuple(p) for p in given.reshape(-1, 4)}


@pytest.mark.parametrize(
    ("name", "channels", "depth"), [("RGBA-U8", 4, 8), ("RGBA-U16", 4, 16), ("GRAYA-U8", 2, 8), ("GRAYA-U16", 2, 16)]
)
def test_exact_colours(krita, name: str, channels: int, depth: int) -> None:
    """16 bits and grey travel as they are: the engine's own pixels, in the document's own colours."""
    facts = krita.of("colours")[name]

    assert facts["same"]
    assert facts["undo"]
    assert facts["redo"]
    assert len(set(facts["profile"])) == 1
    assert name != "RGBA-U8" or facts["profile"][0].startswith("ClayRGB")
    same(krita, name, (16, 12), 2, channels, depth)


@pytest.mark.parametrize(("name", "kind", "tolerance"), [("RGBA-F32", "f", 2 / 65535), ("RGBA-F16", "e", 2e-3)])
def test_floating_point(krita, name: str, kind: str, tolerance: float) -> None:
    """The mean of each 2 x 2 block is the given sample, to what 16 bits (or half floats) can say."""
    facts = krita.of("colours")[name]
    given = _floats(krita.read(name + ".src"), kind).reshape(12, 16, 4)
    made = _floats(krita.read(name + ".out"), kind).reshape(24, 32, 4)

    mean = made.reshape(12, 2, 16, 2, 4).mean((1, 3))

    assert facts["same"]
    assert facts["undo"]
    assert facts["redo"]
    assert len(set(facts["profile"])) == 1
    assert np.abs(mean - given).max() <= tolerance
    assert np.ptp(made, axis=(0, 1))[:3].max() > 0.1


def _floats(data: bytes, kind: str) -> np.ndarray:
    return np.array(struct.unpack(f"<{len(data) // struct.calcsize(kind)}{kind}", data))


@pytest.mark.parametrize(("name", "channels", "depth"), [("CMYKA-U8", 5, 8), ("LABA-U16", 4, 16), ("YCbCrA-U8", 4, 8)])
def test_other_models(krita, name: str, channels: int, depth: int) -> None:
    """Other models are converted for the job and back; the blocks' means stay where they were, and a note says it."""
    facts = krita.of("colours")[name]
    kind = np.uint8 if depth == 8 else "<u2"
    given = np.frombuffer(krita.read(name + ".src"), kind).reshape(12, 16, channels).astype(float)
    made = np.frombuffer(krita.read(name + ".out"), kind).reshape(24, 32, channels).astype(float)

    drift = np.abs(made.reshape(12, 2, 16, 2, channels).mean((1, 3)) - given)

    assert facts["same"]
    assert facts["undo"]
    assert facts["redo"]
    assert len(set(facts["profile"])) == 1
    assert name.split("-", maxsplit=1)[0] in facts["words"]
    if name == "LABA-U16":  # CMYK's black can be made in many ways: its inks may move
        assert np.median(drift) <= 1200
    assert made[..., -1].min() == made[..., -1].max()


def test_deep_group(krita) -> None:
    """A group of answers has the document's 16 bits, shows the best one sample for sample, and is one step of undo."""
    facts = krita.of("deep_group")

    assert all(colours == facts["document"] for colours in facts["colours"]), facts
    assert len(facts["colours"]) == 3
    best = pixels(krita.read("deep_group.best"), 32, 24, depth=16)
    assert np.array_equal(best[:12, :16], pixels(krita.read("deep_group.shown"), 16, 12, depth=16))
    assert facts["undone"] == [["sprite", []]]


@pytest.mark.parametrize("name", ["mask", "folder", "copy", "drawn"])
def test_shown_layers(krita, name: str) -> None:
    """A layer with a mask, a group, a clone and a vector layer are answered as they are shown."""
    assert name in krita.of("masks_groups_clones")
    given = pixels(krita.read(f"shown-{name}.src"), 16, 12)
    assert given.any()

    (expected,) = answer(given, scale=2)

    assert np.array_equal(expected, pixels(krita.read(f"shown-{name}.out"), 32, 24))


def test_beyond_the_canvas(krita) -> None:
    """What lies outside the canvas is answered too, and lies outside the new one."""
    facts = krita.of("beyond_the_canvas")

    assert facts["size"] == [32, 24]
    same(krita, "beyond", (24, 18), 2)


def test_animation(krita) -> None:
    """All keyframes are frames of one job, and become keyframes at the same times."""
    facts = krita.of("animation")
    given = [pixels(krita.read(f"animation-{i}.src"), 16, 12) for i in range(3)]
    made = [pixels(krita.read(f"animation-{i}.out"), 32, 24) for i in range(3)]

    expected = answer(*given, scale=2)

    assert facts["times"] == [0, 3, 7]
    for wanted, found in zip(expected, made, strict=True):
        assert np.array_equal(wanted, found)


def test_animated_group(krita) -> None:
    """All frames of a group with an animated layer are read as they are shown, and the shown time comes back."""
    facts = krita.of("animated_group")

    assert facts["frames"] == 2
    assert facts["same"] == [True, True]
    assert facts["time"] == 2


def test_candidates(krita) -> None:
    """Several answers: the strip, more like one of them, and all in a group that is one step of undo."""
    facts = krita.of("candidates")
    given = pixels(krita.read("candidates.src"), 24, 24)

    report = engine().upsample(
        Picture((np.ascontiguousarray(given),), mode="RGBA", name="sprite"),
        SearchSettings(scale=4, domain="art", candidates=3, imagination=0.6),
    )
    second = next(c for c in report.candidates if c.seed == facts["second seed"])

    assert facts["first"] == [c.seed for c in report.candidates]
    assert np.array_equal(second.picture.frames[0], pixels(krita.read("candidates.out"), 96, 96))
    assert facts["compared"] == {"differ": True, "left of the line": True, "right of the line": True}
    assert facts["kept"]
    assert len(facts["more"]) == 5
    free = [
        np.abs(c.picture.frames[0].astype(float) - second.picture.frames[0]).mean()
        for c in report.candidates
        if c.seed != second.seed
    ]
    assert min(facts["distances"]) > 0
    assert max(facts["distances"]) < min(free)
    assert len(facts["layers"][1][1]) == 5
    assert facts["undone"] == [["sprite", []]]
    assert facts["redone"] == facts["layers"]


def test_live_preview(krita) -> None:
    """The preview follows what is painted, what is selected, and which layer is active; it fits a narrow docker."""
    facts = krita.of("live_preview")

    assert facts["followed"]
    assert facts["selected"] == [48, 40, True]
    assert facts["other layer"]
    assert facts["width"][1] <= facts["width"][2] <= 250


def test_faces(krita) -> None:
    """An imagined face, and one replaced inside the selection, are the engine's own; the source stays, undo works."""
    facts = krita.of("faces")
    given = pixels(krita.read("imagined.src"), 16, 16)
    asked = SearchSettings(scale=8, domain="faces", candidates=2, imagination=0.5, steps=4)

    report = engine().upsample(Picture((np.ascontiguousarray(given),), mode="RGBA", name="sprite"), asked)

    assert "imagined" in facts["imagined"]
    assert facts["size"] == [128, 128]
    assert facts["seed"] == report.candidates[0].seed
    assert np.array_equal(report.picture.frames[0], pixels(krita.read("imagined.out"), 128, 128))

    before = pixels(krita.read("replaced.src"), 48, 48)
    after = pixels(krita.read("replaced.out"), 48, 48)
    inside = np.zeros((48, 48), bool)
    inside[8:40, 8:40] = True
    assert np.array_equal(before[~inside], after[~inside])
    assert np.abs(before[inside].astype(int) - after[inside]).max() > 8
    blocks = [
        p[8:40, 8:40, :3].reshape(8, 4, 8, 4, 3).mean((1, 3)) for p in (before.astype(float), after.astype(float))
    ]
    assert np.abs(blocks[0] - blocks[1]).max() <= 1.01
    assert facts["undone"]
    assert facts["source kept"]
