# Executed in a GIMP with windows: the upscale started as a user starts it, by GIMP's action search, and then the image
# is closed; and the repeat of the last filter by Ctrl+F.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
import subprocess
import time

FACTS = {}
image = Gimp.get_images()[0]


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True


def shot(name):
    subprocess.run(
        ["timeout", "20", "import", "-window", "root", os.path.join(OUT, "window-%s.png" % name)], check=False
    )


def activate():
    tool("windowactivate", "--sync", tool("search", "--onlyvisible", "--name", "GIMP$")[-1])
    time.sleep(1)


time.sleep(3)
activate()
tool("key", "slash")
time.sleep(2)
tool("type", "--delay", "80", "Upscale")
time.sleep(2)
shot("search")
tool("key", "Return")
dialog = window_named("Depixel: upscale")
time.sleep(3)
shot("from-the-menu")
tool("windowactivate", "--sync", dialog)
tool("key", "Return")
FACTS["first"] = wait_for(lambda: len(Gimp.get_images()) == 2)
time.sleep(3)
result = [one for one in Gimp.get_images() if one.get_id() != image.get_id()][0]
FACTS["made"] = [result.get_width(), result.get_height(), result.is_dirty()]
result.clean_all()
activate()
tool("key", "ctrl+w")  # the new image has the focus
FACTS["closed"] = wait_for(lambda: len(Gimp.get_images()) == 1, 30)
activate()
tool("key", "ctrl+f")
FACTS["repeated"] = wait_for(lambda: len(Gimp.get_images()) == 2)
time.sleep(3)
for one in Gimp.get_images():
    one.clean_all()
activate()
tool("key", "ctrl+w")
wait_for(lambda: len(Gimp.get_images()) == 1, 30)
image.scale(900, 900)
image.clean_all()
Gimp.displays_flush()
activate()
tool("key", "ctrl+f")
time.sleep(4)
shot("busy")
with open(os.path.join(OUT, "close-now"), "w") as file:
    file.write("now")
wait_for(lambda: os.path.isfile(os.path.join(OUT, "busy-seen")), 60)
activate()
tool("key", "ctrl+w")
FACTS["gone"] = wait_for(lambda: not Gimp.get_images(), 60)
time.sleep(3)
shot("closed")
save("closing.py", FACTS)
print("FINISHED", flush=True)
