"""The process itself: it exits on request and when idle, and does not run twice."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest
from tests.service.conftest import ROOT, record_engine, request_of
from tests.service.test_guard import ask

from depixel.client import Engine, EngineError, Place, Running, launch
from depixel.client.launch import reap
from depixel.service.server import _listen
from depixel.terminal.stopping import AT_ONCE_SECONDS


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


def start_hanging(folder: Path) -> subprocess.Popen[str]:
    """An engine whose jobs hang in C code that never returns, as in a decoder with a bomb."""
    launcher = folder / "launch.py"
    launcher.write_text(
        "import hashlib, sys\n"
        "from depixel.cli import main\n"
        "from depixel.service.worker import EngineWorker\n"
        "EngineWorker.warm = lambda self: None\n"
        "def hang(*_):\n"
        "    print('hangs', flush=True)\n"
        "    hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)\n"
        "EngineWorker.answer = hang\n"
        "sys.exit(main(['serve', '--quiet']))\n"
    )
    place = Place(str(folder / "engine"))
    paths = os.pathsep.join([str(ROOT / "core"), str(ROOT / "plugins/folder_watch")])
    (folder / "tmp").mkdir()
    environment = {
        **os.environ, "PYTHONPATH": paths, "DEPIXEL_RUNTIME_DIR": place.folder, "TMPDIR": str(folder / "tmp"),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, str(launcher)], stdout=subprocess.PIPE, text=True, env=environment)
    deadline = time.monotonic() + 60
    while place.running() is None and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def send_pack(running: Running) -> None:
    """A pack that the engine begins to work on."""
    pack = io.BytesIO()
    with zipfile.ZipFile(pack, "w") as archive:
        archive.writestr("a.png", b"")
    assert ask(running, "POST", "/packs", pack.getvalue(), Depixel_Request="{}")[0] == 202


def gone(place: Place) -> None:
    """Wait until its engine has exited, and record that."""
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
    """Ctrl-C: no traceback, no stale record, exit code 0 (130 if a slow machine was ended by the clock)."""
    process = start(tmp_path, "--weights", f"art={tiny_weights}")
    process.send_signal(number)
    out, err = process.communicate(timeout=100)

    assert process.returncode in (0, 130), err
    assert "http://127.0.0.1:" in out
    assert "Traceback" not in err
    assert Place(str(tmp_path)).running() is None


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]], ids=["SIGTERM", "twice SIGINT"])
def test_a_signal_ends_an_engine_whose_job_hangs(tmp_path: Path, signals: list[signal.Signals]) -> None:
    """Within two seconds, without a stale record and without the pack that it worked on."""
    process = start_hanging(tmp_path)
    running = Place(str(tmp_path / "engine")).running()
    assert running is not None
    send_pack(running)
    assert process.stdout is not None
    assert process.stdout.readline() == "hangs\n"
    assert list((tmp_path / "tmp").iterdir())
    for number in signals:
        process.send_signal(number)
        time.sleep(0.2)
    began = time.monotonic()
    process.communicate(timeout=60)

    assert time.monotonic() - began < AT_ONCE_SECONDS + 2
    assert Place(str(tmp_path / "engine")).running() is None
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_packs_of_an_engine_that_was_killed_are_deleted(tmp_path: Path, tiny_weights: Path) -> None:
    """kill -9 while a pack is in progress: the next engine deletes it."""
    process = start_hanging(tmp_path)
    running = Place(str(tmp_path / "engine")).running()
    assert running is not None
    send_pack(running)
    process.kill()
    process.communicate(timeout=60)
    left = list((tmp_path / "tmp").iterdir())
    assert len(left) == 1
    stranger = tmp_path / "tmp/of-somebody-else"
    stranger.mkdir()

    Place(str(tmp_path / "engine")).forget_running()
    next_one = start(tmp_path / "engine", "--weights", f"art={tiny_weights}")
    next_one.send_signal(signal.SIGTERM)
    next_one.communicate(timeout=60)

    assert list((tmp_path / "tmp").iterdir()) == [stranger]


@pytest.mark.slow
def test_an_idle_engine_leaves(tmp_path: Path, tiny_weights: Path) -> None:
    """... and removes its record, so that the next program starts a new one at once."""
    process = start(tmp_path, "--weights", f"art={tiny_weights}", "--idle-exit", "0.05")
    _, err = process.communicate(timeout=100)

    assert process.returncode == 0, err
    assert Place(str(tmp_path)).running() is None


@pytest.mark.slow
def test_stop_lets_a_running_job_finish(tmp_path: Path, tiny_weights: Path) -> None:
    """`depixel serve --stop` loses no work, and accepts none."""
    place = Place(str(tmp_path))
    record_engine(place, tiny_weights)
    engine = Engine("tests", place)
    engine.upscale(request_of(4, 4)).result()
    outcomes: list[object] = []

    def work() -> None:
        try:
            outcomes.append(engine.upscale(request_of(120, 120, scale=4)).result().answers[0].width)
        except EngineError as error:
            outcomes.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 60
    while engine.hello().queued == 0 and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert engine.stop()
    thread.join(60)
    gone(place)

    assert outcomes == [480]
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
    """A stale record of a killed engine does not keep a program from starting its own."""
    place = Place(str(tmp_path))
    record_engine(place, tiny_weights)
    path = tmp_path / "running.json"
    path.write_text(json.dumps({"pid": 1, "port": 9, "token": "old", "protocol": 1, "version": "0"}))
    path.chmod(0o600)
    engine = Engine("tests", place)

    assert engine.upscale(request_of(4, 4)).result().scale == 2
    engine.stop()
    gone(place)


def test_small_answers_are_sent_at_once() -> None:
    """No connection waits for the other side's delayed acknowledgement before it sends the body after the headers."""

    async def is_immediate() -> int:
        switched: asyncio.Queue[int] = asyncio.Queue()

        async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            switched.put_nowait(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = _listen(0, 0)
        async with await asyncio.start_server(accept, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            try:
                return await asyncio.wait_for(switched.get(), 30)
            finally:
                writer.close()

    assert asyncio.run(is_immediate())
