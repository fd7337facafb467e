"""
`RemoteUpsampler`: the shared engine with the interface of an `Upsampler`, for the command line and the folder watcher.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from depixel import client
from depixel.consistency import Residual
from depixel.domain import ART, requested
from depixel.errors import BadUsageError, CancelledError, DepixelError
from depixel.keying import with_keys
from depixel.meeting import with_neighbours
from depixel.monitor import SILENT, Monitor, SearchStep
from depixel.picture import FROM_BLOCKS, PREMULTIPLIED, Picture
from depixel.premultiplying import with_premultiplied
from depixel.preparation.keys import has_numbers
from depixel.regions import with_regions
from depixel.report import Candidate, Report, single
from depixel.request import Request
from depixel.special import Special, answer_special


class EngineProblemError(DepixelError):
    """An error of the shared engine, or of the connection to it."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class RemoteUpsampler:
    """
    Answers pictures by the engine that GIMP and Krita use: the same pixels as `Upsampler`, without loading the weights.

    Args:
        engine: "auto" (the running engine, or a new one) or "http://127.0.0.1:PORT".
        program: the caller, for the engine's log.
    """

    def __init__(self, engine: str = "auto", program: str = "command line") -> None:
        try:
            self._engine = client.Engine(program, url=None if engine == "auto" else engine)
        except client.EngineError as error:
            raise BadUsageError(str(error)) from error
        self._program = program

    def upsample(self, picture: Picture, request: Request, monitor: Monitor = SILENT) -> Report:
        """
        As `Upsampler.upsample`.

        Raises:
            DepixelError: the engine's sentence, or the reason why there is no engine.
        """
        return single(self.upsample_many([picture], request, monitor))

    def upsample_many(
        self, pictures: Sequence[Picture], request: Request, monitor: Monitor = SILENT
    ) -> list[Report | DepixelError]:
        """As `Upsampler.upsample_many`, one picture after the other. Raises CancelledError."""
        request = request.validated()
        special_outcomes = answer_special(
            _of_details(pictures, request), pictures, request, self.upsample_many, monitor
        )
        if special_outcomes is not None:
            return special_outcomes
        outcomes: list[Report | DepixelError] = []
        for number, picture in enumerate(pictures):
            part = monitor.equal_part(number, len(pictures))
            try:
                outcomes.append(self._sent(picture, request, part))
            except CancelledError:
                raise
            except DepixelError as error:
                outcomes.append(error)
        return outcomes

    def _sent(self, picture: Picture, request: Request, monitor: Monitor) -> Report:
        job = self._engine.upscale(client.Submission(_pixels(picture), request.to_dict(), program=self._program))
        try:
            with _cancelling(job, monitor):
                for event in job:
                    if isinstance(event, client.Result):
                        return _report(event, picture, request)
                    if isinstance(event, client.Progress):
                        monitor.step(_step(event))
        except client.CancelledError as error:
            raise CancelledError(str(error)) from error
        except client.EngineError as error:
            raise EngineProblemError(str(error), error.code) from error
        raise EngineProblemError("The Depixel engine gave no answer.", "error")


# `Picture.details` is not sent: what depends on it is done here, and the engine gets pictures that do not need it.
def _of_details(pictures: Sequence[Picture], request: Request) -> Iterator[Special]:
    if request.key != "none" and any(has_numbers(picture) for picture in pictures):
        yield with_keys
    yield with_neighbours
    if any(picture.details.get(PREMULTIPLIED) for picture in pictures):
        yield with_premultiplied
    yield with_regions


# The engine reports the share of the whole that is done, not the span of a stage.
def _step(event: client.Progress) -> SearchStep:
    return SearchStep(event.step, event.steps, event.error, None, event.stage, (event.fraction, event.fraction))


# The engine sends events only when something happens, but the caller may cancel at any time.
@contextmanager
def _cancelling(job: client.JobHandle, monitor: Monitor) -> Iterator[None]:
    if monitor.cancelled is None:
        yield
        return
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            if monitor.is_cancelled:
                job.cancel()
                return

    thread = threading.Thread(target=watch, name="cancel", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _pixels(picture: Picture) -> client.Pixels:
    deep = picture.levels != 255
    frames = tuple(np.ascontiguousarray(frame, "<u2" if deep else "u1").tobytes() for frame in picture.frames)
    return client.Pixels(
        width=picture.width,
        height=picture.height,
        channels=picture.channels,
        frames=frames,
        depth=16 if deep else 8,
        palette=b"" if picture.palette is None else picture.palette.tobytes(),
        name=picture.name,
        mode=picture.mode,
        blocks=bool(picture.details.get(FROM_BLOCKS)),
    )


def _report(result: client.Result, source: Picture, settings: Request) -> Report:
    facts = result.report
    wrap = facts.get("wrap", {})
    return Report(
        candidates=tuple(
            _candidate(answer, values, source)
            for answer, values in zip(result.answers, facts.get("candidates", ()), strict=True)
        ),
        settings=settings,
        scale=result.scale,
        domain=requested(result.domain) or ART,
        degradation=result.degradation,
        model=result.model,
        device=str(facts.get("device", "")),
        wrap=(bool(wrap.get("x")), bool(wrap.get("y"))),
        steps=result.steps,
        grid=int(facts.get("grid", 1)),
        seconds=result.seconds,
        notes=result.notes,
    )


def _candidate(answer: client.Answer, values: dict[str, Any], source: Picture) -> Candidate:
    shape = (answer.height, answer.width, answer.channels)
    kind = np.dtype("<u2") if answer.depth == 16 else np.dtype("u1")
    native = np.uint16 if answer.depth == 16 else np.uint8
    frames = tuple(np.frombuffer(frame, kind).reshape(shape).astype(native) for frame in answer.frames)
    picture = source.replace(
        frames=frames,
        mode=answer.mode or source.mode,
        palette=source.palette if answer.indexed else None,
        vectors=answer.vectors,
        data_alpha=answer.data_alpha,
    )
    return Candidate(
        picture,
        Residual(**values["residual"]),
        answer.score,
        answer.seed,
        values.get("imagination", 0.0),
        values.get("reading", ""),
        values.get("model", ""),
    )
