"""
`Work`: processes one order, from reading its pixels to its answers, without a widget; docker, dialog and preview use
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ._client import (
    ANONYMISE_FACE,
    UPSCALE,
    Action,
    Engine,
    Pixels,
    Preview,
    Result,
    Submission,
    difference,
    layer_name,
    recipe_of,
    scales_back,
    settings_of,
    summary,
)
from .host import Shot, Target, find_document, read, sentence_of
from .painting import Painting
from .pixels import swapped
from .qt import QtCore, Signal
from .recipes import KeptRecipe
from .task import CallFailure, CallResult, CallSource, EngineCall
from .turns import Stepper

_PUMP = 30  # milliseconds between two checks of the queue
_LOOK = 10  # of these between two checks whether the document is still open


@dataclass(frozen=True)
class Order:
    """The user's order: an action on a target with values."""

    target: Target
    action: Action
    values: Mapping[str, Any]  # of the form
    extra: Mapping[str, Any]  # settings beside those of the form
    previews: bool
    again: KeptRecipe | None = None  # make this one again, ignoring the form

    def check(self) -> None:
        """
        Check whether the values can be used.

        Raises:
            EngineError: one of them is out of range; the sentence names it.
        """
        if self.again is None:
            settings_of(self.action, self.values, picture_size=(self.target.width, self.target.height))


@dataclass(frozen=True)
class Offer:
    """One answer that may be applied."""

    painting: Painting
    picture: Preview
    label: str  # under the thumbnail
    seed: int
    imagined: bool  # not the calm answer


@dataclass(frozen=True)
class OrderResult:
    """The answers to one order."""

    order: Order
    shot: Shot
    finished: CallResult
    offers: tuple[Offer, ...]  # best first

    @property
    def summary(self) -> str:
        """One sentence on the answers, and one for each thing worth knowing."""
        target = self.order.target
        return " ".join((summary(self.finished.result, target.colours.change), *target.notes))


class Work(QtCore.QObject):
    """
    Carries out orders, one at a time: reads pixels, calls the engine and reports.

    Signals:
        progressed: with an `Event` of the client.
        finished: with an `OrderResult`.
        failed: with a sentence; empty when it was cancelled.
    """

    progressed = Signal(object)
    finished = Signal(object)
    failed = Signal(str)

    def __init__(self, engine: Engine, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._order: Order | None = None
        self._reading: Stepper | None = None
        self._shot: Shot | None = None
        self._task: EngineCall | None = None
        self.source: Preview | None = None  # the picture that is being answered, once it has been read
        self._ticks = 0
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._pump)

    @property
    def busy(self) -> bool:
        return self._order is not None

    def start(self, order: Order) -> None:
        """
        Begin; work in progress is cancelled. Returns at once.

        Raises:
            EngineError: a value of the form is out of range; nothing was begun.
        """
        self.cancel()
        if order.again is not None:
            self._again(order, order.again)
            return
        box = order.target.selection
        if box is not None and order.action.name == UPSCALE.name:  # the selected part alone
            order = replace(order, target=order.target.chosen())
            box = None
        if box is not None and order.action.name == ANONYMISE_FACE.name:  # all of it, changed in the selection's shape
            order = replace(order, target=replace(order.target, shaped=True))
        size = order.target.width, order.target.height
        settings = {**settings_of(order.action, order.values, box, size), **order.extra}
        self._order = order
        self._reading = Stepper(read(order.target), self)
        self._reading.ended.connect(lambda shot, order=order: self._ask(order, shot, settings))
        self._reading.broke.connect(lambda error: self._fail(sentence_of(error)))

    # The recipe holds the picture: nothing needs to be read.
    def _again(self, order: Order, recipe: KeptRecipe) -> None:
        settings = recipe.recipe.submission(**order.extra).settings
        pixels = recipe.recipe.source
        if pixels is None:
            return
        swap = recipe.colours.travels.is_swapped
        frames = tuple(bytes(swapped(frame, pixels.depth)) if swap else frame for frame in pixels.frames)
        self._order = order
        self._ask(order, Shot(order.target, recipe.colours.travels, frames), settings)

    def cancel(self) -> None:
        """
        Cancel it, if there is one: at once here, within one step of the search in the engine. No signal is emitted.
        """
        if self._reading is not None:
            self._reading.stop()
        if self._task is not None:
            self._task.cancel()
        self._end()

    def _ask(self, order: Order, shot: Shot, settings: Mapping[str, Any]) -> None:
        target, colours, kept_to = shot.target, shot.colours, b""
        if order.action.name == ANONYMISE_FACE.name:
            target, kept_to = replace(target, shape=b""), target.shape
        order = self._order = replace(order, target=target)
        self._reading, self._shot = None, shot

        def submission(pixels: Pixels) -> Submission:
            if order.action.wire == "upscale" and not target.times:  # its recipes hold the pixels
                pixels.pack_early()
            kept = {"kept": order.values["kept"]} if "kept" in order.values else {}
            return Submission(pixels, settings, order.action.wire, previews=order.previews, program="krita", **kept)

        def recipes(sent: Submission, result: Result) -> tuple[str, ...]:
            return tuple(_recipe(order, sent, result, index) for index in range(len(result.answers)))

        shape = (target.width, target.height, colours.channels, colours.bits)
        self._task = EngineCall(
            self._engine,
            shot.frames,
            shape,
            colours.is_swapped,
            submission,
            recipes,
            order.again.recipe.name if order.again else target.name,
            kept_to,
        )
        self._task.start()
        self._timer.start(_PUMP)

    def _pump(self) -> None:
        order, shot, task = self._order, self._shot, self._task
        if order is None or shot is None or task is None:
            return
        for message in task.take():
            if isinstance(message, CallResult):
                result = OrderResult(order, shot, message, _offers(order, message))
                self._end()
                self.finished.emit(result)
                return
            if isinstance(message, CallFailure):
                self._fail(message.sentence)
                return
            if isinstance(message, CallSource):
                self.source = message.picture
                continue
            self.progressed.emit(message)
            if self._task is None:  # cancelled by the receiver of the signal
                return
        self._ticks += 1
        if self._ticks % _LOOK == 0 and find_document(order.target.document) is None:
            self.cancel()
            self.failed.emit("The document was closed, so the work on it was stopped.")

    def _fail(self, words: str) -> None:
        self._end()
        self.failed.emit(words)

    def _end(self) -> None:
        self._timer.stop()
        self._order = self._reading = self._shot = self._task = self.source = None


def _offers(order: Order, finished: CallResult) -> tuple[Offer, ...]:
    result = finished.result
    imagined = order.action.name != UPSCALE.name
    converted = order.target.colours.is_converted
    offers = []
    for index, answer in enumerate(result.answers):
        painting = Painting(
            layer_name(order.target.name, result, index, imagined, "converted" if converted else ""),
            answer.left,
            answer.top,
            answer.width,
            answer.height,
            finished.frames[index],
            finished.recipes[index],
        )
        exactness = "converted" if converted else scales_back(answer)
        label = f"{difference(answer)}: {exactness}"
        calm = order.values.get("imagination", 0) == 0 and answer.seed == order.values.get("seed")
        offers.append(Offer(painting, finished.pictures[index], label, answer.seed, not calm))
    return tuple(offers)


# None for animations: their frames would fill the document.
def _recipe(order: Order, submission: Submission, result: Result, index: int) -> str:
    if order.target.times:
        return ""
    target = order.target
    return KeptRecipe(
        recipe_of(order.action, submission, result, index), target.colours, target.left, target.top
    ).to_json()
