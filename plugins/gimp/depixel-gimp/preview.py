"""
The head of the dialog: what will be sent, what one should know about the answer, and the answer itself on request.
"""

from __future__ import annotations

import threading
from typing import Any, Union

import depixel_client as client
import gi
import host
import selection

gi.require_version("Gtk", "3.0")
from gi.repository import GdkPixbuf, Gimp, GLib, Gtk  # noqa: E402
from host import Source  # noqa: E402
from selection import Box  # noqa: E402

Picture = Union[client.Pixels, client.Answer, Source]

_SIDE = 160  # pixels of the picture in the dialog
_PART = 64  # pixels of the layer that a preview is made of: its middle
_AROUND = 0.25  # of the face's box, on each side, in the preview of another face
_BUTTON = "_Preview the answer"
_LARGEST = 512  # pixels of an imagined face in a preview


def add_header(action: client.Action, dialog: Any, config: Any, image: Any, layers: list[Any]) -> None:
    """Put picture, size and `action.help` at the top of a ProcedureDialog; a face's box is drawn into the picture."""
    dialog.set_title(action.title)
    row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12, border_width=12)
    words = Gtk.Label(
        label=_words(action, image, layers), wrap=True, width_chars=44, max_width_chars=44, xalign=0, yalign=0
    )
    source = _source(action, image, layers)
    if source is not None:
        part, box = _part(action, source)
        shown = Gtk.Image.new_from_pixbuf(_with_box(_checked(_pixbuf(source)), source))
        shown.set_size_request(_SIDE, _SIDE)
        frame = Gtk.Frame(shadow_type=Gtk.ShadowType.IN, valign=Gtk.Align.START)
        frame.add(shown)
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        left.pack_start(frame, False, False, 0)
        left.pack_start(_Preview(action, config, part, box, shown, words).button, False, False, 0)
        row.pack_start(left, False, False, 0)
    row.pack_start(words, True, True, 0)
    row.show_all()
    dialog.get_content_area().pack_start(row, False, False, 0)


def _words(action: client.Action, image: Any, layers: list[Any]) -> str:
    if len(layers) != 1 or not isinstance(layers[0], Gimp.Layer):
        return "%d layers are selected.\n\n%s" % (len(layers), action.help)
    bounds = selection.bounds_of(image)
    layer = layers[0]
    size = (layer.get_width(), layer.get_height())
    if bounds is None:
        what = "%s, %d × %d pixels" % (layer.get_name(), *size)
        if action.wire == "anonymise":
            what += "; nothing is selected, so faces are looked for in all of it"
    elif action.name == "upscale":
        left, top = layer.get_offsets()[-2:]
        inside = selection.within(bounds, left, top, *size) or (0, 0, 0, 0)
        what = "The selected part of %s, %d × %d pixels" % (
            layer.get_name(),
            inside[2] - inside[0],
            inside[3] - inside[1],
        )
    else:
        what = "%s; the selection is the face's box" % layer.get_name()
    return "%s\n\n%s" % (what, action.help)


class _Preview:
    """A button that answers a part of the picture with the dialog's present values; the dialog stays alive."""

    def __init__(
        self, action: client.Action, config: Any, part: client.Pixels, box: Box | None, shown: Any, words: Any
    ) -> None:
        self._action, self._config, self._part, self._box = action, config, part, box
        self._shown, self._words, self._text = shown, words, words.get_text()
        self.button = Gtk.Button.new_with_mnemonic(_BUTTON)
        self.button.connect("clicked", self._clicked)
        self._job: client.Job | None = None
        self.button.connect("destroy", lambda _: self._job.cancel() if self._job is not None else None)

    def _clicked(self, button: Any) -> None:
        try:
            values = {option.name: self._config.get_property(option.name) for option in self._action.options}
            settings = client.settings_of(self._action, {**values, "candidates": 1}, self._box)
        except client.EngineError as error:
            self._words.set_text(str(error))
            return
        button.set_sensitive(False)
        button.set_label("Working...")
        if self._action.name == client.IMAGINE_FACE.name:
            most = _LARGEST // max(self._part.width, self._part.height)
            settings["scale"] = max(2, min(settings["scale"], most))  # the face is the same at every scale
        request = client.Submission(self._part, settings, self._action.wire, values.get("kept", 12), program="gimp")
        self._job = client.Engine("gimp").upscale(request)
        threading.Thread(target=self._work, args=(self._job,), daemon=True).start()

    def _work(self, job: client.Job) -> None:
        try:
            result = job.result()
        except client.CancelledError:
            return
        except client.EngineError as error:
            GLib.idle_add(self._done, None, str(error))
            return
        GLib.idle_add(self._done, result.answers[0], client.summary(result))

    def _done(self, answer: client.Answer | None, sentence: str) -> bool:
        self._job = None
        if answer is not None:
            self._shown.set_from_pixbuf(_checked(_pixbuf(answer)))
        self._words.set_text("%s\n\n%s" % (self._text, sentence))
        self.button.set_label(_BUTTON)
        self.button.set_sensitive(True)
        return False


# What a preview is made of, and where the face lies in it: the middle of a picture, or the face's box, with what is
# around it when only the face changes.
def _part(action: client.Action, source: Source) -> tuple[client.Pixels, Box | None]:
    left, top, right, bottom = source.box or (0, 0, source.width, source.height)
    if action.name == "upscale":
        width, height = min(source.width, _PART), min(source.height, _PART)
        left, top = (source.width - width) // 2, (source.height - height) // 2
        return _cut(source, left, top, left + width, top + height), None
    if action.wire != "anonymise":
        return _cut(source, left, top, right, bottom), None
    around = round(max(right - left, bottom - top) * _AROUND)
    first, above = max(0, left - around), max(0, top - around)
    part = _cut(source, first, above, min(source.width, right + around), min(source.height, bottom + around))
    return part, (left - first, top - above, right - first, bottom - above)


def _cut(source: Source, left: int, top: int, right: int, bottom: int) -> client.Pixels:
    pixel = source.channels * source.depth // 8
    data = source.frames[0]
    rows = ((y * source.width) * pixel for y in range(top, bottom))
    part = b"".join(data[at + left * pixel : at + right * pixel] for at in rows)
    size = (right - left, bottom - top)
    return client.Pixels(*size, source.channels, (part,), source.depth, source.palette, source.name)


def _source(action: client.Action, image: Any, layers: list[Any]) -> Source | None:
    try:
        host.check_layers(image, layers)
        return host.read(image, layers[0], True, action.name == "upscale", action.name != "upscale")
    except host.Refusal:
        return None  # the run itself will say why


# Small pictures are shown larger by whole numbers, pixel by pixel; large ones smaller by leaving pixels out.
def _pixbuf(picture: Picture) -> Any:
    step = max(1, -(-max(picture.width, picture.height) // _SIDE))
    width, height = -(-picture.width // step), -(-picture.height // step)
    pixels = GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(_rgba(picture, step)), GdkPixbuf.Colorspace.RGB, True, 8, width, height, width * 4
    )
    times = max(1, _SIDE // max(width, height))
    if times == 1:
        return pixels
    return pixels.scale_simple(width * times, height * times, GdkPixbuf.InterpType.NEAREST)


def _checked(pixels: Any) -> Any:
    return pixels.composite_color_simple(
        pixels.get_width(), pixels.get_height(), GdkPixbuf.InterpType.NEAREST, 255, 8, 0x999999, 0x666666
    )


# Two thin frames, white and black, so that one of them is seen on any picture.
def _with_box(pixels: Any, source: Source) -> Any:
    if source.box is None:
        return pixels
    times = pixels.get_width() / source.width
    left, top, right, bottom = (round(edge * times) for edge in source.box)
    for inset, colour in ((0, 0xFFFFFFFF), (1, 0x000000FF)):
        x, y = left + inset, top + inset
        width, height = right - left - 2 * inset, bottom - top - 2 * inset
        if width < 2 or height < 2:
            break
        for side in ((x, y, width, 1), (x, y + height - 1, width, 1), (x, y, 1, height), (x + width - 1, y, 1, height)):
            pixels.new_subpixbuf(*side).fill(colour)
    return pixels


def _rgba(source: Picture, step: int) -> bytes:
    size = source.depth // 8
    high = slice(size - 1, None, size)  # the upper byte of 16-bit samples
    data = source.frames[0][high]
    channels = source.channels
    out = bytearray()
    for y in range(0, source.height, step):
        for x in range(0, source.width, step):
            at = (y * source.width + x) * channels
            pixel = data[at : at + channels]
            colour = pixel[:1] * 3 if channels <= 2 else pixel[:3]
            out += colour + (pixel[-1:] if channels in (2, 4) else b"\xff")
    return bytes(out)
