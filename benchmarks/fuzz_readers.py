"""
Fuzz of all readers: good files of each kind are spoilt at random (hypothesis; tests/fakes/spoilt_files.py) and read in
a process of their own that may take no more than a fixed amount of memory beyond what it has when it starts.

    python benchmarks/fuzz_readers.py [--seconds 60] [--memory 512] [--out FILE.json]

Told of each kind: files read, how many were pictures still and how many were refused, the slowest, the most memory
(resident, beyond the start), and `faults`: anything raised but a DepixelError, anything slower than 10 s, an output
archive that is not whole. The seed changes with every run unless given.
"""

from __future__ import annotations

import argparse
import io
import json
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

sys.path.extend(
    str(Path(__file__).resolve().parents[1] / part) for part in ("core", "plugins/folder_watch", "tests/fakes")
)

from hypothesis import HealthCheck, Phase, given, seed, settings
from spoilt_files import archives, pictures, spoilt, spoilt_png

from depixel.errors import DepixelError
from depixel.files import Limits, read_bytes

SLOW = 10.0  # seconds
LIMITS = Limits(pixels=4_000_000, all_frames=8_000_000)
KINDS = (*pictures(), "zip")


def resident() -> int:
    """Bytes of this process that are in memory (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class Fuzz:
    """One kind of file, and what came of it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.pictures = self.refused = 0
        self.slowest = 0.0
        self.start = self.peak = resident()
        self.faults: list[str] = []

    def read(self, data: bytes) -> None:
        """One file."""
        started = time.perf_counter()
        try:
            self._read(data)
            self.pictures += 1
        except DepixelError:
            self.refused += 1
        except Exception as error:  # noqa: BLE001 (this is what is looked for)
            self.faults.append(f"{type(error).__name__}: {error} <- {data.hex()[:4000]}")
        took = time.perf_counter() - started
        self.slowest = max(self.slowest, took)
        self.peak = max(self.peak, resident())
        if took > SLOW:
            self.faults.append(f"{took:.1f} s <- {data.hex()[:4000]}")

    def _read(self, data: bytes) -> None:
        if self.kind != "zip":
            read_bytes(data, f"x.{self.kind}", LIMITS)
            return
        from nearest_worker import NearestWorker

        from depixel_watch.packs.archive import rewrite
        from depixel_watch.packs.profiles import load

        out = io.BytesIO()
        with tempfile.NamedTemporaryFile(suffix=".zip") as file:
            file.write(data)
            file.flush()
            rewrite(Path(file.name), out, NearestWorker(), load())
        with zipfile.ZipFile(out) as made:
            if made.testzip() is not None:
                raise AssertionError("the output is damaged")


def child(kind: str, seconds: float, megabytes: int, number: int) -> dict[str, Any]:
    """Read spoilt files for a time, with a limit of memory."""
    files = archives() if kind == "zip" else pictures()[kind]
    spoiling = spoilt(files) | spoilt_png(files) if kind == "png" else spoilt(files)
    fuzz = Fuzz(kind)
    for data in files:
        fuzz.read(data)  # loads what is loaded late
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + megabytes * 2**20,) * 2)
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(fuzz.faults) < 10:
        number += 1

        @seed(number)
        @settings(
            max_examples=200,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(spoiling)
        def run(data: bytes) -> None:
            fuzz.read(data)

        run()
    return {
        "files": fuzz.pictures + fuzz.refused + len(fuzz.faults),
        "pictures": fuzz.pictures,
        "refused": fuzz.refused,
        "slowest_ms": round(1000 * fuzz.slowest),
        "memory_mb": round((fuzz.peak - fuzz.start) / 2**20),
        "faults": fuzz.faults,
    }


def main() -> None:
    """A child for each kind, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="for each kind of file")
    parser.add_argument("--memory", type=int, default=512, help="megabytes beyond the start")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--kind", choices=KINDS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    number = random.SystemRandom().randrange(2**31) if args.seed is None else args.seed
    if args.kind:
        sys.stdout.write(json.dumps(child(args.kind, args.seconds, args.memory, number)))
        return
    told: dict[str, Any] = {
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "seconds_each": args.seconds,
        "memory_limit_mb": args.memory,
        "seed": number,
        "kinds": {},
    }
    options = ["--seconds", str(args.seconds), "--memory", str(args.memory), "--seed", str(number)]
    for kind in KINDS:
        command = [sys.executable, __file__, "--kind", kind, *options]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            told["kinds"][kind] = {"faults": [f"the process ended with {ran.returncode}: {ran.stderr[-500:]}"]}
        else:
            told["kinds"][kind] = json.loads(ran.stdout)
        sys.stderr.write(f"{kind}: {json.dumps(told['kinds'][kind])[:400]}\n")
    report = json.dumps(told, indent=1) + "\n"
    if args.out:
        args.out.write_text(report, "utf-8")
    else:
        sys.stdout.write(report)
    sys.exit(any(kind["faults"] for kind in told["kinds"].values()))


if __name__ == "__main__":
    main()
