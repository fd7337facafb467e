"""
Trains the network that finds the parts of a portrait: about an hour of one CPU thread; a second call continues.

    python -m training.train_parts --drawn RENDERS --run RUN --minutes 20 --out core/depixel/weights

RENDERS: a folder that `training.make_portraits` filled, with masks; the last twentieth is held out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor
from training.parts_data import Divided, load_divided, small_batch, soft_answers
from training.small_networks import SmallRun

from depixel.faces.face_parts import PARTS, RELEASED_PARTS, PartsNetwork
from depixel.priors.faces import FacePrior
from depixel.priors.weights import load_weights

RESOLUTION = 96
"""Pixels per side of the portraits in memory."""
BATCH = 24
SOFT = 2000
"""Soft answers that are computed before the training begins."""


def loss_of(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy against fractions of pixels, plus one minus the soft overlap (Milletari et al. 2016)."""
    entropy = -(masks * logits.log_softmax(1)).sum(1).mean()
    shares = logits.softmax(1)
    overlap = 2 * (shares * masks).sum((0, 2, 3)) + 1
    return entropy + 0.5 * (1 - overlap / (shares.sum((0, 2, 3)) + masks.sum((0, 2, 3)) + 1)).mean()


@torch.no_grad()
def overlaps_of(network: PartsNetwork, held_out: Divided) -> dict[str, float]:
    """Intersection over union of each part, on held-out soft answers."""
    network.eval()
    classes = torch.cat([network(part.float() / 127.5 - 1).argmax(1) for part in held_out.pictures.split(64)])
    network.train()
    truth = held_out.masks.argmax(1)
    return {
        name: float(((classes == k) & (truth == k)).sum() / ((classes == k) | (truth == k)).sum().clamp(min=1))
        for k, name in enumerate(PARTS)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawn", type=Path, required=True, help="folder that training.make_portraits filled")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="folder for the released weights; without it only --run is written")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=2e-3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = PartsNetwork()
    run = SmallRun(network, args.run / "parts.safetensors")
    drawn = load_divided(args.drawn, RESOLUTION)
    count = len(drawn.pictures)
    own = drawn.take(torch.arange(count - count // 20))
    soft, tests = _soft(args.run, own, drawn.take(torch.arange(count - count // 20, count)), run.steps)
    network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator = torch.Generator().manual_seed(run.steps + 1)

    def loss_of_batch() -> Tensor:
        x, masks = _batch(own, soft, generator)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(x.contiguous(memory_format=torch.channels_last))
        return loss_of(logits.float(), masks)

    run.descend(args.minutes, args.rate, loss_of_batch)
    print(json.dumps({name: round(value, 4) for name, value in overlaps_of(network, tests).items()}))
    if args.out:
        run.release("parts", args.out / RELEASED_PARTS.name)


# Half of a batch are small pictures, enlarged; half are soft answers.
def _batch(own: Divided, soft: Divided, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    x, masks = small_batch(own, BATCH // 2, generator)
    chosen = soft.take(torch.randint(len(soft.pictures), (BATCH // 2,), generator=generator))
    noise = 0.02 * torch.randn(chosen.pictures.shape, generator=generator)
    answers = chosen.pictures.float() / 127.5 - 1 + noise
    return torch.cat([x, answers]), torch.cat([masks, chosen.masks.float() / 255])


# Soft answers for training and testing, computed once per call.
def _soft(run: Path, own: Divided, held_out: Divided, steps: int) -> tuple[Divided, Divided]:
    files = [run / f"soft-{steps}-{name}.pt" for name in ("own", "test")]
    if not files[0].exists():
        prior = FacePrior.from_weights(load_weights("faces-128"), torch.device("cpu"))
        for file, portraits, count in ((files[0], own, SOFT), (files[1], held_out, 300)):
            torch.save(tuple(soft_answers(portraits, prior, count, torch.Generator().manual_seed(3))), file)
    soft, tests = (Divided(*torch.load(file)) for file in files)
    return soft, tests


if __name__ == "__main__":
    main()
