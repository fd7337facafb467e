"""The docker for repeated work: an action, its options, a live preview, and answers to choose from."""

from __future__ import annotations

from typing import Any

from krita import DockWidget

from ._client import Action, Engine
from .panel import Panel
from .qt import QtWidgets
from .settings import setting, write_setting

TITLE = "Depixel"


def docker_class(actions: tuple[Action, ...], engine: Engine) -> type:
    """A class from which Krita's factory can create dockers, one for each window."""

    class DepixelDocker(DockWidget):
        def __init__(self) -> None:
            super().__init__()
            self.setWindowTitle(TITLE)
            self._switcher = Switcher(actions, engine, self)
            self.setWidget(self._switcher)

        def canvasChanged(self, canvas: Any) -> None:  # noqa: N802 (Krita calls it)
            self._switcher.look_soon()

    return DepixelDocker


class Switcher(QtWidgets.QWidget):
    """A panel for each action, and a box that selects the visible one; each is created when it is first needed."""

    def __init__(self, actions: tuple[Action, ...], engine: Engine, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self._actions, self._engine = actions, engine
        self._panels: dict[str, Panel] = {}
        self.box = QtWidgets.QComboBox(self)
        self.box.setAccessibleName("What to do")
        for action in actions:
            self.box.addItem(action.menu.rstrip("."), action.name)
        self.box.setVisible(len(actions) > 1)
        self.stack = QtWidgets.QVBoxLayout()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(2)
        layout.addWidget(self.box)
        layout.addLayout(self.stack, 1)
        self.box.setCurrentIndex(max(0, self.box.findData(setting("docker"))))
        self.box.currentIndexChanged.connect(self._switch)
        self._switch(self.box.currentIndex())

    @property
    def panel(self) -> Panel:
        """The visible one."""
        return self._panels[self.box.currentData()]

    def look_soon(self) -> None:
        """Another document or view became active."""
        self.panel.look_soon()

    def _switch(self, index: int) -> None:
        action = self._actions[index]
        write_setting("docker", action.name)
        for panel in self._panels.values():
            panel.hide()
        if action.name not in self._panels:
            self._panels[action.name] = Panel(action, self._engine, self, wide=False)
            self.stack.addWidget(self._panels[action.name])
        self._panels[action.name].show()
