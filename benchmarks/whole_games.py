"""
Whole games through the real watcher: the outcome, the kinds of pictures per folder, and sheets of pairs for inspection.

    python benchmarks/whole_games.py GAME_FOLDER ... --out-root FOLDER [--only-below 257] [--pairs 10] [--results DIR]

GAME_FOLDER is, for example, a Debian package unpacked by `dpkg-deb -x`. Outputs go to OUT_ROOT/NAME and are kept, so a
second run only reports. Kinds are those that the watcher decides, together for pictures that belong together. The
sheets whole_games_0.png ... (input enlarged by repetition, output; on magenta) are written to OUT_ROOT, whole_games.md
to the folder of results.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import torch
from PIL import Image

from depixel import files
from depixel.errors import DepixelError
from depixel.families import Families
from depixel.preparation.content import kind_by_content
from depixel_watch.work.watcher import FolderListing

ROOT = Path(__file__).resolve().parents[1]
MAGENTA = (255, 0, 255)
WIDTH, LARGEST, PER_SHEET = 1600, 72, 26


def watched(game: Path, out: Path, below: int) -> Counter[str]:
    """Numbers of files by outcome; the sentence of each failure is a key with the count 1."""
    paths = os.pathsep.join(str(ROOT / part) for part in ("core", "plugins/folder_watch"))
    command = [sys.executable, "-m", "depixel", "watch", str(game), "-o", str(out), "--once", "--json"]
    ran = subprocess.run(
        [*command, "--only-below", str(below)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    counts: Counter[str] = Counter()
    for line in ran.stdout.splitlines():
        event = json.loads(line)
        if event["what"] in ("done", "copied", "left", "failed"):
            counts[event["what"]] += 1
        if event["what"] == "failed":
            counts[f"failed: {event['path']}: {event['sentence']}"] = 1
        if event["what"] == "pass":
            counts["up to date"] = max(counts["up to date"], event["skipped"])
    return counts


def kinds(game: Path, out: Path) -> dict[str, Counter[str]]:
    """
    Folder => how many of its pictures are of which kind, of those with an output. Pictures that belong together are
    decided together, as the watcher does.
    """
    families = Families(FolderListing(game), kind_by_content, lambda family: None)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for source, _ in pairs(game, out):
        try:
            picture = files.read(source).replace(name="")
        except DepixelError:
            continue
        path = source.relative_to(game).as_posix()
        kind = families.kind_for(path, picture) or kind_by_content(picture)
        counts[source.parent.relative_to(game).as_posix()][kind] += 1
    return counts


def pairs(game: Path, out: Path) -> list[tuple[Path, Path]]:
    """Sources and their outputs."""
    outputs = (path for path in sorted(out.rglob("*")) if path.suffix.lower() in files.READABLE)
    return [(game / path.relative_to(out), path) for path in outputs if (game / path.relative_to(out)).is_file()]


def small_pairs(game: Path, out: Path, count: int) -> list[tuple[Image.Image, Image.Image]]:
    """Some pairs whose source is small enough for a sheet: (source at the size of the output, output)."""
    chosen: list[tuple[Image.Image, Image.Image]] = []
    every = pairs(game, out)
    random.Random(5).shuffle(every)
    for source, output in every:
        try:
            small, large = Image.open(source).convert("RGBA"), Image.open(output).convert("RGBA")
        except OSError:
            continue
        if 12 <= max(small.size) <= LARGEST:
            chosen.append((small.resize(large.size, Image.Resampling.NEAREST), large))
        if len(chosen) == count:
            break
    return chosen


def sheet(shown: list[tuple[Image.Image, Image.Image]]) -> Image.Image:
    """Pairs in rows, on magenta."""
    canvas = Image.new("RGB", (WIDTH, 300 * len(shown)), MAGENTA)
    left = top = height = 0
    for small, large in shown:
        width = 2 * large.width + 6
        if left + width > WIDTH:
            left, top, height = 0, top + height + 8, 0
        canvas.paste(small, (left, top), small)
        canvas.paste(large, (left + large.width + 4, top), large)
        left, height = left + width + 14, max(height, large.height)
    return canvas.crop((0, 0, WIDTH, top + height))


def main() -> None:
    """Run, count, draw, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("games", type=Path, nargs="+")
    parser.add_argument("--out-root", type=Path, required=True)
    parser.add_argument("--only-below", type=int, default=257)
    parser.add_argument("--pairs", type=int, default=10, help="of each game")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    lines = ["# Whole games by the watcher", "", f"Pictures whose longer side is below {args.only_below}; x4.", ""]
    shown: list[tuple[Image.Image, Image.Image]] = []
    for game in args.games:
        out = args.out_root / game.name
        counts = watched(game, out, args.only_below)
        lines += [f"## {game.name}", "", ", ".join(f"{n} {what}" for what, n in counts.items() if n), ""]
        lines += ["| folder | kinds |", "|---|---|"]
        for folder, its in sorted(kinds(game, out).items()):
            short = folder.removeprefix("usr/share/").removeprefix("games/")
            lines.append(f"| {short} | {', '.join(f'{n} {kind}' for kind, n in its.most_common())} |")
        lines.append("")
        shown += small_pairs(game, out, args.pairs)
    for number, first in enumerate(range(0, len(shown), PER_SHEET)):
        sheet(shown[first : first + PER_SHEET]).save(args.out_root / f"whole_games_{number}.png")
    lines.append(f"{len(shown)} pairs were drawn on sheets to be looked at.")
    (args.results / "whole_games.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
