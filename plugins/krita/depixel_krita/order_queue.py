"""A queue of order sets: one press of a button orders the answers to one layer or to several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ._client import COPIES, Engine, EngineError, Progress, Queued, file_suffix, joined, seconds_text, worst_exactness
from .qt import QtCore, Signal
from .work import Offer, Order, OrderResult, Work

_SHARED_KINDS = ("art", "pixel-art", "textures")
"""Kinds that the largest layer decides for the other layers of the same set."""


@dataclass(frozen=True)
class OrderSetResult:
    """All answers to one order set."""

    order_set: OrderSet
    parts: tuple[OrderResult, ...]

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The answers to choose from; those of a single layer."""
        return (*self.order_set.earlier, *self.parts[0].offers)

    @property
    def several(self) -> bool:
        """Whether several layers were answered: there is then nothing to choose."""
        return len(self.parts) > 1 or self.order_set.output in COPIES

    @property
    def suffix(self) -> str:
        """The suffix for the name of a new document with the answers."""
        result = self.parts[0].finished.result
        size = result.report.get("settings", {}).get("size") or 0
        return file_suffix(self.parts[0].order.action, max(1, result.scale), size)

    @property
    def summary(self) -> str:
        """One sentence on the answers, and one for each thing worth knowing."""
        if len(self.parts) == 1:
            return self.parts[0].summary
        results = [part.finished.result for part in self.parts]
        changes = (part.order.target.colours.change for part in self.parts)
        exactness = worst_exactness(results, next(filter(None, changes), ""))
        seconds = sum(result.seconds for result in results)
        notes = [note for part in self.parts for note in (*part.finished.result.notes, *part.order.target.notes)]
        return joined([f"{len(results)} layers in {seconds_text(seconds)}; scaled back: {exactness}.", *notes])


@dataclass(frozen=True)
class OrderSet:
    """The orders from one press of a button."""

    parts: tuple[Order, ...]  # one for each layer
    output: str  # where the answers go
    title: str  # of the source, for messages
    values: Mapping[str, Any]  # of the form
    earlier: tuple[Offer, ...] = ()  # earlier answers, to which these are added
    extends: OrderSetResult | None = None  # the result that they belong to
    only: frozenset[str] = frozenset()  # ids of the layers that a copy of the document keeps; empty: all


class OrderQueue(QtCore.QObject):
    """
    Works on one order set after the other.

    Signals:
        changed: an order set began, ended or was added.
        progressed: with a sentence, and the fraction that is done; -1 while that is unknown.
        previewed: with the picture that is being answered, and one of the best answer so far.
        finished: with an `OrderSetResult`.
        failed: with the `OrderSet` and a sentence.
    """

    changed = Signal()
    progressed = Signal(str, float)
    previewed = Signal(object, object)
    finished = Signal(object)
    failed = Signal(object, str)

    def __init__(self, engine: Engine, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self.work = Work(engine, self)
        self._order_sets: list[OrderSet] = []  # the first is being worked on
        self._done: list[OrderResult] = []  # its finished layers
        self.work.progressed.connect(self._progressed)
        self.work.finished.connect(self._finished)
        self.work.failed.connect(self._failed)

    @property
    def busy(self) -> bool:
        return bool(self._order_sets)

    @property
    def order_sets(self) -> tuple[OrderSet, ...]:
        """The unfinished ones, in the order in which they are processed."""
        return tuple(self._order_sets)

    def add(self, order_set: OrderSet) -> None:
        """
        Start it, or queue it. Returns at once.

        Raises:
            EngineError: a value is out of range; nothing was added.
        """
        for part in order_set.parts:
            part.check()
        self._order_sets.append(order_set)
        if len(self._order_sets) == 1:
            self._begin()
        self.changed.emit()

    def cancel(self, order_set: OrderSet | None = None) -> None:
        """Cancel one order set, or all; no signal except `changed` is emitted."""
        if order_set is None:
            self._order_sets.clear()
            self._stop()
        elif order_set in self._order_sets:
            first = self._order_sets[0] is order_set
            self._order_sets.remove(order_set)
            if first:
                self._stop()
                self._begin()
        self.changed.emit()

    def _stop(self) -> None:
        self._done.clear()
        self.work.cancel()

    def _begin(self) -> None:
        if not self._order_sets:
            return
        order_set = self._order_sets[0]
        part = order_set.parts[len(self._done)]
        if self._done:
            part = replace(part, values=_of_one_kind(part.values, self._done[0]))
        self.progressed.emit(f"{self._title()}: reading the pixels", -1.0)
        try:
            self.work.start(part)
        except EngineError as error:
            self._failed(str(error))

    def _title(self) -> str:
        order_set = self._order_sets[0]
        count = len(order_set.parts)
        return order_set.title if count == 1 else f"{order_set.title}, layer {len(self._done) + 1} of {count}"

    def _progressed(self, event: Any) -> None:
        words = event.sentence
        if isinstance(event, Queued) and event.position:
            words = f"{words} ({event.position} ahead of it)"
        fraction = event.fraction if isinstance(event, Progress) else -1.0
        if fraction >= 0:
            fraction = (len(self._done) + fraction) / len(self._order_sets[0].parts)
        self.progressed.emit(f"{self._title()}: {words}", fraction)
        if isinstance(event, Progress) and event.preview is not None and len(self._order_sets[0].parts) == 1:
            self.previewed.emit(self.work.source, event.preview)

    def _finished(self, part: OrderResult) -> None:
        self._done.append(part)
        order_set = self._order_sets[0]
        if len(self._done) < len(order_set.parts):
            self._begin()
            return
        result = OrderSetResult(order_set, tuple(self._done))
        self._next()
        self.finished.emit(result)
        self.changed.emit()

    def _failed(self, words: str) -> None:
        order_set, title = self._order_sets[0], self._title()
        self._next()
        self.failed.emit(order_set, f"{title}: {words}" if words else "")
        self.changed.emit()

    def _next(self) -> None:
        del self._order_sets[0]
        self._done.clear()
        self._begin()


# Layers of one picture are treated alike: the kind of the largest applies to the others.
def _of_one_kind(values: Mapping[str, Any], first: OrderResult) -> Mapping[str, Any]:
    kind = first.finished.result.domain
    if values.get("domain") != "auto" or kind not in _SHARED_KINDS:
        return values
    return {**values, "domain": kind}
