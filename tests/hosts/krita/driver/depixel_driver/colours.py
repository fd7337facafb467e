"""Every model and depth of colours that Krita has."""

from __future__ import annotations

from depixel_driver import desk
from depixel_driver.desk import app, apply, ask, docker, layers, new, put, save, scenario, settle, step
from depixel_krita.colours import colours_of


@scenario
def colours(facts):
    """Every model and depth, answered into a new layer whose own pixels are read back."""
    for model, depth, profile in (
        ("RGBA", "U8", "ClayRGB-elle-V2-g22.icc"),
        ("RGBA", "U16", ""),
        ("GRAYA", "U8", ""),
        ("GRAYA", "U16", ""),
        ("RGBA", "F32", ""),
        ("RGBA", "F16", ""),
        ("GRAYA", "F32", ""),
        ("CMYKA", "U8", ""),
        ("LABA", "U16", ""),
        ("XYZA", "U16", ""),
        ("YCbCrA", "U8", ""),
    ):
        opaque = [(*pixel[:3], 255) for pixel in desk.art(16, 12)]
        document, layer = yield from new(16, 12, model, depth, profile, pixels=opaque)
        name = f"{model}-{depth}"
        save(name + ".src", layer.pixelData(0, 0, 16, 12))
        panel = docker()
        yield from ask(panel, scale=2, output="new-layer")
        shot, painting = panel._shown.parts[0].shot, panel.offers[0].painting
        yield from apply(panel)
        layer_added = desk.tops(document)[-1]
        save(name + ".out", layer_added.pixelData(0, 0, 32, 24))
        if shot.colours.model != model:
            own = colours_of(layer)
            save(name + ".asked", shot.frames[0])
            save(name + ".answered", painting.frames[0])
            samples = layer.pixelData(0, 0, 16, 12)
            save(name + ".by-krita.asked", (yield from shown(samples, 16, 12, own, shot.colours)))
            save(name + ".by-krita.out", (yield from shown(painting.frames[0], 32, 24, shot.colours, own)))
        before = layers(document)
        yield from step("undo", document)
        undone = layers(document)
        yield from step("redo", document)
        facts[name] = {
            "words": panel.message,
            "profile": [document.colorProfile(), layer.colorProfile(), layer_added.colorProfile()],
            "same": [layer_added.colorModel(), layer_added.colorDepth()] == [model, depth],
            "undo": undone == [["sprite", []]],
            "redo": layers(document) == before,
        }
        yield from desk.clean()


def shown(samples, width, height, own, colours):
    """How Krita shows a layer with its `own` colours in a document with other `colours`: not by our conversion."""
    document = app.createDocument(width, height, "conversion", colours.model, colours.depth, colours.profile, 72.0)
    document.setBatchmode(True)
    for node in document.topLevelNodes():
        node.remove()
    layer = document.createNode("own", "paintlayer")
    layer.setColorSpace(own.model, own.depth, own.profile)
    put(layer, samples, 0, 0, width, height)
    document.rootNode().addChildNode(layer, None)
    yield from settle(document)
    pixels = bytes(document.pixelData(0, 0, width, height))
    document.setModified(False)
    document.close()
    return pixels


@scenario
def deep_group(facts):
    """Several 16-bit answers become a group without loss."""
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
