"""What cannot be written is reported before anything is computed: in passes, in archives and by --dry-run."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from nearest_worker import NearestWorker
from pack_desk import Desk
from PIL import Image

from depixel.cli import main
from depixel_watch.packs.archive import rewrite
from depixel_watch.packs.profiles import load
from depixel_watch.preview.survey import Goal, survey, survey_archive
from depixel_watch.work.limits import SizeLimits

WIDE = 8200  # pixels: twice as wide is more than WebP holds


def _webp(width: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((2, width, 3), 90, np.uint8)).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def test_a_texture_too_wide_for_its_format_never_reaches_the_engine(tmp_path: Path) -> None:
    """A WebP wider than 16383 pixels fails with advice, and the other texture is done."""
    desk = Desk(tmp_path)
    (desk.source / "wide.webp").write_bytes(_webp(WIDE))
    (desk.source / "narrow.webp").write_bytes(_webp(8))
    desk.once()

    failed = {event.path: event.sentence for event in desk.events if event.what == "failed"}
    assert list(failed) == ["wide.webp"] and "16383" in failed["wide.webp"] and "choose PNG" in failed["wide.webp"]
    assert [name for name, _ in desk.worker.requests] == ["narrow.webp"]


def test_inside_an_archive_it_is_copied_and_said(tmp_path: Path) -> None:
    """The entry stays as it is."""
    path, out = tmp_path / "p.zip", io.BytesIO()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("wide.webp", _webp(WIDE))
    worker = NearestWorker(2)

    notes = rewrite(path, out, worker, load())

    assert any("wide.webp" in note and "16383" in note for note in notes) and worker.requests == []
    with zipfile.ZipFile(out) as archive:
        assert archive.read("wide.webp") == _webp(WIDE)


@pytest.mark.parametrize("inside", [False, True])
def test_a_dry_run_says_the_same(tmp_path: Path, inside: bool) -> None:
    """By the first bytes of the files: what would fail, what the limits leave alone, and the scale of the others."""
    files = {"wide.webp": _webp(WIDE), "large.webp": _webp(300), "small.webp": _webp(100)}
    (tmp_path / "m").mkdir()
    for name, data in files.items():
        (tmp_path / "m" / name).write_bytes(data)
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    profiles, goal = load(), Goal(2, SizeLimits(most=500))

    def look(goal: Goal):
        if inside:
            return survey_archive(tmp_path / "p.zip", profiles, None, goal)
        return survey(tmp_path / "m", profiles, profiles["generic"], goal, False, pytest.fail)

    limited, free = look(goal), look(Goal(2))
    assert limited.failed == {} and sum(limited.skipped.values()) == 2
    assert [(member.path, member.scale) for member in limited.textures] == [("small.webp", 2)]
    assert list(free.failed) == ["wide.webp"] and "16383" in free.failed["wide.webp"]
    assert {member.path for member in free.textures} == {"large.webp", "small.webp"}


def test_archives_under_any_name(tmp_path: Path) -> None:
    """A zip named .dat is a pack; a document is none; a zip without pictures is not mentioned."""
    desk = Desk(tmp_path)
    texture, buffer = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(texture, "PNG")
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a/wall.png", texture.getvalue())
    for name in ("textures.dat", "letter.docx"):
        (desk.source / name).write_bytes(buffer.getvalue())
    with zipfile.ZipFile(desk.source / "code.bin", "w") as archive:
        archive.writestr("main.lua", b"x")
    desk.once()

    assert desk.outputs() == {"textures.dat"}
    with zipfile.ZipFile(desk.out / "textures.dat") as archive:
        assert Image.open(archive.open("a/wall.png")).size == (8, 8)


@pytest.mark.parametrize("more", [["--once"], ["--dry-run"]])
def test_an_output_folder_with_too_long_a_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    """A sentence, before the engine is loaded."""
    (tmp_path / "m").mkdir()

    assert main(["watch", str(tmp_path / "m"), "-o", str(tmp_path / ("n" * 300)), *more]) == 1
    assert "the name is too long for this file system" in capsys.readouterr().err
