"""How long the interface blocks, and what a round trip costs besides the engine's own time."""

from __future__ import annotations

import os
import time
from functools import partial

from krita import Selection

from depixel_driver import desk
from depixel_driver.desk import app, ask, docker, new, put, scenario, settle, until
from depixel_krita import _client, task, turns, work
from depixel_krita.qt import QtCore

SIDE = 1024
ROUNDS = 3  # of what is compared with Krita alone


@scenario
def heartbeat(facts):
    """A layer of 1024 x 1024 pixels, twice as large: how long the interface blocked, and the additional time."""
    document = yield from large(SIDE)
    panel = docker()
    yield 1000
    beat = Beat()
    yield 3000
    facts["nothing"] = beat.stop()
    yield from job(facts, panel, scale=2, domain="art", output="new-layer")
    reply = panel._shown
    for round_number in range(ROUNDS):
        if round_number:
            panel._show(reply)
        yield from delivery(facts, panel)
        layer = desk.tops(document)[-1]
        facts["size"] = [layer.bounds().width(), layer.bounds().height()]
        again = layer.duplicate()
        for _ in range(3):  # the layer, the eye of its source, the canvas
            yield from desk.step("undo", document)
        assert document.width() == SIDE and len(desk.tops(document)) == 1
        grow = partial(document.resizeImage, 0, 0, 2 * SIDE, 2 * SIDE)
        yield from by_krita_alone(facts, "canvas by Krita alone", grow)
        add = partial(document.rootNode().addChildNode, again, None)
        yield from by_krita_alone(facts, "layer by Krita alone", add)
        for _ in range(2):
            yield from desk.step("undo", document)


def by_krita_alone(facts, name, call):
    """The gaps and the seconds of one of Krita's own calls, without the plug-in."""
    yield 500
    beat, began = Beat(), time.monotonic()
    result = call()
    seconds = time.monotonic() - began
    yield 1000
    keep_least(facts, name, {**beat.stop(), "seconds": seconds})
    return result


def keep_least(facts, name, beat):
    """Of several rounds, keep the one with the smallest longest gap: the one least disturbed by other programs."""
    if name not in facts or beat["longest"] < facts[name]["longest"]:
        facts[name] = beat


@scenario
def heartbeat_ways(facts):
    """The slower paths in and out: converted colours, a shape, a group, other documents."""
    for name, model, values in (
        ("CMYK", "CMYKA", {"output": "new-layer"}),
        ("shape", "RGBA", {"output": "new-layer"}),
        ("group", "RGBA", {"output": "new-layer", "candidates": 3, "imagination": 0.5}),
        ("new document", "RGBA", {"output": "new-document"}),
        ("larger document", "RGBA", {"output": "larger-document"}),
    ):
        document = yield from large(SIDE // 2, model)
        if name == "shape":
            selection = Selection()
            selection.select(10, 10, 480, 400, 255)
            selection.select(100, 100, 50, 50, 0)
            document.setSelection(selection)
        panel = docker()
        yield 1500  # the docker has checked the selection, and prepared
        facts[name] = {}
        yield from job(facts[name], panel, scale=2, domain="art", **values)
        reply = panel._shown
        for round_number in range(ROUNDS if name == "new document" else 1):
            if round_number:
                panel._show(reply)
            yield from delivery(facts[name], panel)
            if name == "new document":
                yield from new_document_by_krita_alone(facts)
        if name == "CMYK":
            document = yield from large(SIDE // 2, model)
            grow = partial(document.resizeImage, 0, 0, SIDE, SIDE)
            yield from by_krita_alone(facts, "canvas of CMYK by Krita alone", grow)
        yield from desk.clean()


def new_document_by_krita_alone(facts):
    """Krita's own time to create a document of the answer's size, and to show it."""
    create = partial(app.createDocument, SIDE, SIDE, "sprite", "RGBA", "U8", "", 72.0)
    document = yield from by_krita_alone(facts, "document by Krita alone", create)
    paint(document.topLevelNodes()[0], SIDE)  # as the answer above is
    yield from by_krita_alone(facts, "view by Krita alone", partial(app.activeWindow().addView, document))
    document.setModified(False)
    document.close()
    yield 300


def large(side, model="RGBA"):
    """A document of side x side pixels; the engine is warm from here on."""
    document, layer = yield from new(8, 8, model)
    yield from ask(docker(), scale=2)
    document.resizeImage(0, 0, side, side)  # not width, then height: Krita 5.3 does not survive a second change at once
    yield from settle(document)
    paint(layer, side, model)
    yield from settle(document)
    return document


def paint(layer, side, model="RGBA"):
    """Fill a layer of side x side pixels with noise: like photographs, it cannot be compressed."""
    channels = {"CMYKA": 5}.get(model, 4)
    for y in range(0, side, 128):
        samples = bytearray(os.urandom(side * 128 * channels))
        samples[channels - 1 :: channels] = b"\xff" * (side * 128)
        put(layer, samples, 0, y, side, 128)


def job(facts, panel, **values):
    """One job, until its answers are shown: gaps of the interface, seconds of each part."""
    panel.forget()
    panel.live.setChecked(False)
    panel.form.set_values({**panel.action.defaults(), **values})
    done = []
    panel.finished.connect(done.append)
    clock, beat = Clock(), Beat()
    clock.note("asked")
    panel.go.click()
    yield from until(lambda: not panel.busy, "the answer", 400)
    clock.note("shown")
    facts["job"] = beat.stop()
    clock.stop()
    panel.finished.disconnect(done.append)
    assert panel.offers, panel.message
    facts["slots"] = clock.slots
    facts["load"] = os.getloadavg()[0]
    facts["engine"] = done[0].parts[0].finished.result.seconds
    facts["parts"] = clock.parts(facts["engine"])
    facts["round trip"] = clock.span("asked", "shown")


def delivery(facts, panel):
    """Adding the shown answers to Krita; of several rounds, the least disturbed one is kept."""
    yield 500
    clock, beat = Clock(), Beat()
    clock.note("apply")
    (panel.apply_all if len(panel.offers) > 1 else panel.apply).click()
    yield from until(lambda: not panel.busy, "the layer")
    clock.note("applied")
    yield 300  # Krita draws it
    clock.stop()
    seconds, slots = clock.span("apply", "applied"), clock.slots
    keep_least(facts, "delivery", {**beat.stop(), "seconds": seconds, "slots": slots})
    facts["adding"] = facts["delivery"]["seconds"]


class Beat:
    """
    Beats every 5 ms while the event loop runs; records the longest gaps, in milliseconds.

    A gap counts as the interface's own except for time that the system gave to other programs.
    """

    def __init__(self) -> None:
        self.gaps = []
        self.began = time.monotonic()
        self.last, self.waited = self.began, _waited()
        self.timer = QtCore.QTimer()
        self.timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.beat)
        self.timer.start(5)

    def beat(self) -> None:
        now, waited = time.monotonic(), _waited()
        gap = 1000 * (now - self.last)
        self.gaps.append((gap, gap - 1000 * (waited - self.waited), now - self.began))
        self.last, self.waited = now, waited

    def stop(self):
        """Longest gap, longest own gap, number of gaps over 50 ms, and the longest ones with their seconds."""
        self.beat()
        self.timer.stop()
        longest = sorted(self.gaps, key=lambda gap: -gap[1])[:6]
        return {
            "beats": len(self.gaps),
            "longest": round(max(gap for gap, _, _ in self.gaps), 1),
            "over 50 ms": sum(gap > 50 for gap, _, _ in self.gaps),
            "longest own": round(max(own for _, own, _ in self.gaps), 1),
            "own over 50 ms": sum(own > 50 for _, own, _ in self.gaps),
            "where": [[round(at, 2), round(gap, 1), round(own, 1)] for gap, own, at in longest],
        }


class Clock:
    """Records when a job passes between stages, and which of the plug-in's slots took long."""

    WATCHED = (
        (task.EngineCall, "_work", "thread"),
        (_client.JobHandle, "_listen", "sent"),
        (_client.JobHandle, "_fetch", "told"),
        (task.EngineCall, "_finished", "fetched"),
    )
    SLOTS = ((turns.Stepper, "_go_on"), (work.Work, "_pump"))

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.moments = {}
        self.slots = []
        self.replaced = []
        for owner, name, word in self.WATCHED:
            self._replace(owner, name, lambda own, word=word: self._noting(own, word))
        for owner, name in self.SLOTS:
            self._replace(owner, name, lambda own, name=name: self._timing(own, name))

    def note(self, word) -> None:
        self.moments.setdefault(word, time.monotonic())

    def span(self, start, end):
        return self.moments[end] - self.moments[start]

    def parts(self, engine):
        """Seconds of each stage; `engine` is the engine's own report."""
        names = ("asked", "thread", "sent", "told", "fetched", "ready", "shown")
        parts = {f"{a} to {b}": round(self.span(a, b), 3) for a, b in zip(names, names[1:])}  # noqa: RUF007
        parts["sent to told, beside the engine"] = round(parts["sent to told"] - engine, 3)
        return parts

    def stop(self) -> None:
        for owner, name, own in self.replaced:
            setattr(owner, name, own)

    def _replace(self, owner, name, wrap) -> None:
        own = owner.__dict__[name]
        self.replaced.append((owner, name, own))
        setattr(owner, name, wrap(own))

    def _noting(self, own, word):
        plain = own.__func__ if isinstance(own, staticmethod) else own

        def noted(*arguments):
            self.note(word)
            try:
                return plain(*arguments)
            finally:
                if word == "fetched":
                    self.note("ready")

        return staticmethod(noted) if isinstance(own, staticmethod) else noted

    def _timing(self, own, name):
        def timed(*arguments):
            began = time.monotonic()
            try:
                return own(*arguments)
            finally:
                took = 1000 * (time.monotonic() - began)
                if took > 15:
                    self.slots.append([name, round(began - self.began, 2), round(took, 1)])

        return timed


# Seconds that this thread was ready to run while another program had the processor (Linux).
def _waited():
    with open("/proc/thread-self/schedstat", encoding="ascii") as file:
        return int(file.read().split()[1]) / 1e9
