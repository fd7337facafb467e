"""What every scenario needs: documents with known pixels, the docker, running a job to its end, undo, screenshots."""

from __future__ import annotations

import os
import struct
import time

from krita import Krita

from depixel_krita import scratch
from depixel_krita.qt import QtCore, QtWidgets

OUT = os.environ.get("DEPIXEL_DRIVER_OUT", "")
WAIT = 300.0  # seconds for one job on a busy machine
LONG = {"scale": 4, "domain": "art", "candidates": 8, "imagination": 1.0, "steps": 5000}  # a long job
app = Krita.instance()
ALL = {}


def scenario(function):
    """Register a scenario; they run in the order of the files."""
    ALL[function.__name__] = function
    return function


def art(width, height, phase=0):
    """A small drawing as (r, g, b, a) in 0 ... 255: flat shapes, a gradient, an outline, transparent corners."""
    pixels = []
    for y in range(height):
        for x in range(width):
            u, v = (x - width / 2 + 0.5) / width, (y - height / 2 + 0.5) / height
            r = (u * u + v * v) ** 0.5
            if r > 0.48:
                pixels.append((0, 0, 0, 0))
            elif r > 0.40:
                pixels.append((40, 16, 24 + phase, 255))
            elif (x + 2 * y + phase) % 11 < 4:
                pixels.append((200, 60 + (x * 5) % 90, 30, 255))
            else:
                pixels.append((60 + (y * 7) % 120, 140, 220 - (x * 3) % 80, 255 if (x + y) % 13 else 128))
    return pixels


def face(side):
    """A picture with the colours and layout of a face: hair, skin, two eyes, a mouth."""
    pixels = []
    for y in range(side):
        for x in range(side):
            u, v = (x + 0.5) / side - 0.5, (y + 0.5) / side - 0.5
            colour = (70, 90, 120)
            if (u / 0.36) ** 2 + (v / 0.46) ** 2 < 1:
                colour = (214 - int(60 * abs(u)), 168 - int(50 * abs(u)), 140)
                if v < -0.28:
                    colour = (60, 40, 30)
                if abs(v + 0.06) < 0.05 and 0.1 < abs(u) < 0.22:
                    colour = (40, 30, 30)
                if abs(v - 0.24) < 0.03 and abs(u) < 0.13:
                    colour = (150, 70, 70)
            pixels.append((*colour, 255))
    return pixels


def stored(pixels, model, depth):
    """These pixels in Krita's memory layout."""
    out = bytearray()
    for r, g, b, a in pixels:
        values = {"RGBA": (b, g, r, a), "GRAYA": (g, a), "CMYKA": (255 - r, 255 - g, 255 - b, 20, a)}.get(
            model, (r, g, b, a)
        )
        if model == "LABA":  # colours that sRGB has too
            values = (r, 128 + (g - 128) // 8, 128 + (b - 128) // 8, a)
        if depth == "U8":
            out += bytes(values)
        elif depth == "U16":
            out += struct.pack(f"<{len(values)}H", *(v * 257 for v in values))
        else:
            values = (r, g, b, a) if model == "RGBA" else values
            out += struct.pack(f"<{len(values)}{'e' if depth == 'F16' else 'f'}", *(v / 255 for v in values))
    return bytes(out)


def new(width, height, model="RGBA", depth="U8", profile="", pixels=None):
    """A document with a view and one painted layer; returns (document, layer)."""
    document = app.createDocument(width, height, "sprite", model, depth, profile, 72.0)
    document.setBatchmode(True)
    app.activeWindow().addView(document)
    yield from until(lambda: document.activeNode() is not None, "an active layer")
    layer = document.activeNode()
    layer.setName("sprite")
    put(layer, stored(pixels or art(width, height), model, depth), 0, 0, width, height)
    yield from settle(document)
    return document, layer


def put(layer, samples, x, y, width, height):
    """Write pixels."""
    layer.setPixelData(QtCore.QByteArray(bytes(samples)), x, y, width, height)


def clipped(window):
    """The texts of a window that are not visible as a whole."""
    labels = [label for label in window.findChildren(QtWidgets.QLabel) if label.isVisible() and label.wordWrap()]
    return [label.text() for label in labels if label.height() < label.heightForWidth(label.width())]


def settle(document):
    """Let Krita draw."""
    document.refreshProjection()
    document.waitForDone()
    yield 150


def until(condition, what, seconds=WAIT):
    """Wait for a condition; AssertionError on timeout."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        yield 20


def dock():
    """The docker's window."""
    return next(d for d in app.dockers() if d.objectName() == "depixel_docker")


def docker(action=0):
    """The docker's panel for upscaling, imagining (1) or anonymising (2) faces."""
    window = dock()
    window.setVisible(True)
    window.raise_()
    switcher = window.widget()
    switcher.box.setCurrentIndex(action)
    switcher.panel.adds_single = False  # most scenarios look at an answer before they add it
    return switcher.panel


def press(panel, **values):
    """Press the button and continue; a single answer is added without being looked at."""
    panel.live.setChecked(False)
    panel.form.set_values({**panel.action.defaults(), **values})
    panel.adds_single = True
    panel.go.click()


def ask(panel, **values):
    """Press the button and wait for the answers."""
    panel.forget()
    panel.live.setChecked(False)
    panel.form.set_values({**panel.action.defaults(), **values})
    panel.go.click()
    assert panel.busy, panel.message
    yield from until(lambda: not panel.busy, "the answers")
    assert panel.offers, panel.message


def apply(panel, all_of_them=False):
    """Press Apply and wait until it is done."""
    (panel.apply_all if all_of_them else panel.apply).click()
    yield from until(lambda: not panel.busy, "the layer")
    assert not panel.offers, panel.message
    yield 200


def documents():
    """The user's document; not the one that the plug-in works in."""
    return [d for d in app.documents() if d.name() != scratch.NAME]


def other_document(document):
    """The one that is not `document`."""
    return next(d for d in documents() if d != document)


def tops(document):
    """The top-level layers, the lowest first; Krita keeps the selection among them."""
    return [n for n in document.topLevelNodes() if n.type() != "selectionmask"]


def front(document):
    """Activate a document, as with a click on its tab."""
    next(view for view in app.activeWindow().views() if view.document() == document).setVisible()


def layers(document):
    """Names, as a tree."""
    return [[n.name(), [c.name() for c in n.childNodes()]] for n in tops(document)]


def step(name, document):
    """Undo or redo once."""
    app.action(f"edit_{name}").trigger()
    document.waitForDone()
    yield 400


def save(name, samples):
    """Save bytes for the tests outside."""
    with open(os.path.join(OUT, name), "wb") as file:
        file.write(bytes(samples))


def shot(widget, name):
    """A screenshot; of the whole window without a widget."""
    widget = widget or app.activeWindow().qwindow()
    widget.grab().save(os.path.join(OUT, name + ".png"))


def dialogs():
    """Depixel's open dialogs."""
    windows = QtWidgets.QApplication.topLevelWidgets()
    return [w for w in windows if w.objectName().startswith("depixel_dialog") and w.isVisible()]


def clean():
    """Close every dialog and document."""
    for dialog in dialogs():
        dialog.close()
    for action in (2, 1, 0):
        panel = docker(action)
        if panel.busy:
            panel.cancel()
        panel.forget()
    for document in documents():
        document.setBatchmode(True)
        document.setModified(False)
        document.close()
    yield 200
