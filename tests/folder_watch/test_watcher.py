"""The mod folder is kept up to date: right files, once, whatever happens."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nearest_worker import NearestWorker
from PIL import Image
from settling import add

from depixel.errors import BadUsageError, DepixelError, UnwritableOutputError
from depixel_watch.display.page import PAGE_NAME
from depixel_watch.folder.layout import checked, overlay_for
from depixel_watch.folder.stamps import StabilityTracker, Stamp
from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger
from depixel_watch.ledger.lock import is_held, only_one
from depixel_watch.packs.profiles import OWN_PROFILES, load
from depixel_watch.work import pipeline as pipeline_module
from depixel_watch.work import publication
from depixel_watch.work.pauses import OutputDeletedError
from depixel_watch.work.watcher import Announcement, DiskFullError, PassCounts, PauseError, Watcher


class Clock:
    """A clock that advances on demand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def picture(path: Path, seed: int = 0, size: tuple[int, int] = (4, 6)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA"))


class Desk:
    """A watched folder, its output, and a watcher with its own clock."""

    def __init__(self, root: Path) -> None:
        self.source = root / "mods"
        self.source.mkdir()
        self.out = overlay_for(self.source)
        self.worker = NearestWorker()
        self.clock = Clock()
        self.events: list[Announcement] = []
        self.open()

    def open(self, complete: bool = False, retry: bool = False) -> None:
        tracker = StabilityTracker(2.0, self.clock)
        profiles, tell = load(own=self.source), self.events.append
        self.watcher = Watcher(
            self.source, self.out, self.worker, tracker, profiles, complete=complete, retry=retry, tell=tell
        )

    def killed_while_writing(self, path: str) -> None:
        """As if killed between the output's rename and the ledger's row."""
        self.watcher.close()
        ledger = Ledger(self.out / LEDGER_NAME)
        row = ledger.get(path)
        assert row is not None
        ledger.record([replace(row, state="writing", out=Stamp(0, 0))])
        ledger.close()

    def settle(self) -> PassCounts:
        """Passes until nothing is waiting; the sum of their counts."""
        total = PassCounts()
        for _ in range(6):
            tally = self.watcher.reconcile()
            add(total, tally)
            if not tally.waiting:
                return total
            self.clock.now += 3
        raise AssertionError("it never settles")

    def outputs(self) -> set[str]:
        paths = (p.relative_to(self.out) for p in self.out.rglob("*") if p.is_file())
        return {p.as_posix() for p in paths if not p.name.startswith((".depixel-ledger", ".depixel-lock"))}


@pytest.fixture
def desk(tmp_path: Path):
    new = Desk(tmp_path)
    yield new
    new.watcher.close()


def test_structure_names_and_case_are_kept(desk: Desk) -> None:
    """The output has the same relative path, case and extension, including non-ASCII and long names."""
    names = ["a/Hero.PNG", "a/b/hero.png", "Ünïcode/テクスチャ 😀.png", "x" * 200 + ".png", "with space/icon.tga"]
    for seed, name in enumerate(names):
        picture(desk.source / name, seed)

    desk.settle()

    assert desk.outputs() == {*names, "depixel-report.html"}
    assert (pixels(desk.out / names[0]) == pixels(desk.source / names[0]).repeat(2, 0).repeat(2, 1)).all()


def test_a_growing_file_is_left_until_it_stands_still(desk: Desk) -> None:
    """A half-copied file is never processed."""
    whole = picture(desk.source / "whole.png", size=(40, 40)).read_bytes()
    slow = desk.source / "slow.png"
    for end in (200, 900, len(whole)):
        slow.write_bytes(whole[:end])
        desk.watcher.reconcile()
        desk.clock.now += 1.5
        assert "slow.png" not in desk.outputs()

    tally = desk.settle()

    assert tally.failed == 0
    assert "slow.png" in desk.outputs()


def test_unchanged_is_never_redone_and_changed_always(desk: Desk) -> None:
    """Once and only once, also across processes."""
    path = picture(desk.source / "a.png", 1)
    desk.settle()
    desk.watcher.close()
    desk.open()
    assert desk.settle().skipped == 1
    assert len(desk.worker.requests) == 1

    picture(path, 2)
    os.utime(path, ns=(1, 1))
    assert desk.settle().done == 1
    assert (pixels(desk.out / "a.png")[::2, ::2] == pixels(path)).all()


def test_another_recipe_redoes_all(desk: Desk) -> None:
    """With other settings or another model every output is made again."""
    picture(desk.source / "a.png")
    desk.settle()
    desk.watcher.close()
    desk.worker = NearestWorker(3)
    desk.open()

    assert desk.settle().done == 1
    assert pixels(desk.out / "a.png").shape == (12, 18, 4)


def test_identical_contents_are_computed_once(desk: Desk) -> None:
    """Ten thousand dumps of one texture cost one answer."""
    for i in range(20):
        picture(desk.source / f"dump{i}.png", 7)

    tally = desk.settle()

    assert len(desk.worker.requests) == 1
    assert (tally.done, tally.copied) == (1, 19)
    assert len(desk.outputs()) == 21


def test_a_bad_file_is_named_and_not_retried_until_it_changes(desk: Desk) -> None:
    """One bad file stops nothing; it is in the ledger and on the page with its reason."""
    (desk.source / "bad<b>.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    picture(desk.source / "good.png")
    assert desk.settle().failed == 1
    assert "good.png" in desk.outputs()
    assert "bad&lt;b&gt;.png" in (desk.out / "depixel-report.html").read_text()
    assert desk.settle().failed == 0

    picture(desk.source / "bad<b>.png", 3)
    assert desk.settle().done == 1
    assert "Nothing failed" in (desk.out / "depixel-report.html").read_text()


def test_what_failed_can_be_tried_again_unchanged(desk: Desk) -> None:
    """
    For example files refused by an engine short of memory: retried once, on request; finished files stay finished.
    """
    picture(desk.source / "bad.png", 1)
    picture(desk.source / "good.png", 2)
    desk.settle()
    (desk.source / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    desk.settle()
    desk.watcher.close()
    desk.open(retry=True)

    again = desk.settle()
    assert (again.failed, again.done) == (1, 0)
    assert desk.settle().failed == 0
    assert len(desk.worker.requests) == 2
    picture(desk.source / "bad.png", 3)
    assert desk.settle().done == 1  # its last good output is still recorded as ours


def test_deleted_and_renamed_sources(desk: Desk) -> None:
    """Deleting a source deletes its output; a renamed one is copied, not computed."""
    picture(desk.source / "old/a.png", 1)
    picture(desk.source / "b.png", 2)
    desk.settle()
    (desk.source / "old/a.png").rename(desk.source / "new.png")
    (desk.source / "b.png").unlink()

    tally = desk.settle()

    assert (tally.copied, tally.removed) == (1, 2)
    assert desk.outputs() == {"new.png", "depixel-report.html"}
    assert not (desk.out / "old").exists()
    assert len(desk.worker.requests) == 2


def test_a_file_missed_by_one_look_is_not_computed_again(desk: Desk, tmp_path: Path) -> None:
    """Missed in one pass (renamed during the walk), back under another name: its output is copied."""
    path = picture(desk.source / "a.png", 1)
    picture(desk.source / "b.png", 2)
    desk.settle()
    path.rename(tmp_path / "away.png")
    assert desk.watcher.reconcile().removed == 0
    (tmp_path / "away.png").rename(desk.source / "c.png")

    tally = desk.settle()

    assert (tally.copied, tally.removed, len(desk.worker.requests)) == (1, 1, 2)
    assert desk.outputs() == {"b.png", "c.png", "depixel-report.html"}


def test_a_folder_of_the_same_name(desk: Desk) -> None:
    """hero.png becomes a folder of pictures, and a picture again: the outputs follow."""
    path = picture(desk.source / "hero.png", 1)
    desk.settle()
    path.unlink()
    picture(path / "one.png", 2)
    for _ in range(3):
        desk.settle()
    assert desk.outputs() == {"hero.png/one.png", "depixel-report.html"}

    shutil.rmtree(path)
    picture(path, 3)
    for _ in range(3):
        desk.settle()
    assert desk.outputs() == {"hero.png", "depixel-report.html"}
    assert (pixels(desk.out / "hero.png")[::2, ::2] == pixels(path)).all()


def test_a_case_only_rename(desk: Desk) -> None:
    """hero.png becomes Hero.png in the output too."""
    path = picture(desk.source / "hero.png")
    desk.settle()
    path.rename(desk.source / "Hero.png")
    desk.settle()

    assert desk.outputs() == {"Hero.png", "depixel-report.html"}


def test_what_is_not_ours_is_never_overwritten_or_removed(desk: Desk) -> None:
    """A file that somebody put into the output folder, or edited there, stays."""
    picture(desk.source / "mine.png", 1)
    picture(desk.source / "edited.png", 2)
    mine = picture(desk.out / "mine.png", 50).read_bytes()
    assert desk.settle().failed == 1
    edited = picture(desk.out / "edited.png", 51).read_bytes()
    (desk.source / "edited.png").unlink()
    desk.settle()

    assert (desk.out / "mine.png").read_bytes() == mine
    assert (desk.out / "edited.png").read_bytes() == edited


def test_what_is_in_the_way_of_an_output_may_be_moved_away(desk: Desk) -> None:
    """A file that is not ours, or a file where a folder is needed: reported once; processed when it is gone."""
    picture(desk.source / "mine.png", 1)
    picture(desk.source / "d" / "t.png", 2)
    picture(desk.out / "mine.png", 50)
    (desk.out / "d").write_text("no folder")
    assert desk.settle().failed == 2
    assert desk.settle().failed == 0
    reasons = {event.path: event.sentence for event in desk.events if event.what == "failed"}
    (desk.out / "mine.png").unlink()
    (desk.out / "d").unlink()

    assert desk.settle().done == 2
    assert "move it away" in reasons["mine.png"]
    assert "cannot be created" in reasons["d/t.png"]


def test_an_output_folder_that_cannot_be_used_is_waited_for(desk: Desk) -> None:
    """A missing output drive causes a pause with a sentence; work continues when it is back."""
    picture(desk.source / "a.png", 1)
    desk.watcher.reconcile()
    desk.clock.now += 3
    away = desk.out.rename(desk.out.with_name("away"))
    desk.out.write_text("no folder")
    with pytest.raises(PauseError, match="cannot be used"):
        desk.watcher.reconcile()
    desk.out.unlink()
    away.rename(desk.out)

    assert desk.settle().done == 1


def test_an_output_that_is_held_open_is_removed_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows does not allow deleting a file that a game has open: reported once, and done when the game has ended."""
    picture(desk.source / "a.png", 1)
    picture(desk.source / "b.png", 2)
    desk.settle()
    (desk.source / "a.png").unlink()
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == desk.out / "a.png":
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    for _ in range(3):
        assert desk.settle().removed == 0
    monkeypatch.undo()

    assert desk.settle().removed == 1
    assert [event.what for event in desk.events].count("note") == 1
    assert not (desk.out / "a.png").exists()


def test_troubles_of_the_folder_are_told_once(desk: Desk) -> None:
    """Skipped links are reported once; again when they reappear."""
    picture(desk.source / "a.png")
    link = desk.source / "link"

    def notes() -> list[str]:
        desk.settle()
        sentences = [event.sentence for event in desk.events if event.what == "note"]
        desk.events.clear()
        return sentences

    (desk.source / "nowhere.png").symlink_to("missing")
    link.symlink_to("..")
    first = notes()
    second = notes()
    link.unlink()
    notes()
    link.symlink_to("..")

    assert [sentence.split()[0] for sentence in sorted(first)] == ["link", "nowhere.png"]
    assert second == []
    assert notes() == ["link is a link to a folder and is not followed; watch that folder separately."]


def test_a_page_that_cannot_be_written_stops_nobody(desk: Desk) -> None:
    """Reported once, and written when possible."""
    picture(desk.source / "a.png", 1)
    page = desk.out / PAGE_NAME
    page.mkdir()
    (page / "theirs").touch()
    for _ in range(2):
        desk.settle()
    notes = [event.sentence for event in desk.events if event.what == "note"]
    shutil.rmtree(page)
    desk.settle()

    assert (desk.out / "a.png").exists()
    assert len(notes) == 1
    assert f"{page} cannot be written" in notes[0]
    assert "<b>1</b> done" in page.read_text("utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="paths of another length")
def test_a_file_too_deep_to_be_opened_is_told_of(desk: Desk) -> None:
    """A folder that can be listed but whose files cannot be checked is reported."""
    picture(desk.source / "a.png", 1)
    at, length = os.open(desk.source, os.O_RDONLY), len(os.fspath(desk.source))
    while length < 4080:
        name = "d" * min(200, 4084 - length)
        os.mkdir(name, dir_fd=at)
        inner = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at, length = inner, length + 1 + len(name)
    os.close(os.open("hero-with-a-long-name.png", os.O_WRONLY | os.O_CREAT, dir_fd=at))
    os.close(at)

    assert desk.settle().done == 1
    assert [e.sentence.rsplit(": ", 1)[-1] for e in desk.events if e.what == "note"] == []
    assert [e.sentence.rsplit(": ", 1)[-1] for e in desk.events if e.what == "failed"] == ["file name too long."]


def test_other_rules_redo_archives(desk: Desk) -> None:
    """The user's own rules apply inside zips too: a pack is made again when they change."""
    with zipfile.ZipFile(desk.source / "pack.zip", "w") as archive:
        archive.write(picture(desk.source / "t.png"), "t.png")
    assert desk.settle().done == 2
    desk.watcher.close()
    (desk.source / OWN_PROFILES).write_text(
        '[[profile]]\nname = "mine"\ntitle = "mine"\nrules = [{match = "*.png", action = "copy"}]\n'
    )
    desk.open()

    assert desk.settle().done == 1


def test_an_unmounted_folder_removes_nothing(desk: Desk, tmp_path: Path) -> None:
    """A watched folder that vanishes or becomes empty (a network drive) does not affect the outputs."""
    picture(desk.source / "a.png")
    desk.settle()
    desk.source.rename(tmp_path / "away")
    desk.watcher.reconcile()
    desk.source.mkdir()
    desk.watcher.reconcile()

    assert "a.png" in desk.outputs()


def test_deleting_the_output_folder_reverts_and_starts_over(desk: Desk) -> None:
    """Reverting means deleting one folder, even while the watcher runs."""
    picture(desk.source / "a.png")
    desk.settle()
    shutil.rmtree(desk.out)

    assert desk.settle().done == 1
    assert "a.png" in desk.outputs()


@pytest.mark.parametrize("whole", [True, False], ids=["all of it", "stopped half-way"])
def test_deleting_the_output_folder_in_the_middle_of_the_work(desk: Desk, whole: bool) -> None:
    """Nothing is written that no ledger records, and remaining outputs are not mistaken for files of others."""
    for i in range(2):
        picture(desk.source / "first" / f"{i}.png", i)
        picture(desk.source / "then" / f"{i}.png", 10 + i, (130, 130))  # a separate group
    upscale = desk.worker.upscale

    def deleted_meanwhile(*arguments: Any) -> Any:
        if len(desk.worker.batches) == 1:
            for name in [LEDGER_NAME] if not whole else [p.name for p in desk.out.iterdir()]:
                place = desk.out / name
                shutil.rmtree(place) if place.is_dir() else place.unlink()
        return upscale(*arguments)

    desk.worker.upscale = deleted_meanwhile  # type: ignore[assignment, method-assign]
    desk.watcher.reconcile()
    desk.clock.now += 3
    with pytest.raises(OutputDeletedError, match="was deleted"):
        desk.watcher.reconcile()
    tally = desk.settle()

    assert tally.failed == 0
    assert all((pixels(desk.out / p)[::2, ::2] == pixels(desk.source / p)).all() for p in desk.outputs() if "/" in p)
    assert len(desk.outputs()) == 5
    assert desk.settle().skipped == 4


def test_links_in_circles_and_to_nowhere(desk: Desk) -> None:
    """A loop of folders ends; a dangling link is skipped."""
    picture(desk.source / "a/a.png")
    (desk.source / "a/loop").symlink_to(desk.source)
    (desk.source / "nowhere.png").symlink_to("missing")

    desk.settle()

    assert desk.outputs() == {"a/a.png", "depixel-report.html"}


def test_leftovers_of_a_killed_run(desk: Desk) -> None:
    """A half-written output is removed, and interrupted work is done again."""
    path = picture(desk.source / "a.png")
    desk.settle()
    desk.killed_while_writing("a.png")
    (desk.out / "a.png").unlink()
    (desk.out / ".depixel-123.part").write_bytes(b"half")
    desk.open()

    desk.settle()

    assert (pixels(desk.out / "a.png")[::2, ::2] == pixels(path)).all()
    assert desk.outputs() == {"a.png", "depixel-report.html"}


def test_a_source_deleted_after_a_kill_leaves_no_output(desk: Desk) -> None:
    """
    Killed between the output's rename and the ledger's row, then the source is deleted: the output is deleted too.
    """
    picture(desk.source / "a.png", 1)
    picture(desk.source / "b.png", 2)
    desk.settle()
    desk.killed_while_writing("a.png")
    (desk.source / "a.png").unlink()
    desk.open()

    desk.settle()

    assert desk.outputs() == {"b.png", "depixel-report.html"}


def test_an_output_of_a_killed_run_is_ours_though_its_source_fails_next(desk: Desk) -> None:
    """Killed after the output's rename, then the source is broken: its output is neither foreign nor left behind."""
    good = picture(desk.source / "a.png", 1).read_bytes()
    picture(desk.source / "b.png", 2)
    desk.settle()
    for _ in range(2):
        desk.killed_while_writing("a.png")
        (desk.source / "a.png").write_bytes(b"broken")
        desk.open()
        assert desk.settle().failed == 1
        (desk.source / "a.png").write_bytes(good)
        assert desk.settle().done == 1
    desk.killed_while_writing("a.png")
    (desk.source / "a.png").write_bytes(b"broken")
    desk.open()
    desk.settle()
    (desk.source / "a.png").unlink()
    desk.settle()

    assert desk.outputs() == {"b.png", "depixel-report.html"}


def test_a_zip_renamed_while_it_is_read_is_no_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is processed under its new name; no failure is reported, and nothing is left under the old one."""
    picture(desk.source / "b.png", 2)
    with zipfile.ZipFile(desk.source / "pack.zip", "w") as archive:
        archive.writestr("t.png", picture(desk.source / "t.png").read_bytes())
    rewrite = pipeline_module.rewrite

    def renamed_before(path: Path, *rest: Any) -> list[str]:
        if path.name == "pack.zip":
            path.rename(path.with_name("other.zip"))
        return rewrite(path, *rest)

    monkeypatch.setattr(pipeline_module, "rewrite", renamed_before)
    tally = desk.settle()

    assert (tally.failed, tally.done) == (0, 3)
    assert desk.outputs() == {"b.png", "t.png", "other.zip", "depixel-report.html"}


def test_a_full_disk_pauses_and_resumes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file fails because the disk is full; when there is space, work continues."""
    picture(desk.source / "a.png")
    desk.watcher.reconcile()
    desk.clock.now += 3

    def full(*args: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publication, "write_part", full)
        with pytest.raises(DiskFullError, match="waiting for space"):
            desk.watcher.reconcile()

    assert desk.settle().done == 1


def test_complete_pack_copies_the_rest(desk: Desk) -> None:
    """--complete-pack: unknown files are copied byte for byte."""
    (desk.source / "readme.txt").write_bytes(b"hello\r\n")
    desk.settle()
    assert "readme.txt" not in desk.outputs()
    desk.watcher.close()
    desk.open(complete=True)
    desk.settle()

    assert (desk.out / "readme.txt").read_bytes() == b"hello\r\n"


def test_small_textures_share_batches(desk: Desk) -> None:
    """Textures of different sizes reach the worker together."""
    for i in range(40):
        picture(desk.source / f"{i}.png", i, (4 + i % 3, 5))
    desk.settle()

    assert desk.worker.batches == [40]


def test_animated_strip(desk: Desk) -> None:
    """Minecraft: frames by .mcmeta are upscaled as frames; block textures wrap, fonts are left alone."""
    (desk.source / "pack.mcmeta").write_text("{}")
    folder = desk.source / "assets/minecraft/textures"
    strip = picture(folder / "block/lava.png", 1, (16, 4))
    strip.with_name("lava.png.mcmeta").write_text('{"animation": {"frametime": 2}}')
    picture(folder / "font/ascii.png", 2)
    desk.settle()

    assert desk.worker.requests == [("lava.png", {"frames": "1x4", "wrap": "xy"})]
    assert (desk.out / "assets/minecraft/textures/block/lava.png.mcmeta").exists()
    assert (pixels(desk.out / strip.relative_to(desk.source))[::2, ::2] == pixels(strip)).all()
    assert "assets/minecraft/textures/font/ascii.png" not in desk.outputs()


def test_a_compressed_dds_comes_out_as_it_was(desk: Desk) -> None:
    """DXT5 in, DXT5 out, of the larger size, under the same name."""
    block = np.full((8, 8, 4), 200, np.uint8)
    Image.fromarray(block).save(desk.source / "t.dds", pixel_format="DXT5")
    desk.settle()

    data = (desk.out / "t.dds").read_bytes()
    assert data[84:88] == b"DXT5"
    assert pixels(desk.out / "t.dds").shape == (16, 16, 4)


def test_a_dropped_zip(desk: Desk) -> None:
    """A zip becomes a zip; one without its end record is reported."""
    picture(desk.source / "t.png")
    with zipfile.ZipFile(desk.source / "pack.zip", "w") as archive:
        archive.write(desk.source / "t.png", "t.png")
    (desk.source / "cut.zip").write_bytes((desk.source / "pack.zip").read_bytes()[:-30])

    tally = desk.settle()

    assert tally.failed == 1
    with zipfile.ZipFile(desk.out / "pack.zip") as result, result.open("t.png") as file, Image.open(file) as image:
        assert image.size == (12, 8)


def test_layouts_that_feed_on_themselves_are_refused(tmp_path: Path) -> None:
    """Same folder, output inside the source, source inside the output, an output folder as source, no folder."""
    source = tmp_path / "mods"
    source.mkdir()
    (tmp_path / "link").symlink_to(source)
    elsewhere = tmp_path / "made"
    Ledger(elsewhere / LEDGER_NAME).close()
    bad: list[tuple[Path, Path]] = [
        (source, source),
        (source, source / "out"),
        (source, tmp_path),
        (source, tmp_path / "link" / "out"),
        (elsewhere, tmp_path / "elsewhere"),
        (tmp_path / "missing", tmp_path / "out"),
        (Path(tmp_path.anchor), tmp_path / "out"),
    ]
    for folder, out in bad:
        with pytest.raises(BadUsageError):
            checked(folder, out)

    with pytest.raises(BadUsageError, match="whole disk"):
        overlay_for(Path(tmp_path.anchor))
    assert checked(source, overlay_for(source)) == (source, tmp_path / "mods-depixel")


def test_two_watchers_never_share_an_output(desk: Desk) -> None:
    """The second is refused; the lock ends with the first."""
    with only_one(desk.out):
        assert is_held(desk.out)
        with pytest.raises(BadUsageError, match="Another"), only_one(desk.out):
            pass
    assert not is_held(desk.out)


def test_a_deleted_output_folder_is_held_again(desk: Desk) -> None:
    """The lock is deleted with the folder and taken again; if another watcher was faster, it is that watcher's."""
    with only_one(desk.out) as lock:
        shutil.rmtree(desk.out)
        lock.hold()
        with pytest.raises(BadUsageError, match="stop it first"), only_one(desk.out):
            pass
        shutil.rmtree(desk.out)
        with only_one(desk.out), pytest.raises(BadUsageError, match="another `depixel watch` writes to it now"):
            lock.hold()
        lock.hold()
        with pytest.raises(BadUsageError), only_one(desk.out):
            pass


def test_outputs_that_cannot_be_are_refused_in_a_sentence(tmp_path: Path) -> None:
    """An output folder below a file, and a ledger that is not a database: reported, with advice."""
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableOutputError, match="choose another"), only_one(tmp_path / "file" / "out"):
        pass
    (tmp_path / LEDGER_NAME).write_bytes(b"no database at all, " * 100)
    with pytest.raises(DepixelError, match="is damaged"):
        Ledger(tmp_path / LEDGER_NAME)


def test_the_tracker_alone() -> None:
    """Any change of size or time restarts the quiet period."""
    clock = Clock()
    tracker = StabilityTracker(2.0, clock)
    steps: list[tuple[float, Stamp, bool]] = [
        (0, Stamp(1, 1), False),
        (1.9, Stamp(1, 1), False),
        (2.0, Stamp(2, 1), False),
        (3.9, Stamp(2, 2), False),
        (5.9, Stamp(2, 2), True),
    ]
    is_still: Callable[[str, Stamp], bool] = tracker.is_still
    for now, stamp, expected in steps:
        clock.now = now
        assert is_still("a", stamp) == expected
