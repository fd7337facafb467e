"""
The contents of a Depixel dialog: the preview, the source and the result, the rows, the presets, and a face's dials.
"""

from __future__ import annotations

import json
from typing import Any

import canvas
import depixel_client as client
import gi
import host
import images
import selection
from menu import SettingsMenu
from preview import PreviewPane

gi.require_version("Gtk", "3.0")
from gi.repository import Gimp, GLib, Gtk, Pango  # noqa: E402

_HEIGHT = 500  # pixels of the rows; more of them scroll: a screen 768 pixels high shows the whole dialog
_EXAMPLES = {"size": "such as 300% or 1024 px", "face": "such as age=60, smile"}
_OF_SIZE_ONLY = ("scale", "size", "output", "frames")  # values that do not affect the pixels of a preview


class Dialog:
    """
    The contents of one dialog; `gimpfu_compat.register` documents the members.

    Args:
        rows: the widgets of each option, by name.
    """

    def __init__(self, action: client.Action, dialog: Any, config: Any, image: Any, layers: list[Any],
                 rows: dict[str, list[Any]]) -> None:  # fmt: skip
        self._action, self._config, self._image, self._rows = action, config, image, rows
        self._layers = host.outermost(layers)
        self._history, self._rates = client.History(), client.Rates()
        self._quiet = False
        dialog.set_title(action.title)
        self._words, self._problem, self._outcome = _words(), _words(), _words()
        canvas.remove_left_over(image)
        self._source, self._unreadable = _source(action, image, self._layers)
        self._start_values(config)
        self._preview: PreviewPane | None = None
        if self._source is not None:
            self._preview = PreviewPane(action, image, self._source, self.values, self._measured, self._pick)
        self.content = self._build(dialog)
        self._pick()
        config.connect("notify", self._changed)

    def start(self) -> None:
        """Called when the dialog is complete."""
        self._update()
        if self._preview is not None:
            self._preview.start()

    # GIMP's main window stays usable meanwhile. A deleted layer still exists in the history.
    def _lost(self) -> str:
        if not self._image.is_valid():
            return "The image was closed: cancel, and open it again."
        present = images.leaves(self._image.get_layers(), groups=True)
        for layer in self._layers:
            if isinstance(layer, Gimp.Layer) and layer not in present:
                return "A layer was deleted: cancel, and select another one."
        return ""

    def values(self) -> dict[str, Any]:
        """The current values of the rows."""
        values = {option.name: self._config.get_property(option.name) for option in self._action.options}
        return {name: "" if value is None else value for name, value in values.items()}

    def problem(self) -> str:
        """Why these values cannot be used; shown in the dialog, which stays open. Empty if they can."""
        from work import check_request, picks_of

        lost = self._lost()
        if lost:
            self.refused(lost)
            return lost
        if "candidates" in client.idle_options(self._action, self.values()):
            self._set("candidates", 1)  # a row that is hidden cannot be corrected
        text = ""
        try:
            values = client.check(self._action, self.values())
            picks = picks_of(self._config.get_property("picked") or "")
            check_request(self._action, self._image, self._layers, values, self._frames(), len(picks))
            self._settings(values)
        except (client.EngineError, host.Refusal) as error:
            text = str(error)
        self.refused(text)
        return text

    def accepted(self) -> None:
        """Called when OK is pressed: whatever happens next, the values are not lost."""
        if self._preview is not None:
            self._preview.close()
        picture, values = host.name_of(self._layers[0]), self.values()
        picks = self._preview.picks() if self._preview is not None else []
        for pick in reversed(picks):  # each can be requested again separately
            kept = pick.get("kept", values.get("kept", 12))
            recipe = client.Recipe(self._action.name, {name: pick[name] for name in pick if name != "kept"}, kept)
            size = {name: values[name] for name in _OF_SIZE_ONLY if name in values}
            self._history.begin(self._action, picture, {**recipe.values(), **size})
        if not picks:
            self._history.begin(self._action, picture, values)

    def answered(self) -> None:
        """The request was answered."""
        self._history.finish(self._action)

    def refused(self, sentence: str) -> None:
        """Show why the request failed; "" removes an earlier sentence."""
        self._problem.set_markup("<b>%s</b>" % GLib.markup_escape_text(sentence))
        self._problem.set_visible(bool(sentence))

    def set_values(self, values: dict[str, Any]) -> None:
        """Show the values of a preset or of an earlier request."""
        for option in self._action.options:
            if option.name in values:
                self._set(option.name, values[option.name])
        self._changed(None, None)

    def _set(self, name: str, value: Any) -> None:
        self._quiet = True
        if self._config.get_property(name) != value:
            self._config.set_property(name, value)
        self._quiet = False

    def _start_values(self, config: Any) -> None:
        unanswered = self._history.unanswered(self._action)
        if unanswered is not None:
            for name, value in unanswered.applied(self._action).items():
                config.set_property(name, value)
        if "frames" in self._rows and len(host.animation_layers(self._image)) < 2:
            config.set_property("frames", False)

    def _build(self, dialog: Any) -> Any:
        halves = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12, border_width=12)
        if self._preview is not None:
            halves.pack_start(self._preview.column, True, True, 0)
        for name, example in _EXAMPLES.items():
            if name in self._rows:
                self._rows[name][1].set_placeholder_text(example)
        scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, propagate_natural_height=True,
                                      propagate_natural_width=True, max_content_height=_HEIGHT,
                                      overlay_scrolling=False)  # fmt: skip
        inside = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin_end=12)
        inside.pack_start(self._words, False, False, 0)
        advanced = [option.name for option in self._action.options if option.advanced]
        plain = [name for name in self._rows if name not in advanced and name not in ("face", "picked")]
        inside.pack_start(_grid(self._rows, plain), False, False, 0)
        self._more = Gtk.Expander(label="_More settings", use_underline=True)
        self._more.add(_grid(self._rows, advanced))
        self._more.set_expanded(any(self._differs(name) for name in advanced))
        folded = [self._more]
        if "face" in self._rows:
            from dial_rows import person

            folded.append(person(self._config, self._rows["face"]))
        for expander in folded:
            inside.pack_start(expander, False, False, 0)
            expander.connect("notify::expanded", lambda *_: GLib.idle_add(_grow, scrolled, inside))
        scrolled.add(inside)
        right = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        right.pack_start(scrolled, True, True, 0)
        right.pack_start(self._outcome, False, False, 0)
        right.pack_start(self._problem, False, False, 0)
        halves.pack_start(right, False, True, 0)
        halves.show_all()
        SettingsMenu(self._action, self._history, self.values, self.set_values).put_into(dialog)
        return halves

    def _differs(self, name: str) -> bool:
        return bool(self.values()[name] != self._action.option(name).default)

    def _frames(self) -> bool:
        return "frames" in self._rows and bool(self._config.get_property("frames"))

    # An invalid size is refused before OK closes the dialog, and the result's size is shown during typing.
    def _settings(self, values: dict[str, Any]) -> tuple[dict[str, Any], tuple[int, int]]:
        from sizing import reference

        source = [self._source] if self._source is not None else []
        whole = reference(self._image, source * len(self._layers), values["output"])
        return client.settings_of(self._action, values, picture_size=whole), whole

    # Only ticks determine `picked`, not GIMP's last values or its Reset button.
    def _pick(self) -> None:
        picks = self._preview.picks() if self._preview is not None else []
        text = json.dumps(picks) if picks else ""
        if text != (self._config.get_property("picked") or ""):
            self._set("picked", text)
        self._update()

    def _changed(self, _: Any, spec: Any) -> None:
        if self._quiet:
            return
        if self._preview is not None:
            self._preview.changed(spec is not None and spec.name in _OF_SIZE_ONLY)
        self._pick()

    def _update(self) -> None:
        lost = self._lost()
        if lost:
            self.refused(lost)
            return
        values = self.values()
        idle = client.idle_options(self._action, values)
        for name, widgets in self._rows.items():
            seen = name not in idle and (name != "frames" or len(host.animation_layers(self._image)) > 1)
            for widget in widgets:
                widget.set_visible(seen)
        advanced = [option.name for option in self._action.options if option.advanced]
        self._more.set_visible(any(name not in idle for name in advanced))
        problem = size = exactness = ""
        try:
            size, exactness = self._size(values)
        except client.EngineError as error:
            problem = str(error)
        about = "%s %s" % (self._action.explanation, exactness)
        what = _what(self._action, self._image, self._layers, values["output"])
        self._words.set_text("\n".join(filter(None, (what, size, about))))
        picks = json.loads(self._config.get_property("picked") or "[]")
        ticked = "the ticked answer" if len(picks) == 1 else "the %d ticked answers" % len(picks)
        self._outcome.set_markup("<b>OK makes %s.</b>" % ticked if picks else "")
        self._outcome.set_visible(bool(picks))
        self.refused(problem or ("" if values["output"] in client.COPIES else self._unreadable))

    def _size(self, values: dict[str, Any]) -> tuple[str, str]:
        if self._source is None:
            return "", client.exactness(self._action, values)
        settings, whole = self._settings(values)
        count = values["candidates"]
        if self._action.wire != "upscale":
            width, height, scale = self._source.width, self._source.height, 1
        else:
            width, height = client.result_size(settings, *whole)
            scale = client.whole_scale(settings, *whole)
        if values["output"] in client.COPIES:
            from documents import copied

            copies = copied(self._image, self._layers, values["output"])
            pixels = sum(layer.get_width() * layer.get_height() for layer in copies) * scale**2
        else:
            layers = host.animation_layers(self._image) if self._frames() else self._layers
            pixels = self._source.width * self._source.height * scale**2 * len(layers)
        seconds = self._rates.estimate(self._action, values, pixels * count)
        takes = "" if seconds is None else ", in about %s" % client.duration_text(seconds)
        text = "Result: %d × %d pixels%s." % (width, height, takes)
        return text, client.exactness(self._action, values, whole)

    def _measured(self, values: dict[str, Any], result: client.Result) -> None:
        self._rates.note(self._action, values, [result])
        self._update()


# A window grows to the minimum size of its contents, and a scrolled area needs almost nothing.
def _grow(scrolled: Any, inside: Any) -> bool:
    scrolled.set_min_content_height(min(_HEIGHT, inside.get_preferred_height()[1]))
    return False


def _words() -> Any:
    return Gtk.Label(wrap=True, wrap_mode=Pango.WrapMode.WORD_CHAR, width_chars=44, max_width_chars=50, xalign=0,
                     yalign=0)  # fmt: skip


def _grid(rows: dict[str, list[Any]], names: list[str]) -> Any:
    grid = Gtk.Grid(row_spacing=6, column_spacing=12, margin_top=2)
    for row, name in enumerate(names):
        widgets = rows[name]
        widgets[-1].set_hexpand(True)
        for column, widget in enumerate(widgets):
            grid.attach(widget, column, row, 3 - len(widgets) if column == len(widgets) - 1 else 1, 1)
    return grid


# The pixels that the request is about, in words.
def _what(action: client.Action, image: Any, layers: list[Any], output: str) -> str:
    if output in client.COPIES:
        from documents import copied

        which = {"visible-document": "visible layer", "selected-document": "selected layer"}.get(output, "layer")
        count = _counted(len(copied(image, layers, output)), which)
        return "%s of the image, %d × %d pixels." % (count, image.get_width(), image.get_height())
    if not all(isinstance(layer, Gimp.Layer) for layer in layers):
        return ""
    if len(layers) != 1:
        return "%d layers are selected; the preview shows the first." % len(layers)
    bounds = selection.bounds_of(image)
    layer = layers[0]
    size = (layer.get_width(), layer.get_height())
    if action.name != client.UPSCALE.name and bounds is not None:
        return "%s; the selection marks the face." % layer.get_name()
    if bounds is None or not selection.leaves_out(image, layers):
        what = "%s, %d × %d pixels" % (layer.get_name(), *size)
        if action.wire == "anonymise":
            what += "; nothing is selected, so Depixel looks for faces in the whole layer"
        return what + "."
    left, top = layer.get_offsets()[-2:]
    inside = selection.within(bounds, left, top, *size) or (0, 0, 0, 0)
    part = (inside[2] - inside[0], inside[3] - inside[1])
    return "The selected part of %s, %d × %d pixels." % (layer.get_name(), *part)


def _counted(number: int, noun: str) -> str:
    return "%d %s%s" % (number, noun, "" if number == 1 else "s")


# The source for the preview, or why there is none.
def _source(action: client.Action, image: Any, layers: list[Any]) -> tuple[host.Source | None, str]:
    upscale = action.name == client.UPSCALE.name
    try:
        host.check_layers(image, layers)
        return host.read(image, layers[0], True, upscale, not upscale), ""
    except host.Refusal as refusal:
        return None, str(refusal)
