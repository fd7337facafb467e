"""The dials of a drawn person: a small window that writes the text of the option `face`."""

from __future__ import annotations

from typing import Any

from ._client import DIALS, Dial, dials
from .pieces import Scrolling, button
from .qt import QtCore, QtWidgets

_AS_SEEN = "as in the picture"
_HEIGHT = 420  # pixels of the window


class DialsButton(QtWidgets.QToolButton):
    """Opens a window with the dials for the text in this field."""

    def __init__(self, field: QtWidgets.QLineEdit, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self._field = field
        self._window: DialsWindow | None = None
        self.setText("Dials")
        self.setToolTip("Set age, hair, glasses and so on with sliders")
        self.clicked.connect(lambda checked=False: self.open())

    def open(self) -> DialsWindow:
        """Show the window."""
        if self._window is None:
            self._window = DialsWindow(self._field, self)
        self._window.show()
        self._window.raise_()
        return self._window


class DialsWindow(QtWidgets.QDialog):
    """One row for each dial; a dial that is not set follows the picture."""

    def __init__(self, field: QtWidgets.QLineEdit, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("depixel_dials")
        self.setWindowTitle("Depixel: the person")
        self._field = field
        self._writing = False
        self.rows: dict[str, Any] = {}  # combo boxes and sliders
        self._values: dict[str, QtWidgets.QLabel] = {}
        inside = QtWidgets.QWidget(self)
        form = QtWidgets.QFormLayout(inside)
        for dial in DIALS:
            form.addRow(dial.label + ":", self._row(dial, inside))
        clear = button(self, "All as in the picture", "Reset all dials")
        clear.clicked.connect(lambda checked=False: field.setText(""))
        close = button(self, "Close", "The dials keep their values")
        close.clicked.connect(self.accept)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(clear)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(Scrolling(inside, self), 1)
        layout.addLayout(buttons)
        field.textChanged.connect(self._read)
        self._read()
        self.resize(self.sizeHint().width(), _HEIGHT)

    def _row(self, dial: Dial, parent: QtWidgets.QWidget) -> QtWidgets.QWidget:
        if dial.kind == "choice":
            box = QtWidgets.QComboBox(parent)
            box.addItem(_AS_SEEN, "")
            for choice in dial.choices:
                box.addItem(choice.replace("-", " "), choice)
            box.currentIndexChanged.connect(lambda index: self._write(dial, box.currentData()))
            self.rows[dial.name] = box
            return box
        slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal, parent)
        slider.setRange(round(dial.low / dial.step), round(dial.high / dial.step))
        slider.setMinimumWidth(120)
        slider.setAccessibleName(dial.label)
        slider.valueChanged.connect(lambda value: self._write(dial, dials.dial_text(dial, value * dial.step)))
        value = QtWidgets.QLabel(_AS_SEEN, parent)
        value.setMinimumWidth(value.fontMetrics().horizontalAdvance(_AS_SEEN))
        self.rows[dial.name], self._values[dial.name] = slider, value
        both = QtWidgets.QWidget(parent)
        line = QtWidgets.QHBoxLayout(both)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(slider, 1)
        line.addWidget(value)
        return both

    def _write(self, dial: Dial, value: str) -> None:
        if not self._writing:
            self._field.setText(dials.turned(self._field.text(), dial, value))

    # Typing in the field moves the dials.
    def _read(self) -> None:
        parts = dials.read_face(self._field.text())
        self._writing = True
        try:
            for dial in DIALS:
                row, value = self.rows[dial.name], parts.get(dial.name, "")
                if dial.kind == "choice":
                    row.setCurrentIndex(max(0, row.findData(value)))
                else:
                    row.setValue(round(dials.dial_number(dial, value) / dial.step))
                    self._values[dial.name].setText(value or ("on" if dial.name in parts else _AS_SEEN))
        finally:
            self._writing = False
