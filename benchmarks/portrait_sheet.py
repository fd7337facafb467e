"""Sheets of random, unselected people for inspection: 64 at 256 pixels and 12 at 1024.

    python benchmarks/portrait_sheet.py --out benchmarks/results [--first SEED] [--only people|large|styles]

Writes portrait_people.jpg, portrait_large.jpg (at half size) and portrait_dials.jpg (one person, one dial per row).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from depixel.portrait.dials import read_dials, turned
from depixel.portrait.parameters import Parameters
from depixel.portrait.rendering import render
from depixel.portrait.sampling import sample

DIALS = (
    ("age=8", "age=20", "age=40", "age=60", "age=85"),
    ("tone=0", "tone=0.25", "tone=0.5", "tone=0.75", "tone=1"),
    ("gender=0", "gender=0.3", "gender=0.5", "gender=0.7", "gender=1"),
    ("yaw=-60", "yaw=-30", "yaw=0", "yaw=30", "yaw=60"),
    ("smile=0", "smile=0.5", "smile=0.8, teeth=0.8", "mouth_open=0.4", "frown=0.6, brows_down=0.5"),
    ("glasses=round", "glasses=aviator", "headwear=headscarf", "headwear=cap", "headwear=hat"),
    ("garment=v-neck", "garment=shirt", "garment=turtleneck", "garment=hoodie", "garment=jacket"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--first", type=int, default=0, help="seed of the first person (default 0)")
    parser.add_argument("--only", choices=("people", "large", "dials"), help="one sheet only")
    args = parser.parse_args()
    sheets = (args.only,) if args.only else ("people", "large", "dials")
    if "people" in sheets:
        _sheet([_drawn(sample([args.first + k]), 256) for k in range(64)], 8, args.out / "portrait_people.jpg")
    if "large" in sheets:
        pictures = [_drawn(sample([args.first + 64 + k]), 1024) for k in range(12)]
        _sheet([p.resize((512, 512), Image.Resampling.LANCZOS) for p in pictures], 4, args.out / "portrait_large.jpg")
    if "dials" in sheets:
        one = turned(sample([args.first]), read_dials("yaw=0, no glasses, no headwear, no smile"))
        rows = [_drawn(turned(one, read_dials(dial)), 256) for row in DIALS for dial in row]
        _sheet(rows, 5, args.out / "portrait_dials.jpg")


def _drawn(person: Parameters, size: int) -> Any:
    started = time.perf_counter()
    with torch.no_grad():
        picture = render(person, size)[0]
    print(f"{size} pixels: {time.perf_counter() - started:.2f} s", flush=True)
    return Image.fromarray((picture.permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy())


def _sheet(pictures: list[Any], columns: int, path: Path) -> None:
    rows = [
        np.concatenate([np.asarray(p) for p in pictures[k : k + columns]], 1) for k in range(0, len(pictures), columns)
    ]
    Image.fromarray(np.concatenate(rows)).save(path, quality=90)
    print(path)


if __name__ == "__main__":
    main()
