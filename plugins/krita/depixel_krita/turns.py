"""
Keeps Krita responsive: `Stepper` runs a generator in slices of the event loop, `StateWatch` asks for the engine's state
on a thread.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator
from typing import Any

from ._client import Engine, sentence
from .qt import QtCore, Signal

SLICE = 0.012
"""Seconds that a generator may work before Krita processes events."""


class Stepper(QtCore.QObject):
    """
    Runs a generator in slices of the event loop; it yields milliseconds to wait.

    Signals:
        ended: with the generator's return value.
        broke: with the exception that it raised.
    """

    ended = Signal(object)
    broke = Signal(object)

    def __init__(self, steps: Generator[int, None, Any], parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._steps = steps
        self._inside = self._stopped = False
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)
        self._timer.start(0)

    def stop(self) -> None:
        """Cancel it; neither signal will be emitted."""
        self._timer.stop()
        self._stopped = True
        if not self._inside:  # otherwise Krita processes events while it creates a document: `_go_on` will close it
            self._close()

    def _go_on(self) -> None:
        until = time.monotonic() + SLICE
        while True:
            end: tuple[Any, Any] | None = None  # the signal and its value
            pause = 0
            self._inside = True
            try:
                pause = next(self._steps)
            except StopIteration as stop:
                end = self.ended, stop.value
            except Exception as error:  # noqa: BLE001 (an exception here would vanish in Qt's event loop)
                end = self.broke, error
            self._inside = False
            if end is not None and not self._stopped:
                end[0].emit(end[1])
            if end is not None or self._stopped:
                self._close()
                return
            if pause or time.monotonic() > until:
                self._timer.start(pause)
                return

    def _close(self) -> None:
        self._steps.close()
        self.deleteLater()


class StateWatch(QtCore.QObject):
    """
    Asks for the engine's state every few seconds, off the interface's thread, while the panel that shows it is visible.

    Signals:
        changed: (word, sentence) as `Engine.state` has them.
    """

    changed = Signal(str, str)

    def __init__(self, engine: Engine, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._states: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._asking = False
        self._due = 0.0
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._tick)

    def look(self, on: bool) -> None:
        """Start or stop asking."""
        if on:
            self._due = 0.0
            self._timer.start(200)
        else:
            self._timer.stop()

    def soon(self) -> None:
        """Ask again without waiting: a job has just ended."""
        self._due = 0.0

    def _tick(self) -> None:
        while not self._states.empty():
            self._asking = False
            self.changed.emit(*self._states.get())
        if not self._asking and time.monotonic() >= self._due:
            self._asking, self._due = True, time.monotonic() + 3.0
            threading.Thread(target=self._ask, name="depixel state", daemon=True).start()

    def _ask(self) -> None:
        try:
            self._states.put(self._engine.state())
        except Exception as error:  # noqa: BLE001 (a thread's end)
            self._states.put(("unknown", sentence(error)))
