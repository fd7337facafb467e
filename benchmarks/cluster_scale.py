"""
How far does `--cluster` scale? Measures the parts of the work here, and simulates runs with 1 to 1,000 engines.

    python benchmarks/cluster_scale.py --out benchmarks/results [--side 64] [--tasks 200] [--cores 8]

Measured, as CPU seconds for one file: reading, packing pixels for the network and unpacking answers, writing (all on
the client's machine), and the engine's own work. If Ray is installed, also the round trip of an empty task through a
local Ray, as the scheduler's part. Simulated: engines that each take one group at a time; the client does one thing at
a time in Python, while one file for each of its cores is compressed in parallel, as in `depixel.batch.running`. The
network and the disks are not simulated: the table says what they would have to carry.
"""

from __future__ import annotations

import argparse
import heapq
import importlib.util
import logging
import pickle
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from depixel import files
from depixel.picture import Picture
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler

ENGINES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
GROUP_PIXELS = 64 * 1024  # as in depixel.batch.running


@dataclass(frozen=True)
class Costs:
    """Seconds for one file, and its bytes on the network and on the disk."""

    read: float
    pack: float  # pixels into bytes, and the answer's bytes into a report
    write: float
    engine: float
    scheduler: float  # for one group
    sent: int
    stored: int


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process, so that other work on the machine hardly matters."""
    began = time.process_time()
    work()
    return time.process_time() - began


def measured(folder: Path, side: int, count: int, tasks: int) -> Costs:
    """The costs of textures of side x side at x4, with one thread."""
    torch.set_num_threads(1)
    for number in range(count):
        coarse = np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(folder / f"{number:04}.png")
    paths = sorted(folder.glob("*.png"))
    pictures: list[Picture] = []
    read = cpu_seconds(lambda: pictures.extend(files.read(path) for path in paths))
    upsampler, request = Upsampler("cpu"), Request(domain="textures", wrap="none").validated()
    upsampler.upsample_many(pictures[:2], request)
    reports: list[Report] = []

    def answer() -> None:
        reports.extend(report for report in upsampler.upsample_many(pictures, request) if isinstance(report, Report))

    engine = cpu_seconds(answer)
    sent = len(pickle.dumps((pictures, reports)))
    pack = cpu_seconds(lambda: (pickle.dumps(pictures), pickle.loads(pickle.dumps(reports))))
    pack -= cpu_seconds(lambda: pickle.dumps(reports))  # this is the engine's side
    out = folder / "out"
    out.mkdir()

    def write() -> None:
        for path, report in zip(paths, reports, strict=True):
            files.write(out / path.name, report.candidates[0].picture)

    written = cpu_seconds(write)
    stored = sum(path.stat().st_size for path in out.iterdir())
    return Costs(
        read / count, max(pack, 0.0) / count, written / count, engine / count, round_trip(tasks), sent // count,
        stored // count,
    )  # fmt: skip


def round_trip(tasks: int) -> float:
    """CPU seconds of the client for an empty task of a local Ray, or 0 if Ray is not installed."""
    if not tasks or not importlib.util.find_spec("ray"):
        return 0.0
    import ray

    ray.init(num_cpus=1, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
    try:
        echo = ray.remote(lambda: None)
        ray.get(echo.remote())
        return cpu_seconds(lambda: [ray.get(echo.remote()) for _ in range(tasks)]) / tasks
    finally:
        ray.shutdown()


def simulated(costs: Costs, group: int, engines: int, groups: int, cores: int) -> float:
    """Seconds for all groups: engines work in parallel; the client has a writer for each of its cores."""
    read, packed = costs.read * group, costs.scheduler + costs.pack * group
    client = 0.0  # when the client's one Python thread is free
    free = [0.0] * engines
    writers = [0.0] * cores
    under_way: list[float] = []  # when answers arrive
    end, sent = 0.0, 0
    while sent < groups or under_way:
        if sent < groups and len(under_way) <= engines:  # one group more than there are engines
            client += read + packed / 2
            begins = max(client, heapq.heappop(free))
            heapq.heappush(free, begins + costs.engine * group)
            heapq.heappush(under_way, begins + costs.engine * group)
            sent += 1
            continue
        client = max(client, heapq.heappop(under_way)) + packed / 2
        for _ in range(group):
            done = max(client, heapq.heappop(writers)) + costs.write
            heapq.heappush(writers, done)
            end = max(end, done)
    return max(end, client)


def main() -> None:
    """Measure, simulate, write cluster_scale.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--side", type=int, default=64, help="pixels of a texture")
    parser.add_argument("--files", type=int, default=192, help="textures to measure with")
    parser.add_argument("--cores", type=int, default=8, help="of the machine on which the command is typed, at least 4")
    parser.add_argument("--tasks", type=int, default=200, help="empty tasks to send through Ray")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        costs = measured(Path(folder), args.side, args.files, args.tasks)
    group = max(1, GROUP_PIXELS // args.side**2)
    rows = []
    alone = simulated(costs, group, 1, 50, args.cores)
    for engines in ENGINES:
        groups = 50 * engines
        speed = groups / simulated(costs, group, engines, groups, args.cores)
        share = speed * alone / 50 / engines
        traffic = speed * group * costs.sent / 1e6
        stored = speed * group * costs.stored / 1e6
        rows.append(f"| {engines} | {speed * group:.0f} | {share:.2f} | {traffic:.0f} | {stored:.0f} |")
    parts = {
        "reading": costs.read, "packing and unpacking": costs.pack, "scheduler": costs.scheduler / group,
        "writing": costs.write, "the engine": costs.engine,
    }  # fmt: skip
    text = (
        f"# A cluster of many engines, simulated\n\nTextures of {args.side}x{args.side}, x4, {group} in a group, "
        f"sent by a machine of {args.cores} cores. Measured, CPU milliseconds a file: "
        + ", ".join(f"{name} {seconds * 1e3:.2f}" for name, seconds in parts.items())
        + ". An engine is one CPU thread.\n\n"
        "| engines | files a second | of perfect scaling | MB/s over the network | MB/s to the disk |\n"
        "|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "cluster_scale.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
