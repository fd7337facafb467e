# Executed in a GIMP with windows: seconds from the call of a plug-in until its dialog is visible, alternating.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
import subprocess
import threading
import time

TIMES = 7
image = Gimp.get_images()[0]
DIALOGS = {
    "empty": ("plug-in-empty-dialog", "Empty dialog"),
    "upscale": ("plug-in-depixel-upscale", "Depixel: upscale"),
    "imagine": ("plug-in-depixel-imagine-face", "Depixel: imagine face"),
}


def windows(title):
    command = ["xdotool", "search", "--onlyvisible", "--name", "^%s$" % title]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout.split()


def seconds_of(name, title):
    """Until the window is visible; it is closed again with Escape."""
    times = []
    began = time.monotonic()

    def look():
        while time.monotonic() < began + 60:
            window = windows(title)
            if window:
                times.append(time.monotonic() - began)
                time.sleep(0.5)
                while windows(title):
                    subprocess.run(
                        ["xdotool", "windowactivate", "--sync", window[0], "key", "Escape"], timeout=20, check=False
                    )
                    time.sleep(0.3)
                return
            time.sleep(0.01)

    thread = threading.Thread(target=look)
    thread.start()
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.INTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", image.get_layers())
    procedure.run(config)
    thread.join(90)
    return times[0] if times else None


time.sleep(2)
FACTS = {name: [] for name in DIALOGS}
for turn in range(TIMES + 1):
    for name, (procedure, title) in DIALOGS.items():
        seconds = seconds_of(procedure, title)
        if turn:  # the first of each reads the disk
            FACTS[name].append(seconds)
FACTS["load"] = os.getloadavg()[0]
save("opening.py", FACTS)
print("FINISHED", flush=True)
