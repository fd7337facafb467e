"""
The plug-in's widgets under Qt 6, for which no Krita is available: only the calls to Krita are faked. Run as a program,
with QT_QPA_PLATFORM=offscreen: `python panels.py PyQt6 FOLDER` draws each panel and prints the results.
"""

from __future__ import annotations

import importlib
import json
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NARROW = 250  # pixels; a docker next to Krita's own


def main(binding: str, out: Path) -> None:
    """Draw the panels of all actions, with answers to choose from, and report their preferred width."""
    sys.path[:0] = [str(ROOT / "core"), str(ROOT / "plugins" / "krita")]
    widgets = importlib.import_module(binding + ".QtWidgets")
    test = importlib.import_module(binding + ".QtTest").QTest
    krita = types.ModuleType("depixel_tests_krita")
    app = types.SimpleNamespace(
        readSetting=lambda group, name, default: default,
        writeSetting=lambda group, name, value: None,
        activeDocument=lambda: None,
        documents=list,
    )
    krita.Krita = types.SimpleNamespace(instance=lambda: app)  # type: ignore[attr-defined]
    krita.InfoObject = object  # type: ignore[attr-defined]
    krita.DockWidget = widgets.QDockWidget  # type: ignore[attr-defined]
    # Not yet as "krita": the package would register itself.
    package = importlib.import_module("depixel_krita")
    sys.modules["krita"] = krita
    sys.modules["depixel_krita._client"] = importlib.import_module("depixel.client")
    qt = importlib.import_module("depixel_krita.qt")
    client = sys.modules["depixel_krita._client"]
    docker = importlib.import_module("depixel_krita.docker")
    dialog = importlib.import_module("depixel_krita.dialog")
    shown = client.Preview
    application = widgets.QApplication([])
    engine = client.Engine("tests", client.Place(str(out / "run")))
    actions = tuple(client.with_output(action, "krita", "new-layer") for action in client.ACTIONS)
    facts = {"qt": qt.QtCore.__name__, "widths": {}, "package": package.__name__}
    dock = docker.docker_class(actions, engine)()
    dock.resize(NARROW, 620)
    dock.show()
    for index, action in enumerate(actions):
        dock.widget().box.setCurrentIndex(index)
        panel = dock.widget().panel
        panel.form._more.setChecked(True)
        for _ in range(5):
            application.processEvents()
        least_width = panel.minimumSizeHint().width()
        first = shown(2, 2, bytes([200, 60, 30, 255] * 4))
        second = shown(4, 4, bytes([60, 90, 220, 255] * 16))
        panel.view.show_both(first, second)
        offers = tuple(_offer(picture, number) for number, picture in enumerate((second, first)))
        part = types.SimpleNamespace(finished=types.SimpleNamespace(source=first))
        asked_for = types.SimpleNamespace(values={})
        panel._shown = types.SimpleNamespace(offers=offers, parts=(part,), order_set=asked_for)
        panel.strip.fill([second, first], ["1: exact", "2: exact"], ["one", "two"])
        panel._refresh()  # as when answers have come
        for _ in range(5):
            application.processEvents()
        place = dock.width(), dock.widget().minimumSizeHint().width()
        facts["widths"][action.name] = [least_width, panel.minimumSizeHint().width(), *place]
        dock.grab().save(str(out / f"docker-{action.name}.png"))
        before = panel.view.grab().toImage()
        place = panel.view._place(panel.view._after)
        for _ in range(25):
            test.keyClick(panel.view, qt.QtCore.Qt.Key.Key_Left)
        after = panel.view.grab().toImage()
        test.mouseClick(panel.view, qt.QtCore.Qt.MouseButton.LeftButton, pos=place.center())
        left = place.left() + place.width() // 4, place.top() + place.height() // 4
        clicked = panel.view.grab().toImage()
        facts.setdefault("colours", []).append([hex(image.pixel(*left)) for image in (before, after, clicked)])
        panel.show_sheet()
        panel.form.presets.fill()
        for _ in range(5):
            application.processEvents()
        sheet = panel._sheet
        test.mouseClick(sheet._tiles[1], qt.QtCore.Qt.MouseButton.LeftButton)
        test.keyClick(sheet._tiles[1], qt.QtCore.Qt.Key.Key_Plus)
        facts.setdefault("marked", []).append([sheet.marked(), sheet._viewpoint.zoom])
        sheet.grab().save(str(out / f"sheet-{action.name}.png"))
        sheet.close()
        for dials in panel.form.findChildren(sys.modules["depixel_krita.dials"].DialsButton):
            person = dials.open()
            person.rows["age"].setValue(2)
            facts.setdefault("face", []).append(panel.form.values()["face"])
            application.processEvents()
            person.grab().save(str(out / f"dials-{action.name}.png"))
            person.close()
        window = dialog.Dialog(action, engine, None, None)
        window.show()
        for _ in range(5):
            application.processEvents()
        window.grab().save(str(out / f"dialog-{action.name}.png"))
        window.close()
    sys.stdout.write(json.dumps(facts))


def _offer(picture: object, number: int) -> types.SimpleNamespace:
    return types.SimpleNamespace(
        picture=picture, label=f"seed {number}: exact", painting=types.SimpleNamespace(name=f"sprite x4, seed {number}")
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
