"""
Seconds until a face is visible: from the call to the first preview, and to the answer, for a new engine and a warm one.

    python -m benchmarks.faces_first_preview --picture SMALL --out benchmarks/results [--device cpu]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

import torch

from depixel import files
from depixel.monitor import Monitor, SearchStep
from depixel.request import Request
from depixel.upsampler import Upsampler

RUNS = 15


def times(upsampler: Upsampler, picture: Path, steps: int | None) -> tuple[float, float]:
    """Seconds to the first preview and to the answer."""
    seconds: list[float] = []
    started = time.perf_counter()

    def watch(step: SearchStep) -> None:
        if step.preview is not None:
            seconds.append(time.perf_counter() - started)

    upsampler.upsample(files.read(picture), Request(domain="faces", steps=steps), Monitor(watch))
    return seconds[0], time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(1)
    upsampler = Upsampler(args.device)
    cold = times(upsampler, args.picture, None)
    warm = [times(upsampler, args.picture, None) for _ in range(RUNS)]
    encoder = [times(upsampler, args.picture, 0) for _ in range(RUNS)]
    small = files.read(args.picture)
    prior = upsampler.shelf.faces().spec
    result = {
        "input": f"{small.width}x{small.height}",
        "model": f"{prior.name} {prior.digest}",
        "cold": {"first_preview": cold[0], "answer": cold[1]},
        "warm_median": {
            "first_preview": statistics.median(t[0] for t in warm),
            "first_preview_slowest": max(t[0] for t in warm),
            "answer": statistics.median(t[1] for t in warm),
        },
        "steps_0_median": {"answer": statistics.median(t[1] for t in encoder)},
        "runs": RUNS,
        "machine": f"{platform.machine()}, {args.device}, one thread",
        "other programs at work": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }
    (args.out / "faces_first_preview.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
