"""
Trains the face reader: about half an hour on one CPU thread; a second call with the same --run continues.

    python -m training.train_reader --data FACES256 [--drawn RENDERS] --run RUN --minutes 20 --out core/depixel/weights

RENDERS: a folder from `training.make_portraits`. Portraits that `load_portraits` holds out are for benchmarks.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from training.faces_data import load_portraits
from training.own_portraits import joined_labels, load_own
from training.reader_data import Labels, labels_of, small_batch
from training.small_networks import SmallRun

from depixel.faces.reader import RELEASED_READER, ReaderNetwork, reading_of

RESOLUTION = 96  # pixels per side of the portraits in memory
BATCH = 96


def loss_of(outputs: Tensor, truth: Labels) -> Tensor:
    """Smooth absolute error of the landmarks and numbers, cross-entropy of everything else."""
    points, numbers, ancestry, glasses, hair, beard = outputs.split(ReaderNetwork.PARTS, 1)
    places = (truth.landmarks - 0.5).flatten(1) * 4
    loss = 4 * F.smooth_l1_loss(points, places, beta=0.05) + F.smooth_l1_loss(numbers, truth.numbers)
    loss = loss + 0.3 * F.cross_entropy(ancestry, truth.ancestry)
    loss = loss + 0.3 * F.binary_cross_entropy_with_logits(glasses[:, 0], truth.glasses)
    return loss + 0.2 * F.cross_entropy(hair, truth.hair) + 0.2 * F.cross_entropy(beard, truth.beard)


@torch.no_grad()
def errors_of(network: ReaderNetwork, pixels: Tensor, labels: Labels, side: int) -> dict[str, float]:
    """
    Mean errors on moved and relit portraits: landmarks as fractions of the face's width, numbers in their own units.
    """
    network.eval()
    x, truth = small_batch(pixels, labels, len(pixels), torch.Generator().manual_seed(5), side)
    reading = reading_of(network(x))
    network.train()
    face = (truth.landmarks[:, 2] - truth.landmarks[:, 5]).norm(dim=1) / 0.62  # outer corners of the eyes
    distance = (reading.landmarks - truth.landmarks).norm(dim=2) / face[:, None]
    errors = {"landmarks": float(distance.mean()), "eyes and mouth": float(distance[:, [0, 1, 7, 8]].mean())}
    expected = reading_of(torch.cat([truth.landmarks.flatten(1) * 0, truth.numbers, x.new_zeros(len(x), 16)], 1))
    for name, value in reading.numbers.items():
        errors[name] = float((value - expected.numbers[name]).abs().mean())
    errors["hair right"] = float((reading.hair.argmax(1) == truth.hair).float().mean())
    errors["beard right"] = float((reading.beard.argmax(1) == truth.beard).float().mean())
    errors["glasses right"] = float(((reading.glasses > 0.5) == (truth.glasses > 0.5)).float().mean())
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--drawn", type=Path, help="folder that training.make_portraits filled")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="folder for the released weights (default: only write --run)")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=2e-3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    portraits, held_out = (load_portraits(args.data, 128, evaluation=part) for part in (False, True))
    pixels, test_pixels = (_reduced(part.pixels) for part in (portraits, held_out))
    labels, test_labels = labels_of(portraits), labels_of(held_out)
    own = None
    if args.drawn:
        own_pixels, own_labels = load_own(args.drawn, RESOLUTION)
        held_count = max(1, len(own_pixels) // 20)  # the last ones are held out
        own = own_pixels[-held_count:], own_labels.take(torch.arange(len(own_pixels) - held_count, len(own_pixels)))
        pixels = torch.cat([pixels, own_pixels[:-held_count]])
        labels = joined_labels([labels, own_labels.take(torch.arange(len(own_pixels) - held_count))])
    network = ReaderNetwork().train()
    run = SmallRun(network, args.run / "reader.safetensors")
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):  # the layout in which convolutions are fastest
            module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)
    generator = torch.Generator().manual_seed(run.steps)

    def loss_of_batch() -> Tensor:
        x, truth = small_batch(pixels, labels, BATCH, generator)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = network(x.to(memory_format=torch.channels_last))
        return loss_of(outputs.float(), truth)

    run.descend(args.minutes, args.rate, loss_of_batch)
    for side in (8, 16, 32, 64):
        print(side, json.dumps({k: round(v, 4) for k, v in errors_of(network, test_pixels, test_labels, side).items()}))
        if own:
            print(side, "own", json.dumps({k: round(v, 4) for k, v in errors_of(network, *own, side).items()}))
    if args.out:
        run.release("reader", args.out / RELEASED_READER.name)


def _reduced(pixels: Tensor) -> Tensor:
    parts = [
        F.interpolate(part.float(), (RESOLUTION, RESOLUTION), mode="bilinear", antialias=True).round().to(torch.uint8)
        for part in pixels.split(512)
    ]
    return torch.cat(parts)


if __name__ == "__main__":
    main()
