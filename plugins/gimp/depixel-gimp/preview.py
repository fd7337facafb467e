"""The head of the dialog: what will be sent, what it is, and what one should know about the answer."""

import gi
import host

gi.require_version("Gtk", "3.0")
from gi.repository import GdkPixbuf, Gimp, GLib, Gtk  # noqa: E402

_SIDE = 160  # pixels of the picture in the dialog


def add_header(action, dialog, config, image, layers):
    """Put picture, size and `action.help` at the top of a ProcedureDialog."""
    dialog.set_title(action.title)
    box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12, border_width=12)
    words = Gtk.Label(label=_words(action, image, layers), wrap=True, max_width_chars=44, xalign=0, yalign=0)
    picture = _picture(action, image, layers)
    if picture is not None:
        frame = Gtk.Frame(shadow_type=Gtk.ShadowType.IN, valign=Gtk.Align.START)
        frame.add(Gtk.Image.new_from_pixbuf(picture))
        box.pack_start(frame, False, False, 0)
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


# Small pictures are shown larger by whole numbers, pixel by pixel; large ones smaller.
def _picture(action, image, layers):
    try:
        source = host.read(image, layers[0], True, action.name == "upscale", False)
    except (host.Refusal, IndexError, AttributeError):
        return None
    step = max(1, -(-max(source.width, source.height) // _SIDE))
    rgba = _rgba(source, step)
    width, height = -(-source.width // step), -(-source.height // step)
    pixels = GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(rgba), GdkPixbuf.Colorspace.RGB, True, 8, width, height, width * 4
    )
    times = max(1, _SIDE // max(width, height))
    if times > 1:
        pixels = pixels.scale_simple(width * times, height * times, GdkPixbuf.InterpType.NEAREST)
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
