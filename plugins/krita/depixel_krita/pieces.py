"""Small widgets that the panel is put together from."""

from __future__ import annotations

from .qt import QtCore, QtWidgets


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


def row(*widgets: QtWidgets.QWidget, grid: bool = False) -> QtWidgets.QLayout:
    """Widgets beside each other; `grid`: in rows of two."""
    if grid:  # two rows of two, for a narrow docker
        layout = QtWidgets.QGridLayout()
        for index, widget in enumerate(widgets):
            layout.addWidget(widget, index // 2, index % 2)
        return layout
    line = QtWidgets.QHBoxLayout()
    for widget in widgets:
        line.addWidget(widget)
    return line
