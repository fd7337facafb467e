"""`depixel watch` as a user runs it: a real process, real files, a tiny real network."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_art import write_tiny_art
from watch_process import environment, watch_command

from depixel.cli import main
from depixel_watch.ledger.lock import is_held

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny art network in a file."""
    return str(write_tiny_art(tmp_path_factory.mktemp("weights")))


def _start(*arguments: object) -> subprocess.Popen[str]:
    command = watch_command(*arguments, "--device", "cpu")
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _save(path: Path, side: int = 8) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(path)
    return path


def test_once_scales_back_and_status_names_what_failed(tmp_path: Path, weights: str) -> None:
    """--once answers with the real engine: block means equal the input; exit 1 and --status name the bad file."""
    source = tmp_path / "mods"
    pixels = _save(source / "a/t.png")
    (source / "bad.png").write_bytes(b"no picture")
    options = ["--once", "--quiet-period", "0.1", "--weights", weights, "--degradation", "area", "--scale", "4"]
    first = _start(source, *options)
    out, errors = first.communicate(timeout=100)

    assert first.returncode == 1, errors
    assert "bad.png" in out
    with Image.open(tmp_path / "mods-depixel/a/t.png") as image, Image.open(pixels) as small:
        large = np.asarray(image, np.float64).reshape(8, 4, 8, 4, 3).mean((1, 3))
        assert np.abs(large - np.asarray(small)).max() <= 0.5

    status = _start(source, "--status", "--json")
    printed = json.loads(status.communicate(timeout=100)[0])
    assert printed["counts"] == {"done": 1, "failed": 1}
    assert list(printed["failed"]) == ["bad.png"]
    assert printed["running"] is False


def test_a_second_run_says_why_there_is_nothing_to_do(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says how much is up to date, and that failures are not retried; --status needs no folder."""
    source = tmp_path / "mods"
    _save(source / "good.png")
    (source / "bad.png").write_bytes(b"no picture")
    for _ in range(2):
        code = main(["watch", str(source), "--once", "--quiet-period", "0", "--weights", weights, "--device", "cpu"])
        printed = capsys.readouterr().out
        assert code == 1
    main(["watch", "--status"])
    everywhere = capsys.readouterr().out
    shutil.rmtree(source)
    main(["watch", str(source), "--status"])
    afterwards = capsys.readouterr().out

    assert "Nothing to do: 1 output is up to date." in printed
    assert "1 file that failed before is not retried until changed" in printed
    for status in (everywhere, afterwards):
        assert f"{tmp_path / 'mods-depixel'}: not running; 1 done, 1 failed." in status
        assert "  bad.png: " in status


# Wait until a file is done, and its pass is over.
def _wait_for(lines: Iterable[str], path: str) -> None:
    done = False
    for line in lines:
        event = json.loads(line)
        done |= event.get("path") == path and event["what"] == "done"
        if done and event["what"] == "pass":
            return


@pytest.mark.parametrize("how", [["--every", "600"], ["--poll", "--every", "0.5"]], ids=["events", "polled"])
def test_stays_takes_what_is_dropped_and_stops_when_asked(tmp_path: Path, weights: str, how: list[str]) -> None:
    """
    A file dropped during the run is processed, by an event or by a scan; SIGTERM ends it cleanly. It holds the output
    folder again after somebody deleted it.
    """
    source = tmp_path / "mods"
    source.mkdir()
    process = _start(source, "--quiet-period", "0.1", *how, "--weights", weights, "--json")
    assert process.stdout is not None
    try:
        while "Watching" not in process.stdout.readline():
            assert process.poll() is None
        time.sleep(0.5)
        _save(tmp_path / "new.png").rename(source / "dropped.png")  # complete at once, however slow the machine is
        out = tmp_path / "mods-depixel"
        _wait_for(process.stdout, "dropped.png")
        assert (out / "dropped.png").exists()
        for _ in range(100):  # it may still be writing its log
            shutil.rmtree(out, ignore_errors=True)
            if not out.exists():
                break
        _save(tmp_path / "new.png").rename(source / "another.png")
        _wait_for(process.stdout, "another.png")
        assert (out / "dropped.png").exists()
        assert is_held(out)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=100)
    assert process.returncode == 0


def test_layouts_and_names_are_refused_with_a_sentence(tmp_path: Path) -> None:
    """Output inside the watched folder, an unknown profile, no folder: exit 2 and one sentence."""
    for arguments in ([tmp_path, "-o", tmp_path / "out"], [tmp_path, "--profile", "no-such-game"], []):
        process = _start(*arguments)
        errors = process.communicate(timeout=100)[1]

        assert process.returncode == 2
        assert errors.startswith("depixel: ")
        assert len(errors.splitlines()) == 1


def test_a_terminal_sees_a_table_and_the_log_sees_all(tmp_path: Path, weights: str) -> None:
    """On a terminal: counts, and failures above them; the log's path is shown, and it has each file."""
    pty = pytest.importorskip("pty")
    source = tmp_path / "mods"
    _save(source / "good.png")
    (source / "bad.png").write_bytes(b"no picture")
    ours, theirs = pty.openpty()
    command = watch_command(source, "--once", "--quiet-period", 0, "--device", "cpu", "--weights", weights)
    env = environment(TERM="xterm", COLUMNS="300")
    with subprocess.Popen(command, env=env, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                block = os.read(ours, 4096)
            except OSError:  # how Linux reports that the other end is closed
                break
            if not block:
                break
            shown += block
    os.close(ours)

    log = tmp_path / "mods-depixel" / "depixel-watch.log"
    assert process.returncode == 1
    assert f"Log: {log}".encode() in shown
    assert b"failed  bad.png: " in shown
    assert b"left alone" in shown  # the headings of the table
    assert b"done    good.png" not in shown
    assert "done    good.png" in log.read_text("utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="the file of another system")
def test_the_service_runs_what_was_typed(tmp_path: Path) -> None:
    """--install-service from another folder with relative paths: the command line in its file does that work."""
    (tmp_path / "my mods").mkdir()
    command = watch_command("my mods", "-o", "the 100% out")
    env = environment(HOME=str(tmp_path))
    run = partial(subprocess.run, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    said = run([*command, "--install-service"]).stdout
    (unit,) = (tmp_path / ".config/systemd/user").glob("depixel-watch-*.service")
    lines = dict(line.split("=", 1) for line in unit.read_text().splitlines() if "=" in line)
    words = [word.replace("%%", "%") for word in shlex.split(lines["ExecStart"])]
    wants = unit.parent / "default.target.wants" / unit.name
    wants.parent.mkdir()
    wants.symlink_to(unit)  # as `systemctl enable` does

    again = run([*words, "--status"], cwd=lines["WorkingDirectory"]).stdout
    removed = run([*command, "--remove-service"]).stdout

    assert unit.name in said
    assert str(tmp_path / "the 100% out" / "depixel-watch.log") in said
    assert words == command
    assert str(tmp_path / "the 100% out") in again
    assert "systemctl --user stop" in removed
    assert not unit.exists()
    assert not wants.is_symlink()
