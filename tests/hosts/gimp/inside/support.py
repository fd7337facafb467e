# Executed inside GIMP by python-fu-eval, before each script: pictures, calls, and results for pytest.
import json
import os
import subprocess
import sys
import time
import traceback

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402

Gegl.init(None)
OUT = os.environ["OUT"]
BASE, KIND, PRECISION = Gimp.ImageBaseType, Gimp.ImageType, Gimp.Precision
MODELS = {1: "Y'", 2: "Y'A", 3: "R'G'B'", 4: "R'G'B'A"}
KINDS = {1: KIND.GRAY_IMAGE, 2: KIND.GRAYA_IMAGE, 3: KIND.RGB_IMAGE, 4: KIND.RGBA_IMAGE}
RESULTS = {}
W, H = 9, 7  # of the requested pictures


def samples(width, height, channels, depth=8, shift=0):
    """A picture of soft colours with some translucent and some transparent pixels."""
    out = bytearray()
    for y in range(height):
        for x in range(width):
            colour = [(x * 21 + y * 7 + shift) % 200, (y * 23 + shift) % 220, (x * y + 40) % 180]
            alpha = 0 if (x + y) % 11 == 10 else 120 if y == 2 else 255
            pixel = {1: colour[:1], 2: [colour[0], alpha], 3: colour, 4: [*colour, alpha]}[channels]
            for value in pixel:
                out += (
                    bytes([value])
                    if depth == 8
                    else (value * 257 + (x * 13 if value != alpha else 0)).to_bytes(2, "little")
                )
    return bytes(out)


def picture(width, height, channels, precision=None, depth=8, name="hero", data=None):
    base = BASE.GRAY if channels <= 2 else BASE.RGB
    image = Gimp.Image.new_with_precision(width, height, base, precision or PRECISION.U8_NON_LINEAR)
    layer = add(image, width, height, channels, name)
    write(layer, data or samples(width, height, channels, depth), channels, depth)
    image.clean_all()
    return image, layer


def add(image, width, height, channels, name, parent=None, position=0):
    layer = Gimp.Layer.new(image, name, width, height, KINDS[channels], 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, parent, position)
    return layer


def area(drawable):
    return Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())


def write(layer, data, channels, depth=8):
    buffer = layer.get_buffer()
    buffer.set(area(layer), "%s u%d" % (MODELS[channels], depth), data)
    buffer.flush()
    layer.update(0, 0, layer.get_width(), layer.get_height())


def pixels(layer, channels, depth=8):
    name = "%s u%d" % (MODELS[channels], depth)
    return bytes(layer.get_buffer().get(area(layer), 1.0, name, Gegl.AbyssPolicy.NONE))


def dump(layer, channels, depth=8):
    return {
        "name": layer.get_name(), "width": layer.get_width(), "height": layer.get_height(), "channels": channels,
        "depth": depth, "data": pixels(layer, channels, depth).hex(), "offsets": list(layer.get_offsets()[-2:]),
        "visible": layer.get_visible(),
    }  # fmt: skip


def indexed_image():
    colours = [(0, 0, 0), (255, 255, 255), (190, 38, 51), (224, 111, 139), (73, 60, 43), (164, 100, 34)]
    data = b"".join(
        bytes((*colours[(x // 2 + y // 2) % 6], 255 if (x + y) % 9 else 0)) for y in range(H) for x in range(W)
    )
    image, layer = picture(W, H, 4, data=data)
    image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 256, False, False, "")
    return image, layer


def selected(channel):
    """Values of a mask or selection, as stored."""
    return bytes(channel.get_buffer().get(area(channel), 1.0, "Y u8", Gegl.AbyssPolicy.NONE))


def call(image, layers, action="upscale", **values):
    """(status, error text, image or None) of one run."""
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-depixel-" + action)
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", layers)
    for name, value in values.items():
        config.set_property(name, value)
    returned = procedure.run(config)
    status = returned.index(0)
    good = status == Gimp.PDBStatusType.SUCCESS
    error = "" if good else Gimp.get_pdb().get_last_error()
    return status.value_nick, error, returned.index(1) if good else None


def tool(*words):
    """What xdotool prints, in words."""
    return subprocess.run(["xdotool", *words], capture_output=True, text=True, timeout=30, check=False).stdout.split()


def window_named(title, seconds=60):
    """The newest window with this title, once it exists; "" on timeout."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        windows = tool("search", "--onlyvisible", "--name", title)
        if windows:
            return windows[-1]
        time.sleep(0.3)
    return ""


def export(image, name):
    """Write a PNG that keeps the colours of transparent pixels."""
    procedure = Gimp.get_pdb().lookup_procedure("file-png-export")
    config = procedure.create_config()
    config.set_property("image", image)
    config.set_property("file", Gio.File.new_for_path(os.path.join(OUT, name)))
    config.set_property("save-transparent", True)
    returned = procedure.run(config)
    assert returned.index(0) == Gimp.PDBStatusType.SUCCESS, Gimp.get_pdb().get_last_error()


def run_cases(cases, script):
    """Run each; its return value, or its traceback, goes into OUT/SCRIPT.json."""
    chosen = [name for name in os.environ.get("CASES", "").split(",") if name]
    for case in cases:
        if chosen and case.__name__ not in chosen:
            continue
        try:
            RESULTS[case.__name__] = case()
        except Exception:
            RESULTS[case.__name__] = {"traceback": traceback.format_exc()}
    save(script)


def save(script, values=None):
    facts = {"gimp": Gimp.version(), "python": sys.version.split()[0]}
    with open(os.path.join(OUT, script + ".json"), "w") as file:
        json.dump({**(RESULTS if values is None else values), "facts": facts}, file)
