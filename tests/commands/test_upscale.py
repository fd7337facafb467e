"""`depixel upscale` finds the frames of a sheet by itself, as the watcher does, and decides about sets at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from depixel.cli import main


def _tileset(path: Path) -> None:
    sheet = np.zeros((32, 64, 3), np.uint8)
    for k in range(32):
        tone = np.random.default_rng(k).integers(20, 230, 3)
        noise = np.random.default_rng(k + 50).integers(0, 12, (8, 8, 1))
        sheet[8 * (k // 8) : 8 * (k // 8) + 8, 8 * (k % 8) : 8 * (k % 8) + 8] = tone + noise
    Image.fromarray(sheet).save(path)


def _planned(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert main(["upscale", *words, "-o", "out", "--dry-run", "--json"]) == 0
    pictures: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["pictures"]
    return pictures


def test_tiles_without_gaps_are_cut_unless_frames_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By default and with --frames auto; --frames none and a grid that was typed are obeyed."""
    monkeypatch.chdir(tmp_path)
    _tileset(tmp_path / "world.png")

    def notes(*words: str) -> str:
        return " ".join(_planned(capsys, "world.png", *words)[0]["notes"])

    assert "sheet of 8x4 frames" in notes()
    assert "sheet of 4x4 frames" in notes("--frames", "4x4")
    assert "was treated as a sheet" not in notes("--frames", "none")


def test_a_dry_run_decides_about_sets_as_the_run_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of six frames of a walk, one has a soft shadow that would make it art by itself."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "walk").mkdir()
    palette = np.random.default_rng(1).integers(20, 235, (9, 3))
    figure = np.zeros((32, 32, 4), np.uint8)
    figure[4:26, 8:24, :3] = palette[np.random.default_rng(2).integers(0, 9, (22, 16))]
    figure[4:26, 8:24, 3] = 255
    for k in range(6):
        frame = np.roll(figure, k - 3, 1)
        if k == 4:
            frame[26:31, :, 3] = np.linspace(10, 200, 32).astype(np.uint8)
            frame[26:31, :, :3] = (90, 120, 200)
        Image.fromarray(frame).save(tmp_path / f"walk/orc-{k}.png")

    together = _planned(capsys, "walk")
    alone = _planned(capsys, "walk/orc-4.png")

    assert [picture["domain"] for picture in together] == ["pixel-art"] * 6
    assert "Most pictures of its set are pixel-art" in " ".join(together[4]["notes"])
    assert alone[0]["domain"] == "art"


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
@pytest.mark.parametrize("out", ["n" * 300 + ".png", "n" * 300, "n" * 300 + "/a.png"])
def test_a_name_that_is_too_long_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str, more: list[str]
) -> None:
    """For a file, a folder, and a folder above it; before anything is read, and by --dry-run."""
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")

    assert main(["upscale", str(tmp_path / "a.png"), "-o", str(tmp_path / out), *more]) == 1
    printed = capsys.readouterr().err
    assert "nnn... cannot be written: the name is too long for this file system." in printed and len(printed) < 200
