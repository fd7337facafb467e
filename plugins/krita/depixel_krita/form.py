"""The options of an action as widgets; names, limits and help come from the client, as in GIMP."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from ._client import AUTO_STEPS, Action, BadOptionError, Option, Place, check, idle_options, parse_json
from .dials import DialsButton
from .presets import PresetsButton
from .qt import QtCore, QtWidgets, Signal
from .settings import setting, write_setting

_HINTS = {"size": "300%, 1024 px", "face": "age=60"}
"""The placeholder of an empty text field; short, because a docker is narrow."""

_PARTS = 100  # positions of a slider


class Form(QtWidgets.QWidget):
    """
    A row for each option; advanced ones behind a switch, and those without an effect hidden.

    Signals:
        changed: a value changed.
    """

    changed = Signal()

    def __init__(self, action: Action, place: Place, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.action = action
        self._widgets: dict[str, Any] = {}  # spin boxes, combo boxes, sliders, by the option's kind
        rows = QtWidgets.QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setFieldGrowthPolicy(QtWidgets.QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._rows: dict[str, tuple[QtWidgets.QWidget, QtWidgets.QWidget]] = {}
        self.presets = PresetsButton(action, place, self)
        self.presets.picked.connect(self.set_values)
        rows.addRow(self.presets)
        self._more = QtWidgets.QCheckBox("More settings", self)
        for option in sorted(action.options, key=lambda option: option.advanced):
            if option.advanced and rows.indexOf(self._more) < 0:
                rows.addRow(self._more)
            label, field = QtWidgets.QLabel(option.label + ":", self), self._field(option)
            label.setToolTip(option.help)
            label.setBuddy(self._widgets[option.name])
            rows.addRow(label, field)
            self._rows[option.name] = label, field
        self._more.setVisible(any(option.advanced for option in action.options))
        self._more.toggled.connect(lambda on: self._show_rows())
        self.changed.connect(self._show_rows)
        self.set_values(_remembered(action))
        self._show_rows()

    def values(self) -> dict[str, Any]:
        """Every option's value."""
        return {option.name: self._value(option) for option in self.action.options}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these values; out-of-range or unknown ones change nothing."""
        for option in self.action.options:
            if option.name in values:
                self._set(option, values[option.name])

    def remember(self) -> None:
        """Store the values for the next start of Krita."""
        write_setting(self.action.name, json.dumps(self.values()))

    # A hidden row keeps its value.
    def _show_rows(self) -> None:
        idle = idle_options(self.action, self.values())
        for option in self.action.options:
            visible = option.name not in idle and (self._more.isChecked() or not option.advanced)
            for widget in self._rows[option.name]:
                widget.setVisible(visible)

    def _field(self, option: Option) -> QtWidgets.QWidget:
        make: Any = {"choice": _choice, "float": _slider, "bool": _switch, "text": _line}.get(option.kind, _number)
        widget = make(option, self)
        widget.setObjectName("depixel_" + option.name)
        widget.setToolTip(option.help)
        widget.setAccessibleName(option.label)
        self._widgets[option.name] = widget
        signals = {"choice": "currentIndexChanged", "bool": "toggled", "text": "textChanged"}
        signal = signals.get(option.kind, "valueChanged")
        getattr(widget, signal).connect(lambda *_: self.changed.emit())
        if option.name == "seed":
            return _beside(widget, self._dice(widget))
        if option.name == "face":
            return _beside(widget, DialsButton(widget, self))
        return _beside(widget, _echo(widget, option)) if option.kind == "float" else widget

    def _dice(self, widget: QtWidgets.QSpinBox) -> QtWidgets.QWidget:
        button = QtWidgets.QToolButton(self)
        button.setText("New")
        button.setToolTip("Another seed, for other answers")
        button.clicked.connect(lambda: widget.setValue(random.randrange(1, 100_000)))
        return button

    def _value(self, option: Option) -> Any:
        widget = self._widgets[option.name]
        if option.kind == "choice":
            return widget.currentData()
        if option.kind == "bool":
            return widget.isChecked()
        if option.kind == "float":
            return _at(option, widget.value())
        return widget.text().strip() if option.kind == "text" else widget.value()

    def _set(self, option: Option, value: Any) -> None:
        widget = self._widgets[option.name]
        if option.kind == "choice":
            widget.setCurrentIndex(max(0, widget.findData(value)))
        elif option.kind == "bool":
            widget.setChecked(bool(value))
        elif option.kind == "float":
            widget.setValue(round((value - option.low) / (option.high - option.low) * _PARTS))
        elif option.kind == "text":
            widget.setText(str(value))
        else:
            widget.setValue(value)


def _remembered(action: Action) -> dict[str, Any]:
    try:
        values = parse_json(setting(action.name) or "{}")
        return check(action, values if isinstance(values, dict) else {})
    except (ValueError, BadOptionError):  # written by another version
        return action.defaults()


def _choice(option: Option, parent: QtWidgets.QWidget) -> QtWidgets.QComboBox:
    box = QtWidgets.QComboBox(parent)
    for value, label in option.choices:
        box.addItem(label, value)
    box.setCurrentIndex(box.findData(option.default))
    box.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)  # a docker is narrow
    box.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
    return box


def _slider(option: Option, parent: QtWidgets.QWidget) -> QtWidgets.QSlider:
    slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal, parent)
    slider.setRange(0, _PARTS)
    slider.setPageStep(10)
    return slider


def _line(option: Option, parent: QtWidgets.QWidget) -> QtWidgets.QLineEdit:
    line = QtWidgets.QLineEdit(parent)
    line.setPlaceholderText(_HINTS.get(option.name, ""))
    line.setMinimumWidth(60)
    line.setClearButtonEnabled(True)
    return line


def _switch(option: Option, parent: QtWidgets.QWidget) -> QtWidgets.QWidget:
    return QtWidgets.QCheckBox(parent)


def _number(option: Option, parent: QtWidgets.QWidget) -> QtWidgets.QSpinBox:
    box = QtWidgets.QSpinBox(parent)
    box.setRange(int(option.low), int(option.high))
    box.setValue(option.default)
    if option.name == "steps" and option.low == AUTO_STEPS:
        box.setSpecialValueText("Automatic")
    if option.name == "scale":
        box.setPrefix("× ")
    if option.name == "seed":  # wide enough for most, and narrow enough for a docker
        box.setMinimumWidth(box.fontMetrics().horizontalAdvance("0000000") + 24)
    return box


def _echo(slider: QtWidgets.QSlider, option: Option) -> QtWidgets.QWidget:
    label = QtWidgets.QLabel(f"{option.low:.2f}", slider.parentWidget())
    label.setMinimumWidth(label.fontMetrics().horizontalAdvance(f"{option.high:.2f}"))
    slider.valueChanged.connect(lambda value: label.setText(f"{_at(option, value):.2f}"))
    return label


def _at(option: Option, position: int) -> float:
    return option.low + (option.high - option.low) * position / _PARTS


def _beside(first: QtWidgets.QWidget, second: QtWidgets.QWidget) -> QtWidgets.QWidget:
    both = QtWidgets.QWidget(first.parentWidget())
    row = QtWidgets.QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(first, 1)
    row.addWidget(second)
    return both
