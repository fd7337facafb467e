"""Scenarios inside Krita with one layer. They leave facts and files; the assertions are outside."""

from __future__ import annotations

import os

from krita import Selection

from depixel_driver import desk
from depixel_driver.desk import app, apply, ask, docker, layers, new, put, save, scenario, settle, step, stored, until
from depixel_krita.qt import QtCore, QtGui, QtWidgets


@scenario
def menus(facts):
    """Where the entries are."""
    yield 0
    entries = []
    for menu in app.activeWindow().qwindow().findChildren(QtWidgets.QMenu):
        entries += [[menu.title(), action.text()] for action in menu.actions() if "Depixel" in action.text()]
    facts["entries"] = entries
    facts["docker"] = docker().window().isVisible()
    facts["version"] = app.version()


@scenario
def nothing_open(facts):
    """A sentence, and no traceback."""
    panel = docker()
    yield 100
    panel.go.click()
    facts["words"] = panel.message
    facts["busy"] = panel.busy


@scenario
def dialog(facts):
    """The menu entry, the dialog, one answer: a new document."""
    document, layer = yield from new(32, 24)
    save("dialog.src", layer.pixelData(0, 0, 32, 24))
    app.action("depixel_upscale").trigger()
    yield 200
    window = desk.dialogs()[0]
    window.panel.form.set_values({"scale": 4, "candidates": 1, "output": "new-document"})
    yield from until(lambda: window.panel.view._after is not None, "the preview")
    yield 200
    desk.shot(window, "dialog")
    facts["state"] = window.panel.state.text()
    window.panel.go.click()
    yield from until(lambda: not desk.dialogs(), "the dialog to close itself")
    facts["documents"] = len(desk.documents())
    result = desk.other_document(document)
    facts["size"] = [result.width(), result.height()]
    facts["profile"] = [document.colorProfile(), result.colorProfile()]
    facts["layers"] = layers(result)
    facts["source"] = layers(document)
    save("dialog.out", desk.tops(result)[0].pixelData(0, 0, result.width(), result.height()))
    yield 300
    desk.shot(None, "after-dialog")


@scenario
def face_dialogs(facts):
    """The other entries: several answers wait in the dialog to be chosen from; a single one is applied at once."""
    document, layer = yield from new(16, 16, pixels=desk.face(16))
    save("dialog_face.src", layer.pixelData(0, 0, 16, 16))
    app.action("depixel_imagine_face_filter").trigger()
    yield 200
    window = desk.dialogs()[0]
    window.panel.form.set_values({"scale": 4, "candidates": 3, "steps": 2, "output": "new-layer"})
    window.panel.form._more.setChecked(True)
    window.panel.go.click()
    yield from until(lambda: not window.panel.busy, "the answers")
    window.panel.strip.setCurrentRow(1)
    yield 200
    desk.shot(window, "dialog-answers")
    facts["waiting"] = len(window.panel.offers)
    facts["seed"] = window.panel.offers[1].seed
    window.panel.apply.click()
    yield from until(lambda: not desk.dialogs(), "the dialog to close itself")
    facts["layers"] = layers(document)
    save("dialog_face.out", desk.tops(document)[-1].pixelData(0, 0, 64, 64))
    yield from step("undo", document)
    facts["undone"] = layers(document)
    yield from desk.clean()
    document, layer = yield from new(48, 48, pixels=desk.face(48))
    selection = Selection()
    selection.select(8, 8, 32, 32, 255)
    corner = bytes(255 if x + y > 9 else 128 * (x + y == 9) for y in range(8) for x in range(8))
    selection.setPixelData(QtCore.QByteArray(corner), 8, 8, 8, 8)
    document.setSelection(selection)
    save("dialog_other.src", layer.pixelData(0, 0, 48, 48))
    save("dialog_other.selection", document.selection().pixelData(0, 0, 48, 48))
    app.action("depixel_anonymise_face_filter").trigger()
    yield 1500
    window = desk.dialogs()[0]
    facts["clipped"] = desk.clipped(window)
    facts["about"] = window.panel.about.text()
    desk.shot(window, "dialog-anonymise")
    window.panel.form.set_values({"candidates": 1, "steps": 2})
    window.panel.go.click()
    yield from until(lambda: not desk.dialogs(), "the dialog to close itself")
    facts["anonymised"] = layers(document)
    save("dialog_other.out", desk.tops(document)[-1].pixelData(0, 0, 48, 48))


@scenario
def new_layer(facts):
    """From the docker into the same document; undo and redo."""
    document, layer = yield from new(24, 20)
    source = bytes(layer.pixelData(0, 0, 24, 20))
    save("new_layer.src", source)
    panel = docker()
    yield from ask(panel, scale=3, output="new-layer")
    yield from apply(panel)
    facts["layers"] = layers(document)
    facts["active"] = document.activeNode().name()
    facts["size"] = [document.width(), document.height()]
    facts["hidden"] = not layer.visible()
    save("new_layer.drawn", document.pixelData(0, 0, 72, 60))
    save("new_layer.out", desk.tops(document)[-1].pixelData(0, 0, 72, 60))
    yield from step("undo", document)
    facts["undone"] = layers(document)
    facts["source kept"] = bytes(desk.tops(document)[0].pixelData(0, 0, 24, 20)) == source
    yield from step("redo", document)
    facts["redone"] = layers(document)
    save("new_layer.redone", desk.tops(document)[-1].pixelData(0, 0, 72, 60))


@scenario
def larger_document(facts):
    """The document is enlarged first; two undo steps restore everything."""
    document, layer = yield from new(20, 16)
    source = bytes(layer.pixelData(0, 0, 20, 16))
    save("larger_document.src", source)
    panel = docker()
    yield from ask(panel, scale=2, output="larger-document")
    yield from apply(panel)
    facts["size"] = [document.width(), document.height()]
    save("larger_document.out", desk.tops(document)[-1].pixelData(0, 0, 40, 32))
    facts["hidden"] = not layer.visible()
    for _ in range(3):
        yield from step("undo", document)
    facts["undone"] = [document.width(), document.height(), layers(document)]
    facts["shown again"] = layer.visible()
    facts["source kept"] = bytes(desk.tops(document)[0].pixelData(0, 0, 20, 16)) == source


@scenario
def candidates(facts):
    """Several answers: choose, ask for more like one, apply all as one group that one undo removes."""
    document, layer = yield from new(24, 24)
    save("candidates.src", layer.pixelData(0, 0, 24, 24))
    panel = docker()
    yield from ask(panel, scale=4, domain="art", candidates=3, imagination=0.6, output="new-layer")
    facts["first"] = [offer.seed for offer in panel.offers]
    save("candidates.out", panel.offers[1].painting.frames[0])
    facts["second seed"] = panel.offers[1].seed
    panel.strip.setCurrentRow(1)
    yield 200
    desk.shot(panel, "docker-candidates")
    facts["compared"] = compared(panel.view)
    kept = panel.offers[1].painting.frames[0]
    panel.more.click()
    yield from until(lambda: not panel.busy, "more answers")
    facts["more"] = [offer.seed for offer in panel.offers]
    facts["kept"] = [panel.offers[1].painting.frames[0] == kept, panel.strip.currentRow()]
    distances = [_distance(kept, offer.painting.frames[0]) for offer in panel.offers[3:]]
    facts["distances"] = distances
    yield from apply(panel, all_of_them=True)
    facts["layers"] = layers(document)
    yield from step("undo", document)
    facts["undone"] = layers(document)
    yield from step("redo", document)
    facts["redone"] = layers(document)


def compared(view):
    """Whether the divider, moved by keys and by the mouse, reveals one picture and then the other."""
    seen = []
    for key in (QtCore.Qt.Key.Key_Left, QtCore.Qt.Key.Key_Right):
        for _ in range(25):
            kind = QtCore.QEvent.Type.KeyPress
            view.keyPressEvent(QtGui.QKeyEvent(kind, key, QtCore.Qt.KeyboardModifier.NoModifier))
        seen.append(view.grab().toImage())
    after, before = seen
    place = view._place(view._after)
    left, button = QtCore.QPointF(place.center()), QtCore.Qt.MouseButton.LeftButton
    kind, nothing = QtCore.QEvent.Type.MouseButtonPress, QtCore.Qt.KeyboardModifier.NoModifier
    view.mousePressEvent(QtGui.QMouseEvent(kind, left, button, button, nothing))
    both = view.grab().toImage()
    strip = QtCore.QRect(place.left(), place.top(), place.width() // 3, place.height() // 2)
    other = strip.translated(place.width() * 2 // 3, 0)
    return {
        "differ": after.copy(strip) != before.copy(strip),
        "left of the line": both.copy(strip) == before.copy(strip),
        "right of the line": both.copy(other) == after.copy(other),
    }


def _distance(first, second):
    return sum(abs(a - b) for a, b in zip(first, second)) / len(first)


@scenario
def live_preview(facts):
    """The preview follows the pixels."""
    document, layer = yield from new(48, 48)
    panel = docker()
    panel.form.set_values({**panel.action.defaults(), "scale": 4})
    panel.live.setChecked(True)
    panel.look()
    yield from until(lambda: panel.view._after is not None, "the preview")
    first = panel.view._after.copy()
    yield 300
    dock = desk.dock()
    dock.setFloating(True)
    dock.resize(300, 620)
    yield 400
    desk.shot(dock, "docker-preview")
    dock.resize(250, 620)
    yield 300
    facts["width"] = [dock.width(), dock.widget().minimumSizeHint().width()]
    desk.shot(dock, "docker-250")
    every = [w for w in dock.widget().findChildren(QtWidgets.QWidget) if w.isVisible()]
    facts["widths"] = sorted([w.minimumSizeHint().width(), type(w).__name__, w.objectName()] for w in every)[-8:]
    dock.setFloating(False)
    yield 200
    desk.shot(None, "window")
    put(layer, stored(desk.art(48, 48, 7), "RGBA", "U8"), 0, 0, 48, 48)
    yield from settle(document)
    yield from until(lambda: panel.view._after is not None and panel.view._after != first, "another preview")
    facts["followed"] = True
    second = panel.view._after.copy()
    selection = Selection()
    selection.select(4, 4, 12, 10, 255)
    document.setSelection(selection)
    yield from until(lambda: panel.view._after.width() == 48, "the preview of what is selected")
    facts["selected"] = [panel.view._after.width(), panel.view._after.height(), panel.view._after != second]
    other = document.createNode("other", "paintlayer")
    put(other, stored([(90, 10, 200, 255)] * 48 * 48, "RGBA", "U8"), 0, 0, 48, 48)
    document.rootNode().addChildNode(other, None)
    yield 200
    document.setActiveNode(other)
    yield from until(lambda: panel.view._after.pixel(10, 10) == 0xFF5A0AC8, "the preview of another layer")
    facts["other layer"] = True
    panel.live.setChecked(False)


@scenario
def faces(facts):
    """A face imagined in a new document, and one replaced in place, inside the selection."""
    document, layer = yield from new(16, 16, pixels=desk.face(16))
    save("imagined.src", layer.pixelData(0, 0, 16, 16))
    panel = docker(1)
    yield from ask(panel, scale=8, candidates=2, steps=4, output="new-document")
    facts["imagined"] = panel.message
    facts["seed"] = panel.offers[0].seed
    desk.shot(panel, "docker-faces")
    yield from apply(panel)
    result = desk.other_document(document)
    facts["size"] = [result.width(), result.height()]
    save("imagined.out", desk.tops(result)[0].pixelData(0, 0, 128, 128))
    yield from desk.clean()
    document, layer = yield from new(24, 20, pixels=desk.face(24)[: 24 * 20])
    save("imagined_box.src", layer.pixelData(0, 0, 24, 20))
    selection = Selection()
    selection.select(4, 2, 16, 16, 255)
    document.setSelection(selection)
    yield from ask(panel, scale=4, candidates=1, steps=2, output="new-layer")
    before = [n.name() for n in desk.tops(document)]
    yield from apply(panel)
    result = next(n for n in desk.tops(document) if n.name() not in before)
    save("imagined_box.out", result.pixelData(0, 0, 96, 80))
    yield from desk.clean()
    document, layer = yield from new(48, 48, pixels=desk.face(48))
    source = bytes(layer.pixelData(0, 0, 48, 48))
    save("replaced.src", source)
    selection = Selection()
    selection.select(8, 8, 32, 32, 255)
    document.setSelection(selection)
    panel = docker(2)
    yield from ask(panel, kept=8, candidates=1, steps=4, output="new-layer")
    facts["replaced"] = panel.message
    before = [n.name() for n in desk.tops(document)]
    yield from apply(panel)
    result = next(n for n in desk.tops(document) if n.name() not in before)
    facts["name"] = result.name()
    save("replaced.out", result.pixelData(0, 0, 48, 48))
    yield from step("undo", document)
    facts["undone"] = [n.name() for n in desk.tops(document)] == before
    facts["source kept"] = bytes(layer.pixelData(0, 0, 48, 48)) == source


@scenario
def recipes(facts):
    """Each answer carries its recipe; a face can be made larger; new documents have their own names."""
    document, _ = yield from new(24, 24)
    document.setFileName(os.path.join(desk.OUT, "hero.kra"))
    document.save()
    panel = docker()
    yield from ask(panel, scale=4, domain="art", candidates=3, imagination=0.6, output="new-document")
    facts["labels"] = [panel.strip.item(row).text() for row in range(3)]
    frames = {offer.painting.name: bytes(offer.painting.frames[0]) for offer in panel.offers}
    yield from apply(panel, all_of_them=True)
    result = desk.other_document(document)
    facts["names"] = [os.path.basename(result.fileName()), os.path.exists(result.fileName())]
    facts["modified"] = result.modified()
    document.setModified(False)
    document.close()
    facts["again"] = []
    for node in desk.tops(result):
        result.setActiveNode(node)
        yield 200
        panel.look()
        panel.again.click()
        assert panel.busy, panel.message
        yield from until(lambda: not panel.busy, "the same answer")
        facts["again"].append([len(panel.offers), bytes(panel.offers[0].painting.frames[0]) == frames[node.name()]])
        panel.forget()
    result.save()
    facts["saved"] = result.fileName()
    yield from desk.clean()
    result = app.openDocument(facts["saved"])
    app.activeWindow().addView(result)
    yield from until(lambda: result.activeNode() is not None, "the saved document")
    node = desk.tops(result)[0]
    result.setActiveNode(node)
    yield 300
    panel.look()
    desk.shot(panel, "docker-again")
    panel.again.click()
    yield from until(lambda: not panel.busy, "the answer from the file")
    facts["from the file"] = bytes(panel.offers[0].painting.frames[0]) == frames[node.name()]
    yield from desk.clean()
    yield from new(16, 16, pixels=desk.face(16))
    panel = docker(1)
    yield from ask(panel, scale=4, candidates=2, steps=2, output="new-document")
    panel.strip.setCurrentRow(1)
    yield from apply(panel)
    yield 300
    panel.look()
    panel.large.click()
    assert panel.busy, panel.message
    yield from until(lambda: not panel.busy, "the large face")
    facts["large"] = [panel.offers[0].painting.width, panel.offers[0].painting.height]


@scenario
def idle_rows(facts):
    """Rows without an effect are hidden, and an answer to other options is marked."""
    yield from new(16, 16)
    panel = docker()
    panel.form._more.setChecked(True)
    panel.form.set_values({**panel.action.defaults()})
    yield 100
    facts["calm"] = panel.form._widgets["seed"].isVisible()
    panel.form.set_values({"imagination": 0.5})
    yield 100
    facts["vivid"] = panel.form._widgets["seed"].isVisible()
    panel.form.set_values({"domain": "normals"})
    yield 100
    facts["normals"] = panel.form._widgets["edges"].isVisible()
    yield from ask(panel, scale=2)
    facts["fresh"] = panel.view.stale
    panel.form.set_values({"scale": 3})
    yield 100
    facts["changed"] = panel.view.stale
    desk.shot(panel, "docker-stale")
    panel.form.set_values({"scale": 2, "output": "new-layer"})
    yield 100
    facts["back"] = panel.view.stale
    panel.form._more.setChecked(False)
