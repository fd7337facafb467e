"""
A folder of a million files: CPU time and memory of scanning it and of planning, before any picture is read; and of the
ledger of `depixel watch`, without its pictures.

    python benchmarks/million_files.py --out benchmarks/results [--files 1000000]

The files are links to one picture, 1,000 per folder, so that they take no space. The steps after the plan (reading,
answering, writing) hold a few groups of pictures at a time, regardless of the number of files
(tests/batch/test_running.py). benchmarks/watch_reconcile.py measures whole passes of the watcher with a trivial
upscaler.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from depixel.batch.disk import READABLE, WRITABLE
from depixel.batch.inputs import find_pictures
from depixel.batch.plan import make_naming, plan_pictures
from depixel_watch.folder.stamps import Stamp
from depixel_watch.ledger.ledger import Ledger, Row

PER_FOLDER = 1000
LINKS = 30_000  # of one file; file systems have a limit
RECIPE = "{}" + 300 * " "  # as long as a real one
AT_ONCE = 128  # rows that the watcher records together, at most

Rows = list[tuple[str, float, float]]


@contextmanager
def measured(rows: Rows, what: str) -> Iterator[None]:
    """Append the step, its CPU seconds, and by how many MB it raised the peak memory of this process."""
    before, began = _peak(), time.process_time()
    yield
    rows.append((what, time.process_time() - began, _peak() - before))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make_files(folder: Path, count: int) -> Path:
    """`count` links to pictures of one pixel; returns the folder."""
    source = folder / "in"
    for number in range(count):
        if number % LINKS == 0:
            original = folder / f"original-{number}.png"
            Image.fromarray(np.zeros((1, 1, 3), np.uint8)).save(original)
        place = source / f"{number // PER_FOLDER:04}"
        if number % PER_FOLDER == 0:
            place.mkdir(parents=True)
        os.link(original, place / f"{number:07}.png")
    return source


def ledger_of(folder: Path, count: int, rows: Rows) -> float:
    """Record `count` files as the watcher does, then look each of them up; returns the MB of the ledger's file."""
    stamp = Stamp(68, 1, 1)
    with closing(Ledger(folder / "ledger.sqlite3")) as ledger:
        with measured(rows, "ledger: record each file twice (announced, done)"):
            for first in range(0, count, AT_ONCE):
                numbers = range(first, min(first + AT_ONCE, count))
                for state in ("writing", "done"):
                    ledger.record([_row(number, state, stamp) for number in numbers])
        with measured(rows, "ledger: look each file up"):
            for number in range(count):
                if ledger.get(_path(number)) is None:
                    raise SystemExit(f"million_files: {_path(number)} is missing in the ledger")
    return sum(path.stat().st_size for path in folder.glob("ledger.sqlite3*")) / 2**20


def _path(number: int) -> str:
    return f"{number // PER_FOLDER:04}/{number:07}.png"


def _row(number: int, state: str, stamp: Stamp) -> Row:
    digest = f"{number:032x}"
    return Row(_path(number), stamp, digest, RECIPE, state, "", stamp, digest)


def main() -> None:
    """Measure and write million_files.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--files", type=int, default=1_000_000)
    args = parser.parse_args()
    rows: Rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = ledger_of(folder, args.files, rows)
        source = make_files(folder, args.files)
        with measured(rows, "look through the folder"):
            pictures = find_pictures([str(source)], READABLE, folder / "out")
        with measured(rows, "plan where answers go"):
            naming = make_naming(folder / "out", [str(source)], "", None, WRITABLE)
            planned = plan_pictures(pictures.pictures, naming, WRITABLE, 1, False, explicit=pictures.explicit)
        if len(planned) != args.files:
            raise SystemExit(f"million_files: {len(planned)} planned")
    lines = [f"| {what} | {seconds / args.files * 1e6:.0f} | {size:.0f} |" for what, seconds, size in rows]
    text = (
        f"# {args.files:,} files\n\n| step | microseconds of CPU a file | MB of memory more |\n|---|---|---|\n"
        + "\n".join(lines)
        + f"\n\nThe ledger takes {size:.0f} MB on the disk.\n"
    )
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "million_files.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
