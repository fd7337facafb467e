"""
Trains the art prior.

    python -m training.train_art --data CROPS --run RUN --config small --minutes 70            # CPU, one thread
    python -m training.train_art --data CROPS --run RUN --config base --device cuda --minutes 9 --batch 64

Stage `calm` (default) learns z = 0: Charbonnier loss on random greys and on alpha, through the imposed A x = y.
Stage `spread` does not change the calm answer and teaches z other plausible answers (conditional IMLE, Li et al. 2020,
arXiv 2004.03590): of k random latents, the one nearest to the truth in each cell is pulled towards it.
Stage `vivid` continues from `spread` and adds a small discriminator (training.art_vivid), for a few minutes.
The rate falls with wall time, so a run ends on time. A second call with the same --run continues. Checkpoints are
sharded into files below 16 MiB; `--light FOLDER` also writes the averaged weights alone to a folder, which is small
enough for slow connections and can be continued as well. training.export_art writes a release.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from training.art_batches import PLACES, SHARES, Batches
from training.art_losses import CalmWeights, calm_loss, spread_loss
from training.art_vivid import Adversary, vivid_loss
from training.checkpoints import load_checkpoint, read_checkpoint, save_checkpoint

from depixel.priors.art import ArtConfig, ArtNetwork, ArtPrior

CONFIGS = {
    "tiny": ArtConfig(channels=16, blocks=2, latent=4),
    "small": ArtConfig(channels=64, blocks=8, latent=8),
    "medium": ArtConfig(channels=96, blocks=12, latent=8),
    "base": ArtConfig(channels=128, blocks=24, latent=16),
}


@dataclass
class Run:
    """The state of a run: the network, its average, the optimiser, and the progress."""

    config: ArtConfig
    network: ArtNetwork
    average: ArtNetwork
    optimiser: torch.optim.Optimizer
    seconds: float = 0.0  # of training, over all calls
    steps: int = 0
    samples: int = 0


def channels_last(network: ArtNetwork) -> ArtNetwork:
    """The same network with its weights in the memory layout in which convolutions are fastest."""
    moved: ArtNetwork = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
    return moved


def start(config: ArtConfig, device: torch.device) -> Run:
    """A new run. It is seeded, so two starts are equal."""
    torch.manual_seed(0)
    network = channels_last(ArtNetwork(config).to(device))
    average = channels_last(ArtNetwork(config).to(device)).requires_grad_(False)
    average.load_state_dict(network.state_dict())
    return Run(config, network, average, torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.9, 0.99)))


def touches_z(name: str) -> bool:
    """True for parameters that have no effect at z = 0."""
    return ".bend." in name or name.startswith("vivid.")


def take_z(run: Run, folder: Path) -> None:
    """
    Copy the parameters for z from another run with the same configuration; the calm answer does not change.

    Raises:
        ValueError: the other run has another configuration.
    """
    state, tensors = read_checkpoint(folder)
    if state["config"] != run.config.to_dict():
        raise ValueError(f"{folder} holds {state['config']}, not {run.config.to_dict()}")
    with torch.no_grad():
        for network in (run.network, run.average):
            for name, parameter in network.named_parameters():
                if touches_z(name):
                    parameter.copy_(tensors[f"average.{name}"])


def schedule(elapsed: float, total: float, first: float, last: float = 1e-5) -> float:
    """Cosine from `first` to `last` over wall time, after a warm-up of 20 s."""
    warm = min(1.0, (elapsed + 1) / 20)
    return warm * (last + (first - last) * (1 + math.cos(math.pi * min(1.0, elapsed / total))) / 2)


def train(
    run: Run,
    batches: Batches,
    stage: str,
    seconds: float,
    rate: float,
    bf16: bool,
    seed: int,
    *,
    adversary: Adversary | None = None,
    weights: CalmWeights | None = None,
    teacher: ArtNetwork | None = None,
) -> Iterator[float]:
    """
    Train for `seconds` of wall time; yields the loss of each step.

    Args:
        adversary: the discriminator, which stage `vivid` also trains; None in the other stages.
        weights: of the parts of stage `calm`'s loss; None = Charbonnier alone.
        teacher: for stage `calm`, see `calm_loss`.
    """
    if (stage == "vivid") != (adversary is not None):
        raise ValueError("only stage vivid trains with an adversary")
    generator = torch.Generator().manual_seed(seed)
    parameters = list(run.network.parameters())
    calm = stage == "calm"
    if not calm:  # the calm answer must not change, so only parameters for z are trained
        run.network.load_state_dict(run.average.state_dict())
        parameters = [p for name, p in run.network.named_parameters() if touches_z(name)]
        run.network.requires_grad_(False)
        for parameter in parameters:
            parameter.requires_grad_(True)
        run.optimiser = torch.optim.Adam(parameters, lr=rate)
    began = time.monotonic()
    before = run.seconds
    while (elapsed := time.monotonic() - began) < seconds:
        for group in run.optimiser.param_groups:
            group["lr"] = schedule(elapsed, seconds, rate)
        slices = batches.draw()
        if adversary is not None:
            loss = vivid_loss(run.network, slices, adversary, generator, bf16)
        elif calm:
            loss = calm_loss(run.network, slices, generator, bf16, weights or CalmWeights(), teacher)
        else:
            loss = spread_loss(run.network, slices, generator, bf16)
        run.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 0.5)
        run.optimiser.step()
        decay = min(0.999 if calm else 0.98, (run.steps + 1) / (run.steps + 10))
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
    parser.add_argument("--stage", choices=("calm", "spread", "vivid"), default="calm")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=70.0)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=16, help="multiple of 16")
    parser.add_argument(
        "--patch", type=int, help="side of a random window of each crop, a multiple of 4 (default: the whole crop)"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frequency", type=float, default=0.0, help="weight of the spectra's difference in stage calm")
    parser.add_argument("--noise", type=float, default=0.0, help="weight of the noise in dB in stage calm")
    parser.add_argument("--teacher", help="released weights, or a .safetensors file, from which stage calm learns too")
    parser.add_argument(
        "--teaching",
        type=float,
        default=1.0,
        help="weight of the teacher's answers; that of the truth is 1 (default: 1)",
    )
    parser.add_argument(
        "--area", type=int, default=PLACES["area"], help="rows of sixteen with area inputs (default: %(default)s)"
    )
    parser.add_argument(
        "--shares",
        type=float,
        nargs=len(SHARES),
        default=SHARES,
        help="shares of sprites, textures, rendered vectors and small figures (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--light", type=Path, help="folder for an additional small checkpoint: only the averaged weights"
    )
    parser.add_argument(
        "--z-from", type=Path, help="another run from which stages spread and vivid copy the parameters for z"
    )
    parser.add_argument("--save-every", type=float, default=180.0, help="seconds between checkpoints")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.backends.cudnn.benchmark = True  # every batch has the same shape
    device = torch.device(arguments.device)
    arguments.run.mkdir(parents=True, exist_ok=True)
    run = start(CONFIGS[arguments.config], device)
    if (arguments.run / "checkpoint.json").exists():
        load_checkpoint(arguments.run, run)
    if arguments.z_from:
        take_z(run, arguments.z_from)
    adversary = Adversary(device) if arguments.stage == "vivid" else None
    if adversary is not None:
        adversary.load(arguments.run)

    def save() -> None:
        save_checkpoint(arguments.run, run)
        if adversary is not None:
            adversary.save(arguments.run)
        if arguments.light:
            arguments.light.mkdir(parents=True, exist_ok=True)
            save_checkpoint(arguments.light, run, light=True)

    batches = Batches(
        arguments.data,
        device,
        arguments.batch // 16,
        arguments.seed + run.steps,
        arguments.patch,
        area=arguments.area,
        shares=arguments.shares,
    )
    losses: list[float] = []
    saved = time.monotonic()
    steps = train(
        run,
        batches,
        arguments.stage,
        arguments.minutes * 60,
        arguments.rate,
        True,
        arguments.seed + run.steps,
        adversary=adversary,
        weights=CalmWeights(arguments.frequency, arguments.noise, arguments.teaching),
        teacher=ArtPrior.load(arguments.teacher, device).network if arguments.teacher else None,
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
                save()
                saved = time.monotonic()
    save()


if __name__ == "__main__":
    main()
