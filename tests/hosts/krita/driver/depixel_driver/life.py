"""Jobs, engines, documents and Krita itself disappear in the middle."""

from __future__ import annotations

import json
import os
import signal
import time

from depixel_driver import desk
from depixel_driver.desk import LONG, app, apply, ask, docker, layers, new, save, scenario, until


@scenario
def cancelled(facts):
    """A long job, cancelled: the document is unchanged, and the engine is free."""
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
    facts["words"] = panel.message
    facts["layers"] = layers(document)
    yield from until(lambda: panel.queue.work._engine.hello().queued == 0, "the engine to be free", 20)
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
    yield from until(lambda: panel.queue.work._engine.hello().queued == 0, "the engine to be free", 20)
    facts["seconds to free after dialog"] = time.monotonic() - began


@scenario
def engine_killed(facts):
    """The engine dies in the middle: another one is started, and the job runs again."""
    document, layer = yield from new(32, 32)
    save("engine_killed.src", layer.pixelData(0, 0, 32, 32))
    panel = docker()
    engine = panel.queue.work._engine
    pid = engine.hello().pid
    heard = []
    panel.queue.progressed.connect(lambda words, fraction: heard.append(words))
    panel.form.set_values({**panel.action.defaults(), "scale": 4, "domain": "art", "steps": 20, "output": "new-layer"})
    panel.go.click()
    yield from until(lambda: panel.bar.value() > 0, "progress")
    os.kill(pid, signal.SIGKILL)
    yield from until(lambda: not panel.busy, "the answer of another engine")
    facts["words"] = panel.message
    facts["restarted"] = any("is being restarted" in words for words in heard)
    facts["other process"] = engine.hello().pid != pid
    yield from apply(panel)
    save("engine_killed.out", desk.tops(document)[-1].pixelData(0, 0, 128, 128))


@scenario
def document_closed(facts):
    """The document is closed during a job, and while answers wait; Krita survives and shows a message."""
    document, _ = yield from new(64, 64)
    panel = docker()
    panel.form.set_values({**panel.action.defaults(), **LONG, "output": "new-layer"})
    panel.go.click()
    yield from until(lambda: panel.bar.value() > 0, "progress")
    document.setModified(False)
    document.close()
    yield from until(lambda: not panel.busy, "the end of the work", 10)
    facts["during"] = panel.message
    document, _ = yield from new(16, 16)
    yield from ask(panel, scale=2, output="new-layer")
    document.setModified(False)
    document.close()
    yield 200
    panel.apply.click()
    yield from until(lambda: not panel.busy, "the refusal", 10)
    facts["after"] = panel.message
    panel.forget()
    document, _ = yield from new(512, 2048, pixels=[(90, 10, 200, 255)] * (512 * 2048))
    panel.form.set_values({**panel.action.defaults(), "scale": 2, "output": "new-layer"})
    panel.go.click()
    document.setModified(False)
    document.close()
    yield from until(lambda: not panel.busy, "the end of the reading", 10)
    facts["reading"] = panel.message
    panel.forget()
    document, _ = yield from new(64, 64)
    yield from ask(panel, scale=16, domain="data", output="new-layer")
    panel.apply.click()
    yield 10
    facts["still adding"] = panel.busy
    document.setModified(False)
    document.close()
    yield from until(lambda: not panel.busy, "the end of the adding", 10)
    facts["adding"] = panel.message
    facts["left"] = len(desk.documents())


@scenario
def other_document_in_front(facts):
    """The user switches to another document during a job: the answer goes where it belongs, and nowhere else."""
    first, _ = yield from new(16, 12)
    second, _ = yield from new(20, 20)
    panel = docker()
    for name, values in (("layer", {"output": "new-layer"}), ("larger", {"output": "larger-document"})):
        desk.front(first)
        yield from until(lambda: app.activeDocument() == first, "the first document in front")
        panel.forget()
        panel.form.set_values({**panel.action.defaults(), "scale": 2, **values})
        panel.go.click()
        desk.front(second)
        yield from until(lambda: not panel.busy, "the answers")
        facts["in front"] = app.activeDocument() == second
        yield from apply(panel)
        facts[name] = [layers(first), layers(second), first.width(), second.width()]
    desk.front(first)
    yield from until(lambda: app.activeDocument() == first, "the first document in front")
    for _ in range(4):  # twice: the answer, and the larger canvas or document
        yield from desk.step("undo", first)
    facts["undone"] = [layers(first), layers(second), first.width(), second.width()]


@scenario
def all_closed(facts):
    """A script of the user's closes all documents, including that of the plug-in; the next job still works."""
    yield from new(16, 12, "CMYKA")
    panel = docker()
    yield from ask(panel, scale=2)
    facts["with one of its own"] = len(app.documents()) - len(desk.documents())
    for document in app.documents():
        document.setBatchmode(True)
        document.setModified(False)
        document.close()
    yield 300
    document, _ = yield from new(16, 12, "CMYKA")
    yield from ask(panel, scale=2, output="new-layer")
    yield from apply(panel)
    facts["layers"] = len(layers(document))


@scenario
def apply_cancelled(facts):
    """Cancelled while the answer goes into a new document: no incomplete document remains."""
    yield from new(32, 32)
    panel = docker()
    yield from ask(panel, scale=16, domain="data", output="new-document")
    panel.apply.click()
    facts["busy"] = panel.busy
    yield from until(lambda: len(desk.documents()) == 2 or not panel.busy, "the new document")
    facts["begun"] = panel.busy
    panel.stop.click()
    facts["words"] = panel.message
    yield 300
    facts["documents"] = len(desk.documents())
    facts["still offered"] = len(panel.offers)
    yield from apply(panel)
    facts["in the end"] = len(desk.documents())


@scenario
def engine_missing(facts):
    """Nothing to start: a sentence that says what to do."""
    from depixel_krita import _client

    yield from new(8, 8)
    record = os.path.join(os.path.dirname(_client.__file__), "installed.json")
    panel = docker()
    own = panel.queue.work._engine
    os.rename(record, record + ".away")
    panel.queue.work._engine = _client.Engine("krita", _client.Place(os.path.join(desk.OUT, "nowhere")))
    try:
        panel.forget()
        panel.go.click()
        yield from until(lambda: not panel.busy, "the refusal", 10)
        facts["words"] = panel.message
        desk.shot(panel, "docker-no-engine")
    finally:
        os.rename(record + ".away", record)
        panel.queue.work._engine = own


def leave_during_a_job():
    """At the end: Krita is closed while the engine works. The tests outside check how it ended."""
    yield from new(64, 64)
    panel = docker()
    panel.form.set_values({**panel.action.defaults(), **LONG})
    panel.go.click()
    yield from until(lambda: panel.bar.value() > 0, "progress")
    app.action("depixel_upscale").trigger()  # a dialog, and a job that waits for the first
    yield 200
    window = desk.dialogs()[0]
    window.panel.form.set_values({**LONG})
    window.panel.go.click()
    yield 500
    for document in app.documents():
        document.setModified(False)
    with open(os.path.join(desk.OUT, "leaving.json"), "w", encoding="utf-8") as file:
        json.dump({"busy": [panel.busy, window.panel.busy], "version": app.version()}, file)
    app.action("file_quit").trigger()
    yield 100
