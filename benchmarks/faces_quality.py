"""
How good the faces prior's answers are on held-out portraits: inputs by 64 -> 32 -> 16 successive bicubic reductions
(the protocol of progressive face super-resolution, arXiv 1908.08239), answers of 128 pixels.

    python -m benchmarks.faces_quality --data DATA --out benchmarks/results [--weights faces-128] [--searched 60]

Rows: bicubic enlargement, the encoder, the encoder projected (as the engine exports it), and, on the first `--searched`
portraits, the search. Then success at PULSE's eps without projection and the shift of skin tone, by skin-tone group,
gender and age band: the spread between groups is the headline. Writes faces_quality.json and .md, and a sheet.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from benchmarks.faces_measures import ms_ssim, psnr, skin_tone, ssim
from torch import Tensor
from training.faces_data import Portraits, load_portraits, reduction_matrix
from training.faces_sheet import save_sheet

from depixel.consistency import project
from depixel.degradation import BicubicDegradation
from depixel.priors.base import LatentPrior
from depixel.priors.faces import FacePrior
from depixel.priors.weights import load_weights
from depixel.search.loop import finish, search
from depixel.settings import PULSE_EPS, SearchSettings

BATCH = 20
GROUPS = ("tone group", "gender", "age")


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


def searched_answers(prior: LatentPrior, small: Tensor, factor: int, steps: int) -> tuple[Tensor, Tensor]:
    """The latent search: (RGB [B, 3, R, R], errors [B] before projection)."""
    settings = SearchSettings(domain="faces", steps=steps)
    pictures, errors = [], []
    for y in torch.split(small, BATCH):
        found = finish(search(prior, y, BicubicDegradation(factor), settings, preview=False))
        pictures += [rows[0].large[:3] for rows in found.pictures]
        errors += [rows[0].error for rows in found.pictures]
    return torch.stack(pictures), torch.tensor(errors)


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


def table(rows: dict[str, dict[str, float]], first: str) -> str:
    """A markdown table of rows of equal columns."""
    columns = list(next(iter(rows.values())))
    lines = [f"| {first} | " + " | ".join(columns) + " |", "|" + " --- |" * (len(columns) + 1)]
    for name, values in rows.items():
        lines.append(f"| {name} | " + " | ".join(f"{values[c]:.4g}" for c in columns) + " |")
    return "\n".join(lines)


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
    began = time.perf_counter()
    encoded = encoder_answers(prior, small, factor)
    seconds = (time.perf_counter() - began) / count
    answers = {
        "bicubic": F.interpolate(small[:, :3], native, mode="bicubic", align_corners=False).clamp(0, 1),
        "encoder": encoded,
        "encoder, projected": projected(encoded, small, factor),
    }
    errors = {"encoder": scale_back_error(encoded, small, factor)}
    some = min(options.searched, count)
    search_seconds = 0.0
    if some:
        began = time.perf_counter()
        found, errors["search"] = searched_answers(prior, small[:some], factor, options.steps)
        search_seconds = (time.perf_counter() - began) / some
        answers["search"] = found
        answers["search, projected"] = projected(found, small[:some], factor)

    # Quality, and fairness over groups.
    quality: dict[str, dict[str, float]] = {}
    for name, answer in answers.items():
        against = truth[: len(answer)]
        quality[name] = {
            "pictures": len(answer),
            "PSNR dB": psnr(answer, against).mean().item(),
            "SSIM": ssim(answer, against).mean().item(),
            "MS-SSIM": ms_ssim(answer, against).mean().item(),
        }
    judged = "search" if some else "encoder"
    success = (errors[judged] <= PULSE_EPS).float()
    answer = answers[f"{judged}, projected"]
    shift = skin_tone(answer, landmarks[: len(answer)]) - skin_tone(truth[: len(answer)], landmarks[: len(answer)])
    groups: dict[str, dict[str, float]] = {}
    for kind, names in group_names(portraits).items():
        for name in sorted(set(names[: len(answer)])):
            chosen = torch.tensor([n == name for n in names[: len(answer)]])
            groups[f"{kind} {name}"] = {
                "pictures": chosen.sum().item(),
                "success %": 100 * success[chosen].mean().item(),
                "tone shift, degrees ITA": shift[chosen].median().item(),
                "PSNR dB": psnr(answer[chosen], truth[: len(answer)][chosen]).mean().item(),
            }
    facts = {
        "weights": f"{weights.name} {weights.digest}",
        "input pixels": options.size,
        "held-out portraits": count,
        "encoder, ms a picture": 1000 * seconds,
        "search, ms a picture": 1000 * search_seconds,
        "search steps": options.steps,
        "success of the encoder %": 100 * (errors["encoder"] <= PULSE_EPS).float().mean().item(),
        "success of the search %": 100 * success.mean().item() if some else None,
        "machine": f"{platform.machine()}, {options.threads} thread",
    }

    # Files.
    options.out.mkdir(parents=True, exist_ok=True)
    stem = f"faces_quality_{options.size}"
    (options.out / f"{stem}.json").write_text(
        json.dumps({"facts": facts, "quality": quality, "groups": groups}, indent=1) + "\n"
    )
    lines = [f"# Faces, {options.size} to {native} pixels, held-out renders", ""]
    lines += [
        f"- {key}: {value:.4g}" if isinstance(value, float) else f"- {key}: {value}" for key, value in facts.items()
    ]
    lines += [
        "",
        table(quality, "answer"),
        "",
        f"Success at eps {PULSE_EPS} before projection ({judged}), and what is exported:",
        "",
    ]
    lines += [table(groups, "group"), ""]
    (options.out / f"{stem}.md").write_text("\n".join(lines))
    columns = min(12, *(len(answer) for answer in answers.values()))
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
    parser.add_argument("--searched", type=int, default=60, help="of them, how many are searched as well; 0 = none")
    parser.add_argument("--steps", type=int, default=40, help="of the search")
    parser.add_argument("--threads", type=int, default=1)
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
