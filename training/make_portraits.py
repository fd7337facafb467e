"""Draws any number of portraits with full annotations, as training data for faces.

    python -m training.make_portraits --out PORTRAITS --count 10000 --size 256

Writes 00000000.png (or .jpg), a mask 00000000-mask.png (red: face, green: hair, blue: cloth; the rest is background)
and one line of metadata.jsonl for each: parameters by name, landmarks in pixels, seed, size. Portrait N is the same
on every run and machine. A run with a larger count, or after an interruption, continues where the last one stopped.
Tone, gender and age are spread evenly over every 40 portraits, ancestry is random. --part 0/4 draws every fourth,
starting with 0.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from depixel.portrait.parameters import Parameters, by_name
from depixel.portrait.rendering import Drawing, draw
from depixel.portrait.sampling import sample

TONES, GENDERS, AGES = 10, 2, 2
"""Strata: every TONES * GENDERS * AGES portraits have one of each."""
BATCH = 8


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--count", type=int, required=True, help="total number of portraits")
    parser.add_argument("--first", type=int, default=0, help="number of the first one (default: 0)")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--samples", type=int, default=2, help="samples per side of each pixel (default: 2)")
    parser.add_argument("--format", choices=("png", "jpg"), default="png")
    parser.add_argument("--no-masks", action="store_true", help="do not write masks")
    parser.add_argument("--part", default="0/1", metavar="K/N", help="draw every Nth, starting with the Kth")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after this long")
    args = parser.parse_args(arguments)
    part, parts = (int(word) for word in args.part.split("/"))
    args.out.mkdir(parents=True, exist_ok=True)
    log = args.out / ("metadata.jsonl" if parts == 1 else f"metadata-{part}-of-{parts}.jsonl")
    done = finished(args.out)
    numbers = [n for n in range(args.first, args.first + args.count) if n % parts == part and n not in done]
    started = time.monotonic()
    for begin in range(0, len(numbers), BATCH):
        chosen = numbers[begin : begin + BATCH]
        people = Parameters(balanced(chosen).values.to(args.device))
        with torch.no_grad():
            drawing = draw(people, args.size, args.samples)
        lines = [_write(args, n, k, people, drawing) for k, n in enumerate(chosen)]
        with log.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        seconds = time.monotonic() - started
        print(f"{begin + len(chosen)} of {len(numbers)}, {seconds / (begin + len(chosen)):.2f} s each", flush=True)
        if seconds > args.minutes * 60:
            break


def finished(folder: Path) -> set[int]:
    """Numbers of the portraits in the logs of a folder; incomplete lines after an interruption do not count."""
    done = set()
    for log in folder.glob("metadata*.jsonl"):
        for line in log.read_text("utf-8").splitlines():
            try:
                done.add(int(json.loads(line)["number"]))
            except (ValueError, KeyError, TypeError):
                continue
    return done


def balanced(numbers: Sequence[int]) -> Parameters:
    """The people with these numbers: random, except that tone, gender and age come from the stratum of each number."""
    people = sample(numbers)
    fixed = {}
    for name, strata, turn in (("tone", TONES, 1), ("gender", GENDERS, TONES), ("age", AGES, TONES * GENDERS)):
        prior: Any = by_name()[name].prior
        stratum = torch.tensor([n // turn % strata for n in numbers], dtype=torch.float32)
        part = (people[name] - prior.low) / (prior.high - prior.low)
        fixed[name] = prior.low + (prior.high - prior.low) * (stratum + part) / strata
    return sample(numbers, fixed)


def _write(args: argparse.Namespace, number: int, k: int, people: Parameters, drawing: Drawing) -> dict[str, Any]:
    name = f"{number:08d}.{args.format}"
    Image.fromarray(_bytes(drawing.picture[k])).save(args.out / name, quality=95, subsampling=0)
    if not args.no_masks:
        Image.fromarray(_bytes(drawing.masks[k, :3])).save(args.out / f"{number:08d}-mask.png")
    marks = {mark: [round(float(x) * args.size, 2) for x in place[k]] for mark, place in drawing.landmarks.items()}
    return {"number": number, "file": name, "size": args.size, "landmarks": marks, "face": people.named(k)}


def _bytes(picture: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.asarray((picture.permute(1, 2, 0).clamp(0, 1) * 255).round().byte().cpu().numpy())


if __name__ == "__main__":
    main()
