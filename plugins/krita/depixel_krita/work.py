"""`Work`: one request from reading its pixels to its answers, without a widget; docker, dialog and preview share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ._client import (
    ANONYMISE_FACE,
    UPSCALE,
    Action,
    Engine,
    Preview,
    Result,
    Submission,
    difference,
    layer_name,
    recipe_of,
    scales_back,
    sentence,
    settings_of,
    summary,
)
from .host import HostError, Shot, Target, find_document, read
from .pixels import swapped
from .qt import QtCore, Signal
from .recipes import KeptRecipe
from .results import Painting
from .task import Failed, Finished, Task
from .turns import Stepper

_PUMP = 30  # milliseconds between two looks into the queue
_LOOK = 10  # of these between two looks whether the document is still open


@dataclass(frozen=True)
class Asked:
    """What a work is to do."""

    target: Target
    action: Action
    values: Mapping[str, Any]  # of the form
    extra: Mapping[str, Any]  # settings beside those of the form
    previews: bool
    again: KeptRecipe | None = None  # make this one again, and nothing of the form


@dataclass(frozen=True)
class Offer:
    """One answer that may be applied."""

    painting: Painting
    picture: Preview
    label: str  # under the thumbnail
    seed: int
    imagined: bool  # not the calm answer


@dataclass(frozen=True)
class Done:
    """All answers to one request."""

    asked: Asked
    shot: Shot
    finished: Finished
    offers: tuple[Offer, ...]  # best first

    @property
    def summary(self) -> str:
        """One sentence on the answers, and one for each thing worth knowing."""
        return " ".join((summary(self.finished.result, _is_converted(self.asked)), *self.asked.target.notes))


class Work(QtCore.QObject):
    """
    Reads, asks, and tells; one at a time.

    Signals:
        progressed: with an `Event` of the client.
        finished: with a `Done`.
        failed: with a sentence; empty when it was cancelled.
    """

    progressed = Signal(object)
    finished = Signal(object)
    failed = Signal(str)

    def __init__(self, engine: Engine, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._asked: Asked | None = None
        self._reading: Stepper | None = None
        self._shot: Shot | None = None
        self._task: Task | None = None
        self._sent: Submission | None = None
        self._ticks = 0
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._pump)

    @property
    def busy(self) -> bool:
        return self._asked is not None

    def start(self, asked: Asked) -> None:
        """
        Begin; a work in progress is given up. Returns at once.

        Raises:
            EngineError: a value of the form is out of range; nothing was begun.
        """
        self.cancel()
        if asked.again is not None:
            self._again(asked, asked.again)
            return
        box = asked.target.selection
        if box is not None and asked.action.name == UPSCALE.name:  # the selected part alone
            asked = replace(asked, target=asked.target.chosen())
            box = None
        if box is not None and asked.action.name == ANONYMISE_FACE.name:  # all of it, changed in the selection's shape
            asked = replace(asked, target=replace(asked.target, shaped=True))
        settings = {**settings_of(asked.action, asked.values, box=box), **asked.extra}
        self._asked = asked
        self._reading = Stepper(read(asked.target), self)
        self._reading.ended.connect(lambda shot, asked=asked: self._ask(asked, shot, settings))
        self._reading.broke.connect(lambda error: self._fail(_sentence(error)))

    # Of the picture that the recipe holds: nothing has to be read.
    def _again(self, asked: Asked, kept: KeptRecipe) -> None:
        settings = kept.recipe.submission(**asked.extra).settings
        pixels = kept.recipe.source
        if pixels is None:
            return
        swap = kept.colours.travels.is_swapped
        frames = tuple(bytes(swapped(frame, pixels.depth)) if swap else frame for frame in pixels.frames)
        self._asked = asked
        self._ask(asked, Shot(asked.target, kept.colours.travels, frames), settings)

    def cancel(self) -> None:
        """Give it up, if there is one: at once here, within one step of the search in the engine. No signal comes."""
        if self._reading is not None:
            self._reading.stop()
        if self._task is not None:
            self._task.cancel()
        self._end()

    def _ask(self, asked: Asked, shot: Shot, settings: Mapping[str, Any]) -> None:
        target, colours, kept_to = shot.target, shot.colours, b""
        if asked.action.name == ANONYMISE_FACE.name:
            target, kept_to = replace(target, shape=b""), target.shape
        asked = self._asked = replace(asked, target=target)
        self._reading, self._shot = None, shot

        def request(pixels: Any) -> Submission:
            kept = {"kept": asked.values["kept"]} if "kept" in asked.values else {}
            self._sent = Submission(
                pixels, settings, asked.action.wire, previews=asked.previews, program="krita", **kept
            )
            return self._sent

        shape = (target.width, target.height, colours.channels, colours.bits)
        self._task = Task(
            self._engine,
            shot.frames,
            shape,
            colours.is_swapped,
            request,
            asked.again.recipe.name if asked.again else target.name,
            kept_to,
        )
        self._task.start()
        self._timer.start(_PUMP)

    def _pump(self) -> None:
        asked, shot, task = self._asked, self._shot, self._task
        if asked is None or shot is None or task is None:
            return
        for message in task.take():
            if isinstance(message, Finished):
                done = Done(asked, shot, message, _offers(asked, message, self._sent))
                self._end()
                self.finished.emit(done)
                return
            if isinstance(message, Failed):
                self._fail(message.sentence)
                return
            self.progressed.emit(message)
            if self._task is None:  # cancelled by who was told
                return
        self._ticks += 1
        if self._ticks % _LOOK == 0 and find_document(asked.target.document) is None:
            self.cancel()
            self.failed.emit("The document was closed, so the work on it was stopped.")

    def _fail(self, words: str) -> None:
        self._end()
        self.failed.emit(words)

    def _end(self) -> None:
        self._timer.stop()
        self._asked = self._reading = self._shot = self._task = None


def _is_converted(asked: Asked) -> bool:
    return asked.target.colours.travels != asked.target.colours


def _offers(asked: Asked, finished: Finished, sent: Submission | None) -> tuple[Offer, ...]:
    result = finished.result
    imagined = asked.action.name != UPSCALE.name
    offers = []
    for index, answer in enumerate(result.answers):
        painting = Painting(
            layer_name(asked.target.name, result, index, imagined, _is_converted(asked)),
            answer.left,
            answer.top,
            answer.width,
            answer.height,
            finished.frames[index],
            _recipe(asked, sent, result, index),
        )
        exactness = "converted" if _is_converted(asked) else scales_back(answer)
        label = f"{difference(answer)}: {exactness}"
        calm = asked.values.get("imagination", 0) == 0 and answer.seed == asked.values.get("seed")
        offers.append(Offer(painting, finished.pictures[index], label, answer.seed, not calm))
    return tuple(offers)


# Of animations there is none: their frames would fill the document.
def _recipe(asked: Asked, sent: Submission | None, result: Result, index: int) -> str:
    if sent is None or asked.target.times:
        return ""
    target = asked.target
    return KeptRecipe(recipe_of(asked.action, sent, result, index), target.colours, target.left, target.top).to_json()


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, HostError) else sentence(error)
