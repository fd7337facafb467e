"""Every kind of layer and document that Krita has."""

from __future__ import annotations

import os

from krita import InfoObject, Selection

from depixel_driver import desk
from depixel_driver.desk import app, apply, ask, docker, layers, new, put, save, scenario, settle, step, stored, until
from depixel_krita.qt import QtCore, QtGui

SQUARE = """<svg xmlns="http://www.w3.org/2000/svg" width="16pt" height="12pt" viewBox="0 0 16 12">
<rect x="3" y="2" width="9" height="7" fill="#c04030"/></svg>"""  # at 72 dots an inch a point is a pixel


@scenario
def selected_part(facts):
    """The box around the selection, alone."""
    document, layer = yield from new(40, 30)
    selection = Selection()
    selection.select(6, 4, 20, 12, 255)
    document.setSelection(selection)
    save("selected_part.src", layer.pixelData(6, 4, 20, 12))
    panel = docker()
    yield from ask(panel, scale=4, output="new-layer")
    yield from apply(panel)
    result = document.nodeByName("sprite x4, seed 0, exact")
    bounds = result.bounds()
    facts["corner"] = [bounds.left(), bounds.top()]
    facts["size"] = [document.width(), document.height()]
    save("selected_part.out", result.pixelData(0, 0, 80, 48))


@scenario
def selected_shape(facts):
    """A round selection with soft edges: the answer covers its box, and a mask shows its shape."""
    document, layer = yield from new(40, 30)
    selection = Selection()
    selection.select(7, 5, 24, 16, 255)
    corner = bytes(255 if x + y > 14 else 16 * (x + y) for y in range(8) for x in range(12))
    selection.setPixelData(QtCore.QByteArray(corner), 7, 5, 12, 8)
    document.setSelection(selection)
    save("shape.src", layer.pixelData(7, 5, 24, 16))
    save("shape.selection", document.selection().pixelData(7, 5, 24, 16))
    panel = docker()
    yield from ask(panel, scale=2, output="new-layer")
    yield from apply(panel)
    facts["layers"] = layers(document)
    result = desk.tops(document)[-1]
    save("shape.out", result.pixelData(0, 0, 48, 32))
    save("shape.shown", result.projectionPixelData(0, 0, 48, 32))
    yield from step("undo", document)
    facts["undone"] = layers(document)
    yield from step("redo", document)
    facts["redone"] = layers(document)
    save("shape.redone", desk.tops(document)[-1].projectionPixelData(0, 0, 48, 32))
    for _ in range(2):
        yield from step("undo", document)
    document.setActiveNode(layer)
    yield from ask(panel, scale=2, candidates=2, imagination=0.5, output="new-document")
    panel.more.click()
    yield from until(lambda: not panel.busy, "more answers")
    yield from apply(panel, all_of_them=True)
    result = desk.other_document(document)
    facts["in a document"] = layers(result)
    yield from settle(result)
    save("shape.document", desk.tops(result)[-1].projectionPixelData(0, 0, 48, 32))


@scenario
def pixel_art(facts):
    """Few colours and hard edges are taken for pixel art; with the colours kept there are no others."""
    colours = [(0, 0, 0, 0), (20, 12, 28, 255), (208, 70, 72, 255), (218, 212, 94, 255), (109, 194, 202, 255)]
    drawn = [colours[(x // 3 + y // 2 * (x // 7)) % 5] for y in range(24) for x in range(24)]
    document, layer = yield from new(24, 24, pixels=drawn)
    save("pixel_art.src", layer.pixelData(0, 0, 24, 24))
    panel = docker()
    done = []
    panel.finished.connect(done.append)
    yield from ask(panel, scale=4, palette="keep", output="new-document")
    panel.finished.disconnect(done.append)
    facts["domain"] = done[0].parts[0].finished.result.domain
    yield from apply(panel)
    save("pixel_art.out", desk.tops(desk.other_document(document))[0].pixelData(0, 0, 96, 96))


@scenario
def masks_groups_clones(facts):
    """Each is answered as it is shown; a mask stands for its layer."""
    document, layer = yield from new(16, 12)
    mask = document.createTransparencyMask("mask")
    layer.addChildNode(mask, None)
    put(mask, bytes((x * 16) & 255 for y in range(12) for x in range(16)), 0, 0, 16, 12)
    group = document.createGroupLayer("folder")
    document.rootNode().addChildNode(group, None)
    inner = document.createNode("inner", "paintlayer")
    put(inner, stored(desk.art(16, 12, 5), "RGBA", "U8"), 0, 0, 16, 12)
    group.addChildNode(inner, None)
    clone = document.createCloneLayer("copy", layer)
    document.rootNode().addChildNode(clone, None)
    drawn = document.createVectorLayer("drawn")
    document.rootNode().addChildNode(drawn, None)
    chosen = Selection()
    chosen.select(2, 1, 11, 9, 255)
    filled = document.createFillLayer("filled", "color", InfoObject(), chosen)
    document.rootNode().addChildNode(filled, None)
    path = os.path.join(desk.OUT, "linked.png")
    save_png(path, 16, 12, desk.art(16, 12, 9))
    linked = document.createFileLayer("linked", path, "None")
    document.rootNode().addChildNode(linked, None)
    yield from settle(document)
    drawn.addShapesFromSvg(SQUARE)
    yield from settle(document)
    yield from until(lambda: any(linked.projectionPixelData(0, 0, 16, 12).data()), "the linked file")
    panel = docker()
    for name, node in (
        ("mask", mask),
        ("folder", group),
        ("copy", clone),
        ("drawn", drawn),
        ("filled", filled),
        ("linked", linked),
    ):
        document.setActiveNode(node)
        yield from settle(document)  # clones are drawn again after an undo
        shown = layer if node == mask else node
        save(f"shown-{name}.src", shown.projectionPixelData(0, 0, 16, 12))
        before = {d.rootNode().uniqueId().toString() for d in desk.documents()}
        yield from ask(panel, scale=2, output="new-document")
        yield from apply(panel)
        result = next(d for d in desk.documents() if d.rootNode().uniqueId().toString() not in before)
        save(f"shown-{name}.out", desk.tops(result)[0].pixelData(0, 0, 32, 24))
        facts[name] = result.name()
        yield 300
        desk.front(document)
        yield from until(lambda: app.activeDocument() == document, "the document in front")


def save_png(path, width, height, pixels):
    """A picture file."""
    data = bytes(sample for pixel in pixels for sample in pixel)
    QtGui.QImage(data, width, height, 4 * width, QtGui.QImage.Format.Format_RGBA8888).save(path)


@scenario
def hidden_and_passing(facts):
    """A hidden layer, a hidden group, and a group that passes through, painted on in that state."""
    document, layer = yield from new(16, 12)
    group = document.createGroupLayer("folder")
    document.rootNode().addChildNode(group, None)
    inner = document.createNode("inner", "paintlayer")
    put(inner, stored(desk.art(16, 12, 5), "RGBA", "U8"), 0, 0, 16, 12)
    group.addChildNode(inner, None)
    yield from settle(document)
    panel = docker()
    for node, inside, name in ((layer, layer, "layer"), (group, inner, "group")):
        document.setActiveNode(node)
        node.setVisible(False)
        yield from settle(document)
        put(inside, stored(desk.art(16, 12, 8), "RGBA", "U8"), 0, 0, 16, 12)
        yield from settle(document)
        yield from ask(panel, scale=2)
        facts["hidden " + name] = bytes(panel._shown.parts[0].shot.frames[0]) == bytes(inside.pixelData(0, 0, 16, 12))
    group.setVisible(True)
    group.setPassThroughMode(True)
    yield from settle(document)
    put(inner, stored(desk.art(16, 12, 3), "RGBA", "U8"), 0, 0, 16, 12)
    yield from settle(document)
    document.setActiveNode(group)
    yield 200
    yield from ask(panel, scale=2)
    facts["passing group"] = bytes(panel._shown.parts[0].shot.frames[0]) == bytes(inner.pixelData(0, 0, 16, 12))


@scenario
def beyond_the_canvas(facts):
    """Pixels outside are included, and stay outside."""
    document, layer = yield from new(16, 12)
    put(layer, stored(desk.art(8, 6, 3), "RGBA", "U8"), -8, -6, 8, 6)
    yield from settle(document)
    save("beyond.src", layer.pixelData(-8, -6, 24, 18))
    panel = docker()
    yield from ask(panel, scale=2, output="new-document")
    yield from apply(panel)
    result = desk.other_document(document)
    facts["size"] = [result.width(), result.height()]
    save("beyond.out", desk.tops(result)[0].pixelData(-16, -12, 48, 36))
    desk.front(document)
    yield from until(lambda: app.activeDocument() == document, "the document in front")
    yield from ask(panel, scale=2, output="larger-document")
    yield from apply(panel)
    save("beyond.larger", desk.tops(document)[-1].pixelData(-16, -12, 48, 36))


@scenario
def animation(facts):
    """
    Keyframes of the timeline become one job, and keyframes at the same times; another active document is unaffected.
    """
    other, bystander = yield from new(16, 12)
    document, layer = yield from new(16, 12)
    times = (0, 3, 7)
    yield from animate(document, layer, times)
    document.setFramesPerSecond(12)
    for index, moment in enumerate(times):
        save(f"animation-{index}.src", layer.pixelDataAtTime(0, 0, 16, 12, moment))
    panel = docker()
    yield from ask(panel, scale=2, output="new-layer", candidates=2)
    painting = panel.offers[1].painting
    panel.apply_all.click()
    yield from until(lambda: len(desk.documents()) == 3 and app.activeDocument() not in (other, document), "its view")
    desk.front(other)  # the user switches to another document
    yield from until(lambda: not panel.busy, "the keyframes")
    assert not panel.offers, panel.message
    result = next(d for d in desk.documents() if d not in (other, document))
    answer, second = desk.tops(result)[::-1]
    facts["times"] = [moment for moment in range(12) if answer.hasKeyframeAtTime(moment)]
    facts["second times"] = [moment for moment in range(12) if second.hasKeyframeAtTime(moment)]
    facts["second frames"] = [
        bytes(second.pixelDataAtTime(0, 0, 32, 24, moment)) == bytes(frame)
        for moment, frame in zip(times, painting.frames)
    ]
    facts["visible"] = [answer.visible(), second.visible()]
    facts["rate"] = result.framesPerSecond()
    facts["bystander"] = [bystander.animated(), layers(other), layers(document)]
    for index, moment in enumerate(times):
        save(f"animation-{index}.out", answer.pixelDataAtTime(0, 0, 32, 24, moment))


@scenario
def animated_group(facts):
    """A group with an animated layer is read frame by frame as it is shown; the shown time is restored."""
    document, still = yield from new(16, 12)
    group = document.createGroupLayer("folder")
    document.rootNode().addChildNode(group, None)
    layer = document.createNode("moving", "paintlayer")
    group.addChildNode(layer, None)
    still.setVisible(False)
    document.setActiveNode(layer)
    yield 200
    yield from animate(document, layer, (0, 5))
    document.setCurrentTime(2)
    document.setActiveNode(group)
    yield 200
    panel = docker()
    yield from ask(panel, scale=2)
    facts["frames"] = len(panel._shown.parts[0].shot.frames)
    facts["same"] = [
        bytes(layer.pixelDataAtTime(0, 0, 16, 12, moment)) == frame
        for moment, frame in zip((0, 5), panel._shown.parts[0].shot.frames)
    ]
    facts["time"] = document.currentTime()
    yield from apply(panel)
    result = desk.other_document(document)
    facts["times"] = [moment for moment in range(12) if desk.tops(result)[0].hasKeyframeAtTime(moment)]


def animate(document, layer, times):
    """Give a layer keyframes with different pixels."""
    layer.enableAnimation()
    for index, moment in enumerate(times):
        document.setCurrentTime(moment)
        document.waitForDone()
        yield 100
        if not layer.hasKeyframeAtTime(moment):
            app.action("add_blank_frame").trigger()
            document.waitForDone()
            yield 100
        put(layer, stored(desk.art(16, 12, 4 * index), "RGBA", "U8"), 0, 0, 16, 12)
    yield from settle(document)
