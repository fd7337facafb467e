"""
Fuzzes everything that reads data from outside: pictures of each kind, packs, weights, requests, recipes, records.

    python benchmarks/fuzz.py --files 10000000 --seconds 7200 --state fuzz.json     continues after an interruption
    python benchmarks/fuzz.py --replay png:12345                                    one input again, with its traceback

Good examples are corrupted at random (tests/fakes/spoiling.py) and read in a process with a memory limit, one kind
after the other, in slices of some seconds, until one of the limits is reached. Input N of a kind is always the same
bytes. Counted are all inputs, accepted and refused ones, the slowest, and the most memory beyond the start; a fault is
any exception but a DepixelError, an input that takes more than 10 s, or the end of the process.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import mmap
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.extend(
    str(Path(__file__).resolve().parents[1] / part) for part in ("core", "plugins/folder_watch", "tests/fakes")
)

from fuzz_targets import Target, target_names, targets
from result_file import publish
from spoiling import spoil, spoil_png

SLOW_SECONDS = 10.0
HUNG_SECONDS = 60.0
MEGABYTES = 768  # beyond the start of a process
MOST_FAULTS = 10  # of one kind; then it is skipped


def main() -> None:
    """Slices of all kinds in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10**9, help="end after this many inputs")
    parser.add_argument("--seconds", type=float, default=60, help="end after this time")
    parser.add_argument("--slice", type=float, default=20, help="seconds of one kind before the next")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", default=[], choices=target_names(), metavar="KIND")
    parser.add_argument("--state", type=Path, help="what was reached; read at the start")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--replay", metavar="KIND:NUMBER")
    args = parser.parse_args()
    if args.replay:
        kind, _, number = args.replay.partition(":")
        replay(kind, int(number), args.seed)
        return
    kinds: dict[str, dict[str, Any]] = {}
    if args.state and args.state.exists():
        kinds = json.loads(args.state.read_text())
    began = time.monotonic()
    names = args.kinds or target_names()
    while _total(kinds) < args.files and time.monotonic() - began < args.seconds:
        left = [name for name in names if len(kinds.get(name, {}).get("faults", ())) < MOST_FAULTS]
        if not left:
            break
        name = min(left, key=lambda name: kinds.get(name, {}).get("seconds", 0.0))
        rest = args.seconds - (time.monotonic() - began)
        kinds[name] = _sum(kinds.get(name), slice_of(name, min(args.slice, max(0.5, rest)), kinds.get(name), args.seed))
        if args.state:
            part = args.state.with_suffix(".part")
            part.write_text(json.dumps(kinds, indent=1))
            part.replace(args.state)
    result = {
        "inputs": _total(kinds),
        "seed": args.seed,
        "memory_limit_mb": MEGABYTES,
        "kinds": {name: kinds[name] for name in sorted(kinds)},
    }
    publish(result, args.out)
    sys.exit(any(kind["faults"] for kind in kinds.values()))


def _total(kinds: dict[str, dict[str, Any]]) -> int:
    return sum(kind["inputs"] for kind in kinds.values())


def _sum(before: dict[str, Any] | None, more: dict[str, Any]) -> dict[str, Any]:
    if before is None:
        return more
    added = {name: round(before[name] + more[name], 1) for name in ("inputs", "accepted", "refused", "seconds")}
    most = {name: max(before[name], more[name]) for name in ("slowest_ms", "memory_mb")}
    return {**added, **most, "faults": before["faults"] + more["faults"]}


def slice_of(name: str, seconds: float, before: dict[str, Any] | None, seed: int) -> dict[str, Any]:
    """Some seconds of one kind in a separate process."""
    first = before["inputs"] if before else 0
    position = mmap.mmap(-1, 8)  # shared: the number of the current input
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    began = time.monotonic()
    outcome: dict[str, Any] | None = None
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory) as scratch:
        child = context.Process(target=_child, args=(name, seconds, first, seed, scratch, position, theirs))
        child.start()
        theirs.close()
        with contextlib.suppress(EOFError):
            if ours.poll(seconds + HUNG_SECONDS):
                outcome = ours.recv()
        if outcome is None:
            child.kill()
        child.join()
    if outcome is not None:
        return outcome
    number = int.from_bytes(position[:], "little")
    end = f"the process ended with {child.exitcode}" if child.exitcode != -9 else "the process hung or was killed"
    fault = f"{name}:{number}: {end}"
    return {
        "inputs": number + 1 - first, "accepted": 0, "refused": 0, "seconds": round(time.monotonic() - began, 1),
        "slowest_ms": 0, "memory_mb": 0, "faults": [fault],
    }  # fmt: skip


def _child(
    name: str, seconds: float, first: int, seed: int, scratch: str, position: mmap.mmap, answer: Connection
) -> None:
    warnings.simplefilter("ignore")
    tempfile.tempdir = scratch
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)  # decoders print complaints
    target = targets([name])[0]
    for example in target.examples:  # loads modules that are imported lazily
        with contextlib.suppress(*target.sentences):
            target.read(example)
    gc.freeze()
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEGABYTES * 2**20,) * 2)
    start = peak = _resident()
    accepted = refused = 0
    slowest = 0.0
    faults: list[str] = []
    number = first
    began = time.monotonic()
    while (now := time.monotonic()) - began < seconds and len(faults) < MOST_FAULTS:
        position[:] = number.to_bytes(8, "little")
        data = data_of(target, number, seed)
        try:
            target.read(data)
            accepted += 1
        except target.sentences:
            refused += 1
        except BaseException as error:  # noqa: BLE001 (this is what is looked for)
            faults.append(f"{name}:{number}: {type(error).__name__}: {str(error)[:200]} at {_place(error)}")
        took = time.monotonic() - now
        slowest = max(slowest, took)
        if took > SLOW_SECONDS:
            faults.append(f"{name}:{number}: took {took:.1f} s")
        if number % 64 == 0:
            peak = max(peak, _resident())
        number += 1
    answer.send(
        {
            "inputs": number - first,
            "accepted": accepted,
            "refused": refused,
            "seconds": round(time.monotonic() - began, 1),
            "slowest_ms": round(1000 * slowest),
            "memory_mb": round((max(peak, _resident()) - start) / 2**20),
            "faults": faults,
        }
    )
    os._exit(0)  # threads of the engine's application


def data_of(target: Target, number: int, seed: int) -> bytes:
    """Input `number` of a kind."""
    rng = random.Random(f"{seed}/{target.name}/{number}")
    if target.name == "png" and number % 2:
        return spoil_png(rng, target.examples)
    return spoil(rng, target.examples)


def replay(name: str, number: int, seed: int) -> None:
    """Replay one input."""
    target = targets([name])[0]
    data = data_of(target, number, seed)
    print(f"{len(data)} bytes: {data[:2000]!r}")
    try:
        print(f"accepted: {target.read(data)!r}"[:500])
    except target.sentences as error:
        print(f"refused: {error}")


def _place(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "depixel" in frame.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
