"""What a dialog shows beside its rows: the preview, what is sent, what comes of it, and which rows do nothing."""

from __future__ import annotations

from typing import Any

import depixel_client as client
import gi
import host
import pace
import selection
from preview import Preview

gi.require_version("Gtk", "3.0")
from gi.repository import Gimp, Gtk  # noqa: E402


class Header:
    """
    Words and preview of one dialog.

    Args:
        rows: the widgets of each option, by its name.
    """

    def __init__(self, action: client.Action, dialog: Any, config: Any, image: Any, layers: list[Any],
                 rows: dict[str, list[Any]]) -> None:  # fmt: skip
        self._action, self._config, self._image, self._layers, self._rows = action, config, image, layers, rows
        dialog.set_title(action.title)
        self._what = _what(action, image, layers)
        self._words = Gtk.Label(wrap=True, width_chars=48, max_width_chars=52, xalign=0, yalign=0)
        self.words = self._words
        self._problem = Gtk.Label(wrap=True, width_chars=48, max_width_chars=52, xalign=0, yalign=0)
        self.problem_words = self._problem
        self._source = _source(action, image, layers)
        self.preview: Preview | None = None
        if self._source is not None:
            self.preview = Preview(action, self._source, self.values, self._measured)
        if "frames" in rows and len(host.animation_layers(image)) < 2:
            config.set_property("frames", False)
        config.connect("notify", self._changed)
        self._update()

    def start(self) -> None:
        """Called when the dialog is complete."""
        self._update()
        if self.preview is not None:
            self.preview.start()

    def values(self) -> dict[str, Any]:
        """The present values of the rows."""
        values = {option.name: self._config.get_property(option.name) for option in self._action.options}
        return {name: "" if value is None else value for name, value in values.items()}

    def problem(self) -> str:
        """Why these values cannot be followed; it is shown in the dialog, which stays open. Empty when they can."""
        from work import check_request

        text = ""
        try:
            values = client.check(self._action, self.values())
            frames = "frames" in self._rows and self._config.get_property("frames")
            check_request(self._action, self._image, self._layers, values, frames)
        except (client.EngineError, host.Refusal) as error:
            text = str(error)
        self._problem.set_text(text)
        self._problem.set_visible(bool(text))
        return text

    def _changed(self, *_: Any) -> None:
        self._update()
        if self.preview is not None:
            self.preview.changed()

    def _update(self) -> None:
        values = self.values()
        idle = client.idle_options(self._action, values)
        for name, widgets in self._rows.items():
            seen = name not in idle and (name != "frames" or len(host.animation_layers(self._image)) > 1)
            for widget in widgets:
                widget.set_visible(seen)
        explained = self._action.help.split(" Scaled down again")[0]  # the promise depends on the values
        words = [self._what, self._size(values), "%s %s" % (explained, client.exactness(self._action, values))]
        self._words.set_text("\n\n".join(word for word in words if word))
        self._problem.set_visible(False)

    def _size(self, values: dict[str, Any]) -> str:
        if self._source is None:
            return ""
        scale = values["scale"] if self._action.wire == "upscale" else 1
        width, height = self._source.width * scale, self._source.height * scale
        pixels, count = width * height, values["candidates"]
        if values["output"] == "document":
            width, height = self._image.get_width() * scale, self._image.get_height() * scale
            from documents import leaves

            pixels = sum(x.get_width() * x.get_height() for x in leaves(self._image.get_layers())) * scale**2
        else:
            pixels *= len(self._layers)
        seconds = pace.estimate(self._action, values, pixels * count)
        takes = "" if seconds is None else ", in about %s" % _in_words(seconds)
        return "Result: %d × %d pixels%s." % (width, height, takes)

    def _measured(self, seconds: float, pixels: int) -> None:
        pace.note(self._action, self.values(), pixels, seconds)
        self._update()


def _in_words(seconds: float) -> str:
    if seconds < 1.5:
        return "a second"
    return "%d seconds" % round(seconds) if seconds < 90 else "%d minutes" % round(seconds / 60)


def _what(action: client.Action, image: Any, layers: list[Any]) -> str:
    if len(layers) != 1 or not isinstance(layers[0], Gimp.Layer):
        return "%d layers are selected; the preview shows the first." % len(layers)
    bounds = selection.bounds_of(image)
    layer = layers[0]
    size = (layer.get_width(), layer.get_height())
    if bounds is None:
        what = "%s, %d × %d pixels" % (layer.get_name(), *size)
        if action.wire == "anonymise":
            what += "; nothing is selected, so faces are looked for in all of it"
        return what + "."
    if action.name != client.UPSCALE.name:
        return "%s; the selection is the face's box." % layer.get_name()
    left, top = layer.get_offsets()[-2:]
    inside = selection.within(bounds, left, top, *size) or (0, 0, 0, 0)
    return "The selected part of %s, %d × %d pixels." % (layer.get_name(), inside[2] - inside[0], inside[3] - inside[1])


def _source(action: client.Action, image: Any, layers: list[Any]) -> host.Source | None:
    upscale = action.name == client.UPSCALE.name
    try:
        host.check_layers(image, layers)
        return host.read(image, layers[0], True, upscale, not upscale)
    except host.Refusal:
        return None  # the run itself will say why
