"""
Compares the distribution of the faces prior's answers with that of portraits: Fréchet distance (Heusel et al. 2017),
and precision and recall by nearest neighbours (Kynkäänniemi et al. 2019, arXiv 1904.06991).

    python -m benchmarks.faces_distribution --data DATA --out benchmarks/results [--weights faces-128]

Answers to held-out portraits are compared with other portraits, those of training, so that no row knows its truth; the
first row, the held-out portraits themselves, is the best possible result. No third-party network is available offline:
features are what the released encoder computes, between its last feature map and its latents, for the part from eyes to
chin, 64 pixels at full detail. The encoder was trained with the generator that is judged but never on such crops, and
500 pictures are few for 384 features, so only rows of one table are comparable. Also writes two sheets for inspection:
64 faces from nothing, and 32 inputs with four candidates each.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from benchmarks.faces_quality import BATCH, projected, reduced, table
from torch import Tensor, nn
from training.faces_data import load_portraits
from training.faces_sheet import save_sheet

from depixel.degradation import BicubicDegradation
from depixel.priors.faces import FacePrior
from depixel.priors.weights import load_weights

NEIGHBOURS = 3  # of the nearest-neighbour balls, as in the paper
SIZE = 16  # pixels per side of the inputs
CANDIDATES = 4


@torch.no_grad()
def features_of(encoder: nn.Module, pictures: Tensor) -> Tensor:
    """[B, 384] of RGB [B, 3, R, R] in [0, 1]: the input of the encoder's last layers for the part from eyes to chin."""
    side = pictures.shape[-1]
    pictures = pictures[..., side * 11 // 32 : side * 27 // 32, side // 4 : side * 3 // 4]
    features: list[Tensor] = []
    to_w = encoder.get_submodule("to_w")
    handle = to_w.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0]))
    try:
        for part in torch.split(pictures, BATCH):
            encoder(part * 2 - 1)
    finally:
        handle.remove()
    return torch.cat(features)


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Between Gaussians fitted to rows [N, d] and [M, d]; zero for equal means and covariances."""
    a, b = a.double(), b.double()
    left, right = torch.cov(a.t()), torch.cov(b.t())
    # The trace of (left right)^(1/2) is that of the symmetric (left^(1/2) right left^(1/2))^(1/2).
    values, vectors = torch.linalg.eigh(left)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.t()
    shared = torch.linalg.eigvalsh(root @ right @ root).clamp_min(0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + left.trace() + right.trace() - 2 * shared)


def share_inside(points: Tensor, of: Tensor) -> float:
    """Fraction of `points` [N, d] within reach of some row of `of` [M, d]: the distance of its third neighbour."""
    reach = torch.cdist(of, of).kthvalue(NEIGHBOURS + 1, dim=1).values
    return (torch.cdist(points, of) <= reach).any(1).float().mean().item()


@torch.no_grad()
def measure(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    weights = load_weights(options.weights)
    prior = FacePrior.from_weights(weights, torch.device("cpu"))
    assert isinstance(prior, FacePrior)
    native = prior.spec.native_size
    assert native is not None
    degradation = BicubicDegradation(native // SIZE)
    truth = load_portraits(options.data, native, evaluation=True).pixels[: options.count].float() / 255
    truths = load_portraits(options.data, native, evaluation=False).pixels[: options.count].float() / 255
    small = reduced(truth, SIZE)
    rng = torch.Generator().manual_seed(0)

    def answers(imagination: float) -> Tensor:
        parts = []
        for y in torch.split(small, BATCH):
            latents = prior.sample(y, degradation, rng, imagination)
            parts.append(projected(prior.decode(latents, y, degradation)[:, :3], y, native // SIZE))
        return torch.cat(parts)

    def from_nothing(count: int) -> Tensor:
        grey = small[:1].expand(count, -1, -1, -1)
        parts = [prior.decode(prior.imagine(len(y), rng), y, degradation)[:, :3] for y in torch.split(grey, BATCH)]
        return torch.cat(parts)

    sets = {
        "held-out portraits": truth,
        "bicubic": F.interpolate(small[:, :3], native, mode="bicubic", align_corners=False).clamp(0, 1),
        "encoder, projected": answers(0.0),
        "candidates, imagination 0.5, projected": answers(0.5),
        "candidates, imagination 1, projected": answers(1.0),
        "from nothing": from_nothing(options.count),
    }
    real = features_of(prior.encoder, truths)
    rows = {}
    for name, pictures in sets.items():
        answer_features = features_of(prior.encoder, pictures)
        rows[name] = {
            "Fréchet distance": frechet_distance(answer_features, real),
            "precision": share_inside(answer_features, real),
            "recall": share_inside(real, answer_features),
        }

    # How much candidates differ where the input does not decide, and how sharp they are.
    columns = min(32, len(small))
    several = [sets["encoder, projected"][:columns]]
    for _ in range(CANDIDATES - 1):
        latents = prior.sample(small[:columns], degradation, rng, options.imagination)
        answer = prior.decode(latents, small[:columns], degradation)[:, :3]
        several.append(projected(answer, small[:columns], native // SIZE))
    spread = torch.stack(several).std(0).square().mean().sqrt().item() * 255
    facts = {
        "weights": f"{weights.name} {weights.digest}",
        "pictures": len(truth),
        "deviation between four candidates, levels": spread,
        "imagination of the candidates": options.imagination,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "faces_distribution.json").write_text(json.dumps({"facts": facts, "rows": rows}, indent=1) + "\n")
    lines = [f"# Answers taken together, {SIZE} to {native} pixels, against other portraits", ""]
    lines += [f"- {k}: {v:.4g}" if isinstance(v, float) else f"- {k}: {v}" for k, v in facts.items()]
    lines += ["", table(rows, "pictures"), "", *(__doc__ or "").strip().splitlines()[5:], ""]
    (options.out / "faces_distribution.md").write_text("\n".join(lines))
    nearest = F.interpolate(small[:columns, :3], native, mode="nearest")
    blocks = []
    for k in range(0, columns, 16):
        blocks += [x[k : k + 16] * 2 - 1 for x in (nearest, *several, truth[:columns])]
    save_sheet(blocks, options.out / "faces_candidates.jpg", 16)
    samples = from_nothing(64) * 2 - 1
    save_sheet([samples[k : k + 16] for k in range(0, 64, 16)], options.out / "faces_samples.jpg", 16)
    print("\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with faces256-*.tar and metadata.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--weights", default="faces-128")
    parser.add_argument("--count", type=int, default=500, help="pictures in each set")
    parser.add_argument("--imagination", type=float, default=1.0, help="of the candidates on the sheet")
    parser.add_argument("--threads", type=int, default=1)
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
