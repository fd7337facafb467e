"""The process itself: it leaves when told to, when nobody needs it, and does not run twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.service.conftest import ROOT, record_engine, request_of

from depixel.client import Engine, EngineError, Place, launch
from depixel.client.launch import reap


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    """`depixel serve` as a user would type it; returns when it listens."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core"), "DEPIXEL_RUNTIME_DIR": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-m", "depixel", "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    deadline = time.monotonic() + 60
    while Place(str(folder)).running() is None and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def gone(place: Place) -> None:
    """Wait until its engine has left, and take note of its end."""
    deadline = time.monotonic() + 60
    while place.running() is not None or not place.is_vacant():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for process in [child for child in launch._children if place.path("launch.py") in str(child.args)]:
        process.wait(30)
    reap()


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_signal_ends_it_tidily(tmp_path: Path, tiny_weights: Path, number: signal.Signals) -> None:
    """Ctrl-C: no traceback, no stale record, exit code 0."""
    process = start(tmp_path, "--weights", f"art={tiny_weights}")
    process.send_signal(number)
    out, err = process.communicate(timeout=100)

    assert process.returncode == 0, err
    assert "http://127.0.0.1:" in out
    assert "Traceback" not in err
    assert Place(str(tmp_path)).running() is None


@pytest.mark.slow
def test_an_idle_engine_leaves(tmp_path: Path, tiny_weights: Path) -> None:
    """... and takes its record with it, so that the next program starts a new one at once."""
    process = start(tmp_path, "--weights", f"art={tiny_weights}", "--idle-exit", "0.05")
    _, err = process.communicate(timeout=100)

    assert process.returncode == 0, err
    assert Place(str(tmp_path)).running() is None


@pytest.mark.slow
def test_stop_lets_a_running_job_finish(tmp_path: Path, tiny_weights: Path) -> None:
    """`depixel serve --stop` loses nobody's work, and takes no new work."""
    place = Place(str(tmp_path))
    record_engine(place, tiny_weights)
    engine = Engine("tests", place)
    engine.upscale(request_of(4, 4)).result()
    found: list[object] = []

    def work() -> None:
        try:
            found.append(engine.upscale(request_of(120, 120, scale=4)).result().answers[0].width)
        except EngineError as error:
            found.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 60
    while engine.hello().queued == 0 and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert engine.stop()
    thread.join(60)
    gone(place)

    assert found == [480]
    assert place.running() is None


def test_a_second_engine_is_refused_in_a_sentence(engine: Engine, place: Place) -> None:
    """Two engines would each hold the weights in memory."""
    from depixel.errors import DepixelError
    from depixel.service.limits import ServiceLimits
    from depixel.service.server import serve
    from depixel.service.worker import EngineWorker

    engine.hello()
    worker = EngineWorker("cpu")
    with pytest.raises(DepixelError, match=r"already running on port"):
        serve(worker, worker.about, place, ServiceLimits(), lock_seconds=0.2)


def test_a_crash_of_another_program_s_engine_is_found_out(tmp_path: Path, tiny_weights: Path) -> None:
    """A stale record of an engine that was killed does not keep a program from starting its own."""
    place = Place(str(tmp_path))
    record_engine(place, tiny_weights)
    path = tmp_path / "running.json"
    path.write_text(json.dumps({"pid": 1, "port": 9, "token": "old", "protocol": 1, "version": "0"}))
    path.chmod(0o600)
    engine = Engine("tests", place)

    assert engine.upscale(request_of(4, 4)).result().scale == 2
    engine.stop()
    gone(place)
