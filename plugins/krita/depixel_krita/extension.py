"""The plug-in's entry points in Krita: menu entries in Tools > Scripts and in Filter, and a docker."""

from __future__ import annotations

from typing import Any

from krita import DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from ._client import ACTIONS, ANONYMISE_FACE, UPSCALE, Action, Engine, with_output
from .dialog import Dialog
from .docker import docker_class
from .documents import flattened_copy
from .host import sentence_of
from .qt import QtWidgets
from .settings import setting
from .turns import Stepper

_OUTPUT = {ANONYMISE_FACE.name: "new-layer"}
_MENUS = (("", "tools/scripts"), ("_filter", "filter"))


def shown_actions() -> tuple[Action, ...]:
    """The actions, with the outputs that Krita offers."""
    return tuple(with_output(action, "krita", _OUTPUT.get(action.name, "new-document")) for action in ACTIONS)


class DepixelExtension(Extension):
    """
    Menu entries; each opens a dialog that does not block Krita, and one repeats the last request without a dialog.
    """

    def __init__(self, parent: Any, engine: Engine) -> None:
        super().__init__(parent)
        self._engine = engine
        self.dialog: Dialog | None = None  # the last one opened

    def setup(self) -> None:
        """Krita has started; nothing to do."""

    def createActions(self, window: Any) -> None:  # noqa: N802 (Krita calls it)
        """Add the entries to a new window."""
        for action in shown_actions():
            name = "depixel_" + action.name.replace("-", "_")
            for suffix, menu in _MENUS:
                entry = window.createAction(name + suffix, action.title + "...", menu)
                entry.setToolTip(action.blurb)
                entry.triggered.connect(lambda checked=False, action=action: self.open(action))
        for name, text, tip, run in (
            ("flattened_copy", "Depixel: flattened copy", "Open a copy of what is visible, to share it", self.flatten),
            (
                "repeat",
                "Depixel: repeat",
                "Repeat the last request with the same values, without a dialog",
                self.repeat,
            ),
        ):
            for suffix, menu in _MENUS:
                entry = window.createAction(f"depixel_{name}{suffix}", text, menu)
                entry.setToolTip(tip)
                entry.triggered.connect(lambda checked=False, run=run: run())

    def open(self, action: Action) -> None:
        """Show the dialog of an action."""
        self._new_dialog(action).show()

    def flatten(self) -> None:
        """Open what is visible of the active document as a document with one layer."""
        steps = Stepper(flattened_copy(), self)
        steps.broke.connect(lambda error: _tell(sentence_of(error)))

    def repeat(self) -> None:
        """Repeat the last request on what is selected now."""
        last = setting("last")
        action = next((action for action in shown_actions() if action.name == last), None)
        if action is None:  # no request yet
            self.open(next(action for action in shown_actions() if action.name == UPSCALE.name))
            return
        self._new_dialog(action).run()

    def _new_dialog(self, action: Action) -> Dialog:
        window = Krita.instance().activeWindow()
        view = window.activeView() if window is not None else None
        self.dialog = Dialog(action, self._engine, window.qwindow() if window is not None else None, view)
        return self.dialog


def _tell(words: str) -> None:
    window = Krita.instance().activeWindow()
    QtWidgets.QMessageBox.warning(window.qwindow() if window is not None else None, "Depixel", words)


def register() -> None:
    """Register the plug-in with Krita."""
    app = Krita.instance()
    engine = Engine("krita")
    app.addExtension(DepixelExtension(app, engine))
    right = getattr(DockWidgetFactoryBase, "DockRight", None)
    if right is None:  # PyQt6
        right = DockWidgetFactoryBase.DockPosition.DockRight
    app.addDockWidgetFactory(DockWidgetFactory("depixel_docker", right, docker_class(shown_actions(), engine)))
