"""Files of coordinates are scaled with their pictures in a watched folder and in archives, or reported."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pack_desk import Desk
from PIL import Image

from depixel.joints import DEPTH
from depixel.picture import MARGINS, PREMULTIPLIED, REGIONS
from depixel.sidefiles import parse
from depixel_watch.packs.sides import scaled_side

SHEET = {"frames": {"a": {"frame": {"x": 0, "y": 0, "w": 4, "h": 4}}}, "meta": {"image": "hero.png"}}
ATLAS = "\nglow.png\nsize: 8,8\npma: true\nspark\n  xy: 2, 2\n  size: 4, 4\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield Desk(tmp_path)


def test_they_grow_with_their_pictures(desk: Desk) -> None:
    """JSON and .atlas are scaled; their contents reach the engine; a second run has nothing to do."""
    desk.save("a/hero.png", (8, 8), 1)
    desk.save("a/glow.png", (8, 8), 2, alpha=200)
    (desk.source / "a/hero.json").write_text(json.dumps(SHEET))
    (desk.source / "a/glow.atlas").write_text(ATLAS)
    (desk.source / "a/notes.json").write_text('{"by": "Ann"}')
    desk.once()

    assert desk.outputs() == {"a/hero.png", "a/glow.png", "a/hero.json", "a/glow.atlas"}
    assert json.loads((desk.out / "a/hero.json").read_text())["frames"]["a"]["frame"]["w"] == 8
    assert "xy: 4, 4" in (desk.out / "a/glow.atlas").read_text()
    details = {picture.name: picture.details for picture in desk.worker.pictures}
    assert details["hero.png"][REGIONS] == ((0, 0, 4, 4),)
    assert details["glow.png"][PREMULTIPLIED] is True
    before = len(desk.worker.requests)
    desk.once()
    assert len(desk.worker.requests) == before


def test_a_changed_side_file_redoes_its_picture(desk: Desk) -> None:
    """If frames move, the pictures are answered again."""
    desk.save("hero.png", (8, 8), 1)
    (desk.source / "hero.json").write_text(json.dumps(SHEET))
    desk.once()
    moved = json.loads(json.dumps(SHEET))
    moved["frames"]["a"]["frame"]["x"] = 4
    (desk.source / "hero.json").write_text(json.dumps(moved))
    desk.once()

    assert [picture.details[REGIONS] for picture in desk.worker.pictures] == [((0, 0, 4, 4),), ((4, 0, 4, 4),)]
    assert json.loads((desk.out / "hero.json").read_text())["frames"]["a"]["frame"]["x"] == 8


def test_what_cannot_grow_is_named(desk: Desk) -> None:
    """A missing picture, an unknown format: one sentence each, no output."""
    desk.save("hero.png", (8, 8), 1)
    (desk.source / "gone.atlas").write_text(ATLAS)
    (desk.source / "hero.tres").write_text('path="res://hero.png"\nregion = Rect2(0, 0, 4, 4)\n')
    desk.once()

    left = {event.path: event.sentence for event in desk.events if event.what == "left"}
    assert left == {
        "gone.atlas": "gone.atlas is a libGDX or Spine atlas and is not scaled: glow.png is missing or not upscaled.",
        "hero.tres": "hero.tres seems to hold coordinates for hero.png and is not scaled: Depixel does not support "
        "this format.",
    }
    assert desk.outputs() == {"hero.png"}


def test_in_archives(desk: Desk) -> None:
    """The same, entry by entry; unknown formats stay byte for byte and are named in the notes."""
    desk.save("hero.png", (8, 8), 1)
    tres = b'path="res://hero.png"\nregion = Rect2(0, 0, 4, 4)\n'
    with zipfile.ZipFile(desk.source / "pack.zip", "w") as archive:
        archive.write(desk.source / "hero.png", "art/hero.png")
        archive.writestr("art/hero.json", json.dumps(SHEET))
        archive.writestr("art/hero.tres", tres)
    (desk.source / "hero.png").unlink()
    desk.once()

    with zipfile.ZipFile(desk.out / "pack.zip") as result:
        assert json.loads(result.read("art/hero.json"))["frames"]["a"]["frame"]["h"] == 8
        assert result.read("art/hero.tres") == tres
    assert any("hero.tres seems to hold coordinates for hero.png" in event.sentence for event in desk.events)
    assert desk.worker.pictures[0].details[REGIONS] == ((0, 0, 4, 4),)


def test_a_side_file_scales_only_with_all_its_pictures() -> None:
    """Without a picture, or with pictures of different scales, it stays byte for byte, with a message."""
    nameless = parse("a.json", json.dumps({"frames": SHEET["frames"]}).encode())
    pages = parse("a.atlas", (ATLAS + ATLAS.replace("glow", "rim")).encode())
    assert nameless is not None and pages is not None

    assert scaled_side("a.json", b"1", nameless, lambda path: 4)[0] == b"1"
    assert "names no picture" in scaled_side("a.json", b"1", nameless, lambda path: 4)[1]
    data, message = scaled_side("x/a.atlas", b"2", pages, lambda path: {"x/glow.png": 4, "x/rim.png": 2}[path])
    assert data == b"2" and "different scales" in message
    assert scaled_side("a.atlas", b"2", pages, lambda path: 4)[1] == ""


def test_a_suspicion_needs_the_picture(desk: Desk) -> None:
    """In an archive without hero.png, a file that mentions it is copied without a remark."""
    with zipfile.ZipFile(desk.source / "pack.zip", "w") as archive:
        archive.writestr("art/hero.tres", 'path="res://hero.png"\nregion = Rect2(0, 0, 4, 4)\n')
    desk.once()
    assert not any("hero.tres" in event.sentence for event in desk.events)


def test_faces_of_a_sky_reach_the_engine_with_their_neighbours(desk: Desk) -> None:
    """Two halves of one panorama in the same folder continue each other; a picture with another name does not."""
    whole = np.random.default_rng(6).integers(0, 4, (20, 48, 3)).cumsum(1).astype(np.uint8)
    for name, half in (
        ("a/sky_ft.png", whole[:, :24]),
        ("a/sky_rt.png", whole[:, 24:]),
        ("a/other.png", whole[:, :24]),
    ):
        (desk.source / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.ascontiguousarray(half)).save(desk.source / name)
    desk.once()

    details = {picture.name: picture.details for picture in desk.worker.pictures}
    assert np.array_equal(details["sky_ft.png"][MARGINS].right, whole[:, 24 : 24 + DEPTH])
    assert np.array_equal(details["sky_rt.png"][MARGINS].left, whole[:, 24 - DEPTH : 24])
    assert not details["other.png"].get(MARGINS)


def test_slices_in_unitys_settings_are_named(desk: Desk) -> None:
    """A .meta with the rectangles of sprites is reported; one without is not, and neither is changed."""
    slices = "TextureImporter:\n  spriteSheet:\n    sprites:\n    - name: a\n      rect:\n        x: 0\n        y: 0\n"
    desk.save("Assets/sheet.png", (8, 8), 1)
    desk.save("Assets/plain.png", (8, 8), 2)
    (desk.source / "Assets/sheet.png.meta").write_text(slices)
    (desk.source / "Assets/plain.png.meta").write_text("TextureImporter:\n  spriteSheet:\n    sprites: []\n")
    desk.once()

    assert desk.outputs() == {"Assets/sheet.png", "Assets/plain.png"}
    named = {event.path: event.sentence for event in desk.events if event.what == "left"}
    assert list(named) == ["Assets/sheet.png.meta"] and "sheet.png and is not scaled" in named["Assets/sheet.png.meta"]
