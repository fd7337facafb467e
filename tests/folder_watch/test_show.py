"""The watcher's output: a table on a terminal, lines, JSON, the log, the desktop."""

from __future__ import annotations

import io
import json
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from rich.console import Console

from depixel_watch.display.log import Log
from depixel_watch.display.notify import Notifier, command_for
from depixel_watch.display.show import Announcer, JsonLines, PlainLines, Table
from depixel_watch.ledger.recorder import Announcement, PassCounts, Times


class Clock:
    """A clock that advances on demand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def _text(table: Table) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(table.drawn())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_counts_measures_and_says_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    """Done, skipped, failed; the recent speed; the time left; the state when idle."""
    clock = Clock()
    table = Table("mods -> mods-depixel", clock)
    now = PassCounts(total=1000, skipped=40)
    table.tally = lambda: now
    first = _text(table)
    now.failed = 2
    assert "measuring" in _text(table)  # failures took no time
    clock.now, now.done = 5.0, 200
    table.tell(Announcement("done", "a/b.png"))
    table.tell(Announcement("failed", "bad.png", "no picture"))
    second = _text(table)
    clock.now = 8.0
    later = _text(table)
    table.sum_up(now, 5.0)
    third = _text(table)
    table.close()

    assert "measuring" in first
    assert "202/1,000" in second
    assert "40.0 files/s" in second
    assert "0:20 left" in second
    assert "0:17 left" in later  # the next group is in progress
    assert "a/b.png" in second
    assert all(name in second for name in ("done", "copied", "skipped", "left alone", "failed", "waiting"))
    assert [word for word in second.splitlines()[2].split() if word.isdigit()] == ["200", "0", "40", "0", "2", "0"]
    assert "waiting for changes" in third
    assert "failed  bad.png: no picture" in capsys.readouterr().out


def test_lines_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One line per event, whatever the name contains; an idle pass is silent as lines, and reported as JSON."""
    tally = PassCounts(total=2, done=2, times=Times(2.0, 0.5, 1.5, 1.0))
    for show in (PlainLines(), JsonLines()):
        show.tell(Announcement("failed", "a\udcff.png", "no picture"))
        show.sum_up(tally, 2.5)
        show.sum_up(PassCounts(skipped=3), 0.1)

    out = capsys.readouterr().out.splitlines()
    assert out[0] == r"failed  a\udcff.png: no picture"
    assert out[1].startswith("2 done, 0 copied, 0 up to date, 0 failed")
    assert "engine 1.5" in out[1]
    assert json.loads(out[2])["sentence"] == "no picture"
    assert json.loads(out[3])["times"] == {"wall": 2.0, "decode": 0.5, "engine": 1.5, "write": 1.0, "idle": 0.25}
    assert json.loads(out[4])["skipped"] == 3


def test_the_log_has_every_event_and_never_grows_without_end(tmp_path: Path) -> None:
    """A line with its time; the previous log becomes .1; a deleted folder stops nothing."""
    path = tmp_path / "out" / "depixel-watch.log"
    log = Log(path, lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), most_bytes=200)
    log.write("before there is a folder")
    path.parent.mkdir()
    announcer = Announcer(JsonLines(), log, None)
    announcer.tell(Announcement("done", "é.png"))
    announcer.sum_up(PassCounts(total=1, done=1), 1.0)

    assert path.read_text("utf-8").splitlines()[0] == "2026-01-02T03:04:05+00:00 done    é.png"
    assert "1 done, 0 copied" in path.read_text("utf-8")
    for _ in range(9):
        log.write("x" * 50)
    assert path.with_name("depixel-watch.log.1").exists()
    assert sum(p.stat().st_size for p in path.parent.iterdir()) < 1000


@pytest.mark.skipif(sys.platform != "linux", reason="notify-send is Linux's")
def test_the_desktop_hears_once_when_all_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One notification when all work is done, with real processes; announced if there can be none."""
    script = tmp_path / "notify-send"
    script.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >> "{tmp_path}/told"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    announcer = Announcer(PlainLines(), Log(tmp_path / "log"), Notifier())
    announcer.sum_up(PassCounts(total=3, done=3, waiting=2), 1.0)
    announcer.sum_up(PassCounts(total=2, done=1, failed=1), 1.0)
    announcer.sum_up(PassCounts(skipped=5), 1.0)
    announcer.close()

    assert (tmp_path / "told").read_text() == "--app-name=Depixel|--|Depixel|4 textures are ready, 1 failed.|"
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    Announcer(PlainLines(), Log(tmp_path / "log"), Notifier()).troubles()
    assert "notify-send is not installed" in capsys.readouterr().out
    for system in ("linux", "darwin", "win32"):
        assert command_for(system, "title", '"; rm -rf /')[-2:] == ["title", '"; rm -rf /']
