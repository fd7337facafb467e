"""
A watcher that dies at each step of publication in turn: `python kill_points.py FOLDER FRAMES` prints one line per step.

In each step, a folder of frames has all its outputs; a frame is inserted, so that all names move, and two others swap;
a watcher process ends at the step abruptly (os._exit); another one runs to its end. Printed: the step's number, and how
many outputs do not match their own source. Used by tests and by benchmarks/watch_soak.py.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
from nearest_worker import NearestWorker
from PIL import Image
from settling import settle

from depixel_watch.folder.layout import overlay_for
from depixel_watch.folder.stamps import StabilityTracker
from depixel_watch.packs.profiles import load
from depixel_watch.work import publication
from depixel_watch.work.watcher import Watcher


def frame(seed: int) -> Image.Image:
    """A unique picture."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8))


def fill(source: Path, seeds: list[int], times_ns: int = 10**18) -> None:
    """Frames with these pictures, all of one size and time, like files from zips with fixed dates."""
    source.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        path = source / f"frame-{number:03}.bmp"
        part = source.parent / "part.bmp"
        frame(seed).save(part)
        os.utime(part, ns=(times_ns, times_ns))
        part.replace(path)


def keep(source: Path, die_at: int | None = None) -> int:
    """Run one watcher until nothing is waiting; returns how many steps it took."""
    steps = 0

    def reached(step: str) -> None:
        nonlocal steps
        del step
        steps += 1
        if steps == die_at:
            os._exit(9)

    publication.reached = reached
    settle(Watcher(source, overlay_for(source), NearestWorker(), StabilityTracker(0, time.monotonic), load()))
    return steps


def in_child(source: Path, die_at: int | None) -> int:
    """`keep` in a separate process; its exit code."""
    child = os.fork()
    if child == 0:
        try:
            keep(source, die_at)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def wrong_outputs(source: Path, besides: tuple[str, ...] = ()) -> int:
    """
    Sources whose output is missing or shows another picture, and files in the output folder without a source.

    Args:
        besides: names in the output folder that need no source.
    """
    out = overlay_for(source)
    wrong = 0
    for path in source.iterdir():
        try:
            with Image.open(path) as source_image, Image.open(out / path.name) as output_image:
                wrong += not (np.asarray(output_image)[::2, ::2] == np.asarray(source_image)).all()
        except OSError:
            wrong += 1
    names = {*besides, *(path.name for path in source.iterdir())}
    rest = {path.name for path in out.iterdir() if not path.name.startswith((".depixel-ledger", "depixel-"))}
    return wrong + len(rest - names)


def main(root: Path, frames: int) -> None:
    """All steps in turn."""
    first = list(range(frames))
    moved = [100, *first]
    moved[1], moved[2] = moved[2], moved[1]
    step = 0
    while True:
        step += 1
        source = root / "frames"
        for folder in (source, overlay_for(source)):
            shutil.rmtree(folder, ignore_errors=True)
        fill(source, first)
        in_child(source, None)
        fill(source, moved)
        died = in_child(source, step) == 9
        in_child(source, None)
        sys.stdout.write(f"{step} {wrong_outputs(source)}\n")
        if not died:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
