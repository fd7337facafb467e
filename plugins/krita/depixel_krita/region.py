"""The part of a layer that a preview answers, and its pixels for the screen."""

from __future__ import annotations

from krita import Krita

from ._client import Preview
from .host import Target
from .pixels import reduced, swapped
from .qt import QtCore, QtWidgets

SIDE = 64
"""Pixels of the longer side of the part."""

WHOLE = 128
"""A layer or selection up to this size is answered as a whole, like a normal request."""


def region(target: Target) -> Target:
    """
    The part of a layer that a preview answers: the selection, or the middle of the view; everything if it is small.
    """
    left, top, right, bottom = target.selection or (0, 0, target.width, target.height)
    if max(right - left, bottom - top) <= WHOLE:
        return target.chosen() if target.selection is not None else target.part((left, top, right, bottom), False)
    seen = None if target.selection is not None else view_centre()
    across, down = seen or (target.left + (left + right) // 2, target.top + (top + bottom) // 2)
    width, height = min(SIDE, right - left), min(SIDE, bottom - top)
    x = min(max(left, across - target.left - width // 2), right - width)
    y = min(max(top, down - target.top - height // 2), bottom - height)
    return target.part((x, y, x + width, y + height), moving=False)


def view_centre() -> tuple[int, int] | None:
    """The pixel of the document in the middle of Krita's view; None if this Krita does not report it (5.1)."""
    window = Krita.instance().activeWindow()
    view = window.activeView() if window is not None else None
    if window is None or view is None or not hasattr(view, "flakeToImageTransform"):
        return None
    canvas = next((widget for widget in window.qwindow().findChildren(QtWidgets.QWidget) if _is_canvas(widget)), None)
    if canvas is None:
        return None
    middle = QtCore.QPointF(canvas.width() / 2, canvas.height() / 2)
    flake, possible = view.flakeToCanvasTransform().inverted()
    if not possible:
        return None
    place = view.flakeToImageTransform().map(flake.map(middle))
    return int(place.x()), int(place.y())


def _is_canvas(widget: QtWidgets.QWidget) -> bool:
    return widget.isVisible() and widget.metaObject().className() in ("KisOpenGLCanvas2", "KisQPainterCanvas")


def shown(part: Target, samples: bytes) -> Preview | None:
    """The pixels of a part for the screen; None if Krita would have to convert their colours."""
    colours = part.colours
    if colours.is_converted:
        return None
    width, height, rgba = reduced(samples, part.width, part.height, colours.channels, colours.bits, WHOLE)
    return Preview(width, height, bytes(swapped(rgba, 8)) if colours.is_swapped else rgba)
