"""The widgets of a panel and their layout; their behaviour is in `panel`."""

from __future__ import annotations

from collections.abc import Sequence

from ._client import ANONYMISE_FACE, IMAGINE_FACE, UPSCALE, Action, Place, Recipe
from .form import Form
from .pieces import Scrolling, breakable, button, label, row, shortened
from .qt import QtCore, QtGui, QtWidgets
from .view import CompareView, Line, Strip

LARGE = 1024
"""Pixels at which a chosen face may be made again."""

_LOW = 240  # pixels; a docker lower than this shows less text
_ROWS = 3  # requests that are visible at once


class PanelWidgets(QtWidgets.QWidget):
    """
    Pictures, options and buttons.

    Args:
        place: where presets and recent requests are stored.
        wide: pictures and options side by side, for a dialog; otherwise one below the other, in an area that scrolls
            above the buttons, for a docker.
    """

    def __init__(self, action: Action, place: Place, parent: QtWidgets.QWidget, wide: bool) -> None:
        super().__init__(parent)
        self.action = action
        self._wide = wide
        self.message = ""  # the whole text of `words`
        self._make(place)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(*([9] * 4 if wide else [0] * 4))  # the docker has its own
        whole.setSpacing(6 if wide else 2)
        whole.addWidget(self._body(wide), 1)
        self.about.setVisible(wide)
        if wide:
            whole.addWidget(self.about)  # never scrolled out of sight
        whole.addWidget(self.bar)
        whole.addWidget(self.words)
        whole.addWidget(self.waiting)
        if not wide:
            whole.addLayout(row(self.apply, self.apply_all))  # never scrolled out of sight
        self.buttons = row(self.go, self.stop)
        whole.addLayout(self.buttons)
        whole.addWidget(self.state)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self.state.setVisible(self._wide or self.height() >= _LOW)

    @property
    def most_words(self) -> int:
        """Characters of a message that fit."""
        return 600 if self._wide else 240 if self.height() >= _LOW else 90

    def say(self, words: str, describes: bool = False, whole: bool = False) -> None:
        """
        Show a message; text that does not fit is in the tool tip.

        Args:
            describes: it only describes the selection, and the next one may replace it.
            whole: it says what to do; even a low docker shows most of it.
        """
        self.message = words
        most = max(self.most_words, 240) if whole else self.most_words
        self.words.setText(breakable(shortened(words, most)))
        self.words.setToolTip(words if len(words) > most else "")
        self.words.setVisible(bool(words))
        self.words.setProperty("describes", describes)

    def arrange(self, offers: int, busy: bool, adding: bool, requests: Sequence[str], recipe: Recipe | None) -> None:
        """
        Enable what can be used now.

        Args:
            offers: number of answers to choose from.
            busy: a request is in progress, or answers are being added.
            adding: answers are being added.
            requests: titles of the unfinished ones; the first is in progress.
            recipe: of the active layer.
        """
        self.stop.setVisible(busy)
        self.bar.setVisible(busy)
        self.strip.setVisible(offers > 0)
        self.live.setVisible(not offers and self.action.name == UPSCALE.name)
        self.waiting.setVisible(len(requests) > 1)
        self.waiting.clear()
        for number, title in enumerate(requests):
            self.waiting.addItem(f"{title}: " + ("working" if number == 0 else f"waiting, {number} ahead of it"))
        repeatable = not offers and recipe is not None and recipe.source is not None
        self.again.setVisible(repeatable)
        self.large.setVisible(repeatable and recipe is not None and recipe.action == IMAGINE_FACE.name)
        self.flat.setVisible(not offers and self.action.name == ANONYMISE_FACE.name)
        for choice in (self.more, self.apply, self.discard):
            choice.setVisible(offers > 0)
        for choice in (self.apply_all, self.compare):
            choice.setVisible(offers > 1)
        for choice in (self.apply, self.apply_all, self.flat):
            choice.setEnabled(not adding)

    def _make(self, place: Place) -> None:
        self.view, self.strip = CompareView(self), Strip(self)
        self.form = Form(self.action, place, self)
        self.live = QtWidgets.QCheckBox("Live preview", self)
        self.live.setToolTip(
            "Preview the selection, or the part of the layer in the middle of the view, after every change."
        )
        self.words, self.state = label(self), Line(self)
        self.about = label(self)  # what is invented, and what is exact
        self.state.setEnabled(False)  # grey
        self.bar = QtWidgets.QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(8)
        self.waiting = QtWidgets.QListWidget(self)
        self.waiting.setAccessibleName("Requests")
        self.waiting.setToolTip("Requests in the order in which they are processed. Cancel removes the selected one.")
        self.waiting.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.waiting.setTextElideMode(QtCore.Qt.TextElideMode.ElideMiddle)
        self.waiting.setFixedHeight(_ROWS * (self.waiting.fontMetrics().height() + 3) + 6)
        self.go = button(self, self.action.menu.rstrip("."), self.action.blurb)
        self.stop = button(self, "Cancel", "Cancel this request, or the one selected in the list. Nothing is changed.")
        self.again = button(self, "Again", "Make this layer again from its recipe")
        self.large = button(self, f"At {LARGE}", f"Make the same face again at {LARGE} pixels")
        self.flat = button(self, "Flattened copy", "Open a copy without layers, history and recipes, to share it")
        self.compare = button(self, "Side by side", "Compare the answers in a window, and choose one or several")
        self.more = button(self, "More like this", "Add answers similar to the chosen one")
        self.apply = button(self, "Apply", "Add the chosen answer to Krita; the last option says where")
        self.apply_all = button(self, "Apply all", "Add all answers")
        self.discard = button(self, "Discard", "Forget these answers")

    def _body(self, wide: bool) -> QtWidgets.QWidget:
        body = QtWidgets.QWidget(self)
        pictures = QtWidgets.QVBoxLayout()
        pictures.addWidget(self.view, 1)
        pictures.addWidget(self.live)
        pictures.addLayout(row(self.again, self.large))
        pictures.addWidget(self.flat)
        pictures.addWidget(self.strip)
        choices = [self.compare, self.more, self.discard]
        pictures.addLayout(row(*([self.apply, self.apply_all] if wide else []), *choices, columns=0 if wide else 2))
        options = QtWidgets.QVBoxLayout()
        options.addWidget(self.form)
        options.addStretch(1)
        layout: QtWidgets.QBoxLayout = QtWidgets.QHBoxLayout(body) if wide else QtWidgets.QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(pictures, 1)
        if wide:
            layout.addWidget(Scrolling(_holding(options, self), self))
            return body
        layout.addLayout(options)
        return Scrolling(body, self)


def _holding(layout: QtWidgets.QLayout, parent: QtWidgets.QWidget) -> QtWidgets.QWidget:
    holder = QtWidgets.QWidget(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    holder.setLayout(layout)
    return holder
