"""Engine missing, engine killed, plug-in cancelled, two GIMPs at once: in real GIMP with real processes."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.hosts.conftest import finish
from tests.hosts.gimp.conftest import Gimp
from tests.hosts.gimp.test_kinds import array, expected

from depixel.client import Engine, Place
from depixel.upsampler import Upsampler

pytestmark = pytest.mark.host


@pytest.fixture(autouse=True)
def _clean(gimp: Gimp) -> None:
    for path in (gimp.host.work / "out").glob("started*"):
        path.unlink()
    for path in (gimp.host.work / "out").glob("trouble*"):
        path.unlink()


def wait(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def plug_in_processes(profile: Path) -> list[int]:
    """Running copies of this profile's plug-in (GIMP starts one for each call), not those of another test run."""
    entry_point = str(profile / "plug-ins" / "depixel-gimp" / "depixel-gimp.py").encode()
    processes = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if entry_point in words and b"-run" in words:
            processes.append(int(entry.parent.name))
    return processes


def test_without_an_engine_there_is_a_sentence(lonely_gimp: Gimp) -> None:
    """No traceback, nothing changes: what to install, and how to find out more."""
    seen = lonely_gimp.run("trouble.py", DEPIXEL_RUNTIME_DIR=str(lonely_gimp.host.work / "nowhere"))

    assert (seen["status"], seen["layers"], seen["dirty"]) == ("execution-error", 1, False)
    assert "depixel install gimp" in seen["error"] and "depixel doctor" in seen["error"]


def test_a_killed_engine_is_started_again(gimp: Gimp) -> None:
    """kill -9 in the middle of the job: the answer still arrives, from a new engine."""
    place = Place(str(gimp.host.work / "run"))
    engine = Engine("tests", place)
    process = gimp.start("trouble.py", SIDE="200")
    wait((gimp.host.work / "out" / "started").exists)
    wait(lambda: place.running() is not None and engine.state()[0] == "running" and engine.hello().queued > 0)
    first = engine.hello().pid
    os.kill(first, signal.SIGKILL)
    output = finish(process, 600)
    seen = json.loads((gimp.host.work / "out" / "trouble.py.json").read_text("utf-8"))

    assert seen["status"] == "success", output[-2000:]
    assert seen["answer"]["width"] == 800
    assert engine.hello().pid != first


def test_cancel_frees_the_engine(gimp: Gimp) -> None:
    """GIMP's Cancel ends the plug-in's process: the search stops within a step; GIMP and the image are unharmed."""
    engine = Engine("tests", Place(str(gimp.host.work / "run")))
    gimp.run("trouble.py", SIDE="8")  # so that an engine runs: its launcher works only inside the root
    process = gimp.start("trouble.py", SIDE="900")
    wait(lambda: engine.hello().queued > 0)
    time.sleep(1.0)
    for pid in plug_in_processes(gimp.profile):
        os.kill(pid, signal.SIGTERM)
    began = time.monotonic()
    wait(lambda: engine.hello().queued == 0)
    freed = time.monotonic() - began
    finish(process, 300)
    seen = json.loads((gimp.host.work / "out" / "trouble.py.json").read_text("utf-8"))

    assert seen["status"] != "success"
    assert (seen["layers"], seen["dirty"]) == (1, False)
    assert freed < 60  # a step or two on a busy machine; the whole job takes minutes


def test_two_images_at_once(gimp: Gimp) -> None:
    """Two GIMPs share one engine, and each gets its own answer."""
    processes = [gimp.start("trouble.py", NUMBER=str(number)) for number in (1, 2)]
    for process in processes:
        finish(process, 600)
    upsampler = Upsampler("cpu")

    for number in (1, 2):
        seen = json.loads((gimp.host.work / "out" / f"trouble.py{number}.json").read_text("utf-8"))
        assert seen["status"] == "success", seen["error"]
        wanted = expected(upsampler, seen["before"], scale=4, seed=number)[0]
        assert np.array_equal(array(seen["answer"]), wanted)
