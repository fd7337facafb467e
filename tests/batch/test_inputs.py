"""Finds the pictures that a command line names."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from depixel.batch.inputs import DEFAULT_OUT, find_pictures, nothing_found
from depixel.batch.plan import Naming, plan_pictures

READABLE = {".png", ".tga"}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pictures with unusual names, and other files."""
    names = ["a/hero.png", "a/Ünï çødé/图 😀.PNG", "a/notes.txt", "a/.hidden/x.png", "b/hero.png", "b/deep/er/wall.tga"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _relative(*inputs: str, leave_out: str | None = None) -> list[str]:
    result = find_pictures(inputs, READABLE, Path(leave_out) if leave_out else None)
    return [relative.as_posix() for _, relative in result.pictures]


def test_one_folder_keeps_its_structure(tree: Path) -> None:
    """
    Paths are relative to the folder; names and case do not change, hidden files are skipped, other files are counted.
    """
    result = find_pictures(["a"], READABLE)

    assert [r.as_posix() for _, r in result.pictures] == ["hero.png", "Ünï çødé/图 😀.PNG"]
    assert result.ignored == 1


def test_several_folders_do_not_mix(tree: Path) -> None:
    """Each input gets a folder of its own name, so that two hero.png do not collide."""
    assert _relative("a", "b") == ["a/hero.png", "a/Ünï çødé/图 😀.PNG", "b/hero.png", "b/deep/er/wall.tga"]


def test_patterns_keep_what_lies_below_the_fixed_part(tree: Path) -> None:
    """b/**/*.tga keeps deep/er; a pattern without a match is reported."""
    assert _relative("b/**/*.tga") == ["deep/er/wall.tga"]
    assert _relative("*/hero.png") == ["a/hero.png", "b/hero.png"]
    assert find_pictures(["c/*.png"], READABLE).missing == [("c/*.png", "nothing matches the pattern c/*.png.")]


def test_a_named_file_is_taken_whatever_its_ending(tree: Path) -> None:
    """Named files are judged by content; only folders are filtered by name."""
    assert _relative("a/notes.txt") == ["notes.txt"]


def test_a_file_named_with_wildcard_characters_is_a_file(tree: Path) -> None:
    """hero[1].png exists, so it is not a pattern."""
    (tree / "hero[1].png").write_bytes(b"x")

    assert _relative("hero[1].png") == ["hero[1].png"]


def test_missing_inputs_are_named(tree: Path) -> None:
    """A misspelt name is reported."""
    assert find_pictures(["nope.jpg"], READABLE).missing == [("nope.jpg", "no such file or folder: nope.jpg.")]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("a/heroo.png", "a/hero.png"), ("a/HERO.PNG", "a/hero.png"), ("aa/hero.png", "a/hero.png"), ("zz/zz.xyz", None)],
)
def test_a_slip_is_answered_with_what_was_meant(tree: Path, typed: str, meant: str | None) -> None:
    """The most similar name in the folder, or in the intended folder, or none."""
    ((text, reason),) = find_pictures([typed], READABLE).missing

    assert text == typed
    assert reason == f"no such file or folder: {typed}" + (f"; did you mean {meant}?" if meant else ".")


def test_earlier_answers_are_no_inputs(tree: Path) -> None:
    """The default output folder of an earlier run is skipped, unless it is the input itself."""
    answers = tree / "b" / "deep" / DEFAULT_OUT
    answers.mkdir()
    (answers / "old.png").write_bytes(b"x")

    assert _relative("b", leave_out="elsewhere") == _relative("b")
    assert not any("old.png" in name for name in _relative("b"))
    assert _relative(f"b/deep/{DEFAULT_OUT}") == ["old.png"]


def test_every_picture_once(tree: Path) -> None:
    """A file named twice, or also through its folder, is one input."""
    assert _relative("a/hero.png", "a/hero.png", "a") == ["hero.png", "Ünï çødé/图 😀.PNG"]


def test_results_are_no_inputs(tree: Path) -> None:
    """An output folder inside the input folder is skipped."""
    assert _relative("b", leave_out="b/deep") == ["hero.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_to_folders_are_not_followed(tree: Path) -> None:
    """A link to a parent folder does not cause an endless walk."""
    (tree / "b" / "loop").symlink_to(tree)

    assert sorted(_relative("b")) == ["deep/er/wall.tga", "hero.png"]


def test_links_in_circles_are_inputs_that_fail(tmp_path: Path) -> None:
    """An unreadable file is found like the others and reported with its reason; the plan continues."""
    (tmp_path / "a.png").touch()
    (tmp_path / "loop.png").symlink_to("loop.png")

    result = find_pictures([str(tmp_path)], {".png"})
    jobs = plan_pictures(result.pictures, Naming(tmp_path / "out", False), {".png"}, 1, False)

    assert [job.name for job in jobs] == ["a.png", "loop.png"]
    assert [job.problem for job in jobs] == [None, None]


def test_what_systems_leave_behind_is_skipped(tree: Path) -> None:
    """Waste bins, thumbnails of network drives and unfinished downloads are neither used nor counted."""
    for name in (
        "$RECYCLE.BIN/S-1/$R1.png",
        "@eaDir/hero.png/THUMB.png",
        "__MACOSX/._hero.png",
        "~syncthing~x.png.tmp",
    ):
        path = tree / "a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")

    assert _relative("a") == ["hero.png", "Ünï çødé/图 😀.PNG"]
    assert find_pictures(["a"], READABLE).ignored == 1


def test_archives_are_named_with_advice(tree: Path) -> None:
    """A folder of packs is never skipped silently, with or without pictures next to them."""
    (tree / "packs").mkdir()
    for name in ("a.mcpack", "b.7z", "c.rpgmvp", "d.tar.gz", "notes.txt", *(f"{k:02}.rar" for k in range(19))):
        (tree / "packs" / name).write_bytes(b"x")

    result = find_pictures(["packs"], READABLE)

    assert len(result.unopened) == 23 and result.ignored == 24
    sentence = nothing_found(["packs"], result, READABLE)
    assert "00.rar is a RAR archive, which Depixel does not open: unpack it and upscale the folder." in sentence
    assert "a.mcpack is an archive: name it as an input" in sentence
    assert sentence.endswith("And 3 more files.")


def test_textures_that_are_not_read_are_named(tree: Path) -> None:
    """Formats of games are reported with advice; working files of editors are not."""
    for name in ("wall.blp", "wall.pvr", "wall.xnb", "wall.psd"):
        (tree / "a" / name).write_bytes(b"x")

    sentences = find_pictures(["a"], READABLE).unopened

    assert [sentence.split(" ")[0] for sentence in sentences] == ["wall.blp", "wall.pvr", "wall.xnb"]
    assert "to get a PNG" in sentences[0] and "PNG or KTX" in sentences[1]


def test_a_zip_under_another_name_is_named(tree: Path) -> None:
    """By its content, if it holds pictures; documents and zips of code are ignored, and a pipe is not opened."""
    if hasattr(os, "mkfifo"):
        os.mkfifo(tree / "a" / "pipe.dat")
    for name, inner in (("textures.dat", "a.png"), ("code.bin", "main.lua"), ("letter.docx", "a.png")):
        with zipfile.ZipFile(tree / "a" / name, "w") as archive:
            archive.writestr(inner, b"x")

    assert [sentence.split(" ")[0] for sentence in find_pictures(["a"], READABLE).unopened] == ["textures.dat"]
