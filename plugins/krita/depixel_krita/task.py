"""
`EngineCall`: one job of the engine on its own thread, which puts its events into a queue. No Qt: the interface empties
the queue on a timer, and never waits.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ._client import CancelledError, Engine, Pixels, Preview, Result, Submission, sentence
from .pixels import Samples, pasted, reduced, swapped

SHOWN_SIDE = 768
"""Pixels of the longer side of an answer on the screen."""


@dataclass(frozen=True)
class CallResult:
    """The result of a successful call."""

    result: Result
    frames: tuple[tuple[Samples, ...], ...]  # of each answer, in Krita's order of channels
    pictures: tuple[Preview, ...]  # of each answer's first frame
    source: Preview
    recipes: tuple[str, ...]  # of each answer, as text
    seconds: float  # since the start, including the engine's own time


@dataclass(frozen=True)
class CallFailure:
    """The reason why a call failed; `sentence` is empty if the user cancelled it."""

    sentence: str


@dataclass(frozen=True)
class CallSource:
    """The picture that is sent, for the screen; the first message."""

    picture: Preview


Message = Any
"""`CallSource` or an `Event` other than `Result`; the last one is `CallResult` or `CallFailure`."""


class EngineCall:
    """
    One job of the engine, off the interface's thread.

    Args:
        samples: frames in Krita's order of channels.
        is_swapped: whether that order is B,G,R,A.
        ask: makes the submission from the pixels; runs on the thread.
        describe: makes the recipe of each answer; runs on the thread, because it compresses the pixels.
        kept_to: outside of it (0 ... 255 for each pixel) answers of the same size keep the source pixels; empty:
            nowhere.
    """

    def __init__(
        self,
        engine: Engine,
        samples: tuple[bytes, ...],
        shape: tuple[int, int, int, int],
        is_swapped: bool,
        ask: Callable[[Pixels], Submission],
        describe: Callable[[Submission, Result], tuple[str, ...]],
        name: str = "",
        kept_to: bytes = b"",
    ) -> None:
        self._engine, self._samples, self._swapped, self._ask = engine, samples, is_swapped, ask
        self._describe = describe
        self._shape, self._name, self._kept_to = shape, name, kept_to
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._job: Any = None
        self._thread = threading.Thread(target=self._run, name="depixel", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def cancel(self) -> None:
        """Stop it; returns at once. May be called repeatedly and after the end."""
        self._stop.set()
        job = self._job
        if job is not None:
            threading.Thread(target=job.cancel, name="depixel cancel", daemon=True).start()

    def take(self) -> list[Message]:
        """The events since the last call."""
        events = []
        while not self._messages.empty():
            events.append(self._messages.get())
        return events

    def _run(self) -> None:
        try:
            self._messages.put(self._work())
        except CancelledError:
            self._messages.put(CallFailure(""))
        except Exception as error:  # noqa: BLE001 (a thread's end: whatever it was, the user is told)
            self._messages.put(CallFailure("" if self._stop.is_set() else sentence(error)))

    def _work(self) -> CallResult:
        began = time.monotonic()
        width, height, channels, depth = self._shape
        frames = tuple(self._exchanged(frame) for frame in self._samples)
        source = Preview(*reduced(frames[0], width, height, channels, depth, SHOWN_SIDE))
        self._messages.put(CallSource(source))
        pixels = Pixels(width, height, channels, tuple(map(bytes, frames)), depth=depth, name=self._name)
        submission = self._ask(pixels)
        self._job = self._engine.upscale(submission)
        if self._stop.is_set():
            raise CancelledError("Cancelled.")
        for event in self._job:
            if isinstance(event, Result):
                recipes = self._describe(submission, event)
                return self._finished(event, frames, source, recipes, began)
            self._messages.put(event)
        raise RuntimeError("the engine ended the job without an answer")

    def _finished(
        self, result: Result, sources: tuple[Samples, ...], source: Preview, recipes: tuple[str, ...], began: float
    ) -> CallResult:
        previews, every = [], []
        for answer in result.answers:
            frames = [self._inside(*pair) for pair in zip(answer.frames, sources)]  # noqa: B905 (Python 3.8)
            shape = answer.width, answer.height, answer.channels, answer.depth
            previews.append(Preview(*reduced(frames[0], *shape, SHOWN_SIDE)))
            every.append(tuple(self._exchanged(frame) for frame in frames))
        return CallResult(result, tuple(every), tuple(previews), source, recipes, time.monotonic() - began)

    def _inside(self, answer: bytes, source: Samples) -> Samples:
        if not self._kept_to or len(answer) != len(source):
            return answer
        return pasted(answer, source, self._kept_to, self._shape[3])

    def _exchanged(self, samples: Samples) -> Samples:
        return swapped(samples, self._shape[3]) if self._swapped else samples
