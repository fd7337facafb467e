# Executed in a GIMP with a window: one run through the dialog, then one Ctrl+Z for each kind of result.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
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
found = procedure.run(config)
FACTS["dialog"] = {
    "status": found.index(0).value_nick, "images": [[i.get_width(), i.get_height()] for i in Gimp.get_images()],
    "seconds": time.monotonic() - began,
}  # fmt: skip
print("ACCEPTED", flush=True)
time.sleep(4)
shown = Gimp.Display.get_by_id(2)  # of the new image: keys shall go to the source
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
    time.sleep(3)


def state():
    return [image.get_width(), image.get_height(), [x.get_name() for x in image.get_layers()], pixels(layer, 4).hex()]


before = state()
for output, values in (("new-layers", {"candidates": 2}), ("replace", {})):
    status = call(image, [layer], scale=2, output=output, domain="art", **values)[0]
    Gimp.displays_flush()
    after = state()
    press("ctrl+z")
    FACTS[output] = {"status": status, "changed": after != before, "undone": state() == before, "after": after[:3]}
save("window.py", FACTS)
print("FINISHED", flush=True)
