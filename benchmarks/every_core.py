"""
Does Depixel use every core? `upscale` on many small files and on one large file, compared with one manually started
process for each core; files and megapixels per second as ratios, side by side.

    python benchmarks/every_core.py --out benchmarks/results [--files 240] [--rounds 3]

Ways: "one" = one process with all cores; "hand" = a process for each core, each with its share of the files (or, for
the large file, with a strip) and one thread; "cluster" = --cluster local with one engine for each core, if Ray is
installed. Rounds are interleaved and medians are compared, so that other work on the machine does not favour a way.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SMALL, LARGE = 48, 768  # pixels per side
OPTIONS = ("--domain", "textures", "--wrap", "none", "--quiet", "--overwrite")
ENOUGH = 0.9


def make_small(folder: Path, count: int) -> list[Path]:
    """Pictures with soft light and grain, all different."""
    folder.mkdir(parents=True)
    paths = []
    for number in range(count):
        random = np.random.default_rng(number)
        coarse = Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((SMALL, SMALL), 3)
        paths.append(folder / f"{number:05}.png")
        coarse.save(paths[-1])
    return paths


def make_large(path: Path) -> Path:
    """One picture of LARGE x LARGE."""
    random = np.random.default_rng(1)
    Image.fromarray(random.integers(0, 256, (40, 40, 3), dtype=np.uint8)).resize((LARGE, LARGE), 3).save(path)
    return path


def command(inputs: list[Path], out: Path, *more: str) -> list[str]:
    """The arguments of one `depixel upscale`."""
    return [sys.executable, "-m", "depixel", "upscale", *map(str, inputs), "-o", str(out), *OPTIONS, *more]


def run_all(commands: list[list[str]], threads: int) -> float:
    """Seconds until the last of these processes has ended."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "RAY_AUTH_MODE": "disabled"}
    began = time.perf_counter()
    running = [subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) for words in commands]
    codes = [process.wait() for process in running]
    if any(codes):
        raise SystemExit(f"every_core: a process ended with {codes}")
    return time.perf_counter() - began


def measure(folder: Path, count: int, rounds: int, cores: int) -> dict[str, dict[str, float]]:
    """Work -> way -> median seconds, without the start time, which a run with one file measures."""
    small = make_small(folder / "small", count)
    large = make_large(folder / "large.png")
    strips = []
    for number in range(cores):  # by hand: horizontal strips, without the surroundings that would hide their seams
        strips.append(folder / f"strip-{number}.png")
        with Image.open(large) as image:
            image.crop((0, number * LARGE // cores, LARGE, (number + 1) * LARGE // cores)).save(strips[-1])
    out = folder / "out"
    ways: dict[str, dict[str, tuple[list[list[str]], int]]] = {
        "start": {"one": ([command(small[:1], out)], cores), "hand": ([command(small[:1], out)] * cores, 1)},
        "many small files": {
            "one": ([command([folder / "small"], out)], cores),
            "hand": ([command(small[k::cores], out / str(k)) for k in range(cores)], 1),
        },
        "one large file": {
            "one": ([command([large], out)], cores),
            "hand": ([command([strip], out / strip.stem) for strip in strips], 1),
        },
    }
    if importlib.util.find_spec("ray"):
        spread = ("--cluster", "local", "--cores-per-engine", "1")
        ways["many small files"]["cluster"] = ([command([folder / "small"], out, *spread)], 1)
        ways["start"]["cluster"] = ([command(small[:1], out, *spread)], 1)
    seconds: dict[str, dict[str, list[float]]] = {work: {way: [] for way in how} for work, how in ways.items()}
    for _ in range(rounds):
        for work, how in ways.items():
            for way, (commands, threads) in how.items():
                shutil.rmtree(out, ignore_errors=True)
                seconds[work][way].append(run_all(commands, threads))
    return {work: {way: statistics.median(times) for way, times in how.items()} for work, how in seconds.items()}


def table(medians: dict[str, dict[str, float]], count: int) -> str:
    """Markdown: each way's speed as a fraction of the better of the two plain ones."""
    lines = ["| work | way | speed, start included | speed, start taken off |", "|---|---|---|---|"]
    for work in ("many small files", "one large file"):
        how = medians[work]
        net = {way: max(1e-3, seconds - medians["start"].get(way, 0.0)) for way, seconds in how.items()}
        best, best_net = min(how["one"], how["hand"]), min(net["one"], net["hand"])
        lines += [f"| {work} | {way} | {best / how[way]:.2f} | {best_net / net[way]:.2f} |" for way in how]
    return "\n".join(lines)


def main() -> None:
    """Measure and write every_core.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--files", type=int, default=240)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        medians = measure(Path(folder), args.files, args.rounds, args.cores)
    text = (
        f"# Every core\n\n{args.files} files of {SMALL}x{SMALL} and one of {LARGE}x{LARGE}, x4, {args.cores} cores, "
        f"medians of {args.rounds} interleaved rounds. 1.00 = the better of one process with all cores and one process "
        f"for each core; {ENOUGH} is enough.\n\n{table(medians, args.files)}\n"
    )
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "every_core.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
