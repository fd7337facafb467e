"""A preview of the answer: the part under view, before and after on both sides of a line, with zoom."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable

import depixel_client as client
import gi
import pixbufs
from host import Source
from jobs import pixels_of

gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

_SIDE = 300  # least pixels of the view
_WHOLE = 128  # pixels: up to this side all of a layer is answered, as OK does
_PART, _MARGIN = 64, 16  # of a larger layer: what is shown, and what is sent around it so that its border is right
_LARGEST = 512  # pixels of an imagined face in a preview; it is the same face at every scale
_CHEAP = 1.5  # seconds: previews that take less follow the settings
_PAUSE = 400  # milliseconds without a change before a preview follows
_BUTTON = "_Preview"


class Preview:
    """
    The left half of a dialog.

    Args:
        values: the dialog's present values.
        done: called with the seconds and the pixels of a preview that has come.
    """

    def __init__(
        self, action: client.Action, source: Source, values: Callable[[], dict[str, Any]], done: Callable[..., None]
    ) -> None:
        self._action, self._source, self._values, self._done_with = action, source, values, done
        self._pixels = pixels_of(source)
        self._before = pixbufs.pixbuf_of(self._pixels)
        self._part = (0, 0, source.width, source.height)  # of the layer, that `_after` shows
        self._after: Any = None
        self._zoom = 1.0  # pixels of the screen for each pixel of the layer
        self._stale = False
        self._seconds = 0.0  # of the last preview; 0 = there was none
        self._timer = 0
        self._job: client.Job | None = None
        self.column = self._build()
        self._fit()

    def start(self) -> None:
        """Answer small pictures at once: it is cheap."""
        if self._action.name == client.UPSCALE.name and max(self._source.width, self._source.height) <= _PART:
            self._clicked(None)

    def changed(self) -> None:
        """A value of the dialog is another one: the preview is old, and follows if it is cheap."""
        self._stale = self._after is not None or self._job is not None
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        if 0 < self._seconds < _CHEAP:
            self._timer = GLib.timeout_add(_PAUSE, self._follow)
        self._show()

    def _build(self) -> Any:
        self._image = Gtk.Image(halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER)
        catcher = Gtk.EventBox()
        catcher.add(self._image)
        catcher.add_events(
            Gdk.EventMask.SCROLL_MASK | Gdk.EventMask.BUTTON_PRESS_MASK | Gdk.EventMask.BUTTON_MOTION_MASK
        )
        catcher.connect("scroll-event", self._wheel)
        catcher.connect("button-press-event", self._press)
        catcher.connect("motion-notify-event", self._drag)
        self._view = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN, hexpand=True, vexpand=True)
        self._view.set_size_request(_SIDE, _SIDE)
        self._view.add(catcher)
        self._line = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0, 100, 1)
        self._line.set_draw_value(False)
        self._line.set_tooltip_text("Left of the line the picture as it is, right of it the answer.")
        self._line.connect("value-changed", lambda _: self._show())
        self.button = Gtk.Button.new_with_mnemonic(_BUTTON)
        self.button.set_tooltip_text("Answer what is seen here with the present settings.")
        self.button.connect("clicked", self._clicked)
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.pack_start(self.button, True, True, 0)
        for icon, times in (("zoom-out-symbolic", 0.5), ("zoom-in-symbolic", 2.0)):
            zoom = Gtk.Button.new_from_icon_name(icon, Gtk.IconSize.BUTTON)
            zoom.set_tooltip_text("Zoom (also with the wheel of the mouse)")
            zoom.connect("clicked", lambda _, by: self._zoom_by(by), times)
            row.pack_start(zoom, False, False, 0)
        self._words = Gtk.Label(wrap=True, width_chars=36, max_width_chars=44, xalign=0, yalign=0)
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        for widget, grows in ((self._view, True), (self._line, False), (row, False), (self._words, False)):
            column.pack_start(widget, grows, grows, 0)
        column.connect("destroy", self._closed)
        return column

    def _closed(self, _: Any) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        job, self._job = self._job, None
        if job is not None:
            threading.Thread(target=job.cancel, daemon=True).start()

    def _fit(self) -> None:
        self._zoom = _SIDE / max(self._source.width, self._source.height)
        if self._zoom > 1:
            self._zoom = float(int(self._zoom))
        self._show()

    def _zoom_by(self, times: float) -> None:
        wanted = self._zoom * times
        width, height = self._part[2] - self._part[0], self._part[3] - self._part[1]
        if 16 <= wanted * max(width, height) <= 4096:
            self._zoom = wanted
            self._show()

    def _wheel(self, _: Any, event: Any) -> bool:
        up = event.direction == Gdk.ScrollDirection.UP
        if not up and event.direction != Gdk.ScrollDirection.DOWN:
            return False
        self._zoom_by(2.0 if up else 0.5)
        return True

    def _press(self, _: Any, event: Any) -> bool:
        self._held = (event.x_root, event.y_root, self._view.get_hadjustment().get_value(),
                      self._view.get_vadjustment().get_value())  # fmt: skip
        return True

    def _drag(self, _: Any, event: Any) -> bool:
        x, y, left, top = self._held
        self._view.get_hadjustment().set_value(left - event.x_root + x)
        self._view.get_vadjustment().set_value(top - event.y_root + y)
        return True

    def _show(self) -> None:
        left, top, right, bottom = self._part
        width, height = max(1, round((right - left) * self._zoom)), max(1, round((bottom - top) * self._zoom))
        before = pixbufs.on_checks(self._before.new_subpixbuf(left, top, right - left, bottom - top), width, height)
        if self._source.box is not None and self._part == (0, 0, self._source.width, self._source.height):
            pixbufs.draw_box(before, self._source.box, self._zoom)
        self._line.set_sensitive(self._after is not None)
        if self._after is None:
            self._image.set_from_pixbuf(before)
            return
        after = pixbufs.on_checks(self._after, width, height)
        if self._stale:
            after = pixbufs.faded(after)
            self._words.set_markup("<b>The settings have changed since this preview.</b>")
        self._image.set_from_pixbuf(pixbufs.split(before, after, self._line.get_value() / 100))

    def _follow(self) -> bool:
        self._timer = 0
        self._clicked(None)
        return False

    def _clicked(self, _: Any) -> None:
        values = self._values()
        part, margin = self._seen()
        try:
            size = (self._source.width, self._source.height)
            settings = client.settings_of(self._action, {**values, "candidates": 1}, self._source.box, size)
        except client.EngineError as error:
            self._words.set_text(str(error))
            return
        if self._action.name == client.IMAGINE_FACE.name:
            most = _LARGEST // max(self._source.width, self._source.height)
            settings["scale"] = max(2, min(settings["scale"], most))
        elif margin and "ensemble" not in settings and not settings.get("imagination"):
            settings["ensemble"] = 2 if self._source.width * self._source.height <= 256**2 else 1  # as all of it has
        if self._job is not None:
            threading.Thread(target=self._job.cancel, daemon=True).start()
        sent = _cut(self._pixels, *margin) if margin else self._pixels
        request = client.Submission(sent, settings, self._action.wire, values.get("kept", 12), program="gimp")
        self._stale = False
        self._words.set_text("Working on the preview...")
        self._job = client.Engine("gimp").upscale(request)
        threading.Thread(target=self._work, args=(self._job, part, margin), daemon=True).start()

    # (what is shown, what is sent); the latter is None when all of the layer is sent, as OK does.
    def _seen(self) -> tuple[Any, Any]:
        width, height = self._source.width, self._source.height
        if self._action.name != client.UPSCALE.name or max(width, height) <= _WHOLE:
            return (0, 0, width, height), None
        if self._part != (0, 0, width, height):
            left, top = self._part[:2]
        else:
            across, down = self._view.get_hadjustment(), self._view.get_vadjustment()
            left = round((across.get_value() + across.get_page_size() / 2) / self._zoom) - _PART // 2
            top = round((down.get_value() + down.get_page_size() / 2) / self._zoom) - _PART // 2
        left, top = max(0, min(left, width - _PART)), max(0, min(top, height - _PART))
        part = (left, top, min(width, left + _PART), min(height, top + _PART))
        around = (max(0, part[0] - _MARGIN), max(0, part[1] - _MARGIN), min(width, part[2] + _MARGIN),
                  min(height, part[3] + _MARGIN))  # fmt: skip
        return part, around

    def _work(self, job: client.Job, part: Any, margin: Any) -> None:
        began = time.monotonic()
        try:
            result = job.result()
            answer: client.Answer | None = result.answers[0]
            words = client.summary(result)
        except client.CancelledError:
            return
        except client.EngineError as error:
            answer, words = None, str(error)
        GLib.idle_add(self._came, job, part, margin, answer, words, time.monotonic() - began)

    def _came(self, job: client.Job, part: Any, margin: Any, answer: Any, words: str, seconds: float) -> bool:
        if job is not self._job:
            return False  # another one is on its way, or the dialog is closed
        self._job = None
        self._words.set_text(words)
        if answer is None:
            return False
        shown = pixbufs.pixbuf_of(answer)
        if margin:
            scale = answer.width // (margin[2] - margin[0])
            left, top = (part[0] - margin[0]) * scale, (part[1] - margin[1]) * scale
            shown = shown.new_subpixbuf(left, top, (part[2] - part[0]) * scale, (part[3] - part[1]) * scale)
            if self._part != part:
                self._zoom = max(1.0, _SIDE // _PART)
        self._part, self._after, self._seconds = part, shown, seconds
        self._done_with(seconds, answer.width * answer.height)
        self._show()
        return False


def _cut(picture: client.Pixels, left: int, top: int, right: int, bottom: int) -> client.Pixels:
    pixel = picture.channels * picture.depth // 8
    data = picture.frames[0]
    starts = (y * picture.width * pixel for y in range(top, bottom))
    part = b"".join(data[at + left * pixel : at + right * pixel] for at in starts)
    size = (right - left, bottom - top)
    return client.Pixels(*size, picture.channels, (part,), picture.depth, picture.palette, picture.name)
