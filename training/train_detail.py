"""
Makes detail-art.safetensors: exemplars of detail, and the network that estimates how much detail a texture lost.

    python -m training.train_detail pairs --data CROPS --out pairs.pt --count 2600
    python -m training.train_detail train --data CROPS --pairs pairs.pt --minutes 3 --out detail-art.safetensors

`pairs` answers opaque texture crops calmly at x2, x4 and x8 and stores how far the answers are from the truth. `train`
fits the logarithm of that distance (so that half of the textures lose more than predicted) and writes the network and
the crops listed in training/art_data/exemplars.tsv as one file. Both run on one CPU thread.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from training.art_batches import premultiplied
from training.releases import save_release

from depixel.consistency import project
from depixel.degradation import AreaDegradation
from depixel.enlarging.cascade import enlarge
from depixel.enlarging.detail.spread import BANDS, FACTORS, SpreadNetwork, bands, luma
from depixel.priors.art import ArtPrior

LIST = Path(__file__).parent / "art_data" / "exemplars.tsv"
"""The crops that serve as exemplars: material, package, file, and the number of the crop in the file."""

TEXTURES = 1  # in kinds.npy
WINDOW = 24  # small pixels
BATCHES = {2: 8, 4: 24, 8: 32}
NOISE = 0.25 / 255  # weaker detail does not count
HELD_BACK = 0.05  # of the pairs

Pairs = dict[int, tuple[Tensor, Tensor]]
"""Factor => small pictures [N, 4, h, w] float, and variances [N, BANDS, h, w] of what calm answers lack."""


@torch.no_grad()
def lost_detail(prior: ArtPrior, large: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """[1, 4, H, W] opaque => the small picture as stored in a file, and the variances of what the calm answer lacks."""
    degradation = AreaDegradation(factor)
    small = (degradation.apply(large) * 255).round() / 255
    answer = project(enlarge(prior, small, prior.encode(small, degradation), degradation), small, degradation)
    return small, F.avg_pool2d(bands(luma(large - answer)).square(), factor)


def make_pairs(data: Path, count: int, seed: int = 0) -> Pairs:
    """Pairs of `count` opaque texture crops, drawn at random."""
    crops, kinds = np.load(data / "crops.npy", mmap_mode="r"), np.load(data / "kinds.npy")
    order = np.random.default_rng(seed).permutation(np.flatnonzero(kinds == TEXTURES))
    prior = ArtPrior.load("art-small")
    pairs: dict[int, tuple[list[Tensor], list[Tensor]]] = {factor: ([], []) for factor in FACTORS}
    for index in order:
        crop = np.array(crops[index])
        if crop[..., 3].min() < 255:
            continue
        large = premultiplied(torch.from_numpy(crop)[None])
        for factor, (smalls, variances) in pairs.items():
            small, variance = lost_detail(prior, large, factor)
            smalls.append(small)
            variances.append(variance)
        if len(variances) == count:
            break
    return {factor: (torch.cat(smalls), torch.cat(variances)) for factor, (smalls, variances) in pairs.items()}


def fit(pairs: Pairs, minutes: float, seed: int = 0) -> SpreadNetwork:
    """A network trained on all but the last pairs; the rate falls to zero over the time."""
    torch.manual_seed(seed)
    network = SpreadNetwork()
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    began = time.monotonic()
    while (elapsed := (time.monotonic() - began) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * max(0.01, 1 - elapsed)
        loss = sum((_error(network, pairs, factor) for factor in FACTORS), torch.zeros(()))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    return network.eval()


# Mean square of the difference of logarithms, over variances averaged over 3x3 small pixels.
def _error(network: SpreadNetwork, pairs: Pairs, factor: int) -> Tensor:
    smalls, variances = pairs[factor]
    last = max(1, round(len(smalls) * (1 - HELD_BACK)))
    index = torch.randint(last, (BATCHES[factor],))
    top, left = torch.randint(max(1, smalls.shape[3] - WINDOW + 1), (2,)).tolist()
    small = smalls[index, :, top : top + WINDOW, left : left + WINDOW]
    target = _logarithms(variances[index])[:, :, top : top + WINDOW, left : left + WINDOW]
    if torch.rand(()) < 0.5:
        small, target = small.transpose(2, 3), target.transpose(2, 3)
    if torch.rand(()) < 0.5:
        small, target = small.flip(3), target.flip(3)
    first = FACTORS.index(factor) * BANDS
    error: Tensor = (network(small)[:, first : first + BANDS] - target).square().mean()
    return error


def _logarithms(variances: Tensor) -> Tensor:
    around = F.avg_pool2d(F.pad(variances, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return (around + NOISE**2).log()


@torch.no_grad()
def calibrate(network: SpreadNetwork, pairs: Pairs) -> list[float]:
    """
    Shift the last layer so that for each factor and band the median of (predicted variance / true variance) over whole
    held-out crops is 1. Returns the ratios before the shift.
    """
    ratios: list[float] = []
    bias = network.last.bias
    assert bias is not None
    for number, factor in enumerate(FACTORS):
        smalls, variances = pairs[factor]
        last = min(len(smalls) - 1, max(1, round(len(smalls) * (1 - HELD_BACK))))
        predicted = network.deviations(smalls[last:], factor).square().mean((2, 3))
        ratio = (predicted / variances[last:].mean((2, 3)).clamp_min(NOISE**2)).median(0).values
        bias[number * BANDS : (number + 1) * BANDS] -= ratio.log()
        ratios += ratio.tolist()
    return ratios


def exemplar_list() -> list[tuple[str, str, str, int]]:
    """The rows of LIST."""
    rows = [line.split("\t") for line in LIST.read_text("utf-8").splitlines()[1:]]
    return [(material, package, file, int(number)) for material, package, file, number in rows]


def exemplar_pictures(data: Path) -> Tensor:
    """The listed crops in grey, [N, S, S] uint8. Raises KeyError if one is missing from the data."""
    files = [json.loads(line) for line in (data / "manifest.jsonl").read_text("utf-8").splitlines()]
    ends = np.cumsum([file["crops"] for file in files])
    first = {(f["package"], f["file"]): int(end) - f["crops"] for f, end in zip(files, ends, strict=True)}
    place = np.argsort(np.random.default_rng(0).permutation(int(ends[-1])))  # training.art_data.crops.save shuffles
    crops = np.load(data / "crops.npy", mmap_mode="r")
    chosen = [np.array(crops[place[first[package, file] + number]]) for _, package, file, number in exemplar_list()]
    grey = luma(torch.from_numpy(np.stack(chosen)).permute(0, 3, 1, 2).float())
    return grey[:, 0].round().clamp(0, 255).to(torch.uint8)


def export(network: SpreadNetwork, pictures: Tensor, materials: list[str], out: Path) -> None:
    """Write detail-art.safetensors."""
    tensors = {f"spread.{name}": value.half() for name, value in network.state_dict().items()}
    tensors["exemplars"] = pictures
    config = {"kind": "detail", "materials": materials}
    save_release(tensors, out, {"config": json.dumps(config), "licence": "CC-BY-SA-4.0"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    pairing = verbs.add_parser("pairs")
    pairing.add_argument("--data", type=Path, required=True)
    pairing.add_argument("--out", type=Path, required=True)
    pairing.add_argument("--count", type=int, default=2600)
    training = verbs.add_parser("train")
    training.add_argument("--data", type=Path, required=True)
    training.add_argument("--pairs", type=Path, required=True)
    training.add_argument("--minutes", type=float, default=3.0)
    training.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.verb == "pairs":
        torch.save(make_pairs(arguments.data, arguments.count), arguments.out)
        return
    pairs = torch.load(arguments.pairs, weights_only=True)
    network = fit(pairs, arguments.minutes)
    print("said / true before calibration:", [round(ratio, 2) for ratio in calibrate(network, pairs)])
    export(network, exemplar_pictures(arguments.data), [row[0] for row in exemplar_list()], arguments.out)


if __name__ == "__main__":
    main()
