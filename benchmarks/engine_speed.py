"""
Speed and memory of the engine, and whether tiles meet. One JSON and one table per machine.

    python -m benchmarks.engine_speed [--out benchmarks/results]

Figures: a 16x16 sprite with steps 0 after loading; 200 such sprites in one call against 200 calls, through the Python
API and as processes; start of the command line; seconds per megapixel of answer; peak memory of a 2048x2048 texture x4;
the largest difference between tiled and untiled answers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from depixel import __version__
from depixel.picture import Picture
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler

CALM = Request(steps=0)


def sprite(seed: int) -> Picture:
    """A 16x16 sprite with few colours on a transparent background."""
    rng = np.random.default_rng(seed)
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[2:14, 3:13, :3] = rng.integers(0, 6, (12, 10, 1)) * 40 + rng.integers(0, 15, 3)
    pixels[2:14, 3:13, 3] = 255
    return Picture((pixels,), name=f"sprite-{seed}.png")


def texture(side: int, seed: int = 0) -> Picture:
    """Opaque noise of several scales, tileable."""
    rng = np.random.default_rng(seed)
    pixels = np.zeros((side, side, 3))
    for scale in (1, 4, 16, 64):
        if side % scale == 0:
            pixels += rng.normal(0, 18, (side // scale, side // scale, 3)).repeat(scale, 0).repeat(scale, 1)
    return Picture(((pixels + 128).clip(0, 255).astype(np.uint8),), name="texture.png")


def seconds(action: Any, runs: int = 5) -> float:
    """Median wall time after one discarded run."""
    action()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def sprites_in_memory(upsampler: Upsampler) -> dict[str, float]:
    pictures = [sprite(i) for i in range(200)]
    one = seconds(lambda: upsampler.upsample(pictures[0], CALM), 20)
    apart = seconds(lambda: [upsampler.upsample(p, CALM) for p in pictures], 3)
    together = seconds(lambda: upsampler.upsample_many(pictures, CALM), 3)
    return {"one_sprite_ms": one * 1e3, "two_hundred_calls_s": apart, "one_call_s": together, "ratio": apart / together}


def sprites_as_processes() -> dict[str, float]:
    """200 sprites in one `depixel upscale`, and the median of five calls with one sprite each, times 200."""
    from depixel.files import write

    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder, "in")
        inputs.mkdir()
        for i in range(200):
            write(inputs / f"{i}.png", sprite(i))
        command = [sys.executable, "-m", "depixel", "upscale", "--overwrite", "-o", str(Path(folder, "out"))]
        together = seconds(lambda: subprocess.run([*command, str(inputs)], check=True, capture_output=True), 1)
        one = seconds(lambda: subprocess.run([*command, str(inputs / "0.png")], check=True, capture_output=True), 3)
        help_ = seconds(lambda: subprocess.run([sys.executable, "-m", "depixel", "--help"], check=True,
                                               capture_output=True), 5)  # fmt: skip
        package = seconds(lambda: subprocess.run([sys.executable, "-c", "import depixel"], check=True), 5)
    return {
        "one_process_s": one,
        "two_hundred_processes_s": one * 200,
        "one_process_for_all_s": together,
        "ratio": one * 200 / together,
        "help_s": help_,
        "import_s": package,
    }


def tiles_meet(upsampler: Upsampler) -> int:
    """Largest difference in levels between a whole and a tiled answer."""
    picture = texture(192, 3)
    settings = Request(steps=0, imagination=0.5, degradation="area")
    whole = upsampler.upsample(picture, settings).picture.frames[0].astype(int)
    in_tiles = Upsampler(str(upsampler.device), upsampler.shelf.chosen)
    in_tiles._budget = 120 * 120
    return int(np.abs(in_tiles.upsample(picture, settings).picture.frames[0].astype(int) - whole).max())


def large_texture(upsampler: Upsampler) -> dict[str, float]:
    started = time.perf_counter()
    report = upsampler.upsample(texture(2048), CALM)
    assert isinstance(report, Report)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": time.perf_counter() - started,
        "peak_memory_MB": peak,
        "largest_error": report.residual.maximum,
        "mean_error": report.residual.mean,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    torch.set_num_threads(arguments.threads)
    upsampler = Upsampler(arguments.device)
    medium = texture(256)
    results = {
        "version": __version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "threads": arguments.threads,
        "torch": torch.__version__,
        "load_average": os.getloadavg()[0],
        "device": arguments.device,
        "model": upsampler.shelf.art().spec.name,
        "sprites_in_memory": sprites_in_memory(upsampler),
        "seconds_per_megapixel": seconds(lambda: upsampler.upsample(medium, CALM), 3) / (1024 * 1024 / 1e6),
        "tiles_meet_within_levels": tiles_meet(upsampler),
        "sprites_as_processes": sprites_as_processes(),
        "texture_2048_x4": large_texture(upsampler),  # last: peak memory never falls
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    name = f"engine-speed--{platform.machine()}-{os.cpu_count()}-cores--{arguments.device}.json"
    (arguments.out / name).write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
