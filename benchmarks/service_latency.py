"""
Time from question to answer for a 64x64 sprite, part by part, and the time an engine takes to start.

    python benchmarks/service_latency.py [--runs 20] [--out FILE.json]

Starts its own engine in a temporary folder, with the released weights. Cold: from nothing to the first answer (process,
web server, torch, weights, first forward pass). Warm: median and quartiles over the runs; `engine` is the engine's own
time, `wire` the rest: connecting, sending, waiting for events, fetching; `engine_processor` is the processor time of
the engine, which is more meaningful than the clock on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "core"))

from depixel import client
from depixel.client.launch import reap
from depixel.install.plugins import engine_record


def sprite(side: int, seed: int) -> client.Pixels:
    """A calm drawing with alpha; a different one for each seed."""
    out = bytearray()
    for y in range(side):
        for x in range(side):
            inside = (x - side / 2) ** 2 + (y - side / 2) ** 2 < (side * 0.45) ** 2
            colour = ((x // 4 * 40 + seed * 13) % 256, (y // 4 * 30) % 256, (x // 8 + y // 8) * 24 % 256)
            out += bytes((*colour, 255)) if inside else bytes(4)
    return client.Pixels(side, side, 4, (bytes(out),), name="sprite.png")


def processor_seconds(pid: int) -> float:
    """Processor time of the engine; 0 without /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(engine: client.Engine, side: int, seed: int) -> dict[str, float]:
    """Seconds of one job: whole, on the engine, on the engine's processors."""
    pid = engine.hello().pid
    spent = processor_seconds(pid)
    began = time.perf_counter()
    request = client.Submission(sprite(side, seed), {"scale": 4, "seed": seed}, program="benchmark")
    result = engine.upscale(request).result()
    whole = time.perf_counter() - began
    processor = processor_seconds(pid) - spent
    return {"whole": whole, "engine": result.seconds, "wire": whole - result.seconds, "engine_processor": processor}


def quartiles(values: list[float]) -> dict[str, float]:
    """Median and quartiles in seconds."""
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": round(middle, 4), "q1": round(low, 4), "q3": round(high, 4)}


def measure(runs: int, side: int) -> dict[str, Any]:
    """All numbers; the engine is stopped at the end."""
    with tempfile.TemporaryDirectory() as folder:
        place = client.Place(folder)
        place.write_installed(engine_record())
        engine = client.Engine("benchmark", place)
        began = time.perf_counter()
        engine.hello()
        listening = time.perf_counter() - began
        ask(engine, side, 0)
        cold = time.perf_counter() - began
        welcome = engine.hello()
        warm = [ask(engine, side, seed) for seed in range(runs)]
        engine.stop()
        deadline = time.monotonic() + 30
        while reap() and time.monotonic() < deadline:
            time.sleep(0.1)
    return {
        "suite": "service_latency",
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "engine": welcome.version,
        "device": welcome.device,
        "models": list(welcome.models),
        "side": side,
        "runs": runs,
        "cold_listening_s": round(listening, 3),
        "cold_first_answer_s": round(cold, 3),
        "warm_s": {
            part: quartiles([run[part] for run in warm]) for part in ("whole", "engine", "wire", "engine_processor")
        },
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    text = json.dumps(measure(arguments.runs, arguments.side), indent=2)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n", "utf-8")
