"""
Residual and time against the steps of the search, and what each wish (palette, wrap, frames) gains from its term.

    python -m benchmarks.search_steps [--data DATA] [--out benchmarks/results] [--count 4] [--device cpu]

The first tables search with eps 0, so that every step is taken. The second ones use the released art prior, if
installed, and pictures from samples/: a sprite with its own palette, a texture that tiles, an animation; each wish is
measured on the answer of the search, before export. Seconds are of this process on a CPU. Writes search_steps.json and
.md.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.search_subjects import Subject, machine, subjects
from benchmarks.search_vs_pulse import Stopwatch
from PIL import Image, ImageSequence
from torch import Tensor

from depixel.degradation import Degradation, make_degradation
from depixel.exporting.palette import palettes_of
from depixel.priors.art import ArtPrior
from depixel.priors.weights import load_weights, released_names
from depixel.request import Request
from depixel.search import Question, search

STEPS = (0, 5, 10, 20, 40)
WISH_STEPS = (0, 10, 40)
SAMPLES = Path(__file__).resolve().parent.parent / "samples"
LARGEST = 64  # small pixels of a sample's side; larger ones are cropped
Row = dict[str, float | str]


def residuals(subject: Subject, device: str) -> list[Row]:
    """Mean and worst error before projection, and seconds per picture, for each number of steps."""
    rows: list[Row] = []
    search(subject.prior, Question(subject.small[:1], subject.degradation), Request(steps=1))  # warm up
    for steps in STEPS:
        watch = Stopwatch(device)
        settings = Request(steps=steps, eps=0.0)
        candidates = search(subject.prior, Question(subject.small, subject.degradation), settings)
        errors = [rows_of[0].error for rows_of in candidates.pictures]
        rows.append(
            {
                "steps": steps,
                "mean error": sum(errors) / len(errors),
                "worst error": max(errors),
                "seconds a picture": watch.seconds() / len(errors),
            }
        )
    return rows


def wishes(prior: ArtPrior, device: str) -> list[Row]:
    """Each wish's own measure for each number of steps, relative to the calm answer's."""
    sprite = _read(SAMPLES / "sprites" / "frog-indexed.png")[:1]
    texture = _read(SAMPLES / "textures" / "wall.png")[:1]
    frames = _read(SAMPLES / "animations" / "coin.png")
    straight = (sprite * 255).round().int()
    straight[:, :3] = (sprite[:, :3] / sprite[:, 3:].clamp_min(1e-6) * 255).round().int() * (sprite[:, 3:] > 0)
    plain, wrapped = make_degradation("area", 4), make_degradation("area", 4, (True, True))
    searches: dict[str, tuple[Tensor, Degradation, dict[str, Any]]] = {
        "palette": (sprite, plain, {"palettes": palettes_of(straight, 255)}),
        "wrap": (texture, wrapped, {}),
        "frames": (frames, plain, {"animations": [0] * len(frames)}),
    }
    rows: list[Row] = []
    for name, (small, degradation, more) in searches.items():
        row: Row = {"wish": name}
        settings = Request(imagination=0.5 if name == "frames" else 0.0)
        watch = Stopwatch(device)
        for steps in WISH_STEPS:
            candidates = search(prior, Question(small, degradation, **more), replace(settings, steps=steps))
            row[f"{steps} steps"] = sum(rows_of[0].terms[name] for rows_of in candidates.pictures) / len(
                candidates.pictures
            )
        row["worst error"] = max(rows_of[0].error for rows_of in candidates.pictures)
        row["seconds"] = watch.seconds()
        rows.append(row)
    return rows


# [F, 4, h, w] premultiplied RGBA of a file's frames, cut to LARGEST.
def _read(path: Path) -> Tensor:
    with Image.open(path) as picture:
        frames = [np.asarray(frame.convert("RGBA"), np.float32) / 255 for frame in ImageSequence.Iterator(picture)]
    straight = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)[:, :, :LARGEST, :LARGEST]
    return torch.cat([straight[:, :3] * straight[:, 3:], straight[:, 3:]], 1)


def table(rows: list[Row]) -> list[str]:
    """Lines of a markdown table."""
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    for row in rows:
        cells = (row[c] for c in columns)
        lines.append("| " + " | ".join(c if isinstance(c, str) else f"{c:.3g}" for c in cells) + " |")
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--weights", default="faces-128", help="released name or path of a faces prior")
    parser.add_argument("--data", type=Path, help="folder of faces256-*.tar; without it the prior's own faces are used")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    about = machine(options.threads, options.device) | {"pictures": options.count}
    names = [name for name in (options.weights, "art-small") if name in released_names() or Path(name).is_file()]
    about["weights"] = " and ".join(f"{name} {load_weights(name).digest}" for name in names)
    lines = ["# Residual and time against steps", "", ", ".join(f"{k} {v}" for k, v in about.items()), ""]
    results: dict[str, list[Row]] = {}
    for subject in subjects(options.weights, options.data, options.size, options.count, options.device):
        results[subject.name] = residuals(subject, options.device)
        lines += [f"## {subject.name}", "", *table(results[subject.name])]
    if "art-small" in released_names():
        prior = ArtPrior.from_weights(load_weights("art-small"), torch.device(options.device))
        results["wishes"] = wishes(prior, options.device)
        lines += ["## Wishes of art: each term's own value", "", *table(results["wishes"])]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "search_steps.md").write_text("\n".join(lines))
    (options.out / "search_steps.json").write_text(json.dumps({"about": about, "results": results}, indent=2) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
