"""
All attacks on Depixel in one command, each in separate processes; anybody can run them. Every output is compared with
its own source, and each fault is a sentence in the result.

    python benchmarks/attacks.py --short                                    a few minutes
    python benchmarks/attacks.py --out benchmarks/results/attacks.json      about an hour on two cores
    python benchmarks/attacks.py bombs stop                                 only these
    python benchmarks/attacks.py fuzz --fuzz-seconds 3600

names    a watcher dies at each step of publication while all files are renamed; a folder of 1,000 frames into which one
         is inserted, under load; an animation of 1,000 frames whose watcher is killed repeatedly
kills    SIGKILL at random moments while files are dropped, renamed, swapped, deleted ...
bombs    small pictures, packs and weights that ask for gigabytes or hours: their time, memory and error message
stop     SIGTERM and a second Ctrl-C inside slow decoders, for `upscale`, `watch` and `serve`
engine   forged requests, foreign hosts and origins, idle connections (the tests of the engine's guard)
browser  hostile websites in a real browser, names that are markup (the browser's tests; chromium and selenium)
disks    exFAT, which has no hard links, and a disk that is unmounted inside the watched folder (root, Linux)
users    two users of one machine (root, Linux)
idle     the cost of a watcher while nothing happens
fuzz     random damage for every reader

`skipped` is the reason why this system cannot run a part. --short runs the same attacks at a smaller scale. Results of
other parts that --out already has from this machine are kept.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests/fakes"))

from watch_process import environment

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ENVIRONMENT = environment(OMP_NUM_THREADS="1")
PATIENCE = 3600.0  # seconds for one script

Result = dict[str, Any]
"""The figures of a part, with a list of `faults`."""


@dataclass(frozen=True)
class Scale:
    """The extent of each attack."""

    frames: int = 1000
    deaths: int = 10
    step_frames: int = 6
    kills: int = 1000
    actions: int = 20_000
    rounds: int = 20
    idle_files: int = 100_000
    idle_seconds: float = 60
    fuzz_seconds: float = 1800
    python: str = sys.executable  # one that other users can run too


SHORT = Scale(60, 4, 2, 10, 200, 1, 200, 8, 45)


def main(words: Sequence[str] | None = None) -> int:
    """Run the parts; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument("--short", action="store_true", help="the same attacks at a smaller scale")
    parser.add_argument("--fuzz-seconds", type=float)
    parser.add_argument(
        "--python", default=sys.executable, help="for `users`: a Python of the same version that every user can run"
    )
    parser.add_argument("--out", type=Path)
    args = parser.parse_args(words)
    if wrong := [name for name in args.parts if name not in PARTS]:
        parser.error(f"there is no part {wrong[0]!r}; choose from {', '.join(PARTS)}")
    scale = replace(SHORT if args.short else Scale(), python=args.python)
    if args.fuzz_seconds:
        scale = replace(scale, fuzz_seconds=args.fuzz_seconds)
    results = parts_of(args.out)
    parts = args.parts or list(PARTS)
    for name in parts:
        began = time.monotonic()
        result = PARTS[name](scale)
        about = {"date": time.strftime("%Y-%m-%d"), "seconds": round(time.monotonic() - began, 1)}
        results[name] = {**about, **({"short": True} if args.short else {}), **result}
        word = result.get("skipped") or f"{len(result['faults'])} faults"
        sys.stderr.write(f"{name}: {word}, {results[name]['seconds']} s\n")
        if args.out:  # these results are kept if a later part is interrupted
            args.out.write_text(_document(results))
    sys.stdout.write(_document(results))
    return int(any(results[name]["faults"] for name in parts))


def parts_of(path: Path | None) -> dict[str, Result]:
    """The parts of an earlier result on the same machine, in the order of PARTS; other results are replaced."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        earlier = json.loads(path.read_text() if path else "{}")
        if earlier["machine"] == machine():
            return {name: earlier["parts"][name] for name in PARTS if name in earlier["parts"]}
    return {}


def _document(results: dict[str, Result]) -> str:
    return json.dumps({"machine": machine(), "parts": results}, indent=1) + "\n"


def machine() -> str:
    """Processor, cores, memory, system and Python, for results."""
    parts = [platform.machine(), f"{os.cpu_count()} cores"]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        parts.append(f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB")
    return ", ".join([*parts, platform.system(), f"Python {platform.python_version()}"])


def script(name: str, *words: object) -> Result:
    """The JSON written by a script in this folder; if it fails, that is a fault."""
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        out = Path(folder) / "result.json"
        command = [sys.executable, str(HERE / name), *map(str, words), "--out", str(out)]
        ran = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=PATIENCE)
        if not out.exists():
            return {"faults": [f"{name} ended with {ran.returncode}: {ran.stderr.strip()[-300:]}"]}
        values: Result = json.loads(out.read_text())
    values.pop("machine", None)
    return values


def names(scale: Scale) -> Result:
    """Files that are renamed while watchers die."""
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        command = [sys.executable, str(ROOT / "tests/fakes/kill_points.py"), folder, str(scale.step_frames)]
        ran = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    steps = [line.split() for line in ran.stdout.splitlines()]
    faults = [f"killed at step {step}: {wrong} wrong outputs" for step, wrong in steps if wrong != "0"]
    if ran.returncode:
        faults.append(f"kill_points.py ended with {ran.returncode}: {ran.stderr.strip()[-300:]}")
    with _load():
        moved = script("moved_frames.py", "--frames", scale.frames, "--deaths", scale.deaths)
        animation = script("killed_animation.py", "--frames", scale.frames, "--kills", scale.deaths)
    if moved.get("wrong_before") or moved.get("wrong_after"):
        faults.append(f"moved frames: {moved['wrong_before']} wrong outputs before, {moved['wrong_after']} after")
    faults += moved.pop("faults", []) + animation.pop("faults", [])
    return {"steps": len(steps), "moved_frames": moved, "animation": animation, "faults": faults}


# As many busy processes as there are cores.
@contextlib.contextmanager
def _load() -> Iterator[None]:
    busy = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(busy) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def kills(scale: Scale) -> Result:
    """Kills of the watcher at random moments."""
    if not hasattr(os, "fork"):
        return _skipped("it needs fork")
    words = ("--kills", scale.kills, "--actions", scale.actions, "--rounds", scale.rounds)
    result = script("watch_soak.py", *words)
    wrong = result.pop("wrong", [])
    whole = [] if result.get("ledgers_whole", True) else ["a ledger is damaged"]
    return {**result, "faults": [*wrong, *whole, *result.get("faults", [])]}


def bombs(scale: Scale) -> Result:
    """Small files that ask for gigabytes or hours."""
    del scale
    if sys.platform != "linux":
        return _skipped("it needs /proc")
    return script("bomb_costs.py")


def stop(scale: Scale) -> Result:
    """SIGTERM and Ctrl-C."""
    del scale
    return script("stop_times.py") if os.name == "posix" else _skipped("it needs signals")


def engine(scale: Scale) -> Result:
    """Forged requests: the tests of the engine's guard."""
    del scale
    return tests(
        *(f"tests/service/test_{name}.py" for name in ("attacks", "strangers", "guard", "guard_rules", "page"))
    )


def browser(scale: Scale) -> Result:
    """Hostile websites in a real browser."""
    del scale
    if not (shutil.which("chromium") and shutil.which("chromedriver") and importlib.util.find_spec("selenium")):
        return _skipped("chromium, chromedriver or selenium is not installed: see scripts/browser_tests")
    return tests("-m", "browser", "tests/browser/test_attacks.py")


def tests(*words: str) -> Result:
    """The last line of pytest with these arguments; tests that fail are faults."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    ran = subprocess.run(
        command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    lines = ran.stdout.splitlines()
    faults = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    if ran.returncode and not faults:
        faults = lines[-1:] or ["the tests did not run"]
    return {"tests": lines[-1] if lines else "", "faults": faults}


def disks(scale: Scale) -> Result:
    """Disks with fewer features, and disks that disappear."""
    if sys.platform != "linux" or os.geteuid():
        return _skipped("only root on Linux can mount disks")
    return script("disks.py", "--frames", scale.step_frames)


def users(scale: Scale) -> Result:
    """Two users of one machine."""
    if sys.platform != "linux" or os.geteuid() or not shutil.which("useradd"):
        return _skipped("only root on Linux can create users")
    resolved = Path(scale.python).resolve()
    if not all(place.stat().st_mode & 0o001 for place in (resolved, *resolved.parents)):
        return _skipped(f"other users cannot run {resolved}: name another with --python")
    result = script("two_users.py", "--python", scale.python)
    claims = result.get("claims", {})
    faults = [claim for claim, held in claims.items() if not held]
    return {"claims": len(claims), "faults": faults + result.get("faults", [])}


def idle(scale: Scale) -> Result:
    """The cost of an idle watcher."""
    if sys.platform != "linux":
        return _skipped("it needs /proc")
    result = script("watch_idle.py", "--files", scale.idle_files, "--seconds", scale.idle_seconds)
    faults = result.pop("faults", [])
    for name, most, wakes in (("idle", 0.5, 2), ("log_grows", 2.0, 2), ("texture_grows", 2.0, 3)):
        part = result.get(name, {"percent": 0, "wake_ups_a_second": 0})
        if part["percent"] > most or part["wake_ups_a_second"] > wakes:
            faults.append(f"{name}: {part['percent']}% of a core, {part['wake_ups_a_second']} wake-ups a second")
    return {**result, "faults": faults}


def fuzz(scale: Scale) -> Result:
    """Damaged files for every reader."""
    if not hasattr(os, "fork"):
        return _skipped("it needs fork")
    piece = max(0.5, min(20.0, scale.fuzz_seconds / 60))
    result = script("fuzz.py", "--seconds", scale.fuzz_seconds, "--slice", piece, "--seed", int(time.time()))
    faults = result.get("faults", []) + [fault for kind in result.get("kinds", {}).values() for fault in kind["faults"]]
    return {"inputs": result.get("inputs", 0), "kinds": len(result.get("kinds", {})), "faults": faults}


def _skipped(why: str) -> Result:
    return {"skipped": why, "faults": []}


PARTS: dict[str, Callable[[Scale], Result]] = {
    part.__name__: part for part in (names, kills, bombs, stop, engine, browser, disks, users, idle, fuzz)
}

if __name__ == "__main__":
    sys.exit(main())
