# How long GIMP's user waits: the whole way of a 64x64 sprite, and the part of it that is GIMP starting a plug-in.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
import re
import time


def timed(times, **values):
    image, layer = picture(64, 64, 4, data=bytes(v for i in range(64 * 64) for v in (i % 64 * 3, i // 64 * 3, 90, 255)))
    call(image, [layer], scale=4)
    seconds, engine, status = [], [], ""
    for seed in range(times):
        began = time.monotonic()
        status, _, result = call(image, [layer], **{"scale": 4, "seed": seed, **values})
        seconds.append(time.monotonic() - began)
        if result is not None:
            words = bytes(result.get_parasite("gimp-comment").get_data()).decode()
            engine.append(float(re.search(r"in ([0-9.]+) s", words).group(1)))
    return {"status": status, "seconds": sorted(seconds), "engine": sorted(engine), "load": os.getloadavg()[0]}


def whole():
    return timed(7)


def start():
    """A value that the plug-in refuses: GIMP starts its process, Python loads it, and nothing is sent."""
    return timed(7, seed=-1)


run_cases([whole, start], "seconds.py")
