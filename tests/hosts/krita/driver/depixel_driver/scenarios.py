"""What is tried inside Krita. Each scenario leaves facts and files; what must be true of them is asserted outside."""

from __future__ import annotations

import json
import os
import signal
import time

from krita import Selection

from depixel_driver import desk
from depixel_driver.desk import app, apply, ask, docker, layers, new, put, save, settle, step, stored, until
from depixel_krita.qt import QtCore, QtWidgets

ALL = {}
LONG = {"scale": 4, "domain": "art", "candidates": 8, "imagination": 1.0, "steps": 5000}  # a job that lasts


def scenario(function):
    """Add it to those that are run, in the order of this file."""
    ALL[function.__name__] = function
    return function


@scenario
def menus(facts):
    """Where the entries are."""
    yield 0
    found = []
    for menu in app.activeWindow().qwindow().findChildren(QtWidgets.QMenu):
        found += [[menu.title(), action.text()] for action in menu.actions() if "Depixel" in action.text()]
    facts["entries"] = found
    facts["docker"] = docker().window().isVisible()
    facts["version"] = app.version()


@scenario
def nothing_open(facts):
    """A sentence, and no traceback."""
    panel = docker()
    yield 100
    panel.go.click()
    facts["words"] = panel.words.text()
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
    facts["documents"] = len(app.documents())
    made = desk.other_document(document)
    facts["size"] = [made.width(), made.height()]
    facts["profile"] = [document.colorProfile(), made.colorProfile()]
    facts["layers"] = layers(made)
    facts["source"] = layers(document)
    save("dialog.out", made.topLevelNodes()[0].pixelData(0, 0, made.width(), made.height()))
    yield 300
    desk.shot(None, "after-dialog")


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
    save("new_layer.out", document.topLevelNodes()[-1].pixelData(0, 0, 72, 60))
    yield from step("undo", document)
    facts["undone"] = layers(document)
    facts["source kept"] = bytes(document.topLevelNodes()[0].pixelData(0, 0, 24, 20)) == source
    yield from step("redo", document)
    facts["redone"] = layers(document)
    save("new_layer.redone", document.topLevelNodes()[-1].pixelData(0, 0, 72, 60))


@scenario
def larger_document(facts):
    """The document is enlarged first; two steps of undo bring everything back."""
    document, layer = yield from new(20, 16)
    source = bytes(layer.pixelData(0, 0, 20, 16))
    save("larger_document.src", source)
    panel = docker()
    yield from ask(panel, scale=2, output="larger-document")
    yield from apply(panel)
    facts["size"] = [document.width(), document.height()]
    save("larger_document.out", document.topLevelNodes()[-1].pixelData(0, 0, 40, 32))
    for _ in range(2):
        yield from step("undo", document)
    facts["undone"] = [document.width(), document.height(), layers(document)]
    facts["source kept"] = bytes(document.topLevelNodes()[0].pixelData(0, 0, 20, 16)) == source


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
def colours(facts):
    """Every model and depth into a new layer, whose own pixels are read back."""
    for model, depth in (
        ("RGBA", "U16"),
        ("GRAYA", "U8"),
        ("GRAYA", "U16"),
        ("RGBA", "F32"),
        ("RGBA", "F16"),
        ("CMYKA", "U8"),
        ("LABA", "U16"),
    ):
        opaque = [(*pixel[:3], 255) for pixel in desk.art(16, 12)]
        document, layer = yield from new(16, 12, model, depth, pixels=opaque)
        name = f"{model}-{depth}"
        save(name + ".src", layer.pixelData(0, 0, 16, 12))
        panel = docker()
        yield from ask(panel, scale=2, output="new-layer")
        yield from apply(panel)
        made = document.topLevelNodes()[-1]
        save(name + ".out", made.pixelData(0, 0, 32, 24))
        before = layers(document)
        yield from step("undo", document)
        undone = layers(document)
        yield from step("redo", document)
        facts[name] = {
            "words": panel.words.text(),
            "profile": [document.colorProfile(), made.colorProfile()],
            "same": [made.colorModel(), made.colorDepth()] == [model, depth],
            "undo": undone == [["sprite", []]],
            "redo": layers(document) == before,
        }
        yield from desk.clean()


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
    yield from settle(document)
    panel = docker()
    for name, node in (("mask", mask), ("folder", group), ("copy", clone)):
        document.setActiveNode(node)
        yield 200
        shown = layer if node == mask else node
        save(f"shown-{name}.src", shown.projectionPixelData(0, 0, 16, 12))
        before = [n.name() for n in document.topLevelNodes()]
        yield from ask(panel, scale=2, output="new-layer")
        yield from apply(panel)
        made = next(n for n in document.topLevelNodes() if n.name() not in before)
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
    save("beyond.out", made.topLevelNodes()[0].pixelData(-16, -12, 48, 36))


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
    answer = made.topLevelNodes()[0]
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


@scenario
def candidates(facts):
    """Several answers: choose, ask for more like one, apply all as one group that one undo takes away."""
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
    kept = panel.offers[1].painting.frames[0]
    panel.more.click()
    yield from until(lambda: not panel.busy, "more answers")
    facts["more"] = [offer.seed for offer in panel.offers]
    facts["kept"] = panel.offers[0].painting.frames[0] == kept
    distances = [_distance(kept, offer.painting.frames[0]) for offer in panel.offers[1:]]
    facts["distances"] = distances
    yield from apply(panel, all_of_them=True)
    facts["layers"] = layers(document)
    yield from step("undo", document)
    facts["undone"] = layers(document)
    yield from step("redo", document)
    facts["redone"] = layers(document)


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
    dock = next(d for d in app.dockers() if d.objectName() == "depixel_docker")
    dock.setFloating(True)
    dock.resize(300, 620)
    yield 400
    desk.shot(dock, "docker-preview")
    dock.setFloating(False)
    yield 200
    desk.shot(None, "window")
    put(layer, stored(desk.art(48, 48, 7), "RGBA", "U8"), 0, 0, 48, 48)
    yield from settle(document)
    yield from until(lambda: panel.view._after is not None and panel.view._after != first, "another preview")
    facts["followed"] = True
    panel.live.setChecked(False)


@scenario
def cancelled(facts):
    """A long job, given up: the document is as before, and the engine is free."""
    document, _ = yield from new(32, 32)
    panel = docker()
    panel.forget()
    panel.form.set_values({**panel.action.defaults(), "scale": 4, "steps": 2000, "output": "new-layer"})
    panel.go.click()
    yield from until(lambda: panel.bar.value() > 0, "progress")
    desk.shot(panel, "docker-working")
    began = time.monotonic()
    panel.stop.click()
    facts["seconds to idle"] = time.monotonic() - began
    facts["busy"] = panel.busy
    facts["words"] = panel.words.text()
    facts["layers"] = layers(document)
    yield from until(lambda: panel._work._engine.hello().queued == 0, "the engine to be free", 20)
    facts["seconds to free"] = time.monotonic() - began
    yield from ask(panel, scale=2)
    facts["works again"] = bool(panel.offers)
    panel.forget()
    app.action("depixel_upscale").trigger()
    yield 200
    window = desk.dialogs()[0]
    window.panel.live.setChecked(False)
    window.panel.form.set_values({**LONG, "output": "new-layer"})
    window.panel.go.click()
    yield from until(lambda: window.panel.bar.value() > 0, "progress in the dialog")
    began = time.monotonic()
    window.reject()
    facts["dialog closed"] = not desk.dialogs()
    yield from until(lambda: panel._work._engine.hello().queued == 0, "the engine to be free", 20)
    facts["seconds to free after dialog"] = time.monotonic() - began


@scenario
def faces(facts):
    """A face imagined in a new document, and one replaced in place, inside the selection."""
    document, layer = yield from new(16, 16, pixels=desk.face(16))
    save("imagined.src", layer.pixelData(0, 0, 16, 16))
    panel = docker(1)
    yield from ask(panel, scale=8, candidates=2, steps=4, output="new-document")
    facts["imagined"] = panel.words.text()
    facts["seed"] = panel.offers[0].seed
    desk.shot(panel, "docker-faces")
    yield from apply(panel)
    made = desk.other_document(document)
    facts["size"] = [made.width(), made.height()]
    save("imagined.out", made.topLevelNodes()[0].pixelData(0, 0, 128, 128))
    yield from desk.clean()
    document, layer = yield from new(48, 48, pixels=desk.face(48))
    source = bytes(layer.pixelData(0, 0, 48, 48))
    save("replaced.src", source)
    selection = Selection()
    selection.select(8, 8, 32, 32, 255)
    document.setSelection(selection)
    panel = docker(2)
    yield from ask(panel, kept=8, candidates=1, steps=4, output="new-layer")
    facts["replaced"] = panel.words.text()
    before = [n.name() for n in document.topLevelNodes()]
    yield from apply(panel)
    made = next(n for n in document.topLevelNodes() if n.name() not in before)
    facts["name"] = made.name()
    save("replaced.out", made.pixelData(0, 0, 48, 48))
    yield from step("undo", document)
    facts["undone"] = [n.name() for n in document.topLevelNodes()] == before
    facts["source kept"] = bytes(layer.pixelData(0, 0, 48, 48)) == source


@scenario
def engine_killed(facts):
    """The engine dies in the middle: another is started, and the job is run again."""
    document, layer = yield from new(32, 32)
    save("engine_killed.src", layer.pixelData(0, 0, 32, 32))
    panel = docker()
    engine = panel._work._engine
    pid = engine.hello().pid
    heard = []
    panel._work.progressed.connect(lambda event: heard.append(event.sentence))
    panel.form.set_values({**panel.action.defaults(), "scale": 4, "domain": "art", "steps": 20, "output": "new-layer"})
    panel.go.click()
    yield from until(lambda: panel.bar.value() > 0, "progress")
    os.kill(pid, signal.SIGKILL)
    yield from until(lambda: not panel.busy, "the answer of another engine")
    facts["words"] = panel.words.text()
    facts["restarted"] = any("started again" in words for words in heard)
    facts["other process"] = engine.hello().pid != pid
    yield from apply(panel)
    save("engine_killed.out", document.topLevelNodes()[-1].pixelData(0, 0, 128, 128))


@scenario
def document_closed(facts):
    """The document goes away during a job, and while answers wait; Krita lives, and says so."""
    document, _ = yield from new(64, 64)
    panel = docker()
    panel.form.set_values({**panel.action.defaults(), **LONG, "output": "new-layer"})
    panel.go.click()
    yield from until(lambda: panel.bar.value() > 0, "progress")
    document.setModified(False)
    document.close()
    yield from until(lambda: not panel.busy, "the end of the work", 10)
    facts["during"] = panel.words.text()
    document, _ = yield from new(16, 16)
    yield from ask(panel, scale=2, output="new-layer")
    document.setModified(False)
    document.close()
    yield 200
    panel.apply.click()
    yield from until(lambda: not panel.busy, "the refusal", 10)
    facts["after"] = panel.words.text()
    panel.forget()


@scenario
def engine_missing(facts):
    """Nothing to start: a sentence that says what to do."""
    from depixel_krita import _client

    yield from new(8, 8)
    record = os.path.join(os.path.dirname(_client.__file__), "installed.json")
    panel = docker()
    own = panel._work._engine
    os.rename(record, record + ".away")
    panel._work._engine = _client.Engine("krita", _client.Place(os.path.join(desk.OUT, "nowhere")))
    try:
        panel.forget()
        panel.go.click()
        yield from until(lambda: not panel.busy, "the refusal", 10)
        facts["words"] = panel.words.text()
        desk.shot(panel, "docker-no-engine")
    finally:
        os.rename(record + ".away", record)
        panel._work._engine = own


@scenario
def heartbeat(facts):
    """A layer of 1024 x 1024 pixels, twice as large: how long the interface stood still, and what came on top."""
    side = 1024
    small = stored([(*pixel[:3], 255) for pixel in desk.art(128, 128)], "RGBA", "U8")
    rows = [small[y * 512 : (y + 1) * 512] * 8 for y in range(128)]
    document, layer = yield from new(8, 8)
    yield from ask(docker(), scale=2)  # the engine is warm from here on
    document.setWidth(side)
    document.setHeight(side)
    for y in range(0, side, 128):
        put(layer, b"".join(rows), 0, y, side, 128)
    yield from settle(document)
    panel = docker()
    panel.forget()
    panel.live.setChecked(False)
    panel.form.set_values({**panel.action.defaults(), "scale": 2, "domain": "art", "output": "new-layer"})
    yield 1000
    done = []
    panel.finished.connect(done.append)
    beat = Beat()
    began = time.monotonic()
    panel.go.click()
    yield from until(lambda: not panel.busy, "the answer", 400)
    facts["job"] = beat.stop()
    assert panel.offers, panel.words.text()
    facts["round trip"] = time.monotonic() - began
    facts["engine"] = done[0].finished.result.seconds
    beat = Beat()
    began = time.monotonic()
    panel.apply.click()
    yield from until(lambda: not panel.busy, "the layer")
    facts["adding"] = time.monotonic() - began
    facts["delivery"] = beat.stop()
    panel.finished.disconnect(done.append)
    facts["size"] = [document.topLevelNodes()[-1].bounds().width(), document.topLevelNodes()[-1].bounds().height()]


class Beat:
    """
    Beats every 5 ms while the event loop runs; remembers the longest silences, in milliseconds.

    A silence is the interface's own as far as the system did not give the processor to other programs in it.
    """

    def __init__(self) -> None:
        self.gaps = []
        self.last, self.waited = time.monotonic(), _waited()
        self.timer = QtCore.QTimer()
        self.timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.beat)
        self.timer.start(5)

    def beat(self) -> None:
        now, waited = time.monotonic(), _waited()
        gap = 1000 * (now - self.last)
        self.gaps.append((gap, gap - 1000 * (waited - self.waited)))
        self.last, self.waited = now, waited

    def stop(self):
        """Longest silence, longest one of its own, and how many were over 50 ms."""
        self.beat()
        self.timer.stop()
        return {
            "beats": len(self.gaps),
            "longest": round(max(gap for gap, _ in self.gaps), 1),
            "over 50 ms": sum(gap > 50 for gap, _ in self.gaps),
            "longest own": round(max(own for _, own in self.gaps), 1),
            "own over 50 ms": sum(own > 50 for _, own in self.gaps),
        }


# Seconds that this thread was ready to run and another program had the processor (Linux).
def _waited():
    with open("/proc/thread-self/schedstat", encoding="ascii") as file:
        return int(file.read().split()[1]) / 1e9


def _distance(first, second):
    return sum(abs(a - b) for a, b in zip(first, second)) / len(first)


def leave_during_a_job():
    """The last thing: Krita is closed while the engine works. The tests outside look at how it ended."""
    yield from new(64, 64)
    panel = docker()
    panel.form.set_values({**panel.action.defaults(), **LONG})
    panel.go.click()
    yield from until(lambda: panel.bar.value() > 0, "progress")
    for document in app.documents():
        document.setModified(False)
    with open(os.path.join(desk.OUT, "leaving.json"), "w", encoding="utf-8") as file:
        json.dump({"busy": panel.busy, "version": app.version()}, file)
    app.action("file_quit").trigger()
    yield 100
