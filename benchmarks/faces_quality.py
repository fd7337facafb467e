"""
Quality of the faces prior's answers on held-out portraits: inputs by 64 -> 32 -> 16 successive bicubic reductions (the
protocol of progressive face super-resolution, arXiv 1908.08239), answers of 128 pixels.

    python -m benchmarks.faces_quality --data DATA --out benchmarks/results [--weights faces-128] [--further 60]

Rows: bicubic enlargement, the encoder, the encoder projected (as the engine exports it), and the search with its
settings. Then, by skin-tone group, gender and age band: success at PULSE's eps without projection, the shift of skin
tone, and a perceptual distance that cannot recognise persons; the spread between groups is the headline. Because the
search stops once eps is met, the first `--further` portraits are also searched with smaller limits, down to 0, which
takes every step. Writes faces_quality_SIZE.json, .md and a sheet, and faces_sizes.md, one table of all sizes measured
so far.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from benchmarks.faces_measures import looks_distance, ms_ssim, psnr, skin_tone, ssim
from torch import Tensor
from training.faces_data import Portraits, load_portraits, reduction_matrix
from training.faces_sheet import save_sheet

from depixel.consistency import project
from depixel.degradation import BicubicDegradation
from depixel.priors.base import LatentPrior
from depixel.priors.faces import FacePrior
from depixel.priors.weights import load_weights
from depixel.request import PULSE_EPS, Request
from depixel.search.loop import search
from depixel.search.question import Question

BATCH = 20
FURTHER = (PULSE_EPS, 1e-5, 0.0)  # mean squared errors that the search aims at
SIZES = (8, 16, 32, 64)  # pixels per side that the encoder was trained for
COLUMNS = ("pictures", "PSNR dB", "SSIM", "MS-SSIM", "perceptual distance")
JUDGED = ("success %", "tone shift, degrees ITA", "perceptual distance", "PSNR dB")  # of groups


def reduced(truth: Tensor, size: int) -> Tensor:
    """Successive bicubic halvings from 64 pixels on, as an opaque premultiplied picture [B, 4, size, size]."""
    matrix = reduction_matrix("progressive", truth.shape[-1], size)
    small = (matrix @ truth @ matrix.t()).clamp(0, 1)
    return torch.cat([small, torch.ones_like(small[:, :1])], 1)


@torch.no_grad()
def encoder_answers(prior: LatentPrior, small: Tensor, factor: int) -> Tensor:
    """One pass of the encoder, RGB [B, 3, R, R]."""
    degradation = BicubicDegradation(factor)
    parts = [prior.decode(prior.encode(y, degradation), y, degradation) for y in torch.split(small, BATCH)]
    return torch.cat(parts)[:, :3]


@dataclass(frozen=True)
class Searched:
    """The result of the search."""

    pictures: Tensor  # [B, 3, R, R]
    errors: Tensor  # [B] mean squared error of scaling back, before projection
    steps: int  # maximum over all batches
    seconds: float  # per picture, of this process


def searched_answers(prior: LatentPrior, small: Tensor, factor: int, steps: int, eps: float | None) -> Searched:
    """The latent search with this `eps` (None = its own setting)."""
    settings = Request(domain="faces", steps=steps, eps=eps)
    pictures, errors, most_steps = [], [], 0
    began = time.process_time()
    for y in torch.split(small, BATCH):
        candidates = search(prior, Question(y, BicubicDegradation(factor)), settings)
        pictures += [rows[0].large[:3] for rows in candidates.pictures]
        errors += [rows[0].error for rows in candidates.pictures]
        most_steps = max(most_steps, candidates.steps)
    return Searched(torch.stack(pictures), torch.tensor(errors), most_steps, (time.process_time() - began) / len(small))


def projected(answer: Tensor, small: Tensor, factor: int) -> Tensor:
    """As the engine exports it: the nearest picture that scales back to `small`."""
    opaque = torch.cat([answer, torch.ones_like(answer[:, :1])], 1)
    return project(opaque, small, BicubicDegradation(factor))[:, :3]


def scale_back_error(answer: Tensor, small: Tensor, factor: int) -> Tensor:
    """[B] mean squared error between the answer scaled back and the input."""
    return (BicubicDegradation(factor).apply(answer) - small[:, :3]).square().mean((1, 2, 3))


def group_names(portraits: Portraits) -> dict[str, list[str]]:
    """For each kind of group, the group of each portrait."""
    rows = portraits.metadata
    return {
        "tone group": [str(row["tone_group"]) for row in rows],
        "gender": ["male" if float(str(row["gender"])) >= 0.5 else "female" for row in rows],
        "age": [
            f"{int(float(str(row['age']))) // 20 * 20}-{int(float(str(row['age']))) // 20 * 20 + 19}" for row in rows
        ],
    }


def qualities(answer: Tensor, truth: Tensor) -> dict[str, float]:
    """Means over pictures."""
    return {
        "PSNR dB": psnr(answer, truth).mean().item(),
        "SSIM": ssim(answer, truth).mean().item(),
        "MS-SSIM": ms_ssim(answer, truth).mean().item(),
    }


def by_group(names: dict[str, list[str]], judged: dict[str, Tensor]) -> dict[str, dict[str, float]]:
    """
    For each group of each kind its size and its mean of each measure [B]; for shifts, which have a sign, the median.
    """
    groups: dict[str, dict[str, float]] = {}
    for kind, members in names.items():
        for name in sorted(set(members)):
            chosen = torch.tensor([member == name for member in members])
            row = {"pictures": chosen.sum().item()}
            for measure, values in judged.items():
                middle = values[chosen].median() if "shift" in measure else values[chosen].mean()
                row[measure] = middle.item()
            groups[f"{kind} {name}"] = row
    return groups


def table(rows: dict[str, dict[str, float]], first: str) -> str:
    """A markdown table of rows of equal columns."""
    columns = list(next(iter(rows.values())))
    lines = [f"| {first} | " + " | ".join(columns) + " |", "|" + " --- |" * (len(columns) + 1)]
    for name, values in rows.items():
        lines.append(
            f"| {name} | " + " | ".join("" if math.isnan(values[c]) else f"{values[c]:.4g}" for c in columns) + " |"
        )
    return "\n".join(lines)


def sizes_table(folder: Path) -> str:
    """All faces_quality_SIZE.json in one table, as markdown: bicubic and the exported answers."""
    rows: dict[str, dict[str, float]] = {}
    weights = set()
    for size in SIZES:
        path = folder / f"faces_quality_{size}.json"
        if not path.is_file():
            continue
        results = json.loads(path.read_text("utf-8"))
        weights.add(results["facts"]["weights"])
        for shown, name in (("bicubic", "bicubic"), ("encoder, projected", "encoder, projected")):
            row = results["quality"][name]
            rows[f"{size}x{size}, {shown}"] = {column: row[column] for column in COLUMNS} | {
                "success % of the worst group": results["spread"]["success %"]["least"]
                if shown != "bicubic"
                else math.nan
            }
    return "\n".join(
        ["# Faces from small pictures of several sizes", "", *sorted(weights), "", table(rows, "input, answer"), ""]
    )


def measure(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    weights = load_weights(options.weights)
    prior = FacePrior.from_weights(weights, torch.device("cpu"))
    native = prior.spec.native_size
    assert native is not None
    factor = native // options.size
    portraits = load_portraits(options.data, native, evaluation=True)
    count = min(options.count, len(portraits))
    truth = portraits.pixels[:count].float() / 255
    landmarks = portraits.landmarks[:count]
    small = reduced(truth, options.size)

    # Answers.
    began = time.process_time()
    encoded = encoder_answers(prior, small, factor)
    seconds = (time.process_time() - began) / count
    searched = searched_answers(prior, small, factor, options.steps, None)
    errors = scale_back_error(encoded, small, factor)
    answers = {
        "bicubic": F.interpolate(small[:, :3], native, mode="bicubic", align_corners=False).clamp(0, 1),
        "encoder": encoded,
        "encoder, projected": projected(encoded, small, factor),
        "search": searched.pictures,
        "search, projected": projected(searched.pictures, small, factor),
    }
    quality = {name: {"pictures": count} | qualities(answer, truth) for name, answer in answers.items()}
    looks = {name: looks_distance(answer, truth, landmarks) for name, answer in answers.items()}
    for name, distances in looks.items():
        quality[name]["perceptual distance"] = distances.mean().item()

    # Fairness over groups, of the exported answers.
    answer = answers["search, projected"]
    judged = {
        "success %": 100 * (searched.errors <= PULSE_EPS).float(),
        "tone shift, degrees ITA": skin_tone(answer, landmarks) - skin_tone(truth, landmarks),
        "perceptual distance": looks["search, projected"],
        "PSNR dB": psnr(answer, truth),
    }
    groups = by_group({k: names[:count] for k, names in group_names(portraits).items()}, judged)
    spread = {
        name: {
            "least": min(row[name] for row in groups.values()),
            "most": max(row[name] for row in groups.values()),
            "spread": max(row[name] for row in groups.values()) - min(row[name] for row in groups.values()),
        }
        for name in JUDGED
    }
    facts: dict[str, object] = {
        "weights": f"{weights.name} {weights.digest}",
        "input pixels": options.size,
        "held-out portraits": count,
        "encoder, ms a picture": 1000 * seconds,
        "search, ms a picture": 1000 * searched.seconds,
        "search steps taken": searched.steps,
        "success of the encoder %": 100 * (errors <= PULSE_EPS).float().mean().item(),
        "success of the search %": judged["success %"].mean().item(),
        "perceptual distance to another portrait": looks_distance(truth.roll(1, 0), truth, landmarks).mean().item(),
        "machine": f"{platform.machine()}, {options.threads} thread",
    }

    # The search beyond PULSE's eps.
    some = min(options.further, count)
    further: dict[str, dict[str, float]] = {}
    for eps in FURTHER if some else ():
        more = searched_answers(prior, small[:some], factor, options.steps, eps)
        further[f"{eps:g}"] = {
            "pictures": some,
            "steps": more.steps,
            "ms a picture": 1000 * more.seconds,
            "mean error": more.errors.mean().item(),
            "worst error": more.errors.max().item(),
            "PSNR dB before projection": psnr(more.pictures, truth[:some]).mean().item(),
        } | qualities(projected(more.pictures, small[:some], factor), truth[:some])

    # Files.
    options.out.mkdir(parents=True, exist_ok=True)
    stem = f"faces_quality_{options.size}"
    (options.out / f"{stem}.json").write_text(
        json.dumps(
            {"facts": facts, "spread": spread, "quality": quality, "groups": groups, "further": further}, indent=1
        )
        + "\n"
    )
    lines = [f"# Faces, {options.size} to {native} pixels, held-out renders", ""]
    lines += [
        f"- {key}: {value:.4g}" if isinstance(value, float) else f"- {key}: {value}" for key, value in facts.items()
    ]
    lines += ["", f"The spread between groups (success is at eps {PULSE_EPS} before projection, the rest of what is"]
    lines += [
        "exported; groups are means, of the tone shift medians; those of fewer than 30 portraits say little):",
        "",
        table(spread, "between groups"),
        "",
    ]
    lines += [table(quality, "answer"), "", table(groups, "group"), ""]
    if further:
        lines += ["The search asked for less than PULSE's eps (errors are before projection, quality after it):", ""]
        lines += [table(further, "eps"), ""]
    (options.out / f"{stem}.md").write_text("\n".join(lines))
    (options.out / "faces_sizes.md").write_text(sizes_table(options.out))
    columns = min(12, count)
    nearest = F.interpolate(small[:columns, :3], native, mode="nearest")
    rows = [nearest, *(answer for name, answer in answers.items() if name != "encoder"), truth]
    save_sheet([row * 2 - 1 for row in rows], options.out / f"{stem}.jpg", columns)
    print("\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with faces256-*.tar and metadata.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--weights", default="faces-128")
    parser.add_argument("--size", type=int, default=16, help="pixels a side of the inputs: 8, 16, 32 or 64")
    parser.add_argument("--count", type=int, default=500, help="held-out portraits")
    parser.add_argument("--further", type=int, default=60, help="of them, how many are searched for less; 0 = none")
    parser.add_argument("--steps", type=int, default=40, help="of the search")
    parser.add_argument("--threads", type=int, default=1)
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
