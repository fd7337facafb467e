"""`Live`: watches the selection in Krita, shows it, and answers a part of it if a live preview is requested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._client import UPSCALE, Action, Engine, EngineError, read_target, whole_scale
from .choice import active_layer
from .host import HostError, Target, glance
from .qt import QtCore, Signal
from .region import region, shown
from .scratch import prepare
from .sizes import sized
from .view import CompareView
from .work import Order, OrderResult, Work

_LOOK = 600  # milliseconds between two checks of the selection
_PREVIEW_SCALE = 8  # at most


class Live(QtCore.QObject):
    """
    The preview of one action.

    Signals:
        looked: with the `Target` that is selected now; None if there is nothing to work on.
        said: with a short description of the selection.
        refused: with a sentence if the preview failed.
        ended: a preview has finished, or failed.
    """

    looked = Signal(object)
    said = Signal(str)
    refused = Signal(str)
    ended = Signal()

    def __init__(self, action: Action, engine: Engine, view: CompareView, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._action, self._view = action, view
        self.work = Work(engine, self)
        self._seen: Any = None  # the pixels and values that are shown
        self._target: Target | None = None
        self._timer, self._soon = QtCore.QTimer(self), QtCore.QTimer(self)
        self._soon.setSingleShot(True)
        self.due = self._timer.timeout
        self.due_now = self._soon.timeout
        self.work.finished.connect(self._previewed)
        self.work.failed.connect(self._failed)

    def watch(self, on: bool) -> None:
        """Check repeatedly, or stop."""
        if on:
            self._timer.start(_LOOK)
            self.soon()
        else:
            self._timer.stop()
            self.work.cancel()
            self._seen = None

    def soon(self) -> None:
        """Check when Krita is idle: documents must not be created in the middle of its work."""
        self._soon.start(0)

    def later(self) -> None:
        """Check once the values have not changed for a while."""
        self._timer.start(_LOOK)

    def forget(self) -> None:
        """Show again, even if nothing changed."""
        self._seen = None

    def look(self, values: Mapping[str, Any], wanted: bool) -> None:
        """Show the selection; `wanted`: with the answer to a part of it, unless the same was already answered."""
        try:
            target = active_layer()
            part = region(target)
            samples = glance(part)
            prepare(target.colours)
        except HostError as error:
            self._seen = None
            self.work.cancel()
            self._view.show_before(None, str(error))
            self.looked.emit(None)
            return
        self._target = target
        self.looked.emit(target)
        seen = (part, samples, tuple(sorted(values.items())), wanted)
        if seen == self._seen:
            return
        self._seen = seen
        if wanted and self._action.name == UPSCALE.name:
            self._ask(target, part, values)
            return
        self._view.show_before(
            shown(part, samples),
            f"{target.name}: no preview for its colours ({part.colours.model}, {part.colours.depth})",
        )
        self.said.emit(described(target))

    # A preview of a part is made at a whole scale; the last reduction to a size would not be visible.
    def _ask(self, target: Target, part: Target, values: Mapping[str, Any]) -> None:
        try:
            values = {**sized(self._action, values, target), "candidates": 1}
            whole = target.chosen()
            if (part.width, part.height) != (whole.width, whole.height):
                size = read_target(values["size"], whole.width, whole.height) or {"scale": values["scale"]}
                scale = min(_PREVIEW_SCALE, whole_scale(size, whole.width, whole.height))
                values = {**values, "size": "", "scale": scale}
            self.work.start(Order(part, self._action, values, {}, previews=False))
        except EngineError as error:
            self.refused.emit(str(error))

    def _previewed(self, part: OrderResult) -> None:
        self._view.show_both(part.finished.source, part.offers[0].picture)
        if self._target is not None:
            self.said.emit(described(self._target))
        self.ended.emit()

    def _failed(self, words: str) -> None:
        if words:
            self.refused.emit(words)
        self.ended.emit()


def described(target: Target) -> str:
    """The target, in a few words."""
    words = f"{target.name}, {target.width} × {target.height} pixels"
    return f"{words}, {len(target.times)} frames" if target.times else words
