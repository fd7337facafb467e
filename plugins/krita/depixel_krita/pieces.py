"""Small widgets from which panels and windows are assembled."""

from __future__ import annotations

import re

from .qt import QtCore, QtWidgets

_LONG = re.compile(r"\S{24}(?=\S)")  # part of a word that is too long for a narrow line


def label(parent: QtWidgets.QWidget) -> QtWidgets.QLabel:
    """Text of several lines that can be copied."""
    widget = QtWidgets.QLabel(parent)
    widget.setWordWrap(True)
    widget.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
    return widget


def button(parent: QtWidgets.QWidget, text: str, tip: str) -> QtWidgets.QPushButton:
    """A button that Enter does not press."""
    widget = QtWidgets.QPushButton(text, parent)
    widget.setToolTip(tip)
    widget.setAutoDefault(False)
    return widget


def row(*widgets: QtWidgets.QWidget, columns: int = 0) -> QtWidgets.QLayout:
    """Widgets side by side; `columns`: in rows of this many."""
    if columns:
        layout = QtWidgets.QGridLayout()
        for index, widget in enumerate(widgets):
            layout.addWidget(widget, index // columns, index % columns)
        return layout
    line = QtWidgets.QHBoxLayout()
    for widget in widgets:
        line.addWidget(widget)
    return line


def shortened(words: str, most: int) -> str:
    """The words, or their beginning and three dots if they have more than `most` characters."""
    return words if len(words) <= most else words[:most].rpartition(" ")[0] + " ..."


def breakable(words: str) -> str:
    """The text with possible line breaks in very long words, such as file names, so that they do not widen a docker."""
    return _LONG.sub("\\g<0>\u200b", words)


class Scrolling(QtWidgets.QScrollArea):
    """An area that scrolls only vertically: it is as wide as its contents need."""

    def __init__(self, inside: QtWidgets.QWidget, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(inside)

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 (Qt's name)
        bar = self.verticalScrollBar().sizeHint().width()
        return QtCore.QSize(self.widget().minimumSizeHint().width() + bar, 60)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802
        bar = self.verticalScrollBar().sizeHint().width()
        hint = self.widget().sizeHint()
        return QtCore.QSize(hint.width() + bar, hint.height())
