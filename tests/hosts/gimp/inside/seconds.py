# Waiting time of GIMP's user: the whole run for a 64x64 sprite, and its parts.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
import platform
import time

SIDE, TIMES = 64, 15
DATA = bytes(v for i in range(SIDE * SIDE) for v in (i % SIDE * 3, i // SIDE * 3, 90, 255))
sys.path.insert(0, os.path.join(os.environ["GIMP3_DIRECTORY"], "plug-ins", "depixel-gimp"))
import depixel_client as client  # noqa: E402


def timed(work):
    """Seconds of `TIMES` runs of work(seed), after one discarded run."""
    work(0)
    seconds = []
    for seed in range(1, TIMES + 1):
        began = time.monotonic()
        work(seed)
        seconds.append(round(time.monotonic() - began, 4))
    return {"seconds": sorted(seconds), "median": sorted(seconds)[TIMES // 2], "load": os.getloadavg()[0]}


def whole():
    """From the call to the new image."""
    image, layer = picture(SIDE, SIDE, 4, data=DATA)
    states = []
    found = timed(lambda seed: states.append(call(image, [layer], scale=4, seed=seed)[0]))
    return {**found, "status": sorted(set(states))}


def start():
    """A value that the plug-in refuses: GIMP starts its process, Python loads it, and nothing is sent."""
    image, layer = picture(SIDE, SIDE, 4, data=DATA)
    states = []
    found = timed(lambda seed: states.append(call(image, [layer], steps=-2 - seed)[0]))
    return {**found, "status": sorted(set(states))}


def ask():
    """The engine and the communication with it, by the plug-in's client."""
    engine = client.Engine("gimp")
    pixels = client.Pixels(SIDE, SIDE, 4, (DATA,))
    inside = []

    def once(seed):
        result = engine.upscale(client.Submission(pixels, {"scale": 4, "seed": seed}, program="gimp")).result()
        inside.append(result.report.get("seconds", result.seconds))

    found = timed(once)
    return {**found, "engine_median": sorted(inside[1:])[TIMES // 2]}


RESULTS["machine"] = {"machine": platform.machine(), "cpus": os.cpu_count(), "side": SIDE, "scale": 4, "runs": TIMES}
run_cases([whole, start, ask], "seconds.py")
