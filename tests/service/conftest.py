"""A real engine process with a tiny random network."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_art import write_tiny_art

from depixel.client import Engine, Installed, Pixels, Place, Submission
from depixel.client.launch import reap
from depixel.client.place import Running

ROOT = Path(__file__).resolve().parents[2]


def record_engine(place: Place, weights: Path, *options: str, **more: str) -> None:
    """Write installed.json: this Python, this source, tiny weights; `more` is added to the engine's environment."""
    launcher = Path(place.folder) / "launch.py"
    place.make()
    launcher.write_text(
        "import sys, runpy\n"
        f"sys.argv = ['depixel', *sys.argv[1:], '--weights', 'art={weights}', *{list(options)!r}]\n"
        "runpy.run_module('depixel', run_name='__main__')\n"
    )
    path = os.pathsep.join([str(ROOT / "core"), str(ROOT / "plugins/folder_watch")])
    environment = (("PYTHONPATH", path), ("OMP_NUM_THREADS", "1"), *more.items())
    place.write_installed(Installed((sys.executable, str(launcher)), environment, "test"))


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a tiny random art network."""
    return write_tiny_art(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_weights: Path) -> Iterator[Place]:
    """A folder with an installed engine; anything started there is stopped at the end."""
    place = Place(str(tmp_path_factory.mktemp("engine")))
    record_engine(place, tiny_weights)
    yield place
    Engine("tests", place).stop()
    deadline = time.monotonic() + 20
    while reap() and time.monotonic() < deadline:
        time.sleep(0.1)


@pytest.fixture(scope="session")
def engine(place: Place) -> Engine:
    """A warm engine, started by the client as by a plug-in."""
    engine = Engine("tests", place)
    engine.upscale(request_of(4, 4)).result()
    return engine


@pytest.fixture
def running(engine: Engine, place: Place) -> Running:
    """The warm engine's record."""
    engine.hello()
    record = place.running()
    assert record is not None
    return record


def request_of(
    width: int, height: int, channels: int = 4, depth: int = 8, frames: int = 1, **settings: object
) -> Submission:
    """A request for a picture in soft colours."""
    rows = [
        bytes((x * 3 + y * 5 + 40 * c) % 200 if c != 3 else 255 for x in range(width) for c in range(channels))
        for y in range(height)
    ]
    data = b"".join(rows)
    if depth == 16:
        data = b"".join(bytes((value, value)) for value in data)
    pixels = Pixels(width, height, channels, (data,) * frames, depth)
    return Submission(pixels, {"scale": 2, "domain": "art", **settings})
