"""The dialog behind a menu entry. It does not block Krita: painting can continue while the engine works."""

from __future__ import annotations

from typing import Any

from ._client import UPSCALE, Action, Engine
from .order_queue import OrderSetResult
from .panel import Panel
from .qt import QtCore, QtWidgets
from .settings import setting


class Dialog(QtWidgets.QDialog):
    """
    One action on the selected target. A single answer is added at once; several wait to be chosen from.

    Args:
        parent: Krita's main window.
        view: Krita's view, for a message after the dialog has closed itself.
    """

    def __init__(self, action: Action, engine: Engine, parent: QtWidgets.QWidget | None, view: Any) -> None:
        super().__init__(parent)
        self._view = view
        self.setObjectName("depixel_dialog_" + action.name)
        self.setWindowTitle(action.title)
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        self.panel = Panel(action, engine, self, wide=True)
        if not setting("live-" + action.name):  # no choice made yet
            self.panel.live.setChecked(action.name == UPSCALE.name)
        self.panel.go.setDefault(True)
        close = QtWidgets.QPushButton("Close", self)
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        self.panel.buttons.addWidget(close)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(self.panel)
        self.panel.applied.connect(self._applied)
        self.resize(760, 480)

    def run(self) -> None:
        """Begin with the remembered values, hidden; the dialog shows itself if the user is needed."""
        self.panel.refused.connect(lambda words: self.show())
        self.panel.finished.connect(self._finished)
        self._tell("working...")
        self.panel.start()

    def done(self, code: int) -> None:
        """Called however the dialog ends: by the button, Escape, the window's close button, or the end of the work."""
        self.panel.close_down()
        super().done(code)

    def _finished(self, result: OrderSetResult) -> None:
        if self.panel.offers:  # there is something to choose
            self.show()

    def _applied(self, words: str) -> None:
        self._tell(words)
        if not self.panel.busy and not self.panel.offers:
            self.accept()

    def _tell(self, words: str) -> None:
        if self._view is not None:
            self._view.showFloatingMessage("Depixel: " + words, self.windowIcon(), 4000, 1)
