"""
An animation of many frames, the same frames as a strip, and a zip with the animation, in a watched folder whose watcher
is killed repeatedly. At the end every frame is compared with the answer expected for it.

    python benchmarks/killed_animation.py --frames 1000 --kills 10 --out FILE.json
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.extend(
    str(Path(__file__).resolve().parents[1] / part) for part in ("core", "plugins/folder_watch", "tests/fakes")
)

import kill_points
import numpy as np
from result_file import publish

from depixel import files
from depixel.picture import Picture
from depixel_watch.folder.layout import overlay_for

SIDE = 12  # pixels


def main() -> None:
    """Write, kill, finish, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    began = time.monotonic()
    frames = list(np.random.default_rng(args.seed).integers(0, 256, (args.frames, SIDE, SIDE, 4), np.uint8))
    killed = 0
    with tempfile.TemporaryDirectory(prefix="killed-animation-") as folder:
        source = Path(folder) / "mods"
        write(source, frames)
        for _ in range(args.kills):
            child = start(source)
            time.sleep(rng.uniform(0.05, 1.5))
            os.kill(child, signal.SIGKILL)
            killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        ended = os.waitstatus_to_exitcode(os.waitpid(start(source), 0)[1])
        faults = compare(source, frames) + ([f"the last watcher ended with {ended}"] if ended else [])
    result = {
        "frames": args.frames,
        "kills": killed,
        "seconds": round(time.monotonic() - began, 1),
        "faults": faults,
    }
    publish(result, args.out)
    sys.exit(bool(faults))


def write(source: Path, frames: list[np.ndarray]) -> None:
    """The animation as APNG and as WebP, all frames in one strip, and the animation in a zip."""
    source.mkdir()
    animation = Picture(tuple(frames), durations=(40.0,) * len(frames), mode="RGBA")
    for name in ("animation.png", "animation.webp"):
        (source / name).write_bytes(files.encode(animation, "WEBP" if name.endswith("webp") else "PNG"))
    (source / "strip.png").write_bytes(files.encode(Picture((np.concatenate(frames),), mode="RGBA"), "PNG"))
    with zipfile.ZipFile(source / "pack.zip", "w") as archive:
        archive.write(source / "animation.png", "animation.png")


def start(source: Path) -> int:
    """Start a watcher in a separate process, which ends with 0 once nothing is waiting; its process id."""
    child = os.fork()
    if child:
        return child
    try:
        kill_points.keep(source)
        os._exit(0)
    finally:
        os._exit(1)


def compare(source: Path, frames: list[np.ndarray]) -> list[str]:
    """A sentence for each output in which a frame, at twice its size, is missing or out of place."""
    out = overlay_for(source)
    expected = [frame.repeat(2, 0).repeat(2, 1) for frame in frames]
    faults = []
    for name in ("animation.png", "animation.webp", "strip.png", "pack.zip"):
        try:
            data = (out / name).read_bytes()
            if name == "pack.zip":
                with zipfile.ZipFile(out / name) as archive:
                    data = archive.read("animation.png")
            picture = files.read_bytes(data, name)
        except Exception as error:  # noqa: BLE001 (any failure is a fault)
            faults.append(f"{name}: {type(error).__name__}: {error}")
            continue
        wanted = [np.concatenate(expected)] if name == "strip.png" else expected
        if len(picture.frames) != len(wanted):
            faults.append(f"{name} has {len(picture.frames)} frames")
        wrong = sum(
            not np.array_equal(picture.rgba(number), frame)
            for number, frame in enumerate(wanted[: len(picture.frames)])
        )
        if wrong:
            faults.append(f"{name}: {wrong} wrong frames")
    parts = [path.name for path in out.rglob("*") if path.name.endswith(".part")]
    return faults + [f"{name} was left over" for name in parts]


if __name__ == "__main__":
    main()
