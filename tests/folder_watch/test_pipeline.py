"""Reading, answering and writing overlap; a failure affects only the file that it belongs to."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nearest_worker import NearestWorker
from PIL import Image

from depixel.errors import DepixelError, UnsupportedPictureError
from depixel.picture import Picture
from depixel_watch.folder.layout import overlay_for
from depixel_watch.folder.stamps import StabilityTracker
from depixel_watch.packs.profiles import load
from depixel_watch.work import groups, publication
from depixel_watch.work.pauses import EngineAwayError
from depixel_watch.work.watcher import Announcement, PassCounts, Watcher


class Desk:
    """A watched folder whose files need no quiet period."""

    def __init__(self, root: Path, worker: NearestWorker, **options: Any) -> None:
        self.source = root / "mods"
        self.source.mkdir(exist_ok=True)
        self.out = overlay_for(self.source)
        self.events: list[Announcement] = []
        tracker = StabilityTracker(0, time.monotonic)
        self.watcher = Watcher(self.source, self.out, worker, tracker, load(), tell=self.events.append, **options)

    def drop(self, name: str, seed: int = 0, side: int = 6) -> Path:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 4), dtype=np.uint8)).save(path)
        return path

    def sentences(self, what: str) -> dict[str, str]:
        return {event.path: event.sentence for event in self.events if event.what == what}


class WitnessWorker(NearestWorker):
    """Records who asks, and signals the second request."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[int] = set()
        self.second_request = threading.Event()

    def upscale(
        self, pictures: Sequence[Picture], hints: Mapping[str, Any], scale: int
    ) -> list[Picture | DepixelError]:
        self.threads.add(threading.get_ident())
        if self.batches:
            self.second_request.set()
        return super().upscale(pictures, hints, scale)


class PickyWorker(NearestWorker):
    """Has a bug triggered by a picture of seven pixels per side, refuses eight, and can be unavailable."""

    away = False

    def upscale(
        self, pictures: Sequence[Picture], hints: Mapping[str, Any], scale: int
    ) -> list[Picture | DepixelError]:
        if self.away:
            raise EngineAwayError("The engine does not answer.")
        if any(picture.width == 7 for picture in pictures):
            raise ZeroDivisionError("seven")
        answers = super().upscale(pictures, hints, scale)
        return [UnsupportedPictureError("eight") if p.width == 8 else a for p, a in zip(pictures, answers, strict=True)]


def test_the_engine_works_while_files_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No output of the first group is written before the second group is requested; the engine has its own thread."""
    write_part = publication.write_part
    worker = WitnessWorker()
    waited: list[bool] = []

    def late_part(target: Path, data: bytes, mtime_ns: int | None = None) -> tuple[Path, str]:
        waited.append(worker.second_request.wait(30))
        return write_part(target, data, mtime_ns)

    monkeypatch.setattr(groups, "GROUP", 4)
    monkeypatch.setattr(publication, "write_part", late_part)
    desk = Desk(tmp_path, worker)
    for i in range(32):
        desk.drop(f"{i}.png", i)

    tally = desk.watcher.reconcile()
    desk.watcher.close()

    assert (tally.done, tally.total) == (32, 32)
    assert all(waited)
    assert worker.batches == [4] * 8
    assert len(worker.threads) == 1
    assert threading.get_ident() not in worker.threads
    assert tally.times.wall > 0
    assert min(tally.times.decode, tally.times.engine, tally.times.write, 1 - tally.times.idle) > 0


def test_large_pictures_do_not_lie_in_memory_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups are limited by pixels: the unpacked size of a small file counts, not its bytes."""
    monkeypatch.setattr(groups, "GROUP_PIXELS", 5000)
    worker = NearestWorker(4)
    desk = Desk(tmp_path, worker)
    for i in range(6):
        Image.new("RGB", (40, 40), (i, 0, 0)).save(desk.source / f"{i}.png")

    tally = desk.watcher.reconcile()
    desk.watcher.close()

    assert tally.done == 6
    assert worker.batches == [3, 3]


def test_the_first_outputs_come_soon(tmp_path: Path) -> None:
    """Groups begin small, so that outputs and a measured speed appear after a moment."""
    worker = NearestWorker(4)
    desk = Desk(tmp_path, worker)
    for i in range(20):
        Image.new("RGB", (64, 64), (i, 0, 0)).save(desk.source / f"{i}.png")

    tally = desk.watcher.reconcile()
    desk.watcher.close()

    assert tally.done == 20
    assert worker.batches == [4, 8, 8]


def test_a_fault_of_the_engine_stays_with_its_picture(tmp_path: Path) -> None:
    """
    A picture that triggers a bug in the engine, one that it refuses, and their copies are reported; others are done.
    """
    desk = Desk(tmp_path, PickyWorker())
    for name, side in (("a", 6), ("b", 7), ("c", 8), ("c2", 8), ("d", 9)):
        desk.drop(f"{name}.png", 1, side)

    tally = desk.watcher.reconcile()
    desk.watcher.close()

    assert (tally.done, tally.failed, tally.waiting) == (2, 3, 0)
    assert "ZeroDivisionError" in desk.sentences("failed")["b.png"]
    assert desk.sentences("failed")["c.png"] == desk.sentences("failed")["c2.png"] == "eight"


def test_an_engine_that_is_away_is_waited_for(tmp_path: Path) -> None:
    """No picture fails because the engine does not answer; when it is back, all are done."""
    worker = PickyWorker()
    desk = Desk(tmp_path, worker)
    desk.drop("a.png")
    worker.away = True
    with pytest.raises(EngineAwayError):
        desk.watcher.reconcile()
    worker.away = False

    tally = desk.watcher.reconcile()
    desk.watcher.close()

    assert (tally.done, desk.sentences("failed")) == (1, {})


def test_a_source_replaced_while_it_is_answered_is_answered_again(tmp_path: Path) -> None:
    """The output is that of the last content, whatever the timing."""

    class Replacing(NearestWorker):
        def upscale(
            self, pictures: Sequence[Picture], hints: Mapping[str, Any], scale: int
        ) -> list[Picture | DepixelError]:
            if not self.requests:
                desk.drop("a.png", 2)
            return super().upscale(pictures, hints, scale)

    desk = Desk(tmp_path, Replacing())
    desk.drop("a.png", 1)
    total = PassCounts()
    while not total.skipped:
        total = desk.watcher.reconcile()
    desk.watcher.close()

    with Image.open(desk.out / "a.png") as large, Image.open(desk.source / "a.png") as small:
        assert (np.asarray(large)[::2, ::2] == np.asarray(small)).all()


def test_single_pixels_are_left_alone(tmp_path: Path) -> None:
    """A one-pixel texture is not enlarged, and the output of its earlier content is removed."""
    desk = Desk(tmp_path, NearestWorker())
    desk.drop("a.png", 1)
    desk.watcher.reconcile()
    desk.drop("a.png", 1, 1)

    tally = desk.watcher.reconcile()
    again = desk.watcher.reconcile()
    desk.watcher.close()

    assert (tally.left, again.left, again.skipped) == (1, 0, 1)
    assert not (desk.out / "a.png").exists()


def test_outputs_are_never_inputs(tmp_path: Path) -> None:
    """
    An output copied into the watched folder, under any name, is left alone; so is the output folder of another watcher.
    """
    worker = NearestWorker()
    desk = Desk(tmp_path, worker)
    desk.drop("a.png", 1)
    desk.watcher.reconcile()
    (desk.source / "copy.png").write_bytes((desk.out / "a.png").read_bytes())
    (desk.source / "a.png").write_bytes((desk.out / "a.png").read_bytes())
    inner = Desk(desk.source, NearestWorker())
    inner.drop("b.png", 2)
    inner.watcher.reconcile()
    inner.watcher.close()

    tally = desk.watcher.reconcile()
    desk.watcher.close()

    assert "An output of Depixel" in desk.sentences("left")["copy.png"]
    assert "An output of Depixel" in desk.sentences("left")["a.png"]
    assert [name for name, _ in worker.requests] == ["a.png", "b.png"]  # mods/b.png, not mods-depixel/b.png
    assert tally.done == 1


def test_complete_pack_keeps_times(tmp_path: Path) -> None:
    """--complete-pack: outputs and copies have the times of their sources, and are still up to date."""
    desk = Desk(tmp_path, NearestWorker(), complete=True)
    (desk.source / "readme.txt").write_text("hello")
    desk.drop("a.png")
    desk.drop("one.png", 1, 1)
    for path in desk.source.iterdir():
        os.utime(path, ns=(10**18, 10**18))

    tally = desk.watcher.reconcile()
    again = desk.watcher.reconcile()
    desk.watcher.close()

    assert (tally.done, tally.copied, again.skipped) == (1, 2, 3)
    assert {path.stat().st_mtime_ns for path in desk.out.iterdir() if path.suffix in (".png", ".txt")} == {10**18}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="takes root's rights away for a while")
def test_unreadable_and_read_only_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A file without read permission is reported once, retried in each pass, and processed once it is readable; read-only
    files and folders are sources like any others and do not change.
    """
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o777)
        os.seteuid(65534)
        try:
            desk = Desk(Path(folder), NearestWorker())
            secret = desk.drop("secret.png", 1)
            desk.drop("closed/b.png", 2).parent.chmod(0o000)
            desk.drop("kept/a.png", 3).chmod(0o444)
            (desk.source / "kept").chmod(0o555)
            secret.chmod(0o000)
            first, second = desk.watcher.reconcile(), desk.watcher.reconcile()
            secret.chmod(0o644)
            (desk.source / "closed").chmod(0o755)
            third = desk.watcher.reconcile()
            desk.watcher.close()
            mode = (desk.source / "kept/a.png").stat().st_mode & 0o777
            (desk.source / "kept").chmod(0o755)
        finally:
            os.seteuid(0)

        assert (first.done, first.failed, second.failed, third.done) == (1, 2, 0, 2)
        assert "permission denied" in desk.sentences("failed")["secret.png"]
        assert any("closed cannot be read" in event.sentence for event in desk.events)
        assert mode == 0o444


class PairWorker(NearestWorker):
    """Like an engine of two cores or machines: the first request ends only when there is a second one."""

    at_once = 2

    def __init__(self) -> None:
        super().__init__()
        self.second = threading.Event()
        self.met = False

    def upscale(
        self, pictures: Sequence[Picture], hints: Mapping[str, Any], scale: int
    ) -> list[Picture | DepixelError]:
        if self.batches:
            self.second.set()
        answers = super().upscale(pictures, hints, scale)
        self.met = self.second.wait(30)
        return answers


def test_an_engine_of_several_cores_gets_two_groups_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every output is there, and the time of the engine is no longer than the pass."""
    monkeypatch.setattr(groups, "GROUP", 2)
    worker = PairWorker()
    desk = Desk(tmp_path, worker)
    for number in range(6):
        desk.drop(f"{number}.png", number)

    counts = desk.watcher.reconcile()

    assert counts.done == 6
    assert worker.met
    assert len(worker.batches) == 3
    assert 0 < counts.times.engine <= counts.times.wall
