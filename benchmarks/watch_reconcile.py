"""
The watcher on 100,000 tiny files: seconds and memory (peak RSS) of the first pass with a nearest-neighbour worker, and
of a second start with nothing to do.

    python benchmarks/watch_reconcile.py --files 100000 --out benchmarks/results/watch_reconcile.json
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / p) for p in ("core", "plugins/folder_watch", "tests/fakes")]

from many_textures import write_textures  # noqa: E402 (needs the path above)
from result_file import publish  # noqa: E402


def main() -> None:
    """The parent makes the files; each `--child` is one start of the watcher."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        one_pass(args.child)
        return
    with tempfile.TemporaryDirectory(prefix="watch-reconcile-") as folder:
        source = Path(folder) / "mods"
        write_textures(source, args.files)
        command = [sys.executable, __file__, "--child", str(source)]
        passes = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(2)]
    publish({"files": args.files, "first": passes[0], "second": passes[1]}, args.out)


def one_pass(source: Path) -> None:
    """One start and one pass, reported as JSON."""
    from nearest_worker import NearestWorker

    from depixel_watch.folder.layout import overlay_for
    from depixel_watch.folder.stamps import StabilityTracker
    from depixel_watch.packs.profiles import load
    from depixel_watch.work.watcher import Watcher

    started = time.monotonic()
    watcher = Watcher(source, overlay_for(source), NearestWorker(), StabilityTracker(0, time.monotonic), load())
    tally = watcher.reconcile()
    seconds = time.monotonic() - started
    watcher.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = {"seconds": round(seconds, 2), "peak_rss_mb": round(peak), "done": tally.done, "skipped": tally.skipped}
    print(json.dumps(row))


if __name__ == "__main__":
    main()
