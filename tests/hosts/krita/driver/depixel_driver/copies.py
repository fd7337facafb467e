"""Whole documents, several layers, and copies to share."""

from __future__ import annotations

import os

from krita import InfoObject, Selection

from depixel_driver import desk
from depixel_driver.desk import app, docker, layers, new, press, put, save, scenario, settle, stored, until
from depixel_krita.host import below
from depixel_krita.qt import QtCore

DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="24pt" height="16pt" viewBox="0 0 24 16">
<g><rect x="3" y="2" width="9" height="7" fill="#c04030"/></g><rect x="14" y="9" width="4" height="3" fill="#2040d0"/>
</svg>"""


def rich():
    """A document with everything that a copy must preserve; (document, its base layer)."""
    document, base = yield from new(24, 16)
    document.setName("rich")
    group = document.createGroupLayer("folder")
    group.setOpacity(128)
    group.setBlendingMode("multiply")
    document.rootNode().addChildNode(group, None)
    inner = document.createNode("inner", "paintlayer")
    put(inner, stored(desk.art(10, 8, 5), "RGBA", "U8"), -2, 3, 10, 8)
    inner.setColorLabel(3)
    inner.setAlphaLocked(True)
    group.addChildNode(inner, None)
    mask = document.createTransparencyMask("mask")
    inner.addChildNode(mask, None)
    put(mask, bytes((x * 25) & 255 for y in range(8) for x in range(10)), -2, 3, 10, 8)
    hidden = document.createNode("hidden", "paintlayer")
    put(hidden, stored(desk.art(6, 6, 2), "RGBA", "U8"), 10, 5, 6, 6)
    hidden.setVisible(False)
    hidden.setLocked(True)
    document.rootNode().addChildNode(hidden, None)
    drawn = document.createVectorLayer("drawn")
    document.rootNode().addChildNode(drawn, None)
    document.rootNode().addChildNode(document.createCloneLayer("copy", base), None)
    document.rootNode().addChildNode(document.createNode("empty", "paintlayer"), None)
    chosen = Selection()
    chosen.select(2, 1, 11, 9, 255)
    document.rootNode().addChildNode(document.createFillLayer("filled", "color", InfoObject(), chosen), None)
    document.setHorizontalGuides([3.0])
    document.setVerticalGuides([7.0, 11.0])
    yield from settle(document)
    drawn.addShapesFromSvg(DRAWING)
    yield from settle(document)
    document.setActiveNode(base)
    yield 200
    return document, base


def tree(document):
    """Every node with the properties that a copy must preserve."""
    return [
        [n.type(), n.name(), n.opacity(), n.blendingMode(), n.visible(), n.locked(), n.colorLabel(), n.alphaLocked()]
        for n in below(document.rootNode())
        if n.type() not in ("selectionmask", "decorations-wrapper-layer")
    ]


def named(document, name):
    """The node of this name."""
    return next(node for node in below(document.rootNode()) if node.name() == name)


def request(panel, **values):
    """Press the button, and wait until the result is in Krita."""
    panel.forget()
    press(panel, **values)
    assert panel.busy, panel.message
    yield from until(lambda: not panel.busy, "the answers")
    yield 300


def back_to(document, result):
    """Close the resulting document without saving, and activate its source."""
    result.setModified(False)
    result.close()
    desk.front(document)
    yield from until(lambda: app.activeDocument() == document, "the source in front")


@scenario
def whole_document(facts):
    """All layers in register at once: the structure stays, every painted layer and mask is answered."""
    document, _base = yield from rich()
    document.setFileName(os.path.join(desk.OUT, "rich.kra"))
    document.save()
    facts["before"] = tree(document)
    for name, box in (("sprite", (0, 0, 24, 16)), ("inner", (-2, 0, 14, 15)), ("hidden", (6, 1, 14, 14))):
        save(f"whole-{name}.src", named(document, name).pixelData(*box))
    save("whole-mask.src", named(document, "mask").pixelData(-2, 0, 14, 15))
    panel = docker()
    yield from request(panel, scale=3, domain="art", output="document")
    facts["words"] = panel.message
    result = desk.other_document(document)
    facts["source"] = [document.width(), document.modified(), tree(document) == facts["before"]]
    facts["after"] = tree(result)
    facts["size"] = [result.width(), result.height()]
    facts["name"] = [
        os.path.basename(result.fileName()),
        os.path.exists(result.fileName()),
        result.modified(),
        result.name(),
    ]
    facts["guides"] = [result.horizontalGuides(), result.verticalGuides()]
    for name, (x, y, w, h) in (("sprite", (0, 0, 24, 16)), ("inner", (-2, 0, 14, 15)), ("hidden", (6, 1, 14, 14))):
        save(f"whole-{name}.out", named(result, name).pixelData(3 * x, 3 * y, 3 * w, 3 * h))
    save("whole-mask.out", named(result, "mask").pixelData(-6, 0, 42, 45))
    shapes = named(result, "drawn").shapes()
    facts["shapes"] = [[round(v) for v in s.boundingBox().getRect()] for s in shapes]
    save("whole-drawn", named(result, "drawn").projectionPixelData(0, 0, 72, 48))
    desk.shot(None, "window-whole-document")
    for _ in range(3):
        yield from desk.step("undo", result)
    facts["undone"] = [result.width(), tree(result) == facts["after"]]
    result.setActiveNode(named(result, "inner"))
    yield 300
    panel.look()
    facts["recipe"] = panel.again.isVisible()
    result.save()
    path = result.fileName()
    yield from desk.clean()
    again = app.openDocument(path)
    app.activeWindow().addView(again)
    yield from until(lambda: again.activeNode() is not None, "the saved copy")
    facts["saved"] = tree(again) == facts["after"]
    facts["saved shapes"] = [[round(v) for v in s.boundingBox().getRect()] for s in named(again, "drawn").shapes()]


@scenario
def visible_document(facts):
    """Only the visible layers in register: no hidden ones, not even in groups, unless a clone shows them."""
    document, base = yield from rich()
    under = document.createNode("under", "paintlayer")
    put(under, stored(desk.art(8, 8, 1), "RGBA", "U8"), 4, 4, 8, 8)
    under.setVisible(False)
    named(document, "folder").addChildNode(under, None)
    away = document.createGroupLayer("away")
    document.rootNode().addChildNode(away, None)
    lost = document.createNode("lost", "paintlayer")
    put(lost, stored(desk.art(8, 8, 1), "RGBA", "U8"), 4, 4, 8, 8)
    away.addChildNode(lost, None)
    away.setVisible(False)
    base.setVisible(False)  # its clone still shows it
    yield from settle(document)
    before = tree(document)
    yield from request(docker(), scale=2, domain="art", output="visible-document", candidates=3)
    facts["words"] = docker().message
    copy = desk.other_document(document)
    facts["source"] = tree(document) == before
    facts["names"] = sorted(node[1] for node in tree(copy))
    facts["size"] = [copy.width(), copy.height()]
    facts["hidden"] = [node[1] for node in tree(copy) if not node[4]]
    facts["clone"] = named(copy, "copy").type()
    save("visible-inner.src", named(document, "inner").pixelData(-2, 0, 14, 15))
    save("visible-inner.out", named(copy, "inner").pixelData(-4, 0, 28, 30))
    yield from back_to(document, copy)


@scenario
def several_layers(facts):
    """The selected layers: into one new document with their structure, or each above its source."""
    document, _ = yield from rich()
    view = app.activeWindow().activeView()
    document.setActiveNode(named(document, "folder"))
    yield 200
    panel = docker()
    app.action("select_all_layers").trigger()
    yield 300
    facts["selected"] = sorted(node.name() for node in view.selectedNodes())
    yield from request(panel, scale=2, domain="art", output="new-document")
    result = desk.other_document(document)
    facts["all"] = layers(result)
    yield from back_to(document, result)
    document.setActiveNode(named(document, "hidden"))
    yield 200
    yield from select(document, "hidden", "inner")
    facts["two"] = sorted(node.name() for node in view.selectedNodes())
    yield from request(panel, scale=2, domain="art", output="new-document")
    result = desk.other_document(document)
    facts["kept"] = layers(result)
    yield from back_to(document, result)
    before = tree(document)
    yield from select(document, "hidden", "sprite")
    yield from request(panel, scale=2, domain="art", output="larger-document")
    facts["above"] = layers(document)
    facts["larger"] = [document.width(), document.height(), panel.message]
    for _ in range(5):
        yield from desk.step("undo", document)
    facts["undone"] = tree(document) == before and document.width() == 24


def select(document, *names):
    """Select several layers, as Ctrl and clicks in the layer list do."""
    from depixel_krita.qt import QtWidgets

    dock = next(d for d in app.dockers() if d.objectName() == "KisLayerBox")
    dock.setVisible(True)
    yield 200
    listed = next(view for view in dock.findChildren(QtWidgets.QTreeView) if view.model() is not None)
    listed.expandAll()
    yield 100
    model, marked = listed.model(), listed.selectionModel()
    flags = QtCore.QItemSelectionModel.SelectionFlag

    def rows(parent):
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            yield index
            yield from rows(index)

    indices = [index for index in rows(QtCore.QModelIndex()) if index.data() in names]
    assert len(indices) == len(names), [index.data() for index in rows(QtCore.QModelIndex())]
    document.setActiveNode(named(document, names[0]))
    yield 200
    for index in indices:
        marked.select(index, flags.Select | flags.Rows)
    yield 300


@scenario
def animated_document(facts):
    """Keyframes of an animated layer are answered in place; the copy shows the same frame."""
    document, _base = yield from new(16, 12)
    moving = document.createNode("moving", "paintlayer")
    document.rootNode().addChildNode(moving, None)
    yield 200
    for time in (0, 4):
        document.setActiveNode(moving)
        document.setCurrentTime(time)
        yield 200
        moving.enableAnimation()
        app.action("add_blank_frame").trigger()
        yield 200
        put(moving, stored(desk.art(16, 12, time + 1), "RGBA", "U8"), 0, 0, 16, 12)
        save(f"moving-{time}.src", moving.pixelData(0, 0, 16, 12))
    yield from settle(document)
    yield from request(docker(), scale=2, domain="art", output="document")
    result = desk.other_document(document)
    copy = named(result, "moving")
    facts["times"] = [time for time in range(8) if copy.hasKeyframeAtTime(time)]
    facts["time"] = result.currentTime()
    for time in (0, 4):
        save(f"moving-{time}.out", copy.pixelDataAtTime(0, 0, 32, 24, time))


@scenario
def flattened(facts):
    """An anonymised face, and a copy of it without anything below."""
    document, _layer = yield from new(48, 48, pixels=desk.face(48))
    selection = Selection()
    selection.select(8, 8, 32, 32, 255)
    document.setSelection(selection)
    panel = docker(2)
    yield from request(panel, candidates=1, steps=2, output="new-layer")
    facts["words"] = panel.message
    yield from settle(document)
    save("flattened.seen", document.pixelData(0, 0, 48, 48))
    yield 100
    facts["button"] = panel.flat.isVisible()
    panel.flat.click()
    yield from until(lambda: not panel.busy, "the copy")
    yield 300
    result = desk.other_document(document)
    facts["layers"] = layers(result)
    facts["annotations"] = [kind for kind in result.annotationTypes() if kind.startswith("depixel")]
    facts["modified"] = result.modified()
    yield from settle(result)
    save("flattened.out", result.pixelData(0, 0, 48, 48))
    yield from desk.step("undo", result)
    facts["undone"] = layers(result)
