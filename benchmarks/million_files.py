"""
A folder of a million files: time and memory of scanning it and of planning, before any picture is read.

    python benchmarks/million_files.py --out benchmarks/results [--files 1000000]

The files are links to one picture, 1,000 per folder, so that they take no space. The steps after the plan (reading,
answering, writing) hold two groups of pictures at a time, regardless of the number of files
(tests/batch/test_running.py).
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from depixel.batch.disk import READABLE, WRITABLE
from depixel.batch.inputs import find_pictures
from depixel.batch.plan import make_naming, plan_pictures

PER_FOLDER = 1000
LINKS = 30_000  # of one file; file systems have a limit


def memory() -> float:
    """The peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and write million_files.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--files", type=int, default=1_000_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "in"
        for number in range(args.files):
            if number % LINKS == 0:
                original = folder / f"original-{number}.png"
                Image.fromarray(np.zeros((1, 1, 3), np.uint8)).save(original)
            place = source / f"{number // PER_FOLDER:04}"
            if number % PER_FOLDER == 0:
                place.mkdir(parents=True)
            os.link(original, place / f"{number:07}.png")
        rows, before, began = [], memory(), time.perf_counter()
        pictures = find_pictures([str(source)], READABLE, folder / "out")
        rows.append(("look through the folder", time.perf_counter() - began, memory() - before))
        before, began = memory(), time.perf_counter()
        naming = make_naming(folder / "out", [str(source)], "", None, WRITABLE)
        planned = plan_pictures(pictures.pictures, naming, WRITABLE, 1, False, explicit=pictures.explicit)
        rows.append(("plan where answers go", time.perf_counter() - began, memory() - before))
        if len(planned) != args.files:
            raise SystemExit(f"million_files: {len(planned)} planned")
    lines = [f"| {what} | {seconds / args.files * 1e6:.0f} | {size:.0f} |" for what, seconds, size in rows]
    text = (
        f"# {args.files:,} files\n\n| step | microseconds a file | MB of memory more |\n|---|---|---|\n"
        + "\n".join(lines)
        + "\n"
    )
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "million_files.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
