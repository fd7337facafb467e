"""The table "In a few clicks" of docs/page.md, followed step by step, with the controls and counts that it names."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest
from tests.browser.conftest import ROOT, Browser, a_pack

from depixel.files import read

_PATIENCE = 180.0  # seconds for an invented face on a busy machine
_CONTROL = (
    "const starts = (node) => (node.querySelector('strong') ?? node).textContent.trim().startsWith(arguments[0]);"
    "return [...document.querySelectorAll('button, label')].find((node) =>"
    "  node.checkVisibility() && !node.disabled && starts(node)) ?? null;"
)


def _rows() -> dict[str, tuple[list[str], int]]:
    text = (ROOT / "docs/page.md").read_text("utf-8")
    table = text.split("| to do this | you need | steps |", 1)[1].split("\n\n", 1)[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "|" in line]
    return {wish: (steps.split(", "), int(count)) for wish, steps, count in (row for row in cells if row[2].isdigit())}


ROWS = _rows()


class Visitor:
    """A user who follows the steps of a row; each step is one action."""

    def __init__(self, browser: Browser, files: list[Path]) -> None:
        self.browser = browser
        self.files = files
        self.actions = 0

    def follow(self, wish: str) -> None:
        """Do all steps; there are as many as the table says."""
        steps, count = ROWS[wish]
        for step in steps:
            self._step(step)
            self.actions += 1
        assert self.actions == count

    def _step(self, step: str) -> None:
        if label := re.fullmatch(r"\*(.+)\*", step):
            control = self.browser.until(step, lambda: self._ready(label[1]), _PATIENCE)
            self.browser.run("arguments[0].scrollIntoView({block: 'center'})", control)
            control.click()
        elif step == "click the one you like":
            self.browser.until("answers", lambda: len(self.browser.all(".answer")) > 1, _PATIENCE)
            self.browser.until("end", self.browser.finished)
            self.browser.bring(".answer:nth-child(2) .show").click()
        else:
            assert step.startswith("drop "), f"docs/page.md: what is {step!r}?"
            self.browser.drop_for_real(*self.files)

    # The control with this label. What is saved must be finished.
    def _ready(self, label: str) -> object:
        if label.startswith("Save") and not self.browser.finished():
            return None
        return self.browser.run(_CONTROL, label)


def test_one_picture_or_animation(browser: Browser, samples: Path) -> None:
    """The saved file has all frames."""
    Visitor(browser, [samples / "animations" / "coin.png"]).follow("enlarge a picture or an animation")

    saved = read(browser.downloaded("coin-x4.png"))
    assert len(saved.frames) == len(read(samples / "animations" / "coin.png").frames)


def test_one_character_with_several_versions(browser: Browser, samples: Path) -> None:
    """What is saved is the answer that was clicked."""
    Visitor(browser, [samples / "sprites" / "mage.png"]).follow("choose among several versions")

    assert read(browser.downloaded("mage-x4-2.png")).width == 128


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_face_of_1024_pixels(browser: Browser, samples: Path) -> None:
    """By the released generator."""
    Visitor(browser, [samples / "faces" / "portrait.png"]).follow("make a face of 1024 pixels")

    saved = read(browser.downloaded("portrait-imagined-*-2.png"))
    assert (saved.width, saved.height) == (1024, 1024)


def test_a_texture_pack(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """The larger pack is a pack."""
    Visitor(browser, [a_pack(samples, tmp_path)]).follow("enlarge a texture pack")

    with zipfile.ZipFile(browser.downloaded("Pack-depixel.zip")) as archive:
        assert "pack.mcmeta" in archive.namelist()


def test_a_folder_of_dumped_textures(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """Thirty files in three folders, one of them damaged, one not a picture: all the others are in the zip."""
    for number in range(30):
        folder = tmp_path / "dump" / f"level{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(samples / "sprites" / "bee.png", folder / f"{number:08x}.png")
    (tmp_path / "dump/level0/damaged.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (tmp_path / "dump/level0/log.txt").write_text("no picture")
    visitor = Visitor(browser, [tmp_path / "dump"])
    visitor.follow("enlarge 300 dumped textures")

    with zipfile.ZipFile(browser.downloaded("depixel.zip")) as archive:
        assert sorted(archive.namelist()) == sorted(f"dump/level{n % 3}/{n:08x}-x4.png" for n in range(30))
    assert browser.text("#tally") == "30 of 31 done, 1 failed"
