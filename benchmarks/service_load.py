"""
Many requests from several programs at once: is every one answered, with its own answer, and does the engine's memory
stay constant?

    python benchmarks/service_load.py [--requests 1000] [--clients 8] [--out FILE.json]

Each client sends pictures in its own colours; an answer counts as right if it has the right size and, scaled down,
equals the source pixels. Resident memory of the engine is read after the first tenth and at the end (Linux).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "core"))

from depixel import client
from depixel.client.launch import reap
from depixel.install.plugins import engine_record

SIDE, SCALE = 8, 2


def resident(pid: int) -> float:
    """Megabytes; 0 without /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def is_right(source: np.ndarray[Any, Any], answer: client.Answer) -> bool:
    """Whether the answer has the right size and its block means are the source pixels."""
    if (answer.width, answer.height) != (SIDE * SCALE, SIDE * SCALE):
        return False
    large = np.frombuffer(answer.frames[0], np.uint8).reshape(SIDE, SCALE, SIDE, SCALE, 3).astype(float)
    return bool(np.abs(large.mean(axis=(1, 3)) - source).max() <= 1.0)


def work(place: client.Place, number: int, count: int, tally: dict[str, int], lock: threading.Lock) -> None:
    """One client: `count` jobs, one after the other."""
    engine = client.Engine(f"client {number}", place)
    random = np.random.default_rng(number)
    for _ in range(count):
        source = random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        request = client.Submission(
            client.Pixels(SIDE, SIDE, 3, (source.tobytes(),)),
            {"scale": SCALE, "domain": "art", "degradation": "area"},
        )
        try:
            word = "right" if is_right(source, engine.upscale(request).result().answers[0]) else "wrong"
        except client.EngineError:
            word = "lost"
        with lock:
            tally[word] = tally.get(word, 0) + 1


def measure(requests: int, clients: int) -> dict[str, Any]:
    """All numbers; the engine is stopped at the end."""
    with tempfile.TemporaryDirectory() as folder:
        place = client.Place(folder)
        place.write_installed(engine_record())
        engine = client.Engine("benchmark", place)
        tally: dict[str, int] = {}
        lock = threading.Lock()
        work(place, 99, max(1, requests // 10), {}, lock)
        pid = engine.hello().pid
        before = resident(pid)
        began = time.perf_counter()
        threads = [
            threading.Thread(target=work, args=(place, number, requests // clients, tally, lock))
            for number in range(clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
        after = resident(pid)
        same = engine.hello().pid == pid
        engine.stop()
        deadline = time.monotonic() + 30
        while reap() and time.monotonic() < deadline:
            time.sleep(0.1)
    return {
        "suite": "service_load",
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "requests": requests // clients * clients,
        "clients": clients,
        "answers": tally,
        "engine_restarted": not same,
        "seconds": round(seconds, 1),
        "engine_mb_before": round(before, 1),
        "engine_mb_after": round(after, 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    text = json.dumps(measure(arguments.requests, arguments.clients), indent=2)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n", "utf-8")
