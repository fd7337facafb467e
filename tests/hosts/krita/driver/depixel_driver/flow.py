"""Working with many requests: the queue, repeating, answers side by side, sizes, presets, a low docker, scripts."""

from __future__ import annotations

import os
import re

from krita import Selection

from depixel_driver import desk
from depixel_driver.copies import back_to, request
from depixel_driver.desk import app, ask, docker, layers, new, press, scenario, settle, until
from depixel_krita.choice import active_layer
from depixel_krita.outlook import outlook
from depixel_krita.qt import QtCore, QtWidgets

DOCUMENTATION = os.environ.get("DEPIXEL_DRIVER_DOCS", "")


@scenario
def queue(facts):
    """A second request waits for the first; each can be cancelled; each answer goes where it belongs."""
    first, _ = yield from new(32, 32)
    panel = docker()
    press(panel, scale=4, domain="art", steps=300, output="new-layer")
    yield from until(lambda: panel.bar.value() > 0, "progress")
    second, _ = yield from new(16, 12)
    third, _ = yield from new(16, 16)
    desk.front(second)
    yield from until(lambda: app.activeDocument() == second, "the second document in front")
    press(panel, scale=2, domain="art", output="new-layer")
    desk.front(third)
    yield from until(lambda: app.activeDocument() == third, "the third document in front")
    press(panel, scale=3, domain="art", output="new-layer")
    yield 200
    facts["list"] = [panel.waiting.item(row).text() for row in range(panel.waiting.count())]
    facts["shown"] = [panel.waiting.isVisible(), panel.go.isEnabled(), panel.form.isEnabled()]
    desk.shot(panel, "docker-queue")
    panel.waiting.setCurrentRow(2)
    panel.stop.click()
    facts["after cancel"] = [panel.waiting.count(), panel.busy]
    yield from until(lambda: not panel.busy, "both answers")
    facts["layers"] = [len(layers(document)) for document in (first, second, third)]
    facts["words"] = panel.message


@scenario
def repeat(facts):
    """The last request again without a dialog; if there is a message or a choice, the dialog opens."""
    document, _ = yield from new(16, 12)
    yield from request(docker(), scale=3, domain="art", output="new-layer")
    facts["first"] = len(layers(document))
    for _ in range(3):  # the answer, the hidden layer, the canvas
        yield from desk.step("undo", document)
    app.action("depixel_repeat").trigger()
    facts["dialogs"] = len(desk.dialogs())
    yield from until(lambda: len(layers(document)) == 2, "the answer")
    facts["again"] = [layers(document)[1][0], document.width(), len(desk.dialogs())]
    yield 300
    panel = docker()
    yield from ask(panel, scale=3, domain="art", candidates=2, imagination=0.5, output="new-layer")
    panel.forget()
    app.action("depixel_repeat").trigger()
    yield from until(desk.dialogs, "the answers to choose from")
    window = desk.dialogs()[0]
    facts["offers"] = len(window.panel.offers)
    yield from desk.clean()
    app.action("depixel_repeat_filter").trigger()
    yield from until(desk.dialogs, "the refusal")
    facts["refused"] = desk.dialogs()[0].panel.message


@scenario
def side_by_side(facts):
    """Four answers in a window: marked, zoomed together, more like one, and two of them added."""
    document, _ = yield from new(24, 24)
    panel = docker()
    yield from ask(panel, scale=8, domain="art", candidates=4, imagination=0.7, output="new-layer")
    panel.compare.click()
    yield 300
    sheet = panel._sheet
    facts["tiles"] = len(sheet._tiles)
    facts["before"] = [sheet.add.isEnabled(), sheet.like.isEnabled()]
    desk.shot(sheet, "sheet")
    sheet._tiles[1].clicked.emit()
    sheet._viewpoint.magnify(2.0)
    sheet._viewpoint.move(0.2, 0.1)
    yield 200
    desk.shot(sheet, "sheet-zoomed")
    facts["one"] = [sheet.add.isEnabled(), sheet.like.isEnabled()]
    sheet.like.click()
    yield from until(lambda: not panel.busy, "more answers")
    facts["more"] = [len(panel.offers), len(sheet._tiles), sheet.marked()]
    sheet._tiles[6].clicked.emit()
    names = [panel.offers[index].painting.name for index in sheet.marked()]
    yield 100
    desk.shot(sheet, "sheet-more")
    sheet.add.click()
    yield from until(lambda: not panel.busy, "the layers")
    yield 200
    facts["added"] = layers(document)[1][1][::-1] == names
    facts["closed"] = not sheet.isVisible()


@scenario
def sizes(facts):
    """
    Sizes in percent and pixels, for one layer and for a document; impossible ones are reported, and the values stay.
    """
    document, _ = yield from new(20, 16)
    panel = docker()
    entries = []
    for size, output in (
        ("150%", "new-document"),
        ("50 px", "new-document"),
        ("100%", "document"),
        ("200%", "document"),
    ):
        yield from request(panel, size=size, domain="art", output=output)
        result = desk.other_document(document)
        entries.append([size, result.width(), result.height(), result.name()])
        yield from back_to(document, result)
    facts["made"] = entries
    facts["scale row"] = panel.form._widgets["scale"].isVisible()
    yield from request(panel, size="150%", domain="art", output="new-layer")
    facts["layer"] = [document.width(), document.height(), layers(document)[1][0]]
    for _ in range(3):
        yield from desk.step("undo", document)
    other = document.createNode("other", "paintlayer")
    desk.put(other, desk.stored(desk.art(20, 16, 3), "RGBA", "U8"), 0, 0, 20, 16)
    document.rootNode().addChildNode(other, None)
    yield from settle(document)
    for size, output in (("50 px", "document"), ("10%", "new-document"), ("large", "new-document")):
        press(panel, size=size, output=output)
        facts["refused " + size] = [panel.busy, panel.message, panel.form.values()["size"]]
    document.setActiveNode(other)
    selection = Selection()
    selection.select(4, 2, 10, 8, 255)
    document.setSelection(selection)
    yield 200
    yield from request(panel, size="25 px", domain="art", output="new-document")
    result = desk.other_document(document)
    facts["part"] = [result.width(), result.height()]
    yield from back_to(document, result)
    document.setActiveNode(other)
    yield 200
    facts["part outlook"] = outlook(panel._rates, panel.action, panel.form.values(), active_layer())
    panel.form.set_values(panel.action.defaults())


@scenario
def presets(facts):
    """Depixel's presets, the user's own, and recent requests, in one menu."""
    document, _ = yield from new(8, 8)
    panel = docker()
    yield from request(panel, scale=2, domain="art", output="new-document")
    yield from back_to(document, desk.other_document(document))
    panel.form.set_values({**panel.action.defaults(), "scale": 7, "domain": "art"})
    button = panel.form.presets
    button.save("mine & yours")
    panel.form.set_values(panel.action.defaults())
    button.fill()
    texts = {entry.text(): entry for entry in button._menu.actions()}
    facts["texts"] = list(texts)
    texts["mine && yours"].trigger()
    facts["own"] = [panel.form.values()["scale"], panel.form.values()["domain"]]
    panel.form.set_values({"size": "300%", "output": "document"})  # after the menu was filled
    texts["Pixel art, crisp corners"].trigger()
    facts["shipped"] = [panel.form.values()[name] for name in ("scale", "size", "output", "domain", "reading")]
    texts["Default values"].trigger()
    facts["defaults"] = panel.form.values() == panel.action.defaults()
    recent = texts["Recent requests"].menu()
    facts["recent"] = [entry.text() for entry in recent.actions()][:2]
    button._menu.popup(panel.mapToGlobal(QtCore.QPoint(0, 0)))
    yield 300
    desk.shot(button._menu, "presets-menu")
    button._menu.close()
    texts["Delete"].menu().actions()[0].trigger()
    button.fill()
    facts["deleted"] = "mine && yours" not in [entry.text() for entry in button._menu.actions()]


@scenario
def person(facts):
    """The drawn person's dials write the option; an unknown word is refused, and the values stay."""
    yield from new(16, 16, pixels=desk.face(16))
    panel = docker(1)
    panel.form.set_values(panel.action.defaults())
    field = panel.form._widgets["face"]
    buttons = field.parent().findChildren(QtWidgets.QToolButton)
    window = next(button for button in buttons if button.text() == "Dials").open()
    yield 200
    window.rows["age"].setValue(3)
    window.rows["glasses"].setCurrentIndex(window.rows["glasses"].findData("round"))
    facts["text"] = field.text()
    field.setText("smile=1, hair=bob")
    facts["read"] = [window.rows["smile"].value(), window.rows["hair"].currentData(), window.rows["age"].value()]
    desk.shot(window, "dials")
    window.close()
    desk.shot(panel, "docker-person")
    panel.adds_single = False
    panel.live.setChecked(False)
    for values in ({"face": "antlers=12"}, {"face": "age=60, glasses=round", "scale": 8, "candidates": 1}):
        panel.form.set_values(values)
        panel.go.click()
        yield from until(lambda: not panel.busy, "the answer, or a refusal")
        facts[values["face"]] = [len(panel.offers), panel.message, panel.form.values()["face"]]
    facts["again"] = "age=60" in panel.offers[0].painting.recipe if panel.offers else None
    panel.form.set_values(panel.action.defaults())


@scenario
def low_docker(facts):
    """A docker 200 and 400 pixels high: the buttons are always visible, and the rest scrolls."""
    yield from new(48, 48)
    dock = desk.dock()
    dock.setFloating(True)
    facts["inside"] = []
    for action, name in enumerate(("upscale", "imagine", "anonymise")):
        panel = docker(action)
        panel.form.set_values(panel.action.defaults())
        for width, height in ((236, 200), (300, 200), (300, 400)):
            dock.resize(width, height)
            yield 300
            corner = panel.go.mapTo(dock, panel.go.rect().bottomRight())
            facts["inside"].append([dock.width(), dock.height(), corner.x() < dock.width(), corner.y() < dock.height()])
            desk.shot(dock, f"docker-{name}-{width}x{height}")
    panel = docker()
    dock.resize(300, 400)
    yield from ask(panel, scale=4, domain="art", candidates=3, imagination=0.5, output="new-layer")
    yield 300
    corner = panel.apply.mapTo(dock, panel.apply.rect().bottomRight())
    facts["apply"] = corner.y() < dock.height()
    desk.shot(dock, "docker-answers-300x400")
    dock.resize(300, 200)
    yield 300
    desk.shot(dock, "docker-answers-300x200")
    corner = panel.apply.mapTo(dock, panel.apply.rect().bottomRight())
    facts["apply low"] = corner.y() < dock.height()
    dock.setFloating(False)
    panel.forget()
    yield 200


class Hand:
    """Counts clicks; a choice in a box, or in a menu, is two."""

    def __init__(self):
        self.clicks = 0

    def click(self, button):
        assert button.isVisible(), button.text()
        assert button.isEnabled(), button.text()
        self.clicks += 1
        button.click()

    def choose(self, box, value):
        self.clicks += 2
        box.setCurrentIndex(box.findData(value))

    def pick(self, button, text):
        self.clicks += 2
        button.fill()
        next(entry for entry in button._menu.actions() if entry.text() == text).trigger()

    def mark(self, strip, row):
        self.clicks += 1
        strip.setCurrentRow(row)


@scenario
def clicks(facts):
    """The five tasks in the docker, each from the default values: the number of clicks until the answer is in Krita."""
    for name, action in (("upscale", 0), ("four", 0), ("document", 0), ("face", 1), ("anonymise", 2)):
        facts[name] = yield from counted(name, action)
        yield from desk.clean()


def counted(name, action):
    """One task: [clicks, number of documents at the end, the panel's message]."""
    document, layer = yield from new(48, 48, pixels=desk.face(48) if action else None)
    if name == "anonymise":
        group = document.createGroupLayer("group")
        document.rootNode().addChildNode(group, None)
        group.addChildNode(layer.duplicate(), None)
        yield from settle(document)
        document.setActiveNode(group)
    hand, switcher = Hand(), docker(0).parent()
    if action:
        hand.choose(switcher.box, switcher._actions[action].name)
    panel = switcher.panel
    panel.live.setChecked(False)
    panel.form.set_values({**panel.action.defaults(), **({"steps": 2} if action else {})})
    panel.adds_single = True
    yield 200
    if name == "four":
        hand.pick(panel.form.presets, "Icon or drawing, four ideas")
    if name == "document":
        hand.choose(panel.form._widgets["output"], "document")
    hand.click(panel.go)
    yield from until(lambda: not panel.busy, "the answer")
    if panel.offers:
        hand.mark(panel.strip, 1)
        hand.click(panel.apply)
        yield from until(lambda: not panel.busy, "the answer in Krita")
    if name == "anonymise":
        yield 200
        hand.click(panel.flat)
        yield from until(lambda: not panel.busy, "the flattened copy")
    panel.form.set_values(panel.action.defaults())
    return [hand.clicks, len(desk.documents()), panel.message]


@scenario
def scripts(facts):
    """The examples of docs/krita.md, as Krita's Scripter runs them."""
    with open(DOCUMENTATION, encoding="utf-8") as file:
        examples = re.findall(r"```python\n(.*?)```", file.read(), re.DOTALL)
    facts["examples"] = len(examples)
    folder = os.path.join(desk.OUT, "sprites")
    os.makedirs(folder)
    for number in range(2):
        document, _ = yield from new(12, 10, pixels=desk.art(12, 10, number))
        document.setFileName(os.path.join(folder, f"sprite{number}.kra"))
        document.save()
        yield from desk.clean()
    for number, example in enumerate(examples):
        document, _ = yield from new(48, 48, pixels=desk.face(48))
        selection = Selection()
        selection.select(8, 8, 32, 32, 255)
        document.setSelection(selection)
        code = example.replace("/home/me/sprites", folder)
        said = []
        scope = {"__name__": "__main__", "print": lambda *words: said.append(" ".join(map(str, words)))}  # noqa: B023
        exec(compile(code, f"example {number}", "exec"), scope)
        facts[f"said {number}"] = said
        yield 300
        facts[f"example {number}"] = [sorted(map(len, map(layers, desk.documents()))), sorted(os.listdir(folder))]
        yield from desk.clean()
    from depixel_krita import scripting

    yield from new(8, 8)
    for arguments in ({"action": "enlarge"}, {"scales": 4}, {"scale": 400}):
        try:
            scripting.answer(**arguments)
            facts[str(arguments)] = "no refusal"
        except RuntimeError as error:
            facts[str(arguments)] = str(error)
