"""`depixel watch --engine auto|URL`: the engine that GIMP and Krita share does the watcher's work."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.service.conftest import record_engine
from tiny_art import write_tiny_art
from watch_process import environment, watch_command

from depixel.client import Engine, Place
from depixel.client.launch import reap
from depixel.errors import BadUsageError, DepixelError
from depixel.picture import Picture
from depixel.request import Request
from depixel.service.remote import RemoteUpsampler
from depixel.upsampler import Upsampler
from depixel_watch.upscaler import EngineUpscaler
from depixel_watch.work.pauses import EngineAwayError


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny art network in a file."""
    return write_tiny_art(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def place(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An engine that is installed, and not running yet."""
    place = Place(str(tmp_path / "engine"))
    record_engine(place, weights)
    monkeypatch.setenv("DEPIXEL_RUNTIME_DIR", place.folder)
    yield place
    Engine("tests", place).stop()
    deadline = time.monotonic() + 20
    while reap() and time.monotonic() < deadline:
        time.sleep(0.1)


def _picture(seed: int, side: int = 8) -> Picture:
    return Picture((np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8),), mode="RGB")


def test_the_shared_engine_answers_and_its_absence_is_no_picture_s_fault(place: Place, weights: Path) -> None:
    """
    auto starts it: answers and recipe are those of the engine in this process. By address: the same, until it is
    stopped; then the work waits, and no picture is called failed. One that it refuses is that picture's error.
    """
    settings = Request(domain="art", scale=4)
    here = EngineUpscaler(Upsampler("cpu", {"art": str(weights)}), settings, lambda: False)
    auto = EngineUpscaler(RemoteUpsampler("auto", "watch"), settings, lambda: False, shared=True)
    running = place.running()
    assert running is not None
    address = RemoteUpsampler(f"http://127.0.0.1:{running.port}", "watch")
    fixed = EngineUpscaler(address, settings, lambda: False, shared=True)
    pictures = [_picture(1), _picture(2, 9)]
    expected = here.upscale(pictures, {"wrap": "xy"})

    for worker in (auto, fixed):
        for answer, other in zip(worker.upscale(pictures, {"wrap": "xy"}), expected, strict=True):
            assert not isinstance(answer, DepixelError)
            assert not isinstance(other, DepixelError)
            assert np.array_equal(answer.frames[0], other.frames[0])
    assert auto.recipe == here.recipe == fixed.recipe
    (refused,) = fixed.upscale([_picture(1)], {"frames": "7x7"})
    assert isinstance(refused, DepixelError)
    Engine("tests", place).stop()
    with pytest.raises(EngineAwayError, match="nothing is lost"):
        for _ in range(50):  # it finishes what it is doing first
            fixed.upscale(pictures, {})
            time.sleep(0.1)


def test_the_command_by_the_shared_engine(place: Place, tmp_path: Path) -> None:
    """--engine auto --once: files come out; --weights together with it, and a wrong address, are refused."""
    source = tmp_path / "mods"
    source.mkdir()
    Image.fromarray(_picture(4).frames[0]).save(source / "a.png")
    command = watch_command(source, "--once", "--quiet-period", 0, "--domain", "art", "--engine", "auto")

    found = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stderr
    assert place.running() is not None
    with Image.open(tmp_path / "mods-depixel/a.png") as image:
        assert image.size == (32, 32)
    with pytest.raises(BadUsageError, match="address"):
        RemoteUpsampler("http://example.org:80", "watch")
