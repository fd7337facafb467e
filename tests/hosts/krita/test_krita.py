"""The plug-in in a real Krita, with a real engine and the released weights. See driver/ for the scenarios."""

from __future__ import annotations

import numpy as np
import pytest
from tests.hosts.krita.answers import answer, engine, pixels, same

from depixel.picture import Picture
from depixel.request import Request

pytestmark = [pytest.mark.host, pytest.mark.timeout(1800)]


def test_menus(krita) -> None:
    """Each action is in Tools > Scripts and in Filter, and the docker is there."""
    facts = krita.of("menus")

    for name in ("upscale...", "imagine face...", "anonymise face...", "flattened copy", "repeat"):
        text = "Depixel: " + name
        titles = [title for title, label in facts["entries"] if label == text]
        assert sorted(title.replace("&", "") for title in titles) == ["Filter", "Scripts"], text
    assert facts["docker"]


def test_nothing_open(krita) -> None:
    """Without a document there is a sentence, and nothing is started."""
    facts = krita.of("nothing_open")

    assert not facts["busy"]
    assert facts["words"] == "Open a picture first."


def test_dialog_makes_a_document(krita) -> None:
    """Menu entry, dialog, one answer: a new document with the engine's pixels, profile kept, source unchanged."""
    facts = krita.of("dialog")

    assert facts["size"] == [128, 96]
    assert facts["profile"][0] == facts["profile"][1]
    assert facts["source"] == [["sprite", []]]
    assert facts["layers"][0][0].startswith("sprite x4, seed 0, exact")
    same(krita, "dialog", (32, 24), 4)


def test_face_dialogs(krita) -> None:
    """The dialogs of the other entries: one of several answers is chosen, and a face is replaced inside a selection."""
    facts = krita.of("face_dialogs")
    source = pixels(krita.read("dialog_face.src"), 16, 16)
    request = Request(scale=4, domain="faces", candidates=3, imagination=0.5, steps=2)

    report = engine().upsample(Picture((np.ascontiguousarray(source),), mode="RGBA", name="sprite"), request)
    chosen = next(c for c in report.candidates if c.seed == facts["seed"])

    assert facts["waiting"] == len(report.candidates) >= 3  # the engine may add an exact version
    assert "What those few pixels show" in facts["about"] and facts["clipped"] == []
    assert np.array_equal(chosen.picture.frames[0], pixels(krita.read("dialog_face.out"), 64, 64))
    assert len(facts["layers"]) == 2
    assert facts["undone"] == [["sprite", []]]
    before, after = (pixels(krita.read(f"dialog_other.{end}"), 48, 48) for end in ("src", "out"))
    chosen = np.frombuffer(krita.read("dialog_other.selection"), np.uint8).reshape(48, 48)  # type: ignore[assignment]
    changed = np.abs(before.astype(int) - after).max(2)
    assert {0, 128, 255} == set(chosen.flat)  # type: ignore[attr-defined]
    assert changed[chosen == 0].max() == 0
    assert changed[chosen == 255].max() > 8
    assert len(facts["anonymised"]) == 2


def test_new_layer_undo_redo(krita) -> None:
    """An answer in the same document is one step that undo removes and redo repeats exactly."""
    facts = krita.of("new_layer")

    assert facts["layers"][0][0] == "sprite"
    assert facts["active"] == facts["layers"][1][0]
    assert facts["size"] == [72, 60]
    assert facts["hidden"]
    assert facts["undone"] == [["sprite", []]]
    assert facts["source kept"]
    assert facts["redone"] == facts["layers"]
    assert krita.read("new_layer.redone") == krita.read("new_layer.out")
    drawn, added = (pixels(krita.read(f"new_layer.{part}"), 72, 60).astype(int) for part in ("drawn", "out"))
    assert np.abs(drawn[..., 3] - added[..., 3]).max() <= 1  # on the canvas, not only in the layer
    assert np.abs(drawn - added)[added[..., 3] == 255].max() <= 1
    same(krita, "new_layer", (24, 20), 3)


def test_larger_document(krita) -> None:
    """The document is enlarged, the answer fits it, its source is hidden, and three undos restore everything."""
    facts = krita.of("larger_document")

    assert facts["size"] == [40, 32]
    assert facts["hidden"]
    assert facts["shown again"]
    assert facts["undone"] == [20, 16, [["sprite", []]]]
    assert facts["source kept"]
    same(krita, "larger_document", (20, 16), 2)


def test_selection(krita) -> None:
    """The box around the selection is answered alone, and its answer begins at the box's corner."""
    facts = krita.of("selected_part")

    assert min(facts["corner"]) >= 0
    assert facts["size"] == [80, 48]
    same(krita, "selected_part", (20, 12), 4)


def test_selected_shape(krita) -> None:
    """The answer to a round selection keeps all pixels of its box; a mask shows the shape; one undo step."""
    facts = krita.of("selected_shape")
    same(krita, "shape", (24, 16), 2)
    answer = pixels(krita.read("shape.out"), 48, 32).astype(float)
    shown = pixels(krita.read("shape.shown"), 48, 32)
    chosen = np.frombuffer(krita.read("shape.selection"), np.uint8).reshape(16, 24).repeat(2, 0).repeat(2, 1)

    assert 0 < chosen.min(where=chosen > 0, initial=255) < 100
    assert np.abs(answer[..., 3] * chosen / 255 - shown[..., 3]).max() <= 1
    seen = (shown[..., 3] > 0) & (chosen == 255)
    assert np.array_equal(answer[seen], shown[seen])
    assert facts["layers"][1][1] == ["Selection"]
    assert facts["undone"] == [["sprite", []]]
    assert facts["redone"] == facts["layers"]
    assert krita.read("shape.redone") == krita.read("shape.shown")
    assert len(facts["in a document"]) == 6
    assert all(children == ["Selection"] for _, children in facts["in a document"])
    alone = pixels(krita.read("shape.document"), 48, 32)
    assert not alone[chosen == 0].any()
    assert alone[chosen == 255][:, 3].any()


def test_pixel_art(krita) -> None:
    """Few colours are recognised as pixel art, and with the colours kept there are no others."""
    facts = krita.of("pixel_art")
    same(krita, "pixel_art", (24, 24), 4, palette="keep")
    source, answer = (pixels(krita.read("pixel_art" + end), side, side) for end, side in ((".src", 24), (".out", 96)))

    assert facts["domain"] == "pixel-art"
    assert set(answer[..., 3].flat) == {0, 255}
    assert {tuple(p) for p in answer[answer[..., 3] > 0]} <= {tuple(p) for p in source.reshape(-1, 4)}


@pytest.mark.parametrize("name", ["mask", "folder", "copy", "drawn", "filled", "linked"])
def test_shown_layers(krita, name: str) -> None:
    """A layer with a mask, a group, a clone, a vector, a fill and a file layer are answered as they are shown."""
    assert name in krita.of("masks_groups_clones")
    source = pixels(krita.read(f"shown-{name}.src"), 16, 12)
    assert source.any()

    (expected,) = answer(source, scale=2)

    assert np.array_equal(expected, pixels(krita.read(f"shown-{name}.out"), 32, 24))


def test_hidden_and_passing(krita) -> None:
    """Hidden layers and groups, and pass-through groups, are answered in their current state."""
    facts = krita.of("hidden_and_passing")

    assert facts["hidden layer"]
    assert facts["hidden group"]
    assert facts["passing group"]


def test_beyond_the_canvas(krita) -> None:
    """Pixels outside the canvas are answered too, and are outside the new one."""
    facts = krita.of("beyond_the_canvas")

    assert facts["size"] == [32, 24]
    same(krita, "beyond", (24, 18), 2)
    assert krita.read("beyond.larger") == krita.read("beyond.out")


def test_animation(krita) -> None:
    """All keyframes are frames of one job, and become keyframes at the same times, whatever is active meanwhile."""
    facts = krita.of("animation")
    source = [pixels(krita.read(f"animation-{i}.src"), 16, 12) for i in range(3)]
    frames = [pixels(krita.read(f"animation-{i}.out"), 32, 24) for i in range(3)]

    expected = answer(*source, scale=2, candidates=2)

    assert facts["times"] == facts["second times"] == [0, 3, 7]
    assert facts["second frames"] == [True, True, True]
    assert facts["visible"] == [True, False]
    assert facts["rate"] == 12
    assert facts["bystander"] == [False, [["sprite", []]], [["sprite", []]]]
    for wanted, frame in zip(expected, frames, strict=True):
        assert np.array_equal(wanted, frame)


def test_animated_group(krita) -> None:
    """All frames of a group with an animated layer are read as they are shown, and the shown time is restored."""
    facts = krita.of("animated_group")

    assert facts["frames"] == 2
    assert facts["same"] == [True, True]
    assert facts["time"] == 2
    assert facts["times"] == [0, 5]


def test_candidates(krita) -> None:
    """Several answers: the strip, more like one of them, and all in a group as one undo step."""
    facts = krita.of("candidates")
    source = pixels(krita.read("candidates.src"), 24, 24)

    report = engine().upsample(
        Picture((np.ascontiguousarray(source),), mode="RGBA", name="sprite"),
        Request(scale=4, domain="art", candidates=3, imagination=0.6),
    )
    second = next(c for c in report.candidates if c.seed == facts["second seed"])

    assert facts["first"] == [c.seed for c in report.candidates]
    assert np.array_equal(second.picture.frames[0], pixels(krita.read("candidates.out"), 96, 96))
    assert facts["compared"] == {"differ": True, "left of the line": True, "right of the line": True}
    assert facts["kept"] == [True, 1]
    assert facts["more"][:3] == facts["first"]
    assert len(set(facts["more"])) == 7
    free = [
        np.abs(c.picture.frames[0].astype(float) - second.picture.frames[0]).mean()
        for c in report.candidates
        if c.seed != second.seed
    ]
    assert min(facts["distances"]) > 0
    assert max(facts["distances"]) < min(free)
    assert len(facts["layers"][1][1]) == 7
    assert facts["undone"] == [["sprite", []]]
    assert facts["redone"] == facts["layers"]


def test_recipes(krita) -> None:
    """Each answer is reproduced alone by one click, from the document and from its file; a face is made at 1024."""
    facts = krita.of("recipes")

    assert len(set(facts["labels"])) == 3
    assert facts["names"] == ["hero-x4.kra", False]
    assert facts["modified"]
    assert facts["again"] == [[1, True]] * 3
    assert facts["from the file"]
    assert facts["large"] == [1024, 1024]


def test_idle_rows(krita) -> None:
    """A seed without effect is hidden, and so are options of other kinds; old answers are marked."""
    facts = krita.of("idle_rows")

    assert [facts[name] for name in ("calm", "vivid", "normals")] == [False, True, False]
    assert [facts[name] for name in ("fresh", "changed", "back")] == [False, True, False]


def test_live_preview(krita) -> None:
    """The preview follows painting, the selection, and the active layer; it fits a narrow docker."""
    facts = krita.of("live_preview")

    assert facts["followed"]
    assert facts["selected"] == [48, 40, True]
    assert facts["other layer"]
    assert facts["width"][1] <= 236, facts["widths"]


def test_faces(krita) -> None:
    """An imagined face, and one replaced inside the selection, are the engine's own; the source stays, undo works."""
    facts = krita.of("faces")
    source = pixels(krita.read("imagined.src"), 16, 16)
    request = Request(scale=8, domain="faces", candidates=2, imagination=0.5, steps=4)

    report = engine().upsample(Picture((np.ascontiguousarray(source),), mode="RGBA", name="sprite"), request)

    assert "invented" in facts["imagined"]
    assert facts["size"] == [128, 128]
    assert facts["seed"] == report.candidates[0].seed
    assert np.array_equal(report.picture.frames[0], pixels(krita.read("imagined.out"), 128, 128))

    source = pixels(krita.read("imagined_box.src"), 24, 20)
    boxed = Request(scale=4, domain="faces", imagination=0.5, steps=2, box=(4, 2, 20, 18))
    report = engine().upsample(Picture((np.ascontiguousarray(source),), mode="RGBA", name="sprite"), boxed)
    assert np.array_equal(report.picture.frames[0], pixels(krita.read("imagined_box.out"), 96, 80))

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
