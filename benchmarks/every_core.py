"""
Does Depixel use every core? `upscale` and `watch --once` on many small files and on one large file, compared with one
process for each core, started by hand; ratios of seconds, side by side.

    python benchmarks/every_core.py --out benchmarks/results [--files 320] [--rounds 5] [--cluster]

Ways: "one" = one process with all cores; "hand" = a process for each core, each with its share of the files (or, of the
large file, with a strip) and one thread; with --cluster also "cluster" = --cluster local with one engine for each core,
which needs Ray. In a round the ways run one after the other; each round gives one ratio, and their median is reported,
so that other work on the machine, which changes within minutes, favours none of them.
"""

from __future__ import annotations

import argparse
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


def upscale(inputs: list[Path], out: Path, *more: str) -> list[str]:
    """The words of one `depixel upscale`."""
    return [sys.executable, "-m", "depixel", "upscale", *map(str, inputs), "-o", str(out), *OPTIONS, *more]


def watch(folder: Path, out: Path) -> list[str]:
    """The words of one `depixel watch --once`."""
    return [
        *(sys.executable, "-m", "depixel", "watch", str(folder), "-o", str(out)),
        *("--once", "--quiet-period", "0", "--domain", "textures", "--wrap", "none"),
    ]


def run_all(commands: list[list[str]], threads: int) -> float:
    """Seconds until the last of these processes has ended."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "RAY_AUTH_MODE": "disabled"}
    began = time.perf_counter()
    running = [subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) for words in commands]
    codes = [process.wait() for process in running]
    if any(codes):
        raise SystemExit(f"every_core: a process ended with {codes}")
    return time.perf_counter() - began


Commands = list[list[str]]
Works = dict[str, dict[str, tuple[Commands, int]]]  # work -> way -> commands that run at once, threads of each


def all_works(folder: Path, count: int, cores: int, cluster: bool) -> Works:
    """Everything that is measured; a work whose name begins with "start" is the same with one file."""
    small = make_small(folder / "small", count)
    large = make_large(folder / "large.png")
    strips, shares = [], []
    for number in range(cores):  # by hand: horizontal strips, without the surroundings that would hide their seams
        strips.append(folder / f"strip-{number}.png")
        with Image.open(large) as image:
            image.crop((0, number * LARGE // cores, LARGE, (number + 1) * LARGE // cores)).save(strips[-1])
        (folder / strips[-1].stem).mkdir()
        shutil.copy(strips[-1], folder / strips[-1].stem)
        shares.append(folder / f"share-{number}")
        shares[-1].mkdir()
        for path in small[number::cores]:
            shutil.copy(path, shares[-1])
    for name, path in (("single", small[0]), ("large", large)):
        (folder / name).mkdir()
        shutil.copy(path, folder / name)
    out = folder / "out"
    works: Works = {
        "start upscale": {
            "one": ([upscale(small[:1], out)], cores),
            "hand": ([upscale(small[:1], out / str(k)) for k in range(cores)], 1),
        },
        "start watch": {
            "one": ([watch(folder / "single", out)], cores),
            "hand": ([watch(folder / "single", out / str(k)) for k in range(cores)], 1),
        },
        "upscale, many small files": {
            "one": ([upscale([folder / "small"], out)], cores),
            "hand": ([upscale([share], out / str(k)) for k, share in enumerate(shares)], 1),
        },
        "watch, many small files": {
            "one": ([watch(folder / "small", out)], cores),
            "hand": ([watch(share, out / str(k)) for k, share in enumerate(shares)], 1),
        },
        "upscale, one large file": {
            "one": ([upscale([large], out)], cores),
            "hand": ([upscale([strip], out / strip.stem) for strip in strips], 1),
        },
        "watch, one large file": {
            "one": ([watch(folder / "large", out)], cores),
            "hand": ([watch(folder / strip.stem, out / strip.stem) for strip in strips], 1),
        },
    }
    if cluster:
        spread = ("--cluster", "local", "--cores-per-engine", "1")
        works["upscale, many small files"]["cluster"] = ([upscale([folder / "small"], out, *spread)], 1)
        works["start upscale"]["cluster"] = ([upscale(small[:1], out, *spread)], 1)
    return works


def measure(works: Works, out: Path, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Work -> way -> seconds of each round."""
    seconds: dict[str, dict[str, list[float]]] = {work: {way: [] for way in ways} for work, ways in works.items()}
    for number in range(rounds):
        for work, ways in works.items():
            for way, (commands, threads) in list(ways.items())[:: 1 if number % 2 else -1]:
                shutil.rmtree(out, ignore_errors=True)
                out.mkdir()
                seconds[work][way].append(run_all(commands, threads))
                print(f"round {number + 1}: {work}, {way}: {seconds[work][way][-1]:.1f} s", flush=True)
    return seconds


def table(seconds: dict[str, dict[str, list[float]]]) -> str:
    """Markdown: each way's speed as a share of the better of the two plain ones, the median (and range) over rounds."""
    lines = ["| work | way | speed, start included | speed, start taken off |", "|---|---|---|---|"]
    for work, ways in seconds.items():
        if work.startswith("start"):
            continue
        starts = {way: statistics.median(times) for way, times in seconds[f"start {work.split(',')[0]}"].items()}
        net = {way: [max(1e-3, time - starts[way]) for time in times] for way, times in ways.items()}
        for way in ways:
            cells = [_median_share(times, way) for times in (ways, net)]
            lines.append(f"| {work} | {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _median_share(ways: dict[str, list[float]], way: str) -> str:
    shares = [min(one, hand) / own for one, hand, own in zip(ways["one"], ways["hand"], ways[way], strict=True)]
    return f"{statistics.median(shares):.2f} ({min(shares):.2f} to {max(shares):.2f})"


def main() -> None:
    """Measure and write every_core.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--files", type=int, default=320)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--cluster", action="store_true", help="also --cluster local")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        works = all_works(Path(folder), args.files, args.cores, args.cluster)
        seconds = measure(works, Path(folder) / "out", args.rounds)
    text = (
        f"# Every core\n\n{args.files} files of {SMALL}x{SMALL} and one of {LARGE}x{LARGE}, x4, {args.cores} cores, "
        f"medians (and ranges) of {args.rounds} rounds. 1.00 = the better of one process with all cores and one for "
        f"each core; {ENOUGH} is enough.\n\n{table(seconds)}\n"
    )
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "every_core.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
