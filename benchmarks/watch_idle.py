"""
The cost of a watcher that is left running: its share of one core and its wake-ups, while nothing happens, while a log
grows in the folder, and while a texture grows; and how soon a saved texture is answered. `depixel watch` with a
nearest-neighbour worker; Linux only.

    python benchmarks/watch_idle.py --files 5000 --seconds 30 --out benchmarks/results/watch_idle.json
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / p) for p in ("core", "plugins/folder_watch", "tests/fakes")]

from many_textures import wake_ups, write_textures  # noqa: E402 (needs the path above)
from result_file import publish  # noqa: E402

WRITE_EVERY = 0.15  # seconds between two writes to the growing file
QUIET_SECONDS = 2.0  # the watcher's default
SAVED = 15  # textures, one after the other


def main() -> None:
    """Make a folder, start a watcher, measure it three times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=30, help="for each of the three")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        keep(args.child)
        return
    with tempfile.TemporaryDirectory(prefix="watch-idle-") as folder:
        source = Path(folder) / "mods"
        write_textures(source, args.files)
        child = subprocess.Popen([sys.executable, __file__, "--child", str(source)], stdout=subprocess.DEVNULL)
        outputs = source.with_name("mods-depixel")
        while sum(1 for _ in outputs.rglob("*.png")) < args.files and child.poll() is None:
            time.sleep(1)
        settle(child.pid)
        cost = {
            "idle": measure(child.pid, args.seconds, None),
            "log_grows": measure(child.pid, args.seconds, source / "d0/game.log"),
            "texture_grows": measure(child.pid, args.seconds, source / "d0/growing.png"),
            "latency": latency(source, outputs),
        }
        child.terminate()
        child.wait()
    publish({"files": args.files, "seconds": args.seconds, **cost}, args.out)


def keep(source: Path) -> None:
    """`depixel watch` until stopped."""
    from nearest_worker import NearestWorker

    from depixel import cli
    from depixel_watch import loop

    worker = NearestWorker()
    worker.device = "cpu"  # type: ignore[attr-defined]
    vars(loop).update(EngineUpscaler=lambda *_, **__: worker, open_engine=lambda _: None)
    sys.exit(cli.main(["watch", str(source)]))


def settle(pid: int) -> None:
    """Wait until the first pass is over: five seconds without work."""
    before = -1.0
    while (now := spent(pid)) > before:
        before = now
        time.sleep(5)


def measure(pid: int, seconds: float, growing: Path | None) -> dict[str, float]:
    """Percent of one core, and wake-ups a second."""
    before, wakes, started = spent(pid), wake_ups(pid), time.monotonic()
    while time.monotonic() - started < seconds:
        if growing is not None:
            with growing.open("ab") as file:
                file.write(b"x" * 100)
        time.sleep(WRITE_EVERY)
    took = time.monotonic() - started
    return {
        "percent": round(100 * (spent(pid) - before) / took, 2),
        "wake_ups_a_second": round((wake_ups(pid) - wakes) / took, 2),
    }


def latency(source: Path, outputs: Path) -> dict[str, float]:
    """Time from saving a texture to its answer on the disk, as a multiple of the quiet period: medians and worst."""
    waits = []
    for number in range(SAVED):
        path = source / f"d0/saved{number}.png"
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
        saved = time.monotonic()
        while not (outputs / path.relative_to(source)).exists() and time.monotonic() - saved < 60:
            time.sleep(0.01)
        waits.append((time.monotonic() - saved) / QUIET_SECONDS)
    return {"median": round(statistics.median(waits), 2), "worst": round(max(waits), 2)}


def spent(pid: int) -> float:
    """Processor seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
