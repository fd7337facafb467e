"""Every kind of colours, layer state and selection with every output: an answer or a sentence, and no damage."""

from __future__ import annotations

import itertools
import os

from krita import Selection

from depixel_driver import desk
from depixel_driver.copies import select
from depixel_driver.desk import app, docker, layers, new, press, scenario, settle, until
from depixel_krita.qt import QtCore

EVERY = os.environ.get("DEPIXEL_DRIVER_EVERY", "") == "1"  # all combinations: some hundreds
COLOURS = (("RGBA", "U8"), ("RGBA", "U16"), ("RGBA", "F32"), ("GRAYA", "U8"), ("CMYKA", "U8"), ("LABA", "U16"))
CALM = {"detail": "calm", "imagination": 0.0, "steps": 0, "exact": "always"}  # fast, and one answer
ACTIONS = (
    (0, {"scale": 2}, ("new-document", "document", "visible-document", "larger-document", "new-layer")),
    (1, {"scale": 2, "candidates": 1, **CALM}, ("new-document", "larger-document", "new-layer")),
    (2, {"kept": 4, **CALM}, ("new-document", "new-layer")),
)
SELECTIONS = ("none", "all", "rectangle", "soft", "one pixel", "empty", "beside")
STATES = ("plain", "locked", "alpha locked", "inheriting alpha", "hidden", "half opaque")
LONG_NAME = "a_layer_with_a_name_that_is_longer_than_any_docker_is_wide_because_it_comes_from_a_file_" * 2


def selection(kind, document):
    """A selection of this kind; None for none."""
    if kind == "none":
        return None
    chosen = Selection()
    box = {"all": (0, 0, document.width(), document.height()), "rectangle": (3, 2, 6, 5), "soft": (2, 2, 7, 6),
           "one pixel": (4, 4, 1, 1), "beside": (50, 50, 4, 4)}.get(kind)  # fmt: skip
    if box:
        chosen.select(*box, 255)
    if kind == "soft":
        chosen.feather(2)
    return chosen


def put_into(state, layer):
    """Give the layer a state."""
    layer.setLocked(state == "locked")
    layer.setAlphaLocked(state == "alpha locked")
    layer.setInheritAlpha(state == "inheriting alpha")
    layer.setVisible(state != "hidden")
    layer.setOpacity(128 if state == "half opaque" else 255)


def combinations():
    """(action, values, output, colours, selection, state): all of them, or a few in which each value occurs."""
    pairs = [(action, values, output) for action, values, outputs in ACTIONS for output in outputs]
    if EVERY:
        both = [(chosen, "plain") for chosen in SELECTIONS] + [("none", state) for state in STATES[1:]]
        return [(*pair, colours, *one) for pair, colours, one in itertools.product(pairs, COLOURS, both)]
    return [
        (*pair, COLOURS[(at + turn * 2) % 6], SELECTIONS[(at + turn * 3) % 7], STATES[(at + turn) % 6])
        for at, pair in enumerate(pairs)
        for turn in range(2)
    ]


@scenario
def variants(facts):
    """Small documents, one after the other."""
    facts["all"] = []
    for action, values, output, (model, depth), chosen, state in combinations():
        pixels = desk.face(12) if action else None
        document, layer = yield from new(12, 12, model, depth, pixels=pixels)
        put_into(state, layer)
        document.setSelection(selection(chosen, document))
        yield from settle(document)
        before = bytes(layer.pixelData(0, 0, 12, 12)), layers(document)
        panel = docker(action)
        panel.forget()
        press(panel, **values, output=output)
        yield from until(lambda panel=panel: not panel.busy, "the answer")
        yield 100
        others = [one for one in desk.documents() if one != document]
        same = bytes(layer.pixelData(0, 0, 12, 12)) == before[0] if output != "larger-document" else None
        facts["all"].append({
            "case": [action, output, model, depth, chosen, state],
            "message": panel.message,
            "offers": len(panel.offers),
            "same": same,
            "layers": layers(document),
            "unchanged": layers(document) == before[1] and document.width() == 12,
            "size": [document.width(), document.height()],
            "others": [[one.width(), one.height(), one.colorModel(), one.colorDepth(), layers(one)] for one in others],
        })  # fmt: skip
        yield from desk.clean()


@scenario
def names(facts):
    """Layers of one name, and a name much longer than the docker is wide."""
    document, layer = yield from new(12, 12)
    for _ in range(3):
        other = layer.duplicate()
        other.setName("twin")
        document.rootNode().addChildNode(other, None)
    yield from settle(document)
    dock = desk.dock()
    dock.setFloating(True)
    panel = docker()
    for output in ("new-layer", "new-document"):
        yield from select(document, "twin", "twin", "twin")
        yield 300
        press(panel, scale=2, output=output)
        yield from until(lambda: not panel.busy, "the answers")
        yield 200
        facts[output] = [panel.message, [layers(one) for one in desk.documents()]]
        desk.front(document)
        yield 300
    layer.setName(LONG_NAME)
    document.setActiveNode(layer)
    panel.look_soon()
    yield 1500
    for width, height in ((236, 200), (300, 400)):
        dock.resize(width, height)
        yield 300
        facts[f"docker {width}"] = [dock.width(), dock.height(), desk.clipped(dock)]
        desk.shot(dock, f"docker-long-name-{width}x{height}")
    panel.go.click()
    yield from until(lambda: not panel.busy, "the answer")
    yield 300
    facts["docker after"] = [dock.width(), panel.message]
    desk.shot(dock, "docker-long-name-after")
    app.action("depixel_upscale").trigger()
    yield from until(lambda: bool(desk.dialogs()), "the dialog")
    yield 1500
    window = desk.dialogs()[0]
    facts["dialog"] = [window.width(), window.height(), desk.clipped(window)]
    desk.shot(window, "dialog-long-name")
    dock.setFloating(False)


@scenario
def tiny_and_large(facts):
    """Documents of one pixel, and of 4096 x 4096."""
    for width, height in ((1, 1), (1, 9), (9, 1), (2, 2)):
        document, _ = yield from new(width, height)
        panel = docker()
        panel.live.setChecked(True)
        yield 1500
        press(panel, scale=4, output="new-layer")
        yield from until(lambda panel=panel: not panel.busy, "the answer")
        yield 100
        facts[f"{width} x {height}"] = [panel.message, document.width(), document.height(), layers(document)]
        yield from desk.clean()
    document, _layer = yield from new(8, 8)
    document.resizeImage(0, 0, 4096, 4096)
    yield from settle(document)
    panel = docker()
    panel.live.setChecked(True)
    yield 2000
    facts["described"] = panel.message
    clock = QtCore.QElapsedTimer()
    clock.start()
    press(panel, scale=64, domain="art", output="new-document")
    yield from until(lambda: not panel.busy, "the refusal")
    facts["refused"] = [panel.message, clock.elapsed(), len(desk.documents())]
    panel.form.set_values(panel.action.defaults())
