"""
The head of the dialog: what will be sent, what one should know about the answer, and the answer itself on request.
"""

import threading

import depixel_client as client
import gi
import host

gi.require_version("Gtk", "3.0")
from gi.repository import GdkPixbuf, Gimp, GLib, Gtk  # noqa: E402

_SIDE = 160  # pixels of the picture in the dialog
_PART = 64  # pixels of the layer that a preview is made of: its middle


def add_header(action, dialog, config, image, layers):
    """Put picture, size and `action.help` at the top of a ProcedureDialog."""
    dialog.set_title(action.title)
    box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12, border_width=12)
    words = Gtk.Label(label=_words(action, image, layers), wrap=True, max_width_chars=44, xalign=0, yalign=0)
    source = _source(action, image, layers)
    if source is not None:
        shown = Gtk.Image.new_from_pixbuf(_checked(_pixbuf(source)))
        shown.set_size_request(_SIDE, _SIDE)
        frame = Gtk.Frame(shadow_type=Gtk.ShadowType.IN, valign=Gtk.Align.START)
        frame.add(shown)
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        left.pack_start(frame, False, False, 0)
        if action.wire == "upscale":
            left.pack_start(_Preview(action, config, source, shown, words).button, False, False, 0)
        box.pack_start(left, False, False, 0)
    box.pack_start(words, True, True, 0)
    box.show_all()
    dialog.get_content_area().pack_start(box, False, False, 0)


def _words(action, image, layers):
    if len(layers) != 1 or not isinstance(layers[0], Gimp.Layer):
        return "%d layers are selected.\n\n%s" % (len(layers), action.help)
    bounds = host.selection_bounds(image)
    layer = layers[0]
    size = (layer.get_width(), layer.get_height())
    if bounds is None:
        what = "%s, %d × %d pixels" % (layer.get_name(), *size)
    elif action.name == "upscale":
        what = "The selected part of %s, %d × %d pixels" % (
            layer.get_name(),
            bounds[2] - bounds[0],
            bounds[3] - bounds[1],
        )
    else:
        what = "%s; the selection is the face's box" % layer.get_name()
    return "%s\n\n%s" % (what, action.help)


class _Preview:
    """A button that answers the middle of the picture with the dialog's present values; the dialog stays alive."""

    def __init__(self, action, config, source, shown, words):
        self._action, self._config, self._source = action, config, source
        self._shown, self._words, self._text = shown, words, words.get_text()
        self.button = Gtk.Button.new_with_label("Preview the answer")
        self.button.connect("clicked", self._clicked)
        self._job = None
        self.button.connect("destroy", lambda _: self._job.cancel() if self._job is not None else None)

    def _clicked(self, button):
        try:
            values = {option.name: self._config.get_property(option.name) for option in self._action.options}
            settings = client.settings_of(self._action, {**values, "candidates": 1})
        except client.EngineError as error:
            self._words.set_text(str(error))
            return
        button.set_sensitive(False)
        button.set_label("Working...")
        request = client.Request(_middle(self._source), settings, self._action.wire, program="gimp")
        self._job = client.Engine("gimp").upscale(request)
        threading.Thread(target=self._work, args=(self._job,), daemon=True).start()

    def _work(self, job):
        try:
            result = job.result()
        except client.CancelledError:
            return
        except client.EngineError as error:
            GLib.idle_add(self._done, None, str(error))
            return
        GLib.idle_add(self._done, result.answers[0], client.summary(result))

    def _done(self, answer, sentence):
        self._job = None
        if answer is not None:
            self._shown.set_from_pixbuf(_checked(_pixbuf(answer)))
        self._words.set_text("%s\n\n%s" % (self._text, sentence))
        self.button.set_label("Preview the answer")
        self.button.set_sensitive(True)
        return False


def _middle(source):
    width, height = min(source.width, _PART), min(source.height, _PART)
    left, top = (source.width - width) // 2, (source.height - height) // 2
    pixel = source.channels * source.depth // 8
    data = source.frames[0]
    rows = [((y * source.width) + left) * pixel for y in range(top, top + height)]
    part = b"".join(data[at : at + width * pixel] for at in rows)
    return client.Pixels(width, height, source.channels, (part,), source.depth, source.palette, source.name)


def _source(action, image, layers):
    try:
        host.check_layers(image, layers)
        return host.read(image, layers[0], True, action.name == "upscale", False)
    except host.Refusal:
        return None  # the run itself will say why


# Small pictures are shown larger by whole numbers, pixel by pixel; large ones smaller by leaving pixels out.
def _pixbuf(picture):
    step = max(1, -(-max(picture.width, picture.height) // _SIDE))
    width, height = -(-picture.width // step), -(-picture.height // step)
    pixels = GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(_rgba(picture, step)), GdkPixbuf.Colorspace.RGB, True, 8, width, height, width * 4
    )
    times = max(1, _SIDE // max(width, height))
    if times == 1:
        return pixels
    return pixels.scale_simple(width * times, height * times, GdkPixbuf.InterpType.NEAREST)


def _checked(pixels):
    return pixels.composite_color_simple(
        pixels.get_width(), pixels.get_height(), GdkPixbuf.InterpType.NEAREST, 255, 8, 0x999999, 0x666666
    )


def _rgba(source, step):
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
