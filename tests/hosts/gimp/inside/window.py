# Executed in a GIMP with a window: one run through the dialog, then one Ctrl+Z for each kind of result.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
import functools
import subprocess
import time

FACTS = {}
image = Gimp.get_images()[0]
layer = image.get_layers()[0]
procedure = Gimp.get_pdb().lookup_procedure("plug-in-depixel-upscale")
config = procedure.create_config()
config.set_property("run-mode", Gimp.RunMode.INTERACTIVE)
config.set_property("image", image)
config.set_core_object_array("drawables", [layer])
began = time.monotonic()
returned = procedure.run(config)
FACTS["dialog"] = {
    "status": returned.index(0).value_nick, "images": [[i.get_width(), i.get_height()] for i in Gimp.get_images()],
    "seconds": time.monotonic() - began,
}  # fmt: skip
print("ACCEPTED", flush=True)
time.sleep(4)
shown = Gimp.Display.get_by_id(2)  # of the new image: keys must go to the source
if shown is not None:
    shown.delete()
time.sleep(2)


def press(key):
    windows = subprocess.run(["xdotool", "search", "--name", "GIMP$"], capture_output=True, text=True).stdout.split()
    for window in windows:
        name = subprocess.run(["xdotool", "getwindowname", window], capture_output=True, text=True).stdout
        if "hero" in name and "imported" in name or len(windows) == 1:
            break
    subprocess.run(["xdotool", "windowactivate", "--sync", window], timeout=20)
    time.sleep(1)
    subprocess.run(["xdotool", "key", key])


def becomes(wanted, value, seconds=60):
    """Whether `value()` becomes `wanted` in time: keys take a while on a busy machine."""
    deadline = time.monotonic() + seconds
    while value() != wanted:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    time.sleep(1)  # and stays so
    return value() == wanted


def state():
    return [image.get_width(), image.get_height(), [x.get_name() for x in image.get_layers()], pixels(layer, 4).hex()]


before = state()
for output, values in (("new-layers", {"candidates": 2}), ("replace", {})):
    status = call(image, [layer], scale=2, output=output, domain="art", **values)[0]
    Gimp.displays_flush()
    after = state()
    press("ctrl+z")
    FACTS[output] = {"status": status, "changed": after != before, "undone": becomes(before, state), "after": after[:3]}
for display in (1, 2, 3):
    shown = Gimp.Display.get_by_id(display)
    if shown is not None:
        shown.delete()


# Other steps that a run may leave in the history: a profile, a mask, a palette, the shape of a selection.
def under_a_profile():
    image, layer = picture(24, 24, 4)
    image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
    return image, layer, "upscale", {"scale": 2, "domain": "art", "candidates": 2, "output": "new-layers"}


def masked_and_replaced():
    image, layer = picture(24, 24, 4)
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.ALPHA))
    return image, layer, "upscale", {"scale": 2, "domain": "art", "output": "replace"}


def in_an_ellipse():
    image, layer = picture(24, 24, 4)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 4, 4, 16, 12)
    return image, layer, "upscale", {"scale": 2, "domain": "art", "output": "new-layers"}


def indexed():
    image, layer = indexed_image()
    return image, layer, "upscale", {"scale": 2, "domain": "pixel-art", "palette": "keep", "output": "new-layers"}


def face_replaced():
    image, layer = picture(48, 48, 3)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 4, 4, 40, 40)
    return image, layer, "anonymise-face", {"steps": 1, "output": "replace", "candidates": 1}


def imagined_in_place():
    image, layer = picture(16, 16, 3)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 2, 2, 12, 12)
    return image, layer, "imagine-face", {"scale": 2, "steps": 1, "output": "replace", "candidates": 1}


def all_of(image, layer):
    mask, profile = layer.get_mask(), image.get_color_profile()
    return [image.get_width(), image.get_height(), [x.get_name() for x in image.get_layers()], pixels(layer, 4).hex(),
            selected(image.get_selection()).hex(), selected(mask).hex() if mask else "",
            profile.get_label() if profile else "", len(image.get_channels())]  # fmt: skip


FACTS["steps"] = {}
for case in (under_a_profile, masked_and_replaced, in_an_ellipse, indexed, face_replaced, imagined_in_place):
    pictured, layer, action, values = case()
    display = Gimp.Display.new(pictured)
    time.sleep(1)
    before = all_of(pictured, layer)
    status, error, _ = call(pictured, [layer], action, **values)
    Gimp.displays_flush()
    after = all_of(pictured, layer)
    now = functools.partial(all_of, pictured, layer)
    press("ctrl+z")
    undone = becomes(before, now)
    press("ctrl+y")
    FACTS["steps"][case.__name__] = {"status": status, "error": error, "changed": after != before,
                                     "undone": undone, "redone": becomes(after, now)}  # fmt: skip
    display.delete()
save("window.py", FACTS)
print("FINISHED", flush=True)
