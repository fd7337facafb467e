"""The left half of a dialog: answers to the current settings, one of them large or all side by side."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable

import depixel_client as client
import gi
import pixbufs
from canvas import CanvasPreview
from host import Source
from jobs import keep, pick_of, pixels_of, submission
from selection import Box
from view import View
from wall import Wall, WallEntry

gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk, Pango  # noqa: E402

_WHOLE = 128  # pixels: up to this side the whole layer is answered, as for OK
_PART, _MARGIN = 64, 16  # of a larger layer: the part shown, and the margin sent with it
_LARGEST_FACE, _LARGEST = 512, 1024  # pixels of an answer in a preview; OK makes it at full size
_CHEAP = 1.5  # seconds: faster previews are updated automatically
_PAUSE = 400  # milliseconds without a change before the preview is updated
_WORDS = 110  # pixels of the height of the text below the preview; longer text, as about several faces, scrolls
_MORE = 4  # answers that "More like this" adds


class PreviewPane:
    """
    column: the widget.

    Args:
        values: the dialog's current values.
        measured: called with each result and the values that led to it.
        picked: called when the ticks change; see `picks`.
    """

    def __init__(
        self,
        action: client.Action,
        image: Any,
        source: Source,
        values: Callable[[], dict[str, Any]],
        measured: Callable[[dict[str, Any], client.Result], None],
        picked: Callable[[], None],
    ) -> None:
        self._action, self._source, self._values = action, source, values
        self._measured, self._picked = measured, picked
        self._canvas = CanvasPreview(image, source)
        self._current: WallEntry | None = None  # the answer in the view, while it matches the settings
        self._view = View(pixbufs.pixbuf_of(source), source.box, self._point)
        self._middle: tuple[int, int] | None = None  # of the part to preview, if it was clicked on
        self._wall = Wall(self._open, self._ticked)
        self._seconds = 0.0  # of the last single answer; 0 = none yet
        self._timer = 0
        self._seeds = 0  # requested by "More like this"
        self._job: client.JobHandle | None = None
        self.column = self._build()

    def start(self) -> None:
        """Answer small pictures at once, because that is fast."""
        if self._action.name == client.UPSCALE.name and max(self._source.width, self._source.height) <= _PART:
            self._ask(1, live=True)

    def changed(self, of_size_only: bool) -> None:
        """A value of the dialog changed: existing answers are outdated, and a new one is made if that is fast."""
        self._name_buttons()
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        if not of_size_only and self._wall.kept():
            self._wall.keep_only(None)
        if not of_size_only:
            self._current = None
        self._to_canvas()
        if len(self._wall) or self._job is not None:
            self._view.fade(True)
            self._words.set_markup("<b>The settings have changed since this preview.</b>")
        if 0 < self._seconds < _CHEAP:
            self._timer = GLib.timeout_add(_PAUSE, self._follow)

    def picks(self) -> list[dict[str, Any]]:
        """The settings of the ticked answers."""
        return [pick_of(entry.recipe) for entry in self._wall.kept()]

    def stop(self) -> None:
        """Free the engine for the request of OK."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        job, self._job = self._job, None
        if job is not None:
            self._words.set_text("")
            threading.Thread(target=job.cancel, daemon=True).start()

    def close(self) -> None:
        """Stop, and remove the preview from GIMP's canvas."""
        self.stop()
        self._on_canvas.set_active(False)

    # A dialog grows only to the minimum size of its contents.
    def _make_room(self, words: Any) -> bool:
        width = max(1, words.get_allocated_width())
        words.set_min_content_height(min(_WORDS, self._words.get_preferred_height_for_width(width)[1]))
        return False

    def _destroyed(self, _: Any) -> None:
        self.stop()
        self._canvas.hide()

    def _build(self) -> Any:
        self._stack = Gtk.Stack(homogeneous=False)
        self._stack.add_named(self._view.area, "one")
        self._stack.add_named(self._wall.area, "all")
        self.button = Gtk.Button.new_with_mnemonic("_Preview")
        self.button.set_tooltip_text("Preview what you see here with the current settings")
        self.button.connect("clicked", lambda _: self._ask(1))
        self._many = Gtk.Button(use_underline=True)
        self._many.set_tooltip_text("Make all the answers that you asked for, and compare them side by side")
        self._many.connect("clicked", lambda _: self._ask(self._values()["candidates"]))
        self._many.set_no_show_all(True)
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.pack_start(self.button, True, True, 0)
        row.pack_start(self._many, True, True, 0)
        for zoom in self._view.zooms:
            row.pack_start(zoom, False, False, 0)
        if self._is_large():
            other = Gtk.Button.new_from_icon_name("zoom-fit-best-symbolic", Gtk.IconSize.BUTTON)
            other.set_tooltip_text("Show the whole layer, to preview another part of it")
            other.connect("clicked", lambda _: self._show_layer())
            row.pack_start(other, False, False, 0)
        self._make_buttons_below()
        self._on_canvas = Gtk.CheckButton(label="Show on the canvas")
        self._on_canvas.set_tooltip_text("Show the answer in the image, in a temporary layer, until this dialog closes")
        self._on_canvas.set_no_show_all(True)
        self._on_canvas.connect("toggled", lambda _: self._to_canvas(ask=True))
        self._words = Gtk.Label(wrap=True, wrap_mode=Pango.WrapMode.WORD_CHAR, width_chars=36, max_width_chars=44,
                                xalign=0, yalign=0)  # fmt: skip
        words = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, overlay_scrolling=False)
        words.add(self._words)
        self._words.connect("notify::label", lambda *_: GLib.idle_add(self._make_room, words))
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._compare = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self._compare.pack_start(Gtk.Label(label="Before/after"), False, False, 0)
        self._compare.pack_start(self._view.line, True, True, 0)
        for widget, grows in ((self._stack, True), (self._compare, False), (self._on_canvas, False), (row, False),
                              (self._below, False), (words, False)):  # fmt: skip
            column.pack_start(widget, grows, grows, 0)
        column.connect("destroy", self._destroyed)
        self._name_buttons()
        return column

    def _make_buttons_below(self) -> None:
        self._all = Gtk.ToggleButton()
        self._all.set_tooltip_text("Compare all answers side by side, and tick the ones that you want")
        self._all.connect("toggled", self._switched)
        self._like = Gtk.Button(label="More like this")
        self._like.set_tooltip_text("Add %d answers similar to the ticked one; the others stay" % _MORE)
        self._like.connect("clicked", lambda _: self._more())
        self._below = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self._below.pack_start(self._all, True, True, 0)
        self._below.pack_start(self._like, True, True, 0)
        self._below.show_all()
        self._below.set_no_show_all(True)
        self._below.hide()

    def _name_buttons(self) -> None:
        count = self._values()["candidates"]
        self._many.set_label("_%d answers" % count)
        self._many.set_visible(count > 1)
        self._all.set_label("Side by side (%d)" % len(self._wall))
        self._below.set_visible(len(self._wall) > 1 or self._view.line.get_sensitive() and self._can_vary())
        self._all.set_visible(len(self._wall) > 1)
        self._like.set_sensitive(len(self._wall.kept()) == 1 or len(self._wall) == 1)
        self._on_canvas.set_visible(self._keeps_size())

    # At imagination 0 all answers of one kind are equal.
    def _can_vary(self) -> bool:
        return self._action.name != client.UPSCALE.name or self._values().get("imagination", 0) > 0

    # GIMP's canvas can show only answers as large as their source.
    def _keeps_size(self) -> bool:
        if self._action.wire == "anonymise":
            return True
        if self._is_large():
            return False
        size = (self._source.width, self._source.height)
        try:
            settings = submission(self._action, self._source, self._values()).settings
            return client.result_size(settings, *size) == size
        except client.EngineError:
            return False

    def _display(self, entry: WallEntry) -> None:
        self._view.show(entry.pixels, entry.part)
        self._current = entry
        self._to_canvas()

    def _to_canvas(self, ask: bool = False) -> None:
        wanted = self._on_canvas.get_active() and self._keeps_size()
        if wanted and self._current is not None:
            self._canvas.show(self._current.pixels)
            return
        self._canvas.hide()
        if wanted and ask and self._job is None:
            self._ask(1)

    def _switched(self, _: Any) -> None:
        self._stack.set_visible_child_name("all" if self._all.get_active() else "one")
        for widget in (self._compare, *self._view.zooms):
            widget.set_visible(not self._all.get_active())
        self._name_buttons()

    def _open(self, entry: WallEntry) -> None:
        self._all.set_active(False)
        self._wall.keep_only(entry)
        self._display(entry)
        self._words.set_text(entry.summary)

    def _ticked(self) -> None:
        self._picked()
        self._name_buttons()

    # Only a part of a large layer is previewed.
    def _is_large(self) -> bool:
        return self._action.name == client.UPSCALE.name and max(self._source.width, self._source.height) > _WHOLE

    def _show_layer(self) -> None:
        self.stop()
        self._middle = None
        self._all.set_active(False)
        self._view.show_all()
        self._words.set_text("Click on the part that you want to preview.")

    def _point(self, x: int, y: int) -> None:
        if self._is_large():
            self._middle = (x, y)
            self._ask(1)

    def _follow(self) -> bool:
        self._timer = 0
        self._ask(1, live=True)
        return False

    def _more(self) -> None:
        ticked = self._wall.kept() or [entry for entry in (self._wall.latest(),) if entry is not None]
        self._seeds += 1
        self._ask(_MORE, {**pick_of(ticked[0].recipe), "like": ticked[0].recipe.seed, "seed": self._seeds})

    def _ask(self, count: int, settings: dict[str, Any] | None = None, live: bool = False) -> None:
        values = {**self._values(), "candidates": count}
        part, margin = self._seen()
        try:
            request = self._request(values, settings, margin)
        except client.EngineError:
            return  # the dialog shows what is wrong with the values
        self.stop()
        self._view.fade(False)
        self._words.set_text("Working on the preview..." if count == 1 else "Working on %d answers..." % count)
        self._job = client.Engine("gimp").upscale(request)
        work = (self._job, request, values, part, margin, live)
        threading.Thread(target=self._work, args=work, daemon=True).start()

    def _request(self, values: dict[str, Any], changed: dict[str, Any] | None, margin: Box | None) -> client.Submission:
        width, height = self._source.width, self._source.height
        request = submission(self._action, self._source, values)
        settings = dict(request.settings)
        if changed:
            settings.update(changed, candidates=_MORE)
            settings.pop("kept", None)
        face = self._action.name != client.UPSCALE.name
        most = max(2, (_LARGEST_FACE if face else _LARGEST) // max(width, height))
        scale = client.whole_scale(settings, width, height)
        if self._action.wire == "upscale" and (margin or scale > most):
            settings.pop("size", None)
            settings["scale"] = min(scale, most)
        if margin and "ensemble" not in settings and not settings.get("imagination"):
            settings["ensemble"] = 2 if width * height <= 256**2 else 1  # as all of it has
        pixels = _cut(pixels_of(self._source), *margin) if margin else request.pixels
        return client.Submission(pixels, settings, self._action.wire, request.kept, program="gimp")

    # (what is shown, what is sent); the latter is None if the whole layer is sent, as for OK.
    def _seen(self) -> tuple[Box, Box | None]:
        width, height = self._source.width, self._source.height
        if not self._is_large():
            return (0, 0, width, height), None
        if self._view.part != (0, 0, width, height):
            left, top = self._view.part[:2]
        else:
            x, y = self._middle or self._view.middle()
            left, top = x - _PART // 2, y - _PART // 2
        left, top = max(0, min(left, width - _PART)), max(0, min(top, height - _PART))
        part = (left, top, min(width, left + _PART), min(height, top + _PART))
        around = (max(0, part[0] - _MARGIN), max(0, part[1] - _MARGIN), min(width, part[2] + _MARGIN),
                  min(height, part[3] + _MARGIN))  # fmt: skip
        return part, around

    def _work(self, job: client.JobHandle, request: client.Submission, values: dict[str, Any], part: Box,
              margin: Box | None, live: bool) -> None:  # fmt: skip
        began = time.monotonic()
        result: client.Result | None = None
        entries: list[WallEntry] = []
        words = ""
        try:
            result = job.result()
            words = client.summary(result)
            entries = [
                self._shown(request, result, at, values, part, margin, live) for at in range(len(result.answers))
            ]
        except client.CancelledError:
            return
        except Exception as error:  # from the engine or not: it is shown, and the next preview can be requested
            words = client.sentence(error)
        seconds = time.monotonic() - began
        GLib.idle_add(self._came, job, None if margin else request, result, entries, words, seconds)

    def _shown(self, request: client.Submission, result: client.Result, at: int, values: dict[str, Any], part: Box,
               margin: Box | None, live: bool) -> WallEntry:  # fmt: skip
        answer = result.answers[at]
        pixels = pixbufs.pixbuf_of(answer)
        if margin:
            scale = answer.width // (margin[2] - margin[0])
            left, top = (part[0] - margin[0]) * scale, (part[1] - margin[1]) * scale
            pixels = pixels.new_subpixbuf(left, top, (part[2] - part[0]) * scale, (part[3] - part[1]) * scale)
        recipe = client.recipe_of(self._action, request, result, at)
        which = client.difference(answer)
        exactness = client.scales_back(answer, result.degradation)
        summary = " ".join(["%s; scaled back: %s." % (which, exactness), *result.notes])
        return WallEntry(pixels, part, recipe, values, which, summary[0].upper() + summary[1:], live)

    def _came(self, job: client.JobHandle, request: client.Submission | None, result: client.Result | None,
              entries: list[WallEntry], words: str, seconds: float) -> bool:  # fmt: skip
        if job is not self._job:
            return False  # another one is in progress, or the dialog is closed
        self._job = None
        self._words.set_text(words)
        if result is None or not entries:
            return False
        if request is not None:
            keep(self._action, request, result)
        for one in entries:
            one.label = self._label(one)
            self._wall.add(one)
        if len(entries) == 1:
            self._seconds = seconds
            self._display(entries[0])
        self._all.set_active(len(entries) > 1 or (self._all.get_active() and len(self._wall) > 1))
        self._measured(entries[0].values, result)
        self._name_buttons()
        return False

    # What distinguishes an answer: its seed or reading, and settings that differ from those of the first.
    def _label(self, entry: WallEntry) -> str:
        first = self._first_values(entry)
        in_label = ("candidates", "seed", "imagination", "reading", "scale", "size", "output")
        action = self._action
        others = {
            name: value for name, value in entry.values.items() if name not in in_label and value != first.get(name)
        }
        words = [entry.label]
        for name, value in others.items():
            words.append(client.in_words(action, {name: value}) or "default %s" % action.option(name).label.lower())
        return ", ".join(words)

    def _first_values(self, entry: WallEntry) -> dict[str, Any]:
        first = self._wall.first()
        return first.values if first is not None else entry.values


def _cut(picture: client.Pixels, left: int, top: int, right: int, bottom: int) -> client.Pixels:
    pixel = picture.channels * picture.depth // 8
    data = picture.frames[0]
    starts = (y * picture.width * pixel for y in range(top, bottom))
    part = b"".join(data[at + left * pixel : at + right * pixel] for at in starts)
    size = (right - left, bottom - top)
    return client.Pixels(*size, picture.channels, (part,), picture.depth, picture.palette, picture.name)
