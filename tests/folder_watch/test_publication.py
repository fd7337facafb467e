"""The right picture under every name, despite renames, kills, and files of others in the way."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import kill_points
import pytest
from nearest_worker import NearestWorker
from PIL import Image
from settling import settle
from watch_process import environment

from depixel.errors import DepixelError
from depixel.files import renaming
from depixel.picture import Picture
from depixel_watch.folder.layout import overlay_for
from depixel_watch.folder.stamps import StabilityTracker, digest_of
from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger
from depixel_watch.packs.profiles import load
from depixel_watch.work import groups
from depixel_watch.work.watcher import Announcement, PassCounts, Watcher


class Desk:
    """A watched folder of frames, without a quiet period."""

    def __init__(self, root: Path, worker: NearestWorker | None = None) -> None:
        self.source = root / "frames"
        self.source.mkdir(parents=True, exist_ok=True)
        self.out = overlay_for(self.source)
        self.worker = worker or NearestWorker()
        self.events: list[Announcement] = []

    def run(self, **options: Any) -> PassCounts:
        """Like a new process: passes until nothing is waiting; the sum of their counts."""
        tracker = StabilityTracker(0, time.monotonic)
        watcher = Watcher(self.source, self.out, self.worker, tracker, load(), tell=self.events.append, **options)
        return settle(watcher, 10)

    def sentences(self, what: str) -> dict[str, str]:
        return {event.path: event.sentence for event in self.events if event.what == what}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_killed_between_any_two_steps(tmp_path: Path) -> None:
    """
    All names move while a watcher is killed at each step of publication in turn; the next one ends with the right
    picture under every name, and leaves nothing behind.
    """
    command = [sys.executable, kill_points.__file__, str(tmp_path), "3"]
    ran = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=110)

    assert ran.returncode == 0, ran.stderr[-2000:]
    steps = [line.split() for line in ran.stdout.splitlines()]
    assert len(steps) > 12
    assert [step for step, wrong in steps if wrong != "0"] == []


@pytest.mark.parametrize("group", [3, 128])
def test_names_that_move_end_right(desk: Desk, monkeypatch: pytest.MonkeyPatch, group: int) -> None:
    """A frame is inserted before 40 others of equal size and time, and two names swap: no output shows another's."""
    monkeypatch.setattr(groups, "GROUP", group)
    kill_points.fill(desk.source, list(range(40)))
    desk.run()
    moved = [99, *range(40)]
    moved[7], moved[30] = moved[30], moved[7]
    kill_points.fill(desk.source, moved)

    total = desk.run()

    assert kill_points.wrong_outputs(desk.source) == 0
    assert total.failed == 0
    assert desk.run().skipped == 41


def test_two_files_of_one_size_and_time_change_places(desk: Desk) -> None:
    """Day and night, with the same size and time: noticed, and each output belongs to its own source."""
    kill_points.fill(desk.source, [1, 2])
    desk.run()
    a, b = desk.source / "frame-000.bmp", desk.source / "frame-001.bmp"
    a.rename(desk.source / "x")
    b.rename(a)
    (desk.source / "x").rename(b)

    desk.run()

    assert kill_points.wrong_outputs(desk.source) == 0


def test_content_that_changes_under_the_same_size_and_time(desk: Desk) -> None:
    """Written in place and backdated, like zips with fixed dates."""
    kill_points.fill(desk.source, [1])
    desk.run()
    path = desk.source / "frame-000.bmp"
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[-16:] = bytes(255 - value for value in data[-16:])
    path.write_bytes(data)
    os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))

    desk.run()

    assert kill_points.wrong_outputs(desk.source) == 0


def test_a_touch_is_no_change(desk: Desk) -> None:
    """Another time, the same content: nothing is requested from the engine, and the output stays the same file."""
    kill_points.fill(desk.source, [1, 2, 3])
    desk.run()
    requests, before = len(desk.worker.requests), (desk.out / "frame-001.bmp").stat().st_ino
    for path in desk.source.iterdir():
        os.utime(path, ns=(2 * 10**18, 2 * 10**18))

    total = desk.run()

    assert (total.done, total.copied, total.skipped) == (0, 0, 3)
    assert len(desk.worker.requests) == requests
    assert (desk.out / "frame-001.bmp").stat().st_ino == before


def test_verify_mends_what_no_stamp_tells(desk: Desk) -> None:
    """
    An output whose bytes differ from the record, although its stamp matches: --verify makes it again, and only it.
    """
    kill_points.fill(desk.source, [1, 2, 3])
    desk.run()
    requests = len(desk.worker.requests)
    ledger = Ledger(desk.out / LEDGER_NAME)
    row = ledger.get("frame-001.bmp")
    assert row is not None
    path = desk.out / row.output
    data = bytearray(path.read_bytes())
    data[-1] ^= 255
    path.write_bytes(data)
    about = path.stat()
    stamp = row.out._replace(mtime_ns=about.st_mtime_ns, ctime_ns=about.st_ctime_ns)
    ledger.record([type(row)(**{**vars(row), "out": stamp})])
    ledger.close()
    assert desk.run().done == 0

    assert desk.run(verify=True).done == 1

    assert len(desk.worker.requests) == requests + 1
    assert kill_points.wrong_outputs(desk.source) == 0


def test_verify_names_what_somebody_changed(desk: Desk) -> None:
    """An output that somebody edited is not repaired but reported: nobody's work is overwritten."""
    kill_points.fill(desk.source, [1, 2])
    desk.run()
    Image.new("RGB", (10, 10)).save(desk.out / "frame-000.bmp")
    painted = digest_of(desk.out / "frame-000.bmp")

    total = desk.run(verify=True)

    assert total.failed == 1
    assert "was changed since; move it away" in desk.sentences("failed")["frame-000.bmp"]
    assert digest_of(desk.out / "frame-000.bmp") == painted


def test_outputs_on_another_disk_are_known_by_their_bytes(desk: Desk) -> None:
    """Copied away and back, without times: still ours, up to date, and replaced when the source changes."""
    kill_points.fill(desk.source, [1, 2])
    desk.run()
    shutil.copytree(desk.out, desk.out.with_name("elsewhere"), copy_function=shutil.copyfile)
    shutil.rmtree(desk.out)
    desk.out.with_name("elsewhere").rename(desk.out)
    assert desk.run().skipped == 2
    kill_points.fill(desk.source, [3, 2])

    total = desk.run()

    assert (total.done, total.failed) == (1, 0)
    assert kill_points.wrong_outputs(desk.source) == 0


@pytest.mark.parametrize("replacing", [False, True], ids=["a new output", "one that replaces ours"])
def test_a_file_that_comes_while_the_engine_works_stays(tmp_path: Path, replacing: bool) -> None:
    """A file that is not ours appears under the output's name during the engine's work: it stays, and is reported."""

    class Intruding(NearestWorker):
        armed = False

        def upscale(
            self, pictures: Sequence[Picture], hints: Mapping[str, Any], scale: int
        ) -> list[Picture | DepixelError]:
            if self.armed:
                desk.out.mkdir(exist_ok=True)  # type: ignore[attr-defined]
                (desk.out / "theirs").write_bytes(b"theirs")  # type: ignore[attr-defined]
                (desk.out / "theirs").replace(desk.out / "frame-000.bmp")  # type: ignore[attr-defined]
            return super().upscale(pictures, hints, scale)

    worker = Intruding()
    desk = Desk(tmp_path, worker)
    kill_points.fill(desk.source, [1])
    if replacing:
        desk.run()
        kill_points.fill(desk.source, [2])
    worker.armed = True

    total = desk.run()

    assert (desk.out / "frame-000.bmp").read_bytes() == b"theirs"
    assert total.failed == 1
    assert "was not made by Depixel" in desk.sentences("failed")["frame-000.bmp"]


def test_a_file_that_comes_at_the_last_moment_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the last check of the name and the rename: the two are exchanged, and exchanged back."""
    kill_points.fill(desk.source, [1])
    desk.run()
    kill_points.fill(desk.source, [2])
    real = renaming.exchange
    calls = 0

    def late(part: Path, path: Path) -> bool:
        nonlocal calls
        calls += 1
        if calls == 1:
            (desk.out / "theirs").write_bytes(b"theirs")
            (desk.out / "theirs").replace(path)
        return real(part, path)

    monkeypatch.setattr("depixel_watch.work.publication.exchange", late)
    if not real(*_two_files(desk.source.parent)):
        pytest.skip("this file system exchanges no names")

    desk.run()

    assert (desk.out / "frame-000.bmp").read_bytes() == b"theirs"


@pytest.mark.parametrize("moment", ["before it is put aside", "while it is put aside"])
def test_a_file_that_comes_at_the_last_moment_stays_without_an_exchange(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """On Windows, exFAT and network disks: the previous output is put aside, and nobody's file is replaced."""
    kill_points.fill(desk.source, [1])
    desk.run()
    kill_points.fill(desk.source, [2])
    target = desk.out / "frame-000.bmp"

    def intrude() -> None:
        (desk.out / "theirs").write_bytes(b"theirs")
        (desk.out / "theirs").replace(target)

    def no_exchange(*_: Path) -> bool:
        if moment.startswith("before"):
            intrude()
        return False

    def reached(step: str) -> None:
        if step == "put aside" and moment.startswith("while"):
            intrude()

    monkeypatch.setattr("depixel_watch.work.publication.exchange", no_exchange)
    monkeypatch.setattr("depixel_watch.work.publication.reached", reached)

    total = desk.run()

    assert target.read_bytes() == b"theirs"
    assert total.failed == 1
    assert "was not made by Depixel" in desk.sentences("failed")["frame-000.bmp"]
    assert not list(desk.out.glob(".depixel-*.part"))


def test_an_output_is_replaced_without_an_exchange(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while the previous output is put aside: the next start makes the output, and leaves nothing behind."""
    kill_points.fill(desk.source, [1])
    desk.run()
    kill_points.fill(desk.source, [2])

    def die(step: str) -> None:
        if step == "put aside":
            raise SystemExit

    monkeypatch.setattr("depixel_watch.work.publication.exchange", lambda *_: False)
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("depixel_watch.work.publication.reached", die)
        desk.run()
    assert not (desk.out / "frame-000.bmp").exists()

    desk.run()

    assert kill_points.wrong_outputs(desk.source) == 0
    assert not list(desk.out.glob(".depixel-*.part"))


def _two_files(folder: Path) -> tuple[Path, Path]:
    for name in ("one", "two"):
        (folder / name).write_text(name)
    return folder / "one", folder / "two"


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses taken names by itself")
@pytest.mark.parametrize("links", [True, False])
def test_a_name_is_taken_once_on_every_kind_of_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """
    Without the system's calls, and without hard links as on exFAT: an existing file stays, and no empty file appears.
    """
    monkeypatch.setattr(renaming, "_renamed", lambda *_: False)
    if not links:

        def refuse(*_: Any) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    one, two = _two_files(tmp_path)

    with pytest.raises(FileExistsError):
        renaming.rename_new(one, two)
    renaming.rename_new(one, tmp_path / "three")

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"two": "two", "three": "one"}
    assert renaming.exchange(two, tmp_path / "three") is False


def test_killed_before_a_rename_without_links_leaves_no_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk without links the process dies just before the rename: the name is free, the bytes are in the part."""
    monkeypatch.setattr(renaming, "_renamed", lambda *_: False)

    def refuse(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    def die(*_: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "rename", die)
    one, _ = _two_files(tmp_path)

    with pytest.raises(SystemExit):
        renaming.rename_new(one, tmp_path / "new")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_outputs_of_deleted_sources_go_while_another_file_changes(desk: Desk) -> None:
    """A file that never stops changing does not keep other deleted files' outputs alive."""
    kill_points.fill(desk.source, [1, 2])
    clock = [0.0]
    watcher = Watcher(
        desk.source, desk.out, desk.worker, StabilityTracker(2, lambda: clock[0]), load(), tell=desk.events.append
    )
    for _ in range(2):
        watcher.reconcile()
        clock[0] += 3
    (desk.source / "frame-000.bmp").unlink()
    for size in range(4):
        (desk.source / "growing.png").write_bytes(b"x" * (10 + size))
        watcher.reconcile()
        clock[0] += 1
    watcher.close()

    assert not (desk.out / "frame-000.bmp").exists()


def test_outputs_under_a_mount_that_vanished_are_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A disk mounted in the watched folder is unmounted: its outputs stay, and that is announced; others are removed.
    """
    kill_points.fill(desk.source / "disk", [1])
    kill_points.fill(desk.source, [2, 3])
    mounted = True

    def device(path: Path) -> int:
        return 7 if mounted and path == desk.source / "disk" else 1

    monkeypatch.setattr("depixel_watch.folder.scan._device", device)
    desk.run()
    shutil.rmtree(desk.source / "disk")
    (desk.source / "disk").mkdir()
    (desk.source / "frame-001.bmp").unlink()
    mounted = False

    desk.run()

    assert (desk.out / "disk/frame-000.bmp").exists()
    assert not (desk.out / "frame-001.bmp").exists()
    assert any("The disk that was mounted at disk is gone" in event.sentence for event in desk.events)
