"""Every kind of layer, document and colours that Krita has."""

from __future__ import annotations

from krita import Selection

from depixel_driver import desk
from depixel_driver.desk import app, apply, ask, docker, layers, new, put, save, scenario, settle, step, stored, until
from depixel_krita.qt import QtCore

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
    made = document.nodeByName("sprite x4, seed 0, exact")
    bounds = made.bounds()
    facts["corner"] = [bounds.left(), bounds.top()]
    save("selected_part.out", made.pixelData(6, 4, 80, 48))


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
    made = desk.tops(document)[-1]
    save("shape.out", made.pixelData(7, 5, 48, 32))
    save("shape.shown", made.projectionPixelData(7, 5, 48, 32))
    yield from step("undo", document)
    facts["undone"] = layers(document)
    yield from step("redo", document)
    facts["redone"] = layers(document)
    save("shape.redone", desk.tops(document)[-1].projectionPixelData(7, 5, 48, 32))
    yield from step("undo", document)
    document.setActiveNode(layer)
    yield from ask(panel, scale=2, candidates=2, imagination=0.5, output="new-document")
    panel.more.click()
    yield from until(lambda: not panel.busy, "more answers")
    yield from apply(panel, all_of_them=True)
    made = desk.other_document(document)
    facts["in a document"] = layers(made)
    yield from settle(made)
    save("shape.document", desk.tops(made)[-1].projectionPixelData(0, 0, 48, 32))


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
    facts["domain"] = done[0].finished.result.domain
    yield from apply(panel)
    save("pixel_art.out", desk.tops(desk.other_document(document))[0].pixelData(0, 0, 96, 96))


@scenario
def colours(facts):
    """Every model and depth into a new layer, whose own pixels are read back."""
    for model, depth, profile in (
        ("RGBA", "U8", "ClayRGB-elle-V2-g22.icc"),
        ("RGBA", "U16", ""),
        ("GRAYA", "U8", ""),
        ("GRAYA", "U16", ""),
        ("RGBA", "F32", ""),
        ("RGBA", "F16", ""),
        ("CMYKA", "U8", ""),
        ("LABA", "U16", ""),
        ("YCbCrA", "U8", ""),
    ):
        opaque = [(*pixel[:3], 255) for pixel in desk.art(16, 12)]
        document, layer = yield from new(16, 12, model, depth, profile, pixels=opaque)
        name = f"{model}-{depth}"
        save(name + ".src", layer.pixelData(0, 0, 16, 12))
        panel = docker()
        yield from ask(panel, scale=2, output="new-layer")
        yield from apply(panel)
        made = desk.tops(document)[-1]
        save(name + ".out", made.pixelData(0, 0, 32, 24))
        before = layers(document)
        yield from step("undo", document)
        undone = layers(document)
        yield from step("redo", document)
        facts[name] = {
            "words": panel.words.text(),
            "profile": [document.colorProfile(), layer.colorProfile(), made.colorProfile()],
            "same": [made.colorModel(), made.colorDepth()] == [model, depth],
            "undo": undone == [["sprite", []]],
            "redo": layers(document) == before,
        }
        yield from desk.clean()


@scenario
def deep_group(facts):
    """Several answers in 16 bits become a group that loses nothing of them."""
    opaque = [(*pixel[:3], 255) for pixel in desk.art(16, 12)]
    document, _ = yield from new(16, 12, "RGBA", "U16", pixels=opaque)
    panel = docker()
    yield from ask(panel, scale=2, candidates=2, imagination=0.5, output="new-layer")
    best = bytes(panel.offers[0].painting.frames[0])
    yield from apply(panel, all_of_them=True)
    yield from settle(document)
    group = desk.tops(document)[-1]
    facts["colours"] = [[n.colorModel(), n.colorDepth(), n.colorProfile()] for n in (group, *group.childNodes())]
    facts["document"] = [document.colorModel(), document.colorDepth(), document.colorProfile()]
    save("deep_group.best", best)
    save("deep_group.shown", group.projectionPixelData(0, 0, 16, 12))  # Krita draws no more of it than the canvas
    yield from step("undo", document)
    facts["undone"] = layers(document)


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
    yield from settle(document)
    drawn.addShapesFromSvg(SQUARE)
    yield from settle(document)
    panel = docker()
    for name, node in (("mask", mask), ("folder", group), ("copy", clone), ("drawn", drawn)):
        document.setActiveNode(node)
        yield 200
        shown = layer if node == mask else node
        save(f"shown-{name}.src", shown.projectionPixelData(0, 0, 16, 12))
        before = [n.name() for n in desk.tops(document)]
        yield from ask(panel, scale=2, output="new-layer")
        yield from apply(panel)
        made = next(n for n in desk.tops(document) if n.name() not in before)
        save(f"shown-{name}.out", made.pixelData(0, 0, 32, 24))
        facts[name] = made.name()
        yield from step("undo", document)


@scenario
def beyond_the_canvas(facts):
    """What lies outside comes along, and stays outside."""
    document, layer = yield from new(16, 12)
    put(layer, stored(desk.art(8, 6, 3), "RGBA", "U8"), -8, -6, 8, 6)
    yield from settle(document)
    save("beyond.src", layer.pixelData(-8, -6, 24, 18))
    panel = docker()
    yield from ask(panel, scale=2, output="new-document")
    yield from apply(panel)
    made = desk.other_document(document)
    facts["size"] = [made.width(), made.height()]
    save("beyond.out", desk.tops(made)[0].pixelData(-16, -12, 48, 36))


@scenario
def animation(facts):
    """Keyframes of the timeline become one job, and keyframes at the same times."""
    document, layer = yield from new(16, 12)
    times = (0, 3, 7)
    yield from animate(document, layer, times)
    for index, moment in enumerate(times):
        save(f"animation-{index}.src", layer.pixelDataAtTime(0, 0, 16, 12, moment))
    panel = docker()
    yield from ask(panel, scale=2, output="new-layer")
    yield from apply(panel)
    made = desk.other_document(document)
    answer = desk.tops(made)[0]
    facts["times"] = [moment for moment in range(12) if answer.hasKeyframeAtTime(moment)]
    for index, moment in enumerate(times):
        save(f"animation-{index}.out", answer.pixelDataAtTime(0, 0, 32, 24, moment))


@scenario
def animated_group(facts):
    """A group with an animated layer is read frame by frame as it is shown; the time that was shown comes back."""
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
    facts["frames"] = len(panel._done.shot.frames)
    facts["same"] = [
        bytes(layer.pixelDataAtTime(0, 0, 16, 12, moment)) == frame
        for moment, frame in zip((0, 5), panel._done.shot.frames)
    ]
    facts["time"] = document.currentTime()


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
