"""One file never stops the others or the next start; damage, pipes, distant times and full disks give sentences."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nearest_worker import NearestWorker
from PIL import Image
from watch_process import environment, watch_command

from depixel.terminal import stopping
from depixel_watch.folder.layout import overlay_for
from depixel_watch.folder.scan import Changes
from depixel_watch.folder.stamps import StabilityTracker, Stamp
from depixel_watch.ledger.ledger import LEDGER_NAME, DamagedLedgerError, Ledger
from depixel_watch.packs.profiles import load
from depixel_watch.work import memory
from depixel_watch.work.attempts import ATTEMPTS_NAME, Attempts
from depixel_watch.work.watcher import Announcement, PassCounts, Watcher


class Desk:
    """A watched folder without a quiet period."""

    def __init__(self, root: Path) -> None:
        self.source = root / "mods"
        self.source.mkdir()
        self.out = overlay_for(self.source)
        self.worker = NearestWorker()
        self.events: list[Announcement] = []

    def drop(self, name: str, seed: int = 0, side: int = 6) -> Path:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)).save(path)
        return path

    def open(self, **options: Any) -> Watcher:
        tracker = StabilityTracker(0, time.monotonic)
        return Watcher(self.source, self.out, self.worker, tracker, load(), tell=self.events.append, **options)

    def run(self, **options: Any) -> PassCounts:
        watcher = self.open(**options)
        try:
            watcher.reconcile()
            counts = watcher.reconcile()
        finally:
            watcher.close()
        return counts

    def sentences(self, what: str) -> dict[str, str]:
        return {event.path: event.sentence for event in self.events if event.what == what}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize("seconds", [10_413_792_000, 2**63 // 10**9 + 5, -(2**40)])
def test_times_far_from_ours(desk: Desk, seconds: int) -> None:
    """The year 2300 does not fit into SQLite's numbers: processed once, and up to date from then on."""
    path = desk.drop("a.png")
    try:
        os.utime(path, (seconds, seconds))
    except (OSError, OverflowError):
        pytest.skip("this disk has no such times")
    desk.drop("b.png", 1)

    assert desk.run().skipped == 2
    assert desk.run().skipped == 2
    assert set(desk.sentences("done")) == {"a.png", "b.png"}


def test_a_picture_that_needs_more_memory_than_there_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused by its header before it is decoded, others are processed; retried silently when there is memory."""
    desk.drop("large.png", 1, 1000)
    desk.drop("small.png", 2)
    free = 2**27
    monkeypatch.setattr(memory, "available", lambda: free)
    monkeypatch.setattr(memory, "BYTES_PER_ANSWER", 1000)
    desk.run()
    assert "GB of memory at scale 2" in desk.sentences("failed")["large.png"]
    assert list(desk.sentences("failed")) == ["large.png"]
    assert set(desk.sentences("done")) == {"small.png"}

    desk.events.clear()
    desk.run()
    assert desk.events == [Announcement("profile", "", "generic (any folder of pictures)")]
    free = 2**40
    desk.run()

    assert "large.png" in desk.sentences("done")


def test_memory_is_measured() -> None:
    """More than nothing, and not more than this machine can have."""
    free = memory.available()

    assert free is None or 2**20 < free < 2**50


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_beside_a_texture(desk: Desk) -> None:
    """A description, a texture and an archive that are pipes: none blocks the watcher."""
    (desk.source / "pack.mcmeta").write_text("{}")
    desk.drop("assets/m/textures/item/a.png")
    for name in ("assets/m/textures/item/a.png.mcmeta", "b.png", "c.zip"):
        os.mkfifo(desk.source / name)

    desk.run()

    assert set(desk.sentences("done")) == {"assets/m/textures/item/a.png"}


def test_a_copy_of_any_size_is_not_held_in_memory(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """--complete-pack copies block by block, and textures over the byte limit are refused."""
    (desk.source / "movie.bik").write_bytes(bytes(5 * 2**20))
    real = Path.read_bytes

    def refuse(path: Path) -> bytes:
        assert path.suffix != ".bik"
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with (desk.source / "huge.png").open("wb") as file:
        file.truncate(2**30 + 1)
    desk.run(complete=True)

    assert (desk.out / "movie.bik").stat().st_size == 5 * 2**20
    assert "more than the limit" in desk.sentences("failed")["huge.png"]


def test_a_file_at_which_the_process_died_three_times_is_set_aside(desk: Desk) -> None:
    """In progress at three deaths: reported, and not touched again until it changes; the others are processed."""
    poison, good = desk.drop("poison.png", 1), desk.drop("good.png", 2)
    desk.out.mkdir()
    for _ in range(3):
        attempts = Attempts(desk.out / ATTEMPTS_NAME)
        about = poison.stat()
        attempts.begin([("poison.png", Stamp(about.st_size, about.st_mtime_ns))])  # and nobody ends it

    desk.run()

    assert "Depixel died 3 times while it worked on poison.png" in desk.sentences("failed")["poison.png"]
    assert [name for name, _ in desk.worker.requests] == ["good.png"]
    assert good.exists()
    assert not (desk.out / ATTEMPTS_NAME).exists()
    desk.run(retry=True)
    assert "poison.png" in desk.sentences("done")


def test_a_suspect_is_dealt_with_alone(desk: Desk) -> None:
    """In progress at one death: processed after the others, alone."""
    suspect = desk.drop("a.png", 1)
    for number in range(5):
        desk.drop(f"b{number}.png", 10 + number)
    desk.out.mkdir()
    about = suspect.stat()
    Attempts(desk.out / ATTEMPTS_NAME).begin([("a.png", Stamp(about.st_size, about.st_mtime_ns))])

    desk.run()

    assert [name for name, _ in desk.worker.requests][-1] == "a.png"
    assert desk.worker.batches[-1] == 1
    assert len(desk.sentences("done")) == 6


def test_the_end_of_a_run_leaves_no_suspects(tmp_path: Path) -> None:
    """A stop by the user does not count as a death."""
    note = tmp_path / ATTEMPTS_NAME
    attempts = Attempts(note)
    attempts.begin([("a.png", Stamp(1, 2))])
    assert Attempts(note).deaths("a.png", Stamp(1, 2)) == 1
    assert Attempts(note).deaths("a.png", Stamp(1, 3)) == 0
    attempts.rest()
    assert not note.exists()
    note.write_text("[" * 100_000)
    assert Attempts(note).deaths("a.png", Stamp(1, 2)) == 0


def _damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 64] = b"\xff" * 64
    path.write_bytes(data)


def test_kills_from_outside_set_no_file_aside(desk: Desk) -> None:
    """Two deaths, the second while the file was alone: it may have been bad luck, so it is tried once more."""
    unlucky = desk.drop("unlucky.png", 1)
    desk.out.mkdir()
    about = unlucky.stat()
    for _ in range(2):
        Attempts(desk.out / ATTEMPTS_NAME).begin([("unlucky.png", Stamp(about.st_size, about.st_mtime_ns))])

    desk.run()

    assert set(desk.sentences("done")) == {"unlucky.png"}


@pytest.mark.parametrize("how", ["pages", "header", "cut"])
def test_a_damaged_ledger_is_made_anew(desk: Desk, how: str) -> None:
    """A copy is kept and announced, outputs are recognised by content: nothing fails, nothing is written twice."""
    for number in range(8):
        desk.drop(f"{number}.png", number)
    desk.run()
    ledger = desk.out / LEDGER_NAME
    before = {path.name: path.stat().st_ino for path in desk.out.glob("*.png")}
    if how == "pages":
        _damage(ledger)
    else:
        ledger.write_bytes(b"no database at all" * 300 if how == "header" else ledger.read_bytes()[:5000])
    desk.events.clear()

    counts = desk.run()

    assert counts.skipped == 8
    assert desk.sentences("failed") == {}
    assert any("The ledger was damaged" in event.sentence for event in desk.events)
    assert (desk.out / ".depixel-ledger.damaged-1.sqlite").exists()
    assert {path.name: path.stat().st_ino for path in desk.out.glob("*.png")} == before


def test_a_foreign_file_stays_foreign_after_a_repair(desk: Desk) -> None:
    """A rebuilt ledger does not claim a file that is not ours."""
    desk.drop("a.png")
    desk.run()
    (desk.out / LEDGER_NAME).write_bytes(b"no database at all" * 300)
    (desk.out / "a.png").write_bytes(b"theirs")

    desk.run()

    assert (desk.out / "a.png").read_bytes() == b"theirs"
    assert "was not made by Depixel" in desk.sentences("failed")["a.png"]


def test_a_damaged_ledger_leaves_no_connection_open(tmp_path: Path) -> None:
    """An exception closes open files."""
    path = tmp_path / LEDGER_NAME
    path.write_bytes(b"no database at all" * 300)

    with pytest.raises(DamagedLedgerError, match="is damaged"):
        Ledger(path)
    path.rename(tmp_path / "moved")  # Windows refuses that while it is open


def test_rows_are_salvaged_from_both_ends(tmp_path: Path) -> None:
    """A page in the middle is lost; the pages before and after it are not."""
    from depixel_watch.ledger.ledger import NOTHING, Row
    from depixel_watch.ledger.repair import open_ledger

    path = tmp_path / LEDGER_NAME
    ledger = Ledger(path)
    ledger.record(Row(f"{n:05}.png", Stamp(n, n), "k" * 32, "r" * 32, "done", "", NOTHING) for n in range(3000))
    ledger.close()
    data = bytearray(path.read_bytes())
    at = data.find(b"01500.png")
    while at >= 0:  # in the table and in its index
        page = at // 4096 * 4096
        data[page : page + 4096] = b"\xff" * 4096
        at = data.find(b"01500.png")
    path.write_bytes(data)
    said: list[str] = []

    repaired = open_ledger(path, said.append, damaged=True)

    kept = {row.path for row in repaired.rows()}
    repaired.close()
    assert 1000 < len(kept) < 3000
    assert {"00000.png", "02999.png"} <= kept
    assert len(said) == 1


def test_a_full_disk_at_the_start_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger cannot be written: no traceback."""
    from depixel_watch.work.pauses import PauseError
    from depixel_watch.work.watcher import opened

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Ledger, "_set_up", full)

    with pytest.raises(PauseError, match="is full"):
        opened(tmp_path, lambda sentence: None)


def test_only_what_changed_is_looked_at(desk: Desk) -> None:
    """
    A pass over one changed file scans it, its folder and nothing else; a deleted file loses its output in two passes.
    """
    for number in range(4):
        desk.drop(f"a/{number}.png", number)
        desk.drop(f"b/{number}.png", 10 + number)
    watcher = desk.open()
    watcher.reconcile()
    watcher.reconcile()
    desk.drop("a/1.png", 99)
    desk.drop("b/1.png", 98)

    counts = watcher.reconcile(Changes(files={"a/1.png"}))
    assert (counts.done, counts.skipped, counts.whole) == (1, 3, False)
    (desk.source / "a/0.png").unlink()
    first = watcher.reconcile(Changes(files={"a/0.png"}))
    assert (first.removed, first.waiting) == (0, 1)
    assert watcher.pending().files == {"a/0.png"}
    assert watcher.reconcile(watcher.pending()).removed == 1
    watcher.close()
    assert not (desk.out / "a/0.png").exists()


@pytest.mark.parametrize(
    ("path", "cares"),
    [("a.png", True), ("game.log", False), ("x/.git/a.png", False), ("a.png.mcmeta", True), ("p.zip", True),
     (".depixel-profiles.toml", True), ("pack.mcmeta", True)],
)  # fmt: skip
def test_changes_that_matter(desk: Desk, path: str, cares: bool) -> None:
    """A growing log wakes nothing."""
    watcher = desk.open()
    watcher.reconcile()

    assert watcher.cares_for(path) is cares
    watcher.close()


@pytest.mark.parametrize("where", ["a thread", "the main thread", "a pipe that nobody reads", "under Python's lock"])
@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]], ids=["SIGTERM", "twice SIGINT"])
def test_a_decoder_that_hangs_is_ended(signals: list[int], where: str) -> None:
    """C code that does not return, anywhere: SIGTERM, or Ctrl-C twice, ends the process within two seconds."""
    hang = "hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)"
    run = {
        "a thread": f"t = threading.Thread(target=lambda: {hang}); t.start(); t.join()",
        "the main thread": hang,
        "a pipe that nobody reads": "print('x' * 2**22)",
        # It releases the lock from time to time, like the loading of a library, and then keeps it.
        "under Python's lock": "time.sleep(0.7); hold = ctypes.PyDLL(None).sleep; hold(60)",
    }[where]
    code = (
        "import ctypes, hashlib, threading, time\n"
        "from depixel.terminal.stopping import stop_on_interrupt\n"
        "with stop_on_interrupt() as stop:\n"
        f"    print('ready', flush=True); {run}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    started = time.monotonic()
    for number in signals:
        process.send_signal(number)
        time.sleep(0.2)
    process.wait(timeout=30)
    ended = time.monotonic()
    process.communicate()

    assert ended - started < stopping.AT_ONCE_SECONDS + 2
    assert process.returncode in (1, 130, -signal.SIGINT)


def test_a_process_that_stays_ends_at_once_when_asked(tmp_path: Path) -> None:
    """A watcher that sleeps for half a minute reacts to SIGTERM at once."""
    source = tmp_path / "mods"
    source.mkdir()
    env = environment(DEPIXEL_RUNTIME_DIR=str(tmp_path / "run"))
    process = subprocess.Popen(
        watch_command(source, "--device", "cpu"), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "Watching" in process.stdout.readline()
    time.sleep(1)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    assert time.monotonic() - started < 5
    assert process.returncode in (0, 130)
