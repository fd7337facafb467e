"""Turns a training run into released weights: averaged networks, measured statistics, a fitted mapping network.

    python -m training.export_faces --data DATA --run RUN --out core/depixel/weights/faces-128.safetensors

All statistics are measured on the training portraits: the whitening of w, the usual size of each noise map, the spread
of answers for a given small picture, the mapping network z -> w, fitted to the encoder's w by the energy distance
(Székely & Rizzo 2013) because the autoencoder never sees z, and the Gaussian of 8x8 portraits from which faces from
nothing start. A GAN delivered to RUN keeps its own mapping and starts from that.
"""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor
from training.faces_checkpoint import load_tensors
from training.faces_data import KINDS, SMALL_SIZES, Portraits, Reducer, load_portraits
from training.faces_model import Autoencoder, read_specs
from training.faces_sheet import save_sheet
from training.releases import save_release

from depixel.priors.faces import LEVELS
from depixel.priors.stylegan import Linear, MappingNetwork
from depixel.priors.whitening import Whitening, fit

log = logging.getLogger("export_faces")
INSIDE = 0.99  # share of the training latents that lie inside the ball of radius sqrt(d) / ROOM
DRAWN, DRAWN_RANK = (
    8,
    48,
)  # pixels per side of the pictures from which faces from nothing start, and number of their directions
ROOM = 3.0  # factor on the ball's radius, because pictures other than faces (emoji, sprites) lie outside


@dataclass(frozen=True)
class Latent:
    """The encoder's answers for a set of portraits at one small size."""

    w_plus: Tensor  # [N, L, d]
    maps: tuple[Tensor, ...]  # [N, c, n, n] each


@torch.no_grad()
def encode_all(model: Autoencoder, portraits: Portraits, reducer: Reducer, small: int) -> Latent:
    """Encode each portrait at this small size, with alternating ways of reducing."""
    parts = []
    base = SMALL_SIZES.index(small) * len(KINDS)
    for start in range(0, len(portraits), 64):
        truth = portraits.pixels[start : start + 64].float() / 127.5 - 1
        choice = base + torch.arange(start, start + len(truth)) % len(KINDS)
        parts.append(model.encoder.from_grid(*reducer(truth, choice)))
    maps = tuple(torch.cat(column) for column in zip(*(part.maps for part in parts), strict=True))
    return Latent(torch.cat([part.w_plus for part in parts]), maps)


def first(portraits: Portraits, count: int) -> Portraits:
    """The first `count` of them; the set is in random order."""
    return Portraits(
        portraits.names[:count], portraits.pixels[:count], portraits.landmarks[:count], portraits.metadata[:count]
    )


def whitening_of(latent: Latent) -> Whitening:
    """Full-covariance whitening of all layers' styles, enlarged until 99% lie well inside the ball."""
    rows = latent.w_plus.flatten(0, 1)
    whitening = fit(rows, slope=1.0, full=True)
    norms = whitening.whiten(rows).square().mean(1).sqrt()
    return Whitening.from_tensors(whitening.mean, whitening.root * (ROOM * norms.quantile(INSIDE)), 1.0)


def spread_of(latent: Latent, full: Latent, whitening: Whitening, scale: Tensor, rank: int) -> Tensor:
    """[rank, d + map pixels]: directions of (answer for the full picture - answer for the small one), as deviations."""

    def flat(x: Latent) -> Tensor:
        maps = [m.flatten(1) / scale[k] for k, m in enumerate(x.maps)]
        return torch.cat([whitening.whiten(x.w_plus.mean(1)), *maps], 1)

    difference = flat(full) - flat(latent)
    difference = difference - difference.mean(0)
    _, deviations, directions = torch.svd_lowrank(difference / len(difference) ** 0.5, q=rank + 16, niter=4)
    share = deviations[:rank].square().sum() / (difference.square().sum() / len(difference))
    log.info("spread: %d directions hold %.0f%% of what is open", rank, 100 * share)
    return (directions * deviations).t()[:rank].contiguous()


def portrait_gaussian(portraits: Portraits, side: int, rank: int) -> tuple[Tensor, Tensor]:
    """Mean [3, side, side] and main directions, as deviations [rank, 3, side, side], of RGB in [0, 1] and mirrored."""
    small = F.avg_pool2d(portraits.pixels.float() / 255, portraits.pixels.shape[-1] // side)
    rows = torch.cat([small, small.flip(3)]).flatten(1)
    values, vectors = torch.linalg.eigh(torch.cov(rows.double().t()))
    rank = min(rank, len(values))
    directions = (vectors * values.clamp_min(0).sqrt()).t().flip(0)[:rank].float()
    log.info("portraits: %d directions hold %.0f%%", rank, 100 * values.flip(0)[:rank].sum() / values.sum())
    return rows.mean(0).reshape(3, side, side), directions.reshape(rank, 3, side, side).contiguous()


def fit_mapping(mapping: MappingNetwork, w: Tensor, steps: int, batch: int = 768) -> None:
    """Fit z -> w to samples w [N, d] by the energy distance, in units of the overall deviation."""
    mean, deviation = w.mean(0), w.std(0).mean()
    target = (w - mean) / deviation
    rng = torch.Generator().manual_seed(0)
    # Start with the right mean and scale: the untrained network returns numbers near 1, unrelated to w.
    last, first = cast(Linear, mapping.layers[-1]), cast(Linear, mapping.layers[0])
    with torch.no_grad():
        last.bias.copy_(torch.where(mean > 0, mean, mean * 5) / 2**0.5 / last.rate)
        last.weight.mul_(deviation)
    optimiser = torch.optim.Adam(mapping.parameters(), lr=0.1, betas=(0.5, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    inputs = first.weight.shape[1]
    for step in range(steps):
        real = target[torch.randint(len(target), (batch,), generator=rng)]
        false = (mapping(torch.randn(batch, inputs, generator=rng)) - mean) / deviation
        across, within = torch.cdist(real, false).mean(), torch.pdist(false).mean()
        loss = 2 * across - within
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            log.info("mapping step %d: energy %.4f", step, loss.item() - torch.pdist(real).mean().item())


def export(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    tensors, facts = load_tensors(options.run / "checkpoint")
    model = Autoencoder(*read_specs(options.run)).eval().requires_grad_(False)
    prefix = "average."
    model.load_state_dict({k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)})
    portraits = load_portraits(options.data, model.generator.spec.resolution, evaluation=False)
    reducer = Reducer(model.generator.spec.resolution)

    portraits = first(portraits, options.pictures)
    full = encode_all(model, portraits, reducer, SMALL_SIZES[-1])
    whitening = whitening_of(full)
    scale = ROOM * torch.stack([m.square().mean((1, 2, 3)).sqrt().quantile(INSIDE) for m in full.maps])
    spread = torch.stack(
        [
            spread_of(encode_all(model, portraits, reducer, small), full, whitening, scale, options.rank)
            for small in LEVELS
        ]
    )
    drawn = {}
    if not (options.run / "gan" / "index.json").is_file():  # a GAN's mapping was trained with its generator
        mean, directions = portrait_gaussian(portraits, DRAWN, DRAWN_RANK)
        drawn = {"portraits.mean": mean, "portraits.directions": directions}
        model.generator.mapping.requires_grad_(True)
        fit_mapping(model.generator.mapping, full.w_plus.mean(1), options.mapping_steps)
        model.generator.mapping.requires_grad_(False)

    out = {f"{key}": value for key, value in model.state_dict().items()}
    out |= {"whitening.mean": whitening.mean, "whitening.root": whitening.root, "maps.scale": scale, "spread": spread}
    out |= drawn
    # Statistics stay float32: their inverse is taken.
    stored = {k: v if k.startswith("whitening.") else v.half() for k, v in out.items()}
    config = {
        "kind": "faces",
        "family": "stylegan2",
        "generator": asdict(model.generator.spec),
        "encoder": asdict(model.encoder.spec),
        "whitening": {"slope": 1.0},
        "licence": "CC-BY-SA-4.0",
        "pictures_seen": facts["seen"],
        "seconds_trained": round(facts["seconds"]),
    }
    save_release(stored, options.out, {"config": json.dumps(config)})
    log.info("wrote %s, %.1f MB", options.out, options.out.stat().st_size / 1e6)
    if options.sheet:
        z = torch.randn(64, model.generator.spec.noise_latent, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            w = model.generator.mapping(z)[:, None].expand(-1, model.generator.spec.layers, -1)
            pictures = model.generator.synthesis(w, noise_mode="none")
        save_sheet(list(pictures.split(16)), options.sheet, 16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with faces256-*.tar and metadata.jsonl")
    parser.add_argument("--run", type=Path, required=True, help="folder that train_faces wrote")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--sheet", type=Path, default=None, help="PNG of 64 random faces")
    parser.add_argument(
        "--rank", type=int, default=64, help="number of directions kept in which answers to a small picture vary"
    )
    parser.add_argument("--pictures", type=int, default=3000, help="number of portraits for the statistics")
    parser.add_argument("--mapping-steps", type=int, default=600)
    parser.add_argument("--threads", type=int, default=1)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    export(parser.parse_args())


if __name__ == "__main__":
    main()
