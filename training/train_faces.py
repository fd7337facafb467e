"""Trains the faces prior on a CPU: encoder and style-based generator as one autoencoder for all small sizes.

A GAN from scratch needs an accelerator (see train_faces_gan.py). In minutes on one core, a generator can be trained as
decoder of an encoder, first at 64 and then at 128 pixels, and sharpened by a short adversarial stage.

    python training/train_faces.py --data DATA --run RUN --minutes 60
    python training/train_faces.py --data DATA --run RUN --minutes 15 --adversarial     # continues RUN
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import logging
import math
import time
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from training.faces_camera import photographed
from training.faces_checkpoint import load_run, load_tensors, save_run
from training.faces_data import SMALL_SIZES, Portraits, Reducer, batch, landmark_weights, load_portraits
from training.faces_discriminator import Discriminator, adversarial_losses
from training.faces_model import Autoencoder, read_specs, write_specs
from training.faces_sheet import save_sheet
from training.own_portraits import with_own

from depixel.priors.face_encoder import EncoderSpec
from depixel.priors.stylegan import GeneratorSpec, StyledConv

log = logging.getLogger("train_faces")
WIDE_MAPS = (3, 5)  # the first convolutions at 16 and at 32 pixels


# Mean absolute error at the full size and at each halving, weighted around the landmarks; the finest band counts twice.
def pyramid_loss(answer: Tensor, truth: Tensor, weights: Tensor, halvings: int = 4) -> Tensor:
    difference = answer - truth
    fine = difference - F.interpolate(
        F.avg_pool2d(difference, 2), scale_factor=2.0, mode="bilinear", align_corners=False
    )
    loss = (weights * fine.abs()).mean()
    for _ in range(halvings + 1):
        loss = loss + (weights * difference.abs()).mean()
        difference, weights = F.avg_pool2d(difference, 2), F.avg_pool2d(weights, 2)
    return loss


# Detail that the small picture does not determine: the difference without the part that projection removes. Without
# this term the coarse error, which projection corrects for free, dominates the details. Returns the absolute mean,
# weighted around the landmarks, and the square mean (as in PSNR), not weighted.
def detail_loss(answer: Tensor, truth: Tensor, weights: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
    difference = answer - truth
    side = truth.shape[-1]
    coarse = torch.zeros_like(difference)
    for small in SMALL_SIZES:
        rows = (sizes == small).nonzero()[:, 0]
        if len(rows) and small < side:
            reduced = F.avg_pool2d(difference[rows], side // small)
            coarse[rows] = F.interpolate(reduced, side, mode="bilinear", align_corners=False)
    return (weights * (difference - coarse).abs()).mean(), (difference - coarse).square().mean()


# w and the maps have about unit variance, and deltas are small, so that the latent space is easy to search.
def latent_loss(w: Tensor, deltas: Tensor, maps: tuple[Tensor, ...]) -> Tensor:
    loss = 0.02 * (w.square().mean() - 1).relu() + 0.02 * w.mean(0).square().mean() + 0.02 * deltas.square().mean()
    for m in maps:
        loss = loss + 0.01 * (m.square().mean() - 1).relu()
    return loss


# Some rows lose all maps, so that w alone gives a complete face; others lose the finest ones.
def keep_some(maps: tuple[Tensor, ...], generator: torch.Generator) -> dict[int, Tensor]:
    dice = torch.rand(maps[0].shape[0], 1, 1, 1, generator=generator).to(maps[0].device)
    finest = maps[-1].shape[-1]
    return {k: m * (dice >= (0.14 if m.shape[-1] == finest else 0.08)).float() for k, m in enumerate(maps)}


# Eyes to chin, a quarter of the picture: where sharpness matters most, and all that a critic on a CPU can afford.
def face_part(x: Tensor) -> Tensor:
    side = x.shape[-1]
    return x[..., side * 11 // 32 : side * 27 // 32, side // 4 : side * 3 // 4]


def train(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    rng = torch.Generator().manual_seed(
        options.seed + int(time.time()) % 100000
    )  # so that a resumed run sees new batches
    size = options.size
    device = torch.device(options.device)
    portraits = load_portraits(options.data, size, evaluation=False)
    evaluation = load_portraits(options.data, size, evaluation=True)
    if options.drawn:
        portraits = with_own(portraits, options.drawn)
    log.info("%d portraits for training, %d held out", len(portraits), len(evaluation))
    reducer = Reducer(size)

    if options.freeze:
        specs = read_specs(options.run)
    else:
        generator = GeneratorSpec(size, options.latent, options.latent, options.channels)
        encoder = EncoderSpec(latent=options.latent, layers=generator.layers)
        wide = (
            tuple(options.wide if k in WIDE_MAPS else 1 for k in range(len(encoder.maps))) if options.wide > 1 else ()
        )
        specs = (
            dataclasses.replace(generator, map_channels=wide),
            dataclasses.replace(encoder, map_channels=wide, depth=options.depth),
        )
    model = Autoencoder(*specs).to(device)
    with torch.no_grad():  # predicted maps must have an effect from the first step on
        for conv in model.generator.synthesis.convs[: len(model.encoder.spec.maps)]:
            cast(StyledConv, conv).noise_strength.fill_(0.5)
    if options.freeze:
        gan, _ = load_tensors(options.run / "gan")
        model.generator.load_state_dict({k[8:]: v for k, v in gan.items() if k.startswith("average.")})
        model.generator.requires_grad_(False)
    if options.start:
        load_release(model, options.start)
    write_specs(options.run, model.generator.spec, model.encoder.spec)
    average = Autoencoder(model.generator.spec, model.encoder.spec).to(device).requires_grad_(False)
    average.load_state_dict(model.state_dict())
    discriminator = Discriminator(size // 2).to(device) if options.adversarial else None
    optimiser = torch.optim.Adam(
        [
            {"params": list(model.generator.synthesis.parameters()), "lr": options.rate},
            {"params": list(model.encoder.parameters()), "lr": options.rate * 0.4},
        ],
        betas=(0.5 if options.adversarial else 0.9, 0.99),
        fused=True,
    )
    critic = None
    if discriminator is not None:
        critic = torch.optim.Adam(discriminator.parameters(), lr=options.rate * 0.4, betas=(0.0, 0.99), fused=True)
    seen, seconds = load_run(options.run, model, average, None if options.adversarial else optimiser, discriminator)
    log.info("starting at %d pictures, %.0f s", seen, seconds)

    start = time.monotonic()
    limit = options.minutes * 60
    next_log, next_sheet = 20.0, 60.0
    sums: dict[str, float] = {}
    steps = 0
    while (elapsed := time.monotonic() - start) < limit or steps == 0:
        # Schedule: half size first, then full; the rate warms up and falls along a cosine.
        part = elapsed / limit
        resolution = size // 2 if seen < options.half_size_pictures else size
        rate = min(1.0, steps / 200 + 0.05) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * part)))
        for group, base in zip(optimiser.param_groups, (1.0, 0.4), strict=True):
            group["lr"] = options.rate * rate * base

        # Portraits seen through small sizes of all kinds.
        truth, landmarks = batch(portraits, options.batch, size, rng, device)
        truth, landmarks = photographed(truth, landmarks, options.camera, rng)
        choice = reducer.choose(options.batch, options.shares, rng)
        grid, sizes = reducer.spoiled(truth, choice, options.camera, rng)
        grid = grid + torch.randn(grid.shape, generator=rng).to(device) * 0.01
        seen_as = model.encoder.from_grid(grid, sizes, torch.bfloat16)
        w, deltas = seen_as.w, seen_as.deltas
        kept = (torch.rand(options.batch, 1, 1, generator=rng) < 0.75).float().to(device)
        noisy = w + torch.randn(w.shape, generator=rng).to(device) * 0.08
        w_plus = noisy[:, None] + kept * deltas
        noise = keep_some(seen_as.maps, rng)
        answer = model.generator.synthesis(w_plus, noise, "random", resolution=resolution, dtype=torch.bfloat16)

        target = truth if resolution == size else F.avg_pool2d(truth, size // resolution)
        weights = landmark_weights(landmarks, resolution)
        details, squares = detail_loss(answer, target, weights, sizes)
        losses = {
            "pixels": 0.5 * pyramid_loss(answer, target, weights),
            "details": 3.0 * details,
            "squares": options.squares * squares,
            "latents": latent_loss(w, deltas, seen_as.maps),
        }
        if discriminator is not None and critic is not None:
            fooling, judging = adversarial_losses(
                discriminator,
                critic,
                face_part(answer),
                face_part(target),
                rng,
                smoothness=60.0 if steps % 2 == 0 else 0.0,
            )
            losses["fooling"] = options.adversarial * fooling * min(1.0, steps / 200)
            sums["judging"] = sums.get("judging", 0.0) + judging
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        steps += 1
        seen += options.batch
        with torch.no_grad():
            keep = min(options.average, (1 + steps) / (10 + steps))
            for old, new in zip(average.parameters(), model.parameters(), strict=True):
                old.lerp_(new, 1 - keep)

        for key, value in losses.items():
            sums[key] = sums.get(key, 0.0) + value.item()
        elapsed = time.monotonic() - start
        if elapsed > next_log:
            count = sums.pop("steps", 0.0) or steps - int(sums.pop("from", 0.0))
            text = " ".join(f"{key} {value / max(count, 1):.4f}" for key, value in sums.items())
            log.info(
                "%5.1f min %7d pictures %d px %.1f/s %s",
                elapsed / 60,
                seen,
                resolution,
                steps * options.batch / elapsed,
                text,
            )
            sums = {"from": float(steps)}
            next_log += 30
        if elapsed > next_sheet:
            report(
                average, evaluation, reducer, resolution, options.run / f"sheet-{int((seconds + elapsed) / 60):04d}.png"
            )
            save_run(options.run, model, average, optimiser, discriminator, seen, seconds + elapsed)
            next_sheet += options.sheet_minutes * 60
    report(average, evaluation, reducer, resolution, options.run / "sheet-last.png")
    save_run(options.run, model, average, optimiser, discriminator, seen, seconds + time.monotonic() - start)


@torch.no_grad()
def report(average: Autoencoder, evaluation: Portraits, reducer: Reducer, resolution: int, path: Path) -> None:
    """Write a sheet of held-out portraits and log the PSNR of each small size."""
    truth = evaluation.pixels[::8][:48].to(next(average.parameters()).device).float() / 127.5 - 1
    rows = []
    errors = []
    for k, small in enumerate(SMALL_SIZES):
        grid, sizes = reducer(truth, torch.full((len(truth),), k * 3 + 2))
        seen_as = average.encoder.from_grid(grid, sizes)
        answer = average.generator.synthesis(
            seen_as.w_plus, dict(enumerate(seen_as.maps)), "none", resolution=resolution
        )
        if resolution != truth.shape[-1]:
            answer = F.interpolate(answer, truth.shape[-1], mode="bilinear", align_corners=False)
        error = ((answer.clamp(-1, 1) - truth) / 2).square().mean((1, 2, 3))
        errors.append(f"{small}: {(-10 * error.log10()).mean():.2f}")
        if small in (16, 64):
            rows += [F.interpolate(grid, truth.shape[-1], mode="nearest"), answer]
    without = average.generator.synthesis(seen_as.w_plus, {}, "none")
    save_sheet([*rows, without, truth], path, columns=12)
    log.info("held-out PSNR from %s dB", ", ".join(errors))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with faces256-*.tar and metadata.jsonl")
    parser.add_argument("--drawn", type=Path, help="folder from training.make_portraits, as additional training data")
    parser.add_argument("--camera", type=float, default=0.0, help="share of rows with camera effects, 0 to 1")
    parser.add_argument("--start", type=Path, help="released weights of the same shape, with which a new run starts")
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoints, sheets and the log; continued")
    parser.add_argument("--minutes", type=float, default=60.0, help="wall-clock minutes of this call")
    parser.add_argument("--size", type=int, default=128, help="pixels a side")
    parser.add_argument("--latent", type=int, default=192, help="numbers in w")
    parser.add_argument("--channels", type=_numbers, default=(128, 128, 96, 64, 32, 16), help="at 4, 8, ... pixels")
    parser.add_argument("--wide", type=int, default=8, help="channels of the first noise map at 16 and at 32 pixels")
    parser.add_argument(
        "--depth", type=int, default=2, help="residual blocks at each step of the encoder's upward path"
    )
    parser.add_argument("--squares", type=float, default=6.0, help="weight of the details' squared error")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2.5e-3, help="learning rate of the generator")
    parser.add_argument("--average", type=float, default=0.997, help="decay of the weights' running average")
    parser.add_argument(
        "--half-size-pictures", type=int, default=40000, help="number of pictures at half size before full size"
    )
    parser.add_argument("--shares", type=_shares, default=(0.05, 0.45, 0.28, 0.22), help="of small sizes 8,16,32,64")
    parser.add_argument("--adversarial", type=float, default=0.0, help="weight of the adversarial loss; 0 = none")
    parser.add_argument("--freeze", action="store_true", help="keep train_faces_gan's generator; train the encoder")
    parser.add_argument("--sheet-minutes", type=float, default=4.0)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.run.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(logging.FileHandler(options.run / "log.txt")) as book:
        book.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        log.addHandler(book)
        train(options)
        log.removeHandler(book)


def load_release(model: Autoencoder, path: Path) -> None:
    """Copy released weights into a model of the same shape; the file's statistics are ignored."""
    names = model.state_dict().keys()
    model.load_state_dict({key: value.float() for key, value in load_file(path).items() if key in names})


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _shares(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


if __name__ == "__main__":
    main()
