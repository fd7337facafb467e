"""`depixel imagine`: people without an input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from depixel.cli import main


def test_a_person_is_drawn_and_labelled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file has the size, says that nobody real is shown, and the same seed draws the same person."""
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    for out in (first, second):
        assert main(["imagine", "-o", str(out), "--seed", "7", "--size", "32", "--face", "age=60, glasses=round"]) == 0
    with Image.open(first) as picture:
        assert picture.size == (32, 32)
        assert "does not show a real person" in picture.info["Description"]
        assert picture.info["Comment"] == "imagined"
        pixels = picture.tobytes()
    with Image.open(second) as picture:
        assert picture.tobytes() == pixels
    assert "does not show a real person" in capsys.readouterr().out


def test_several_people_and_their_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each candidate has its own file and seed; JSON names all dials."""
    out = tmp_path / "a.png"
    assert main(["imagine", "-o", str(out), "--size", "24", "--candidates", "2", "--face", "age=30", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert [person["seed"] for person in document["people"]] == [0, 1]
    assert all(person["face"]["age"] == 30 for person in document["people"])
    assert Path(document["people"][0]["out"]).read_bytes() != Path(document["people"][1]["out"]).read_bytes()


def test_nothing_is_overwritten_and_bad_wishes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An existing file stays; a wrong dial or size gives one sentence and exit code 2."""
    out = tmp_path / "a.png"
    out.write_bytes(b"mine")

    assert main(["imagine", "-o", str(out), "--size", "24"]) != 0
    assert out.read_bytes() == b"mine"
    for wrong in (["--face", "nose=5"], ["--size", "4"], ["--size", "2048"], ["--candidates", "0"], ["--seed", "-1"]):
        assert main(["imagine", "-o", str(tmp_path / "b.png"), *wrong]) == 2
    assert not (tmp_path / "b.png").exists()
    capsys.readouterr()
    assert main(["imagine", "--seed", "1"]) == 2
    assert "-o OUT is missing" in capsys.readouterr().err
    assert main(["imagine", "--face", "help"]) == 0
    listed = capsys.readouterr().out
    assert "glasses " in listed and "older " in listed and "same person " in listed
