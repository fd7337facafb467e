"""
Trains the network that removes dithering (depixel.undither).

    python -m training.train_undither --data CROPS --run RUN --minutes 15 --out undither-art.safetensors

Crops of training.make_art_data are reduced to their own palettes with an ordered pattern or error diffusion, as in
games and GIF files; a quarter is not dithered, so that the network learns not to change such pictures. One CPU thread;
a second call with the same --run continues.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor
from training.art_data.spoiling import bayer_dithered, halve, reduced_to_palette
from training.releases import save_release
from training.train_art import schedule

from depixel.undither import UnditherConfig, UnditherNetwork

SIDE = 64
COLOURS = (4, 8, 16, 16, 32, 64, 128, 256)


def pair(crop: np.ndarray, rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """Dithered and clean: [SIDE, SIDE, 4] uint8 straight RGBA each."""
    if crop.shape[0] >= 2 * SIDE and rng.random() < 0.5:
        clean = halve(crop)[:SIDE, :SIDE]
    else:
        top, left = (rng.randrange(n - SIDE + 1) for n in crop.shape[:2])
        clean = crop[top : top + SIDE, left : left + SIDE]
    dice = rng.random()
    if dice < 0.15:
        return clean, clean
    colours = rng.choice(COLOURS)
    if dice < 0.25:  # flat colours without dithering do not change, because the original colours are unknown
        flat = reduced_to_palette(clean, colours, Image.Dither.NONE)
        clean = np.concatenate([flat, clean[..., 3:]], -1)
        return clean, clean
    if dice < 0.5:
        colour = reduced_to_palette(clean, colours, Image.Dither.FLOYDSTEINBERG)
    else:
        colour = bayer_dithered(clean, colours, rng.choice((2, 4, 4, 8)), rng.uniform(0.6, 1.3))
    return np.concatenate([colour, clean[..., 3:]], -1), clean


def batch(crops: np.ndarray, count: int, rng: random.Random) -> tuple[Tensor, Tensor]:
    """Dithered and clean [B, 4, SIDE, SIDE] in [0, 1]; colour where nothing is visible is 0."""
    pairs = [pair(np.ascontiguousarray(crops[rng.randrange(len(crops))]), rng) for _ in range(count)]
    out = []
    for pictures in zip(*pairs, strict=True):
        x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
        out.append(torch.cat([x[:, :3] * (x[:, 3:] > 0), x[:, 3:]], 1))
    return out[0], out[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    arguments.run.mkdir(parents=True, exist_ok=True)
    config, checkpoint = UnditherConfig(), arguments.run / "undither.safetensors"
    network = UnditherNetwork(config)
    state = {"steps": 0, "seconds": 0.0}
    if checkpoint.exists():
        network.load_state_dict(load_file(checkpoint))
        state = json.loads((arguments.run / "state.json").read_text(encoding="utf-8"))
    average = UnditherNetwork(config).requires_grad_(False)
    average.load_state_dict(network.state_dict())
    optimiser = torch.optim.Adam(network.parameters(), lr=arguments.rate)
    crops = np.load(arguments.data / "crops.npy", mmap_mode="r")
    rng = random.Random(state["steps"])
    began, seconds, losses = time.monotonic(), arguments.minutes * 60, []
    while (elapsed := time.monotonic() - began) < seconds:
        for group in optimiser.param_groups:
            group["lr"] = schedule(elapsed, seconds, arguments.rate)
        dithered, clean = batch(crops, arguments.batch, rng)
        with torch.autocast("cpu", torch.bfloat16):
            change = network(dithered)
        miss = (dithered[:, :3] + change - clean[:, :3]) * clean[:, 3:]
        loss = (miss.square() + 1e-6).sqrt().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 0.5)
        optimiser.step()
        state["steps"] += 1
        with torch.no_grad():
            for mean, value in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(value, max(0.005, 1 / state["steps"]))
        losses.append(float(loss.detach()))
        if state["steps"] % 200 == 0:
            print(state["steps"], round(elapsed), round(sum(losses) / len(losses), 5), flush=True)
            losses.clear()
            save_file({k: v.contiguous() for k, v in average.state_dict().items()}, checkpoint)
    state["seconds"] += seconds
    save_file({k: v.contiguous() for k, v in average.state_dict().items()}, checkpoint)
    (arguments.run / "state.json").write_text(json.dumps(state), encoding="utf-8")
    metadata = {
        "config": json.dumps({"kind": "undither", "channels": config.channels, "layers": config.layers}),
        "licence": "CC-BY-SA-4.0",
        "trained": json.dumps({**state, "samples": state["steps"] * arguments.batch}),
    }
    save_release({name: value.half() for name, value in average.state_dict().items()}, arguments.out, metadata)


if __name__ == "__main__":
    main()
