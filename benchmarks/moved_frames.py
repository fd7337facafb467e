"""
An animation as a folder of frames, into which one frame is inserted so that the names of all others move, and two swap.
All files have the same size and time. The watcher is repeatedly killed at random steps of publication; then one runs to
the end. Every output must show its own source.

    python benchmarks/moved_frames.py --frames 1000 --deaths 10 --out benchmarks/results/moved_frames.json
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.extend(
    str(Path(__file__).resolve().parents[1] / part) for part in ("core", "plugins/folder_watch", "tests/fakes")
)

import kill_points
from result_file import publish


def main() -> None:
    """Fill, move, die, finish, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--deaths", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    began = time.monotonic()
    first = list(range(args.frames))
    moved = [args.frames, *first]
    moved[1], moved[2] = moved[2], moved[1]
    died = 0
    with tempfile.TemporaryDirectory(prefix="moved-frames-") as folder:
        source = Path(folder) / "frames"
        kill_points.fill(source, first)
        kill_points.in_child(source, None)
        before = kill_points.wrong_outputs(source)
        kill_points.fill(source, moved)
        for _ in range(args.deaths):
            died += kill_points.in_child(source, rng.randrange(1, args.frames)) == 9
        kill_points.in_child(source, None)
        after = kill_points.wrong_outputs(source)
    result = {
        "frames": len(moved),
        "deaths": died,
        "wrong_before": before,
        "wrong_after": after,
        "seconds": round(time.monotonic() - began, 1),
    }
    publish(result, args.out)
    sys.exit(bool(before or after))


if __name__ == "__main__":
    main()
