"""`ContactSheet`: the answers side by side, large enough to judge, with the same zoom and position for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from ._client import Preview
from .pieces import Scrolling, button, label
from .qt import QtCore, QtGui, QtWidgets, Signal, number
from .view import Viewpoint, checkerboard, draw, image_of
from .work import Offer

_Qt = QtCore.Qt
_SIDE = 150  # smallest side of a picture in pixels


class PictureTile(QtWidgets.QWidget):
    """
    One picture with its name. The wheel and + and - zoom; dragging moves.

    Signals:
        clicked: the picture was clicked, or Space was pressed.
    """

    clicked = Signal()

    def __init__(self, picture: Preview, name: str, tip: str, viewpoint: Viewpoint, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self._image, self._name, self._viewpoint = image_of(picture), name, viewpoint
        self.marked = False
        self._grip: QtCore.QPoint | None = None
        self._dragged = False
        self.setMinimumSize(_SIDE, _SIDE)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(_Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        viewpoint.changed.connect(self.update)

    def mark(self, on: bool) -> None:
        self.marked = on
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QtGui.QPainter(self)
        base, text = QtGui.QPalette.ColorRole.Base, QtGui.QPalette.ColorRole.WindowText
        painter.fillRect(self.rect(), self.palette().color(base))
        inside = self._inside()
        painter.save()
        painter.setClipRect(inside)
        place = self._spread(inside)
        checkerboard(painter, place.intersected(inside))
        draw(painter, place, self._image)
        painter.restore()
        painter.setPen(self.palette().color(text))
        words = self.fontMetrics().elidedText(self._name, _Qt.TextElideMode.ElideRight, self.width() - 8)
        line = QtCore.QRect(4, inside.bottom() + 2, self.width() - 8, self.fontMetrics().height() + 2)
        painter.drawText(line, number(_Qt.AlignmentFlag.AlignCenter), words)
        if self.marked or self.hasFocus():
            colour = self.palette().color(QtGui.QPalette.ColorRole.Highlight)
            painter.setPen(QtGui.QPen(colour, 4 if self.marked else 1))
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: N802
        self._viewpoint.magnify(1.25 if event.angleDelta().y() > 0 else 0.8)
        event.accept()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802
        keys = _Qt.Key
        if event.key() == keys.Key_Space:
            self.clicked.emit()
        elif event.key() in (keys.Key_Plus, keys.Key_Equal, keys.Key_Minus):
            self._viewpoint.magnify(0.8 if event.key() == keys.Key_Minus else 1.25)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802
        self._grip, self._dragged = event.pos(), False

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802
        if self._grip is None:
            return
        way = event.pos() - self._grip
        if self._dragged or way.manhattanLength() > 4:
            place = self._spread(self._inside())
            self._viewpoint.move(-way.x() / max(1, place.width()), -way.y() / max(1, place.height()))
            self._grip, self._dragged = event.pos(), True

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802
        if self._grip is not None and not self._dragged:
            self.clicked.emit()
        self._grip = None

    def _inside(self) -> QtCore.QRect:
        return self.rect().adjusted(4, 4, -4, -self.fontMetrics().height() - 8)

    def _spread(self, inside: QtCore.QRect) -> QtCore.QRect:
        return self._viewpoint.spread(self._image.size(), inside)


class ContactSheet(QtWidgets.QDialog):
    """
    The source pixels and all answers to them; several answers can be marked.

    Signals:
        chosen: with the numbers of the answers to add.
        more: with the number of the answer to which others should be similar.
    """

    chosen = Signal(object)
    more = Signal(int)

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("depixel_sheet")
        self.setWindowTitle("Depixel: answers side by side")
        self._viewpoint = Viewpoint(self)
        self._tiles: list[PictureTile] = []
        holder = QtWidgets.QWidget(self)
        self._grid = QtWidgets.QGridLayout(holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(6)
        words = label(self)
        words.setText("Click to mark one or several. The wheel zooms all pictures, dragging moves them.")
        self.add = button(self, "Apply marked", "Add the marked answers to Krita")
        self.like = button(self, "More like this", "Add answers similar to the marked one")
        close = button(self, "Close", "Back to the panel; the answers stay there")
        self.add.clicked.connect(lambda: self.chosen.emit(self.marked()))
        self.like.clicked.connect(lambda: self.more.emit(self.marked()[0]))
        close.clicked.connect(self.reject)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(words, 1)
        for widget in (self.like, self.add, close):
            buttons.addWidget(widget)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(Scrolling(holder, self), 1)
        layout.addLayout(buttons)
        self.resize(900, 620)
        self._refresh()

    def fill(self, source: Preview, offers: Sequence[Offer]) -> None:
        """Show these answers, after the pixels that they answer; answers that stay keep their marks."""
        marked = self.marked()
        for index in reversed(range(self._grid.count())):
            old = self._grid.takeAt(index).widget()
            if old is not None:
                old.deleteLater()
        count = len(offers) + 1
        columns = 2 if count <= 4 else 3 if count <= 9 else 4
        before = PictureTile(source, "your pixels", "The pixels that were sent to the engine", self._viewpoint, self)
        self._grid.addWidget(before, 0, 0)
        self._tiles = []
        for index, offer in enumerate(offers):
            tile = PictureTile(offer.picture, offer.label, offer.painting.name, self._viewpoint, self)
            tile.clicked.connect(lambda tile=tile: self._toggle(tile))
            tile.mark(index in marked)
            self._tiles.append(tile)
            self._grid.addWidget(tile, (index + 1) // columns, (index + 1) % columns)
        self._refresh()

    def marked(self) -> list[int]:
        """Numbers of the marked answers."""
        return [index for index, tile in enumerate(self._tiles) if tile.marked]

    def _toggle(self, tile: PictureTile) -> None:
        tile.mark(not tile.marked)
        self._refresh()

    def _refresh(self) -> None:
        count = len(self.marked())
        self.add.setEnabled(count > 0)
        self.like.setEnabled(count == 1)
