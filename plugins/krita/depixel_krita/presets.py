"""A menu of presets and recent requests: Depixel's presets, the user's own, and the last requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ._client import Action, EngineError, History, Place, Preset, Presets
from .qt import QtCore, QtWidgets, Signal

_WIDE = 300  # width of a menu line in pixels


class PresetsButton(QtWidgets.QToolButton):
    """
    The button with the menu.

    Signals:
        picked: with all values of the form.
    """

    picked = Signal(object)

    def __init__(self, action: Action, place: Place, form: Any) -> None:
        super().__init__(form)
        self._action, self._form = action, form
        self._presets, self._history = Presets(place), History(place)
        self.setText("Presets")
        self.setToolTip("Saved values, the values of earlier requests, and the default values")
        self.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self._menu = QtWidgets.QMenu(self)
        self._menu.setToolTipsVisible(True)
        self._menu.aboutToShow.connect(self.fill)
        self.setMenu(self._menu)

    def fill(self) -> None:
        """Fill the menu, including what other programs have saved meanwhile."""
        self._menu.clear()
        presets = self._all()
        for preset in presets:
            self._offer(self._menu, preset.name, partial(self._values_of, preset))
        self._menu.addSeparator()
        recent = self._menu.addMenu("Recent requests")
        requests = self._history.of(self._action)
        for request in requests:
            self._offer(recent, request.title(self._action), partial(request.applied, self._action))
        recent.setEnabled(bool(requests))
        self._offer(self._menu, "Default values", self._action.defaults)
        self._menu.addSeparator()
        self._menu.addAction("Save as a preset...").triggered.connect(lambda checked=False: self.save())
        delete = self._menu.addMenu("Delete")
        for preset in presets:
            if preset.own:
                entry = delete.addAction(preset.name)
                entry.triggered.connect(lambda checked=False, name=preset.name: self._remove(name))
        delete.setEnabled(any(preset.own for preset in presets))

    def save(self, name: str = "") -> None:
        """Save the values of the form under this name, or under one that the user types."""
        if not name:
            name, accepted = QtWidgets.QInputDialog.getText(self, "Depixel: save as a preset", "Name of the preset:")
            if not accepted:
                return
        own = {preset.name.lower() for preset in self._all() if preset.own}
        replace = " ".join(name.split()).lower() in own
        if replace and not self._confirmed(name):
            return
        try:
            self._presets.save(self._action, name, self._form.values(), replace)
        except EngineError as error:
            self._refused(error)

    def _all(self) -> list[Preset]:
        try:
            return self._presets.of(self._action)
        except EngineError as error:
            self._refused(error)
            return []

    def _remove(self, name: str) -> None:
        try:
            self._presets.remove(self._action, name)
        except EngineError as error:
            self._refused(error)

    # A preset of Depixel does not change the form's size and destination.
    def _values_of(self, preset: Preset) -> dict[str, Any]:
        return preset.applied(self._action, self._form.values())

    def _offer(self, menu: QtWidgets.QMenu, words: str, values: Callable[[], Mapping[str, Any]]) -> None:
        text = self.fontMetrics().elidedText(words, QtCore.Qt.TextElideMode.ElideRight, _WIDE)
        entry = menu.addAction(text.replace("&", "&&"))
        entry.setToolTip(words)
        entry.triggered.connect(lambda checked=False: self.picked.emit(values()))

    def _confirmed(self, name: str) -> bool:
        buttons = QtWidgets.QMessageBox.StandardButton
        answer = QtWidgets.QMessageBox.question(
            self, "Depixel", f"The preset {name} already exists. Replace it?", buttons.Yes | buttons.No
        )
        return answer == buttons.Yes

    def _refused(self, error: EngineError) -> None:
        QtWidgets.QMessageBox.warning(self, "Depixel", str(error))
