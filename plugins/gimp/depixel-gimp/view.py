"""
One answer, enlarged: before and after on both sides of a line that the mouse can move. The picture can be zoomed, and
moved by dragging it.
"""

from __future__ import annotations

from typing import Any, Callable

import gi
import pixbufs
from selection import Box

gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

SIDE = 300
"""Smallest side of the view in pixels."""
_STILL = 4  # pixels that the mouse may move during a click
_REACH = 6  # pixels on each side of the line in which the mouse grabs it
_FRAME = 4  # pixels that the frame of the area takes from the picture


class View:
    """
    area: the picture. line: the slider between before and after. zooms: two buttons.

    Args:
        box: a frame to draw on the picture before, or None.
        pointed: called with the pixel of the layer that was clicked on while no answer is shown.
    """

    def __init__(self, before: Any, box: Box | None, pointed: Callable[[int, int], None]) -> None:
        self._before, self._box, self._pointed = before, box, pointed
        self.part: Box = (0, 0, before.get_width(), before.get_height())
        self._after: Any = None
        self._faded = False
        self._drawn: tuple[Any, Any, Any] = (None, None, None)  # the key, and the scaled pictures before and after
        self.zoom = 1.0  # pixels of the screen for each pixel of the layer
        self._fits = True  # until the user zooms, the picture is as large as the area allows
        self._moves_line = False
        self._image = Gtk.Image(halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER)
        catcher = Gtk.EventBox()
        catcher.add(self._image)
        catcher.add_events(
            Gdk.EventMask.SCROLL_MASK
            | Gdk.EventMask.BUTTON_PRESS_MASK
            | Gdk.EventMask.BUTTON_RELEASE_MASK
            | Gdk.EventMask.POINTER_MOTION_MASK
        )
        catcher.connect("scroll-event", self._wheel)
        catcher.connect("button-press-event", self._press)
        catcher.connect("motion-notify-event", self._drag)
        catcher.connect("button-release-event", self._release)
        self.area = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN, hexpand=True, vexpand=True)
        self.area.set_size_request(SIDE, SIDE)
        self.area.add(catcher)
        # Deferred, because a size requested during an allocation is ignored.
        self.area.connect("size-allocate", lambda *_: GLib.idle_add(self._resized))
        self.line = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0, 100, 1)
        self.line.set_draw_value(False)
        self.line.set_tooltip_text(
            "The original is on the left of the line, the answer on the right. You can also "
            "drag the line in the picture."
        )
        self.line.connect("value-changed", lambda _: self.draw())
        self.zooms = [self._zoom_button("zoom-out-symbolic", 0.5), self._zoom_button("zoom-in-symbolic", 2.0)]
        self._fit(before.get_width(), before.get_height())

    def show(self, after: Any, part: Box) -> None:
        """Show an answer (a pixbuf of any scale) to a part of the layer."""
        if part != self.part:
            self._fit(part[2] - part[0], part[3] - part[1])
        self.part, self._after, self._faded = part, after, False
        self.draw()

    def show_all(self) -> None:
        """Show the whole layer, without an answer."""
        self.part, self._after, self._faded = (0, 0, self._before.get_width(), self._before.get_height()), None, False
        self._fit(self._before.get_width(), self._before.get_height())

    def fade(self, faded: bool) -> None:
        """Whether the shown answer no longer matches the settings."""
        self._faded = faded
        self.draw()

    def middle(self) -> tuple[int, int]:
        """The pixel of the part in the middle of the visible area."""
        across, down = self.area.get_hadjustment(), self.area.get_vadjustment()
        return (
            self.part[0] + round((across.get_value() + across.get_page_size() / 2) / self.zoom),
            self.part[1] + round((down.get_value() + down.get_page_size() / 2) / self.zoom),
        )

    def draw(self) -> None:
        """Draw the picture on the screen."""
        key = (self.part, self.zoom, self._after, self._faded)
        if key != self._drawn[0]:  # scaled only after a change, so that moving the line stays fast
            self._drawn = (key, self._scaled_before(), self._scaled_after())
        _, before, after = self._drawn
        self.line.set_sensitive(after is not None)
        split = before if after is None else pixbufs.split(before, after, self.line.get_value() / 100)
        self._image.set_from_pixbuf(split)

    def _size(self) -> tuple[int, int]:
        left, top, right, bottom = self.part
        return max(1, round((right - left) * self.zoom)), max(1, round((bottom - top) * self.zoom))

    def _scaled_before(self) -> Any:
        left, top, right, bottom = self.part
        before = pixbufs.on_checks(self._before.new_subpixbuf(left, top, right - left, bottom - top), *self._size())
        if self._box is not None and self.part == (0, 0, self._before.get_width(), self._before.get_height()):
            pixbufs.draw_box(before, self._box, self.zoom)
        return before

    def _scaled_after(self) -> Any:
        if self._after is None:
            return None
        after = pixbufs.on_checks(self._after, *self._size())
        return pixbufs.faded(after) if self._faded else after

    def _fit(self, width: int, height: int) -> None:
        self.zoom, self._fits = self._fitting(width, height), True
        self.draw()

    def _fitting(self, width: int, height: int) -> float:
        across, down = self.area.get_allocated_width(), self.area.get_allocated_height()
        zoom = min((max(SIDE, across) - _FRAME) / width, (max(SIDE, down) - _FRAME) / height)
        return float(int(zoom)) if zoom > 1 else zoom

    # A larger dialog shows a larger picture.
    def _resized(self) -> bool:
        left, top, right, bottom = self.part
        zoom = self._fitting(right - left, bottom - top)
        if self._fits and zoom != self.zoom:
            self.zoom = zoom
            self.draw()
        return False

    def _zoom_button(self, icon: str, times: float) -> Any:
        button = Gtk.Button.new_from_icon_name(icon, Gtk.IconSize.BUTTON)
        button.set_tooltip_text("Zoom (or use the mouse wheel)")
        button.connect("clicked", lambda _: self._zoom_by(times))
        return button

    def _zoom_by(self, times: float) -> None:
        zoom = self.zoom * times
        width, height = self.part[2] - self.part[0], self.part[3] - self.part[1]
        if 16 <= zoom * max(width, height) <= 4096:
            self.zoom, self._fits = zoom, False
            self.draw()

    def _wheel(self, _: Any, event: Any) -> bool:
        up = event.direction == Gdk.ScrollDirection.UP
        if not up and event.direction != Gdk.ScrollDirection.DOWN:
            return False
        self._zoom_by(2.0 if up else 0.5)
        return True

    def _press(self, _: Any, event: Any) -> bool:
        across, down = self.area.get_hadjustment(), self.area.get_vadjustment()
        self._held = (event.x_root, event.y_root, across.get_value(), down.get_value())
        self._moves_line = self._is_at_line(event.x)
        return True

    def _drag(self, _: Any, event: Any) -> bool:
        if not event.state & Gdk.ModifierType.BUTTON1_MASK:
            name = "col-resize" if self._is_at_line(event.x) else "default"
            event.window.set_cursor(Gdk.Cursor.new_from_name(event.window.get_display(), name))
            return True
        if self._moves_line:
            place = self._place()
            self.line.set_value(100 * (event.x - place.x) / max(1, place.width))
            return True
        x, y, left, top = self._held
        self.area.get_hadjustment().set_value(left - event.x_root + x)
        self.area.get_vadjustment().set_value(top - event.y_root + y)
        return True

    def _release(self, _: Any, event: Any) -> bool:
        moved = abs(event.x_root - self._held[0]) + abs(event.y_root - self._held[1])
        if self._after is None and moved < _STILL:
            place = self._place()
            x, y = (event.x - place.x) / self.zoom, (event.y - place.y) / self.zoom
            if 0 <= x < self._before.get_width() and 0 <= y < self._before.get_height():
                self._pointed(int(x), int(y))
        return True

    def _is_at_line(self, x: float) -> bool:
        place = self._place()
        return self._after is not None and abs(x - place.x - place.width * self.line.get_value() / 100) <= _REACH

    # Where the picture is in the area that catches the mouse.
    def _place(self) -> Any:
        return self._image.get_allocation()
