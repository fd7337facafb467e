# Executed in a GIMP with windows: the dialogs of both faces with a preview, last values, and GIMP's own Cancel button.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
import re
import subprocess
import threading
import time

FACTS = {}
image = Gimp.get_images()[0]
layer = image.get_layers()[0]


def shot(name, window="root"):
    subprocess.run(
        ["timeout", "20", "import", "-window", window, os.path.join(OUT, "window-%s.png" % name)], check=False
    )


def steady_shot(name, window="root"):
    """A screenshot of a stable screen: twice the same, so that a slow machine has drawn everything."""
    path = os.path.join(OUT, "window-%s.png" % name)
    before = None
    for _ in range(30):
        shot(name, window)
        with open(path, "rb") as file:
            data = file.read()
        if data == before:
            return
        before = data
        time.sleep(1)


def ask(action, run_mode, **values):
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-depixel-" + action)
    config = procedure.create_config()
    config.set_property("run-mode", run_mode)
    config.set_property("image", image)
    config.set_core_object_array("drawables", [layer])
    for name, value in values.items():
        config.set_property(name, value)
    returned = procedure.run(config)
    good = returned.index(0) == Gimp.PDBStatusType.SUCCESS
    return (
        returned.index(0).value_nick,
        "" if good else Gimp.get_pdb().get_last_error(),
        returned.index(1) if good else None,
    )


def while_it_runs(steps, run):
    """The return value of `run`; `steps` runs at the same time, in a thread."""
    thread = threading.Thread(target=steps)
    thread.start()
    returned = run()
    thread.join(120)
    return returned


def preview_and(key, title, name):
    """Steps: a screenshot of the dialog, its preview, another screenshot, a key."""

    def steps():
        dialog = window_named(title)
        time.sleep(2)
        tool("windowactivate", "--sync", dialog)
        tool("mousemove", "1360", "760")  # no tooltip in the picture
        steady_shot(name, dialog)
        tool("key", "alt+p")
        for _ in range(60):
            time.sleep(2)
            shot(name + "-preview", dialog)
            if answered(name):
                break
        tool("windowactivate", "--sync", dialog)
        tool("key", key)

    return steps


def answered(name):
    """Whether the picture in the preview changed."""
    return differing(name, "280x280+24+24") > 100


def differing(name, part):
    """Number of pixels in a part of the dialog that differ before and after."""
    files = [os.path.join(OUT, "window-%s%s.png" % (name, end)) for end in ("", "-preview")]
    command = [
        "convert",
        *files,
        "-crop",
        part,
        "+repage",
        "-compose",
        "difference",
        "-composite",
        "-colorspace",
        "gray",
    ]
    command += ["-threshold", "0", "-format", "%[fx:round(mean*w*h)]", "info:"]  # the same with ImageMagick 6 and 7
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return float(said[0]) if said else -1.0


image.select_rectangle(Gimp.ChannelOps.REPLACE, 8, 4, 48, 52)
Gimp.displays_flush()
FACTS["imagine"] = while_it_runs(
    preview_and("Escape", "Depixel: imagine", "imagine"),
    lambda: ask("imagine-face", Gimp.RunMode.INTERACTIVE, steps=10),
)[:2]
FACTS["anonymise"] = while_it_runs(
    preview_and("Return", "Depixel: anonymise", "anonymise"),
    lambda: ask("anonymise-face", Gimp.RunMode.INTERACTIVE, steps=10, kept=8, seed=3),
)[:2]
time.sleep(2)
shot("anonymised")
FACTS["layers"] = [x.get_name() for x in image.get_layers()]
status, error, _ = ask("anonymise-face", Gimp.RunMode.WITH_LAST_VALS)
FACTS["last"] = [status, error, [x.get_name() for x in image.get_layers()]]
Gimp.Selection.none(image)


def cancel_button():
    """Middle of the Cancel button: what is new at the right of the image window's status bar; None without it."""
    window = tool("search", "--onlyvisible", "--name", "portrait.*GIMP$")[-1]
    place = dict(word.split("=") for word in tool("getwindowgeometry", "--shell", window))
    x, y, width, height = (int(place[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))
    strip = "%dx30+%d+%d" % (width, x, y + height - 36)
    files = [os.path.join(OUT, "window-%s.png" % name) for name in ("calm", "progress")]
    command = ["convert", *files, "-crop", strip, "+repage", "-compose", "difference", "-composite", "-threshold", "5%"]
    said = subprocess.run([*command, "-format", "%@", "info:"], capture_output=True, text=True, check=False).stdout
    match = re.fullmatch(r"(\d+)x(\d+)\+(\d+)\+(\d+)", said.strip())
    if match is None or not 40 < int(match[1]):
        return None  # not there yet
    wide, high, left, top = match.groups()
    return x + int(left) + int(wide) - 30, y + height - 36 + int(top) + int(high) // 2


def press_cancel():
    place = None
    for _ in range(60):
        time.sleep(2)
        shot("progress")
        place = cancel_button()
        if place is not None:
            break
    x, y = place
    with open(os.path.join(OUT, "cancel-now"), "w") as file:
        file.write("now")
    tool("mousemove", str(x), str(y), "sleep", "1", "click", "1")
    FACTS["pressed"] = [time.time(), x, y]
    time.sleep(3)
    shot("cancelled")


big = image.get_width() * 14
image.scale(big, big)
Gimp.displays_flush()
time.sleep(4)
steady_shot("calm")
names = [x.get_name() for x in image.get_layers()]
status, error, _ = while_it_runs(press_cancel, lambda: ask("upscale", Gimp.RunMode.NONINTERACTIVE, scale=4))
FACTS["cancel"] = {"status": status, "error": error, "seconds": time.time() - FACTS["pressed"][0],
                   "same": [x.get_name() for x in image.get_layers()] == names, "images": len(Gimp.get_images())}  # fmt: skip
save("dialogs.py", FACTS)
print("FINISHED", flush=True)
