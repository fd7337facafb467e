"""
Train the art prior.

    python -m training.train_art --data CROPS --run RUN --config small --minutes 70            # CPU, one thread
    python -m training.train_art --data CROPS --run RUN --config base --device cuda --minutes 9 --batch 64

Stage `calm` (default) learns z = 0: Charbonnier loss on random greys and on alpha, through the imposed A x = y.
Stage `spread` keeps the calm answer as it is and teaches z other plausible answers (conditional IMLE, Li et al. 2020,
arXiv 2004.03590): of k random latents, in each cell the one nearest to the truth is pulled towards it.
The rate falls with wall time, so a run ends when it said it would. A second call with the same --run continues;
checkpoints are sharded into files under 16 MiB. `--export` writes safetensors.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from training.art_batches import Batches, Slice
from training.checkpoints import load_checkpoint, save_checkpoint

from depixel.priors.art import CELL, DEGRADATIONS, ArtConfig, ArtNetwork, impose_small, smooth_latent

CONFIGS = {
    "tiny": ArtConfig(channels=16, blocks=2, latent=4),
    "small": ArtConfig(channels=64, blocks=8, latent=8),
    "base": ArtConfig(channels=128, blocks=24, latent=16),
}


@dataclass
class Run:
    """All that a run keeps: the network, its average, the optimiser, and how far it got."""

    config: ArtConfig
    network: ArtNetwork
    average: ArtNetwork
    optimiser: torch.optim.Optimizer
    seconds: float = 0.0  # spent training, over all calls
    steps: int = 0
    samples: int = 0


def start(config: ArtConfig, device: torch.device) -> Run:
    """A fresh run. Seeded, so that two starts are equal."""
    torch.manual_seed(0)
    network = ArtNetwork(config).to(device, memory_format=torch.channels_last)
    average = ArtNetwork(config).to(device, memory_format=torch.channels_last).requires_grad_(False)
    average.load_state_dict(network.state_dict())
    return Run(config, network, average, torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.9, 0.99)))


def generate(network: ArtNetwork, slices: list[Slice], latents: Tensor | None, bf16: bool) -> list[Tensor]:
    """The answers for all slices in one pass of the trunk, A x = y imposed on each slice."""
    small = torch.cat([s.small for s in slices])
    kind = torch.cat([torch.full((len(s.small),), DEGRADATIONS.index(s.degradation.name)) for s in slices])
    with torch.autocast(small.device.type, torch.bfloat16) if bf16 else nullcontext():
        large = network(small, kind.to(small.device), latents)
    parts = large.split([len(s.small) for s in slices])
    return [impose_small(x, s.small, s.degradation, s.name == "binary") for x, s in zip(parts, slices, strict=True)]


def charbonnier(answer: Tensor, truth: Tensor, generator: torch.Generator) -> Tensor:
    """[B, 1, H, W]: sqrt(d^2 + eps^2) of colour over a random grey per picture, and of alpha."""
    difference = answer - truth
    grey = torch.rand(len(answer), 1, 1, 1, generator=generator).to(answer)
    colour = difference[:, :3] - grey * difference[:, 3:]
    return (torch.cat([colour, difference[:, 3:]], 1).square() + 1e-6).sqrt().mean(1, keepdim=True)


def calm_loss(run: Run, slices: list[Slice], generator: torch.Generator, bf16: bool) -> Tensor:
    answers = generate(run.network, slices, None, bf16)
    truth = torch.cat([s.large for s in slices])
    return charbonnier(torch.cat(answers), truth, generator).mean()


def spread_loss(run: Run, slices: list[Slice], generator: torch.Generator, bf16: bool, tries: int = 3) -> Tensor:
    """
    In each neighbourhood the best of `tries` latents is composed into one, which is then pulled towards the truth; its
    strength varies, and the detail of the answer is held to the truth's amount, wherever it falls.
    """
    truth = torch.cat([s.large for s in slices])
    batch, _, height, width = torch.cat([s.small for s in slices]).shape
    best = truth.new_full((batch, 1, height, width), torch.inf)
    composed = truth.new_zeros(batch, run.config.latent, height, width)
    strength = (0.4 + 0.8 * torch.rand(batch, 1, 1, 1, generator=generator)).to(truth)
    with torch.no_grad():
        for _ in range(tries):
            z = smooth_latent(batch, run.config.latent, height, width, generator).to(truth) * strength
            error = misplacement(torch.cat(generate(run.network, slices, z, bf16)), truth)
            error = F.avg_pool2d(F.avg_pool2d(error, run.config.scale), 2 * CELL + 1, 1, CELL, count_include_pad=False)
            better = error < best
            best = torch.where(better, error, best)
            composed = torch.where(better, z, composed)
    answer = torch.cat(generate(run.network, slices, composed, bf16))
    amount = (detail(answer) - detail(truth)).abs() * strength
    return misplacement(answer, truth).mean() + 8 * amount.mean()


def misplacement(answer: Tensor, truth: Tensor) -> Tensor:
    """[B, 1, H, W]: difference of values and of gradients: rewards edges in the right place."""
    difference = answer - truth
    down = difference.diff(dim=2, append=difference[:, :, -1:])
    right = difference.diff(dim=3, append=difference[..., -1:])
    return (difference.abs() + down.abs() + right.abs()).mean(1, keepdim=True)


def detail(picture: Tensor) -> Tensor:
    """[B, C, H/8, W/8]: root mean square gradient in blocks of 8x8."""
    down = picture.diff(dim=2, append=picture[:, :, -1:])
    right = picture.diff(dim=3, append=picture[..., -1:])
    return (F.avg_pool2d(down.square() + right.square(), 8) + 1e-6).sqrt()


def schedule(elapsed: float, total: float, first: float, last: float = 1e-5) -> float:
    """Cosine from `first` to `last` over wall time, after 20 s of warming up."""
    warm = min(1.0, (elapsed + 1) / 20)
    return warm * (last + (first - last) * (1 + math.cos(math.pi * min(1.0, elapsed / total))) / 2)


def train(
    run: Run, batches: Batches, stage: str, seconds: float, rate: float, bf16: bool, seed: int
) -> Iterator[float]:
    """Train for `seconds` of wall time; yields the loss of each step."""
    generator = torch.Generator().manual_seed(seed)
    parameters = list(run.network.parameters())
    if stage == "spread":  # z = 0 must stay the calm answer: only what z touches may move
        parameters = [p for name, p in run.network.named_parameters() if ".bend." in name or name.startswith("vivid.")]
        run.network.requires_grad_(False)
        for parameter in parameters:
            parameter.requires_grad_(True)
        run.optimiser = torch.optim.Adam(parameters, lr=rate)
    loss_of = spread_loss if stage == "spread" else calm_loss
    began = time.monotonic()
    before = run.seconds
    while (elapsed := time.monotonic() - began) < seconds:
        for group in run.optimiser.param_groups:
            group["lr"] = schedule(elapsed, seconds, rate)
        slices = batches.draw()
        loss = loss_of(run, slices, generator, bf16)
        run.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 0.5)
        run.optimiser.step()
        decay = min(0.98 if stage == "spread" else 0.999, (run.steps + 1) / (run.steps + 10))
        with torch.no_grad():
            for mean, value in zip(run.average.parameters(), run.network.parameters(), strict=True):
                mean.lerp_(value, 1 - decay)
        run.steps += 1
        run.samples += sum(len(s.small) for s in slices)
        run.seconds = before + time.monotonic() - began
        yield float(loss.detach())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--config", choices=sorted(CONFIGS), default="small")
    parser.add_argument("--stage", choices=("calm", "spread"), default="calm")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=70.0)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=16, help="multiple of 16")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=float, default=180.0, help="seconds between checkpoints")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    arguments.run.mkdir(parents=True, exist_ok=True)
    run = start(CONFIGS[arguments.config], device)
    if (arguments.run / "checkpoint.json").exists():
        load_checkpoint(arguments.run, run)
    batches = Batches(arguments.data, device, arguments.batch // 16, arguments.seed + run.steps)
    losses: list[float] = []
    saved = time.monotonic()
    steps = train(
        run, batches, arguments.stage, arguments.minutes * 60, arguments.rate, True, arguments.seed + run.steps
    )
    with (arguments.run / "log.jsonl").open("a", encoding="utf-8") as log:
        for loss in steps:
            losses.append(loss)
            if run.steps % 100 == 0:
                line = {"stage": arguments.stage, "step": run.steps, "seconds": round(run.seconds)}
                log.write(json.dumps({**line, "loss": round(sum(losses) / len(losses), 5)}) + "\n")
                log.flush()
                losses.clear()
            if time.monotonic() - saved > arguments.save_every:
                save_checkpoint(arguments.run, run)
                saved = time.monotonic()
    save_checkpoint(arguments.run, run)


if __name__ == "__main__":
    main()
