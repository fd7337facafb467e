"""Jobs off the interface's thread: with a real engine process if available, and without."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.service.conftest import record_engine
from tiny_art import write_tiny_art

from depixel.client import Engine, Pixels, Place, Result, Submission
from depixel.client.launch import reap
from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler
from depixel_krita.task import CallFailure, CallResult, EngineCall


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random network."""
    return write_tiny_art(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[Engine]:
    """A real engine, started by the first job."""
    place = Place(str(tmp_path_factory.mktemp("engine")))
    record_engine(place, weights)
    engine = Engine("krita", place)
    yield engine
    engine.stop()
    deadline = time.monotonic() + 20
    while reap() and time.monotonic() < deadline:  # its process is ours
        time.sleep(0.1)


def _call(engine: Engine, bgra: np.ndarray, **settings: Any) -> EngineCall:
    shape = (bgra.shape[1], bgra.shape[0], 4, 8)

    def ask(pixels: Pixels) -> Submission:
        return Submission(pixels, {"domain": "art", **settings}, previews=True, program="tests")

    def describe(submission: Submission, result: Result) -> tuple[str, ...]:
        assert threading.current_thread() is not threading.main_thread()
        return tuple(f"{submission.program}, seed {answer.seed}" for answer in result.answers)

    return EngineCall(engine, (bgra.tobytes(),), shape, True, ask, describe, "sprite")


def _end(call: EngineCall) -> Any:
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        for message in call.take():
            if isinstance(message, (CallResult, CallFailure)):
                return message
        time.sleep(0.02)
    raise AssertionError("the call did not end")


def test_answers_come_back_in_kritas_order(engine: Engine, weights: Path) -> None:
    """B,G,R,A in and out; the pixels are the engine's own, and there are pictures for the screen."""
    bgra = np.random.default_rng(2).integers(0, 256, (9, 12, 4), np.uint8)
    call = _call(engine, bgra, scale=2)
    call.start()
    end = _end(call)
    expected = Upsampler("cpu", {"art": str(weights)}).upsample(
        Picture((np.ascontiguousarray(bgra[..., [2, 1, 0, 3]]),)), Request(domain="art", scale=2)
    )

    assert isinstance(end, CallResult), end
    assert end.frames[0][0] == expected.picture.frames[0][..., [2, 1, 0, 3]].tobytes()
    assert (end.source.width, end.source.height) == (12, 9)
    assert bytes(end.pictures[0].rgba) == expected.picture.frames[0].tobytes()
    assert end.recipes == ("tests, seed 0",)
    assert end.seconds >= end.result.seconds


def test_cancel_does_not_wait_for_the_engine(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cancel` returns at once, however long the engine takes to notice; the call then ends without a sentence."""
    call = _call(engine, np.zeros((64, 64, 4), np.uint8), steps=5000, candidates=4, imagination=1.0)
    call.start()
    _until(lambda: bool(call.take()))
    job, heard = call._job, threading.Event()
    passed_on = job.cancel
    monkeypatch.setattr(job, "cancel", lambda: (heard.wait(60), passed_on()))
    began = time.monotonic()
    call.cancel()

    assert time.monotonic() - began < 30  # even on a busy machine; waiting would take 60
    heard.set()
    assert _end(call) == CallFailure("")


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_no_engine_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an engine the call ends with advice."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("depixel.client.launch.own_engine", lambda: None)  # as in the plug-in's copy of the client
    call = _call(Engine("krita", Place(str(tmp_path / "none"))), np.zeros((2, 2, 4), np.uint8))
    call.start()
    end = _end(call)

    assert isinstance(end, CallFailure)
    assert "depixel install krita" in end.sentence
