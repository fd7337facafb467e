"""
Where the watcher's time is spent: 2,000 textures of 16x16 and 200 of 256x256, from files to files, with the released
network.

For each set: files per second, the seconds of the engine, of decoding and of writing (sums over threads), and the share
of the time in which the engine was idle. For comparison the sum of these: one stage after the other. CPU seconds tell
how busy the machine was with other work.

    python benchmarks/watch_pipeline.py --out benchmarks/results
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / p) for p in ("core", "plugins/folder_watch")]

from depixel.request import Request  # noqa: E402
from depixel.upsampler import Upsampler  # noqa: E402
from depixel_watch.folder.layout import overlay_for  # noqa: E402
from depixel_watch.folder.stamps import StabilityTracker  # noqa: E402
from depixel_watch.packs.profiles import load  # noqa: E402
from depixel_watch.upscaler import EngineUpscaler  # noqa: E402
from depixel_watch.work.watcher import Watcher  # noqa: E402

SAMPLES = sorted((ROOT / "samples").rglob("*.png"))


def main() -> None:
    """Measure both sets, and write a JSON of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["2000x16", "200x256"], metavar="COUNTxSIDE")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, help="of torch (default: its own choice)")
    parser.add_argument("--out", type=Path, help="folder for watch_pipeline--MACHINE--DEVICE.json")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    engine = Upsampler(args.device)
    rows = []
    for text in args.sets:
        count, side = (int(part) for part in text.split("x"))
        rows.append(measured(engine, count, side))
        print(json.dumps(rows[-1]), flush=True)
    machine = f"{platform.machine()}-{os.cpu_count()}-cores"
    results: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python "
        f"{platform.python_version()}, torch {torch.__version__}, {torch.get_num_threads()} threads",
        "device": torch.cuda.get_device_name() if engine.device.type == "cuda" else str(engine.device),
        "load_before": [round(value, 1) for value in os.getloadavg()],
        "sets": rows,
    }
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        path = args.out / f"watch_pipeline--{machine}--{engine.device.type}.json"
        if path.exists():  # sets may be measured one by one
            sizes = {(row["textures"], row["side"]) for row in rows}
            before = json.loads(path.read_text())["sets"]
            results["sets"] = [row for row in before if (row["textures"], row["side"]) not in sizes] + rows
        path.write_text(json.dumps(results, indent=2) + "\n")


def measured(engine: Upsampler, count: int, side: int) -> dict[str, Any]:
    """Figures of one set."""
    settings = Request()
    with tempfile.TemporaryDirectory(prefix="watch-pipeline-") as folder:
        source = Path(folder) / "mods"
        make(source, count, side)
        worker = EngineUpscaler(engine, settings, lambda: False)
        used = cpu_seconds()
        watcher = Watcher(source, overlay_for(source), worker, StabilityTracker(0, time.monotonic), load())
        tally = watcher.reconcile()
        watcher.close()
        used = cpu_seconds() - used
        assert tally.done == count, tally
        times = tally.times
    return {
        "textures": count,
        "side": side,
        "seconds": round(times.wall, 2),
        "files_per_second": round(count / times.wall, 1),
        "engine": round(times.engine, 2),
        "decode_over_threads": round(times.decode, 2),
        "encode_and_write_over_threads": round(times.write, 2),
        "engine_idle_share": round(times.idle, 3),
        "one_after_the_other": round(times.engine + times.decode + times.write, 2),
        "cpu_seconds": round(used, 2),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def cpu_seconds() -> float:
    """Of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def make(source: Path, count: int, side: int) -> None:
    """Textures cut and turned from the samples, all different."""
    source.mkdir()
    rng = np.random.default_rng(side)
    tiles = []
    for path in SAMPLES:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        times = -(-side // min(pixels.shape[:2]))
        tiles.append(np.tile(pixels, (times + 1, times + 1, 1)))
    for number in range(count):
        tile = tiles[number % len(tiles)]
        top, left = (int(rng.integers(0, length - side)) for length in tile.shape[:2])
        cut = np.rot90(tile[top : top + side, left : left + side], number % 4).copy()
        cut[0, 0] = [number % 256, number // 256, 0]  # no two are the same
        Image.fromarray(cut).save(source / f"{number:05}.png")


if __name__ == "__main__":
    main()
