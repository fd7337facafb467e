"""
A Krita plug-in that runs the scenarios of this folder inside Krita, as a user would, and records the results.

Each scenario is a generator that yields milliseconds to let Krita's event loop run. Its facts, and its error, go into
result.json; pixels and screenshots go into files next to it, where the tests outside check them.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import time
import traceback
from importlib import import_module

from krita import Extension, Krita

from depixel_krita.qt import QtCore

OUT = os.environ.get("DEPIXEL_DRIVER_OUT", "")
faulthandler.enable()  # where Python was when Krita crashed, in its log


class Driver(Extension):
    """Waits for the window, runs every scenario, and quits."""

    started = False

    def setup(self) -> None:
        """Nothing yet: there is no window."""

    def createActions(self, window) -> None:
        """The first window begins it."""
        if OUT and not self.started:
            self.started = True
            QtCore.QTimer.singleShot(500, self.wait)

    def wait(self) -> None:
        """Until the window is there."""
        window = Krita.instance().activeWindow()
        if window is None or not window.qwindow().isVisible():
            QtCore.QTimer.singleShot(300, self.wait)
            return
        QtCore.QTimer.singleShot(1000, self.begin)

    def begin(self) -> None:
        """Run the scenarios named in the environment, or all."""
        from depixel_driver import desk

        sys.excepthook = traceback.print_exception  # Krita's own handler opens a dialog, and nobody would close it
        for name in (
            "scenarios",
            "kinds",
            "copies",
            "flow",
            "colours",
            "life",
            "variants",
            "measures",
        ):  # they add to desk.ALL, in this order
            import_module("depixel_driver." + name)
        chosen = os.environ.get("DEPIXEL_DRIVER_ONLY", "").split()
        self.names = [name for name in desk.ALL if not chosen or name in chosen]
        self.results: dict = {}
        self.steps = self.everything(desk)
        self.tick()

    def everything(self, desk):
        """All scenarios one after the other, each starting without documents or dialogs."""
        for name in self.names:
            began = time.monotonic()
            facts: dict = {}
            self.results[name] = facts
            try:
                yield from desk.ALL[name](facts)
            except Exception:
                facts["error"] = traceback.format_exc()
                desk.shot(None, f"failed-{name}")
            try:
                yield from desk.clean()
            except Exception:
                facts.setdefault("error", traceback.format_exc())
            facts["seconds"] = round(time.monotonic() - began, 2)
            sys.stderr.write(f"driver: {name} {'FAILED' if 'error' in facts else 'ok'} {facts['seconds']} s\n")
            sys.stderr.flush()
            self.write()
        self.results["end"] = {}
        self.write()
        yield from sys.modules["depixel_driver.life"].leave_during_a_job()

    def write(self) -> None:
        """Save the results so far, so that a later crash does not lose them."""
        with open(os.path.join(OUT, "result.json.part"), "w", encoding="utf-8") as file:
            json.dump(self.results, file, indent=1)
        os.replace(os.path.join(OUT, "result.json.part"), os.path.join(OUT, "result.json"))

    def tick(self) -> None:
        """Continue after the event loop has run."""
        try:
            pause = next(self.steps)
        except StopIteration:
            return
        QtCore.QTimer.singleShot(int(pause or 0), self.tick)


Krita.instance().addExtension(Driver(Krita.instance()))
