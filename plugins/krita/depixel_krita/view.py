"""The view of a job: before and after with a divider between them, and a strip of answers to choose from."""

from __future__ import annotations

from collections.abc import Sequence

from ._client import Preview
from .qt import QtCore, QtGui, QtWidgets, Signal, number

_Qt = QtCore.Qt
_SQUARE = 8  # pixels of the checkerboard
_THUMB = 72
_MOST = 32.0  # times


def image_of(preview: Preview) -> QtGui.QImage:
    """A picture for the screen as Qt has it."""
    width, height = preview.width, preview.height
    return QtGui.QImage(bytes(preview.rgba), width, height, width * 4, QtGui.QImage.Format.Format_RGBA8888).copy()


class Viewpoint(QtCore.QObject):
    """
    The zoom and the centre at which pictures are viewed; several views can share it.

    Signals:
        changed: the zoom or the centre changed.
    """

    changed = Signal()

    def __init__(self, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self.zoom = 1.0  # 1: the whole picture fits
        self.middle = QtCore.QPointF(0.5, 0.5)  # in widths and heights of the picture

    def magnify(self, times: float) -> None:
        self.zoom = min(_MOST, max(1.0, self.zoom * times))
        self.move(0.0, 0.0)

    def move(self, across: float, down: float) -> None:
        """Move the centre by fractions of a picture; it stays inside."""
        rim = 0.5 / self.zoom
        self.middle = QtCore.QPointF(
            min(1 - rim, max(rim, self.middle.x() + across)), min(1 - rim, max(rim, self.middle.y() + down))
        )
        self.changed.emit()

    def spread(self, size: QtCore.QSize, inside: QtCore.QRect) -> QtCore.QRect:
        """Where a whole picture of this size is drawn if only `inside` is visible."""
        fitting = QtCore.QSizeF(size).scaled(QtCore.QSizeF(inside.size()), _Qt.AspectRatioMode.KeepAspectRatio)
        width, height = fitting.width() * self.zoom, fitting.height() * self.zoom
        middle = QtCore.QRectF(inside).center()
        left, top = middle.x() - width * self.middle.x(), middle.y() - height * self.middle.y()
        return QtCore.QRectF(left, top, width, height).toRect()


class CompareView(QtWidgets.QWidget):
    """
    The answer, and to the left of a divider that the mouse or the arrow keys move, the source pixels at the same size.
    """

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self._before: QtGui.QImage | None = None
        self._after: QtGui.QImage | None = None
        self._divider = 0.5
        self._viewpoint = Viewpoint(self)
        self._viewpoint.changed.connect(self.update)
        self._grip: QtCore.QPoint | None = None  # where the picture is held
        self._hint = ""
        self._stale = False
        self.setMinimumSize(140, 110)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(_Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Before and after")
        self.setToolTip(
            "Left of the line: your pixels. Right of it: the answer. Drag the line, or use the arrow keys. Ctrl and "
            "the wheel zoom, and dragging with the right button moves the picture."
        )

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 (Qt's name)
        return QtCore.QSize(300, 240)

    def show_before(self, preview: Preview | None, hint: str = "") -> None:
        """The source pixels alone; `hint` is shown if there are none."""
        self._before, self._after, self._hint = image_of(preview) if preview else None, None, hint
        self.update()

    def show_both(self, before: Preview | None, after: Preview) -> None:
        """The source pixels (None: those already shown) and an answer."""
        if before is not None:
            self._before = image_of(before)
        self._after = image_of(after)
        self.update()

    def set_stale(self, on: bool) -> None:
        """Mark the answer as one to options other than the current ones."""
        self._stale = on
        self.update()

    @property
    def stale(self) -> bool:
        """Whether the answer is marked as out of date."""
        return self._stale

    def show_after(self, after: Preview) -> None:
        """Show another answer to the same pixels."""
        self.show_both(None, after)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: N802
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QtGui.QPalette.ColorRole.Base))
        image = self._after or self._before
        if image is None:
            painter.setPen(self.palette().color(QtGui.QPalette.ColorRole.PlaceholderText))
            flags = number(_Qt.AlignmentFlag.AlignCenter, _Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(8, 8, -8, -8), flags, self._hint)
            return
        place = self._place(image)
        checkerboard(painter, place)
        if self._after is not None:
            draw(painter, place, self._after)
        if self._before is not None:
            line = place.left() + round(place.width() * (self._divider if self._after is not None else 1.0))
            painter.save()
            painter.setClipRect(QtCore.QRect(place.left(), place.top(), line - place.left(), place.height()))
            if self._after is not None:
                checkerboard(painter, place)
            draw(painter, place, self._before)
            painter.restore()
            if self._after is not None:
                _divider(painter, place, line)
        if self._stale and self._after is not None:
            _word(painter, QtCore.QPoint(place.left(), place.top()), "options have changed")

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: N802
        if event.modifiers() & _Qt.KeyboardModifier.ControlModifier:
            self._viewpoint.magnify(1.25 if event.angleDelta().y() > 0 else 0.8)
        else:
            event.ignore()  # the surrounding view scrolls

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802
        if event.button() == _Qt.MouseButton.RightButton:
            self._grip = event.pos()
        else:
            self._move_to(event)

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802
        self._grip = None

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802
        image = self._after or self._before
        if self._grip is None or image is None:
            self._move_to(event)
            return
        way, place = event.pos() - self._grip, self._place(image)
        self._viewpoint.move(-way.x() / max(1, place.width()), -way.y() / max(1, place.height()))
        self._grip = event.pos()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802
        if event.key() in (_Qt.Key.Key_Left, _Qt.Key.Key_Right):
            self._divide(self._divider + (0.05 if event.key() == _Qt.Key.Key_Right else -0.05))
        else:
            super().keyPressEvent(event)

    def _move_to(self, event: QtGui.QMouseEvent) -> None:
        image = self._after
        if image is not None:
            place = self._place(image)
            self._divide((event.pos().x() - place.left()) / max(1, place.width()))

    def _divide(self, where: float) -> None:
        self._divider = min(1.0, max(0.0, where))
        self.update()

    def _place(self, image: QtGui.QImage) -> QtCore.QRect:
        return self._viewpoint.spread(image.size(), self.rect())


class Strip(QtWidgets.QListWidget):
    """
    Thumbnails of the answers in one row.

    Signals:
        chosen: number of the answer that was clicked on.
    """

    chosen = Signal(int)

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setViewMode(QtWidgets.QListView.ViewMode.IconMode)
        self.setFlow(QtWidgets.QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QtWidgets.QListView.Movement.Static)
        self.setIconSize(QtCore.QSize(_THUMB, _THUMB))
        lines = 2 * self.fontMetrics().lineSpacing()
        self.setWordWrap(True)
        self.setGridSize(QtCore.QSize(_THUMB + 44, _THUMB + lines + 8))
        self.setHorizontalScrollBarPolicy(_Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setVerticalScrollBarPolicy(_Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(_THUMB + lines + 26)
        self.setAccessibleName("Answers")
        self.currentRowChanged.connect(self._tell)

    def fill(self, pictures: Sequence[Preview], labels: Sequence[str], tips: Sequence[str], row: int = 0) -> None:
        """Show these answers and choose one of them."""
        self.blockSignals(True)
        self.clear()
        for picture, label, tip in zip(pictures, labels, tips):  # noqa: B905 (Python 3.8 in some builds of Krita)
            item = QtWidgets.QListWidgetItem(QtGui.QIcon(_thumbnail(picture)), label)
            item.setToolTip(tip)
            self.addItem(item)
        self.blockSignals(False)
        self.setCurrentRow(row)

    def _tell(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(row)


class Line(QtWidgets.QLabel):
    """Text on one line. Text that does not fit is cut off with three dots; the tool tip has all of it."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)

    def setText(self, words: str) -> None:  # noqa: N802 (Qt's name)
        super().setText(words)
        self.setToolTip(words)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: N802
        painter = QtGui.QPainter(self)
        group = QtGui.QPalette.ColorGroup.Active if self.isEnabled() else QtGui.QPalette.ColorGroup.Disabled
        painter.setPen(self.palette().color(group, QtGui.QPalette.ColorRole.WindowText))
        words = self.fontMetrics().elidedText(self.text(), _Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), number(_Qt.AlignmentFlag.AlignLeft, _Qt.AlignmentFlag.AlignVCenter), words)


def _thumbnail(preview: Preview) -> QtGui.QPixmap:
    pixmap = QtGui.QPixmap(_THUMB, _THUMB)
    pixmap.fill(_Qt.GlobalColor.transparent)
    image = image_of(preview)
    smooth = _Qt.TransformationMode.SmoothTransformation
    if max(image.width(), image.height()) < _THUMB:
        smooth = _Qt.TransformationMode.FastTransformation
    image = image.scaled(_THUMB, _THUMB, _Qt.AspectRatioMode.KeepAspectRatio, smooth)
    place = image.rect()
    place.moveCenter(pixmap.rect().center())
    painter = QtGui.QPainter(pixmap)
    checkerboard(painter, place)
    painter.drawImage(place.topLeft(), image)
    painter.end()
    return pixmap


def draw(painter: QtGui.QPainter, place: QtCore.QRect, image: QtGui.QImage) -> None:
    """Draw a picture, smoothly if it is reduced."""
    smaller = image.width() > place.width()
    painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform, smaller)
    painter.drawImage(place, image)


def checkerboard(painter: QtGui.QPainter, place: QtCore.QRect) -> None:
    """The pattern behind transparent pixels."""
    tile = QtGui.QPixmap(2 * _SQUARE, 2 * _SQUARE)
    tile.fill(QtGui.QColor(150, 150, 150))
    inner = QtGui.QPainter(tile)
    for corner in (QtCore.QPoint(0, 0), QtCore.QPoint(_SQUARE, _SQUARE)):
        inner.fillRect(QtCore.QRect(corner, QtCore.QSize(_SQUARE, _SQUARE)), QtGui.QColor(115, 115, 115))
    inner.end()
    painter.drawTiledPixmap(place, tile)


# A line that is visible on any picture, and labels on its two sides.
def _divider(painter: QtGui.QPainter, place: QtCore.QRect, line: int) -> None:
    painter.fillRect(line - 1, place.top(), 3, place.height(), QtGui.QColor(0, 0, 0, 160))
    painter.fillRect(line, place.top(), 1, place.height(), QtGui.QColor(255, 255, 255))
    metrics = painter.fontMetrics()
    for word, left in (("before", True), ("after", False)):
        width = metrics.horizontalAdvance(word) + 8
        if width > (line - place.left() if left else place.right() - line):
            continue
        x = place.left() if left else place.right() + 1 - width
        _word(painter, QtCore.QPoint(x, place.bottom() + 1 - metrics.height() - 2), word)


# White on a dark background, from this corner on.
def _word(painter: QtGui.QPainter, corner: QtCore.QPoint, word: str) -> None:
    metrics = painter.fontMetrics()
    label = QtCore.QRect(corner, QtCore.QSize(metrics.horizontalAdvance(word) + 8, metrics.height() + 2))
    painter.fillRect(label, QtGui.QColor(0, 0, 0, 150))
    painter.setPen(QtGui.QColor(255, 255, 255))
    painter.drawText(label, number(_Qt.AlignmentFlag.AlignCenter), word)
