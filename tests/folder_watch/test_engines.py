"""`depixel watch --engine auto|URL`: the engine shared with GIMP and Krita does the watcher's work."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.service.conftest import record_engine
from tiny_art import write_tiny_art
from watch_process import environment, watch_command

from depixel.client import Engine, Place
from depixel.client.launch import reap
from depixel.consistency import Residual
from depixel.domain import ART, FACES
from depixel.errors import BadUsageError, DepixelError
from depixel.picture import Picture
from depixel.report import Candidate, Report
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
    """An installed engine that is not running yet."""
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
    auto starts it: answers and recipe equal those of an engine in this process. By address: the same, until it is
    stopped; then the work waits, and no picture fails. If it refuses a picture, that is the picture's error.
    """
    settings = Request(domain="art", scale=4)
    here = EngineUpscaler(Upsampler("cpu", {"art": str(weights)}), settings, lambda: False)
    auto = EngineUpscaler(RemoteUpsampler("auto", "watch"), settings, lambda: False, shared=True)
    running = place.running()
    assert running is not None
    address = RemoteUpsampler(f"http://127.0.0.1:{running.port}", "watch")
    fixed = EngineUpscaler(address, settings, lambda: False, shared=True)
    pictures = [_picture(1), _picture(2, 9)]
    expected = here.upscale(pictures, {"wrap": "xy"}, 4)

    for worker in (auto, fixed):
        for answer, other in zip(worker.upscale(pictures, {"wrap": "xy"}, 4), expected, strict=True):
            assert not isinstance(answer, DepixelError)
            assert not isinstance(other, DepixelError)
            assert np.array_equal(answer.frames[0], other.frames[0])
    assert auto.recipe == here.recipe == fixed.recipe
    (refused,) = fixed.upscale([_picture(1)], {"frames": "7x7"}, 4)
    assert isinstance(refused, DepixelError)
    Engine("tests", place).stop()
    with pytest.raises(EngineAwayError, match="nothing is lost"):
        for _ in range(50):  # it finishes its current work first
            fixed.upscale(pictures, {}, 4)
            time.sleep(0.1)


def test_the_command_by_the_shared_engine(place: Place, tmp_path: Path) -> None:
    """--engine auto --once: files are written; --weights together with it, and a wrong address, are refused."""
    source = tmp_path / "mods"
    source.mkdir()
    Image.fromarray(_picture(4).frames[0]).save(source / "a.png")
    command = watch_command(source, "--once", "--quiet-period", 0, "--domain", "art", "--engine", "auto")

    process = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)

    assert process.returncode == 0, process.stderr
    assert place.running() is not None
    with Image.open(tmp_path / "mods-depixel/a.png") as image:
        assert image.size == (32, 32)
    with pytest.raises(BadUsageError, match="address"):
        RemoteUpsampler("http://example.org:80", "watch")


class _Recorder:
    """An engine that returns an empty report, and records its requests."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def upsample_many(self, pictures: Sequence[Picture], settings: Request, *_: Any) -> list[Report | DepixelError]:
        self.requests.append(settings)
        residual = Residual(0.0, 0.0, 0.0)
        candidate = Candidate(pictures[0], residual, 0.0, 0)
        return [Report((candidate,), settings, 4, ART, "area", "none", "cpu", (False, False), 0, 0.0) for _ in pictures]


def test_a_folder_of_faces_is_reckoned_with_the_scale_that_is_written() -> None:
    """A file next to a texture is scaled with it: by one scale for the whole folder, whatever the kind."""
    engine = _Recorder()

    worker = EngineUpscaler(engine, Request(domain="faces"), lambda: False)
    worker.upscale([Picture((np.zeros((16, 16, 3), np.uint8),), mode="RGB")], {}, worker.scale)

    assert {request.scale_for(FACES, 16, 16) for request in engine.requests} == {worker.scale}


def test_what_was_typed_outranks_the_profile() -> None:
    """`depixel watch DIR --frames none` is obeyed even if a game's profile cuts sheets into frames."""
    engine = _Recorder()
    tiny = [Picture((np.zeros((16, 16, 3), np.uint8),), mode="RGB")]

    EngineUpscaler(engine, Request.from_typed({"frames": "none"}), lambda: False).upscale(tiny, {"frames": "4x2"}, 4)
    assert engine.requests[-1].frames == "none"
    EngineUpscaler(engine, Request(), lambda: False).upscale(tiny, {"frames": "4x2"}, 4)
    assert engine.requests[-1].frames == "4x2"
