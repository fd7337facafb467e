# Waiting time of GIMP's user: the whole run for a 64x64 sprite, and its parts.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
import platform
import time

SIDE, TIMES = 64, 15
DATA = bytes(v for i in range(SIDE * SIDE) for v in (i % SIDE * 3, i // SIDE * 3, 90, 255))
sys.path.insert(0, os.path.join(os.environ["GIMP3_DIRECTORY"], "plug-ins", "depixel-gimp"))
import depixel_client as client  # noqa: E402


def seconds_of(work, seed):
    began = time.monotonic()
    work(seed)
    return round(time.monotonic() - began, 4)


def figures(seconds):
    return {"seconds": sorted(seconds), "median": sorted(seconds)[TIMES // 2], "load": os.getloadavg()[0]}


def timed(work):
    """Seconds of `TIMES` runs of work(seed), after one discarded run."""
    work(0)
    return figures([seconds_of(work, seed) for seed in range(1, TIMES + 1)])


def start_and_whole():
    """
    Alternating: from the call to the new image, and a value that the plug-in refuses (GIMP starts its process, Python
    loads it, and nothing is sent). `over_start` is by how much a run exceeds the start after it.
    """
    image, layer = picture(SIDE, SIDE, 4, data=DATA)
    states = {"whole": [], "start": []}
    kinds = {
        "whole": lambda seed: states["whole"].append(call(image, [layer], scale=4, seed=seed)[0]),
        "start": lambda seed: states["start"].append(call(image, [layer], steps=-2 - seed)[0]),
    }
    kinds["whole"](0)
    prefer_the_engine()
    kinds["start"](0)
    seconds = {"whole": [], "start": []}
    for seed in range(1, TIMES + 1):
        for name, work in kinds.items():
            seconds[name].append(seconds_of(work, seed))
    for name, times in seconds.items():
        RESULTS[name] = {**figures(times), "status": sorted(set(states[name]))}
    return figures([round(whole - start, 4) for whole, start in zip(*seconds.values(), strict=True)])


def prefer_the_engine():
    """Give the engine the same priority over other programs as GIMP (DEPIXEL_HOST_PRIORITY)."""
    own = open("/proc/self/autogroup").read().split()[-1]
    with open(os.path.join(os.environ["DEPIXEL_RUNTIME_DIR"], "running.json")) as file:
        engine = json.load(file)["pid"]
    with open("/proc/%d/autogroup" % engine, "w") as file:
        file.write(own)


def ask():
    """The engine and the communication with it, by the plug-in's client."""
    engine = client.Engine("gimp")
    pixels = client.Pixels(SIDE, SIDE, 4, (DATA,))
    inside = []

    def once(seed):
        result = engine.upscale(client.Submission(pixels, {"scale": 4, "seed": seed}, program="gimp")).result()
        inside.append(result.report.get("seconds", result.seconds))

    seconds = timed(once)
    return {**seconds, "engine_median": sorted(inside[1:])[TIMES // 2]}


RESULTS["machine"] = {"machine": platform.machine(), "cpus": os.cpu_count(), "side": SIDE, "scale": 4, "runs": TIMES}
run_cases([start_and_whole, ask], "seconds.py")
