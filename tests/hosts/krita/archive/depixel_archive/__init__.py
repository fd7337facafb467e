"""
A Krita plug-in that imports the archive named in DEPIXEL_ARCHIVE through Krita's own Import Python Plugin from File, as
a user would; started again without it, it uses the imported plug-in. Its results are in DEPIXEL_DRIVER_OUT.
"""

from __future__ import annotations

import json
import os
import time
import traceback

from krita import Extension, Krita
from PyQt5 import QtCore, QtWidgets

OUT, ARCHIVE = os.environ.get("DEPIXEL_DRIVER_OUT", ""), os.environ.get("DEPIXEL_ARCHIVE", "")
WAIT = 120.0  # seconds for each step on a busy machine
app = Krita.instance()


class Importer(Extension):
    """Waits for the window, runs its steps, and quits."""

    steps = None

    def setup(self) -> None:
        """Nothing yet: there is no window."""

    def createActions(self, window) -> None:
        """The first window begins it."""
        if OUT and self.steps is None:
            self.facts = {}
            self.steps = self.everything()
            QtCore.QTimer.singleShot(1500, self.tick)

    def everything(self):
        """Import, or use the imported plug-in; then quit."""
        yield from until(lambda: app.activeWindow() is not None and app.activeWindow().qwindow().isVisible())
        yield 1000
        name = "import" if ARCHIVE else "use"
        try:
            yield from (import_archive if ARCHIVE else use)(self.facts)
        except Exception:
            self.facts["error"] = traceback.format_exc()
            QtWidgets.QApplication.primaryScreen().grabWindow(0).save(os.path.join(OUT, f"failed-{name}.png"))
        with open(os.path.join(OUT, name + ".json"), "w", encoding="utf-8") as file:
            json.dump(self.facts, file)
        if "error" in self.facts:
            os._exit(1)  # a dialog may be open, and nobody would close it
        for document in app.documents():
            document.setModified(False)
        app.action("file_quit").trigger()

    def tick(self) -> None:
        """Continue after the event loop has run, including that of a dialog."""
        try:
            pause = next(self.steps)
        except StopIteration:
            return
        QtCore.QTimer.singleShot(int(pause or 0), self.tick)


def import_archive(facts):
    """Tools > Scripts > Import Python Plugin from File: choose the archive, and let it be enabled."""
    QtCore.QTimer.singleShot(0, app.action("plugin_importer_file").trigger)
    chooser = yield from modal(QtWidgets.QFileDialog)
    chooser.findChild(QtWidgets.QLineEdit).setText(ARCHIVE)
    yield 200
    chooser.findChild(QtWidgets.QDialogButtonBox).button(QtWidgets.QDialogButtonBox.Open).click()
    question = yield from modal(QtWidgets.QMessageBox)
    facts["asked"] = question.text()
    question.grab().save(os.path.join(OUT, "imported.png"))
    question.button(QtWidgets.QMessageBox.Yes).click()
    yield from until(lambda: QtWidgets.QApplication.activeModalWidget() is None)
    facts["enabled"] = app.readSetting("python", "enable_depixel_krita", "")
    facts["folder"] = app.getAppDataLocation()


def use(facts):
    """After the restart: entries and docker exist, and an answer is produced."""
    facts["entries"] = [app.action(f"depixel_{name}") is not None for name in ("upscale", "upscale_filter")]
    document = app.createDocument(12, 10, "sprite", "RGBA", "U8", "", 72.0)
    document.setBatchmode(True)
    app.activeWindow().addView(document)
    yield from until(lambda: document.activeNode() is not None)
    layer = document.activeNode()
    samples = bytes((x * 20 if c < 3 else 255) & 255 for y in range(10) for x in range(12) for c in (x + y, y, 1, 3))
    layer.setPixelData(QtCore.QByteArray(samples), 0, 0, 12, 10)
    save("archive.src", layer.pixelData(0, 0, 12, 10))
    dock = next(d for d in app.dockers() if d.objectName() == "depixel_docker")
    dock.setVisible(True)
    panel = dock.widget().panel
    panel.adds_single = False
    panel.live.setChecked(False)
    panel.form.set_values({"scale": 2, "output": "new-layer"})
    panel.go.click()
    yield from until(lambda: not panel.busy)
    facts["words"] = panel.message
    panel.apply.click()
    yield from until(lambda: not panel.busy)
    save("archive.out", document.topLevelNodes()[-1].pixelData(0, 0, 24, 20))


def modal(kind):
    """Wait for a dialog of this kind."""
    yield from until(lambda: isinstance(QtWidgets.QApplication.activeModalWidget(), kind))
    yield 200
    return QtWidgets.QApplication.activeModalWidget()


def until(condition):
    """Wait for a condition; AssertionError on timeout."""
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end, condition
        yield 50


def save(name, samples):
    """Save bytes for the tests outside."""
    with open(os.path.join(OUT, name), "wb") as file:
        file.write(bytes(samples))


app.addExtension(Importer(app))
