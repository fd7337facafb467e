"""Side files of the pictures on a command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from depixel.batch.beside import SidesBeside
from depixel.picture import PREMULTIPLIED, REGIONS, Picture

SHEET = {"frames": {"a": {"frame": {"x": 0, "y": 0, "w": 4, "h": 4}}}, "meta": {"image": "hero.png"}}
ATLAS = "\nglow.png\nsize: 8,8\npma: true\nspark\n  xy: 2, 2\n  size: 4, 4\n\nmore.png\nsize: 8,8\n"


def _pictures(folder: Path) -> tuple[Path, Path]:
    folder.mkdir()
    (folder / "hero.json").write_text(json.dumps(SHEET))
    (folder / "glow.atlas").write_text(ATLAS)
    (folder / "hero.tres").write_text('"res://hero.png" region = Rect2(0, 0, 4, 4)')
    return folder / "hero.png", folder / "glow.png"


def test_what_they_say_goes_to_the_engine(tmp_path: Path) -> None:
    """Frames and premultiplied alpha are detected; a picture without a side file does not change."""
    hero, glow = _pictures(tmp_path / "in")
    sides, picture = SidesBeside(), Picture((np.zeros((8, 8, 4), np.uint8),))

    assert sides.tell(hero, picture).details == {REGIONS: ((0, 0, 4, 4),)}
    assert sides.tell(glow, picture).details == {REGIONS: ((2, 2, 4, 4),), PREMULTIPLIED: True}
    assert sides.tell(tmp_path / "in" / "other.png", picture) is picture


def test_those_of_finished_pictures_are_written(tmp_path: Path) -> None:
    """
    Scaled side files are written next to the results; if a picture is missing, renamed or unknown, a message says so.
    """
    hero, glow = _pictures(tmp_path / "in")
    out = tmp_path / "out"
    out.mkdir()
    done = [(hero, out / "hero.png", 4), (glow, out / "glow.png", 4)]

    written, sentences = SidesBeside().finish(done, overwrite=False)

    assert written == [out / "hero.json"]
    assert json.loads((out / "hero.json").read_text())["frames"]["a"]["frame"]["w"] == 16
    assert len(sentences) == 2
    assert "glow.atlas" in sentences[0] and "more.png, which it describes, was not upscaled" in sentences[0]
    assert "hero.tres seems to hold coordinates for hero.png" in sentences[1]
    again, _ = SidesBeside().finish(done, overwrite=False)
    assert again == []  # the same bytes are there
    _, renamed = SidesBeside().finish([(hero, out / "hero-x4.png", 4)], overwrite=False)
    assert "hero.png is called hero-x4.png now" in renamed[0]


def test_what_lies_there_is_kept(tmp_path: Path) -> None:
    """Another file with that name is replaced only with --overwrite."""
    hero, _ = _pictures(tmp_path / "in")
    (tmp_path / "hero.json").write_text("mine")
    done = [(hero, tmp_path / "hero.png", 2)]

    assert "use --overwrite" in SidesBeside().finish(done, overwrite=False)[1][0]
    assert (tmp_path / "hero.json").read_text() == "mine"
    assert SidesBeside().finish(done, overwrite=True)[0] == [tmp_path / "hero.json"]
