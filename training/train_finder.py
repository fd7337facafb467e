"""
Trains the face finder: a few minutes on one CPU thread.

    python -m training.train_finder --data FACES256 --backgrounds CROPS --out core/depixel/weights

Backgrounds: the folder of crops that `training.make_art_data` makes. What `load_portraits` holds out is for
benchmarks/faces_finder.py.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor
from training.faces_data import load_portraits
from training.finder_data import backgrounds_of, frames_of, make_scenes, targets

from depixel.faces.finder import RELEASED_FINDER, FinderNetwork

SIZE = 64  # pixels of a scene
DECOYS = 0.2  # share of faces that are upside down or lying, which must not be found


def loss_of(answer: Tensor, heat: Tensor, rest: Tensor, near: Tensor) -> tuple[Tensor, Tensor]:
    """
    Focal loss of the heat (Law & Deng 2018, arXiv 1808.01244) and absolute error of the other outputs where there is a
    face; and [B], each scene's part of the former.
    """
    p = answer[:, :1].sigmoid().clamp(1e-4, 1 - 1e-4)
    peak = (heat == 1).float()
    focal = -(peak * (1 - p) ** 2 * p.log() + (1 - peak) * (1 - heat) ** 4 * p**2 * (1 - p).log())
    error = F.smooth_l1_loss(answer[:, 1:], rest, reduction="none", beta=0.05)
    weights = torch.tensor([1.0, 1.0, 1.0, 0.7, 0.7])[:, None, None]
    total = focal.sum() / peak.sum().clamp_min(1) + 2 * (error * weights * near).sum() / near.sum().clamp_min(1)
    return total, focal.detach().sum((1, 2, 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument(
        "--start", type=Path, metavar="FINDER", help="continue from these weights instead of starting from scratch"
    )
    parser.add_argument("--rate", type=float, default=3e-3)
    args = parser.parse_args()

    portraits = load_portraits(args.data, 64, evaluation=False)
    frames = frames_of(portraits.landmarks)
    backgrounds = backgrounds_of(args.backgrounds / "crops.npy", args.backgrounds / "kinds.npy", 0, 3000)
    print(f"{len(portraits)} portraits, {len(backgrounds)} backgrounds", flush=True)

    torch.manual_seed(0)
    network = FinderNetwork().train()
    if args.start is not None:
        network.load_state_dict(load_file(args.start))
    optimiser = torch.optim.AdamW(network.parameters(), lr=1.0, weight_decay=1e-3)
    generator = torch.Generator().manual_seed(1)
    started, mean = time.monotonic(), 0.0
    hardest: list[Tensor] | None = None
    for step in range(args.steps):
        for group in optimiser.param_groups:
            group["lr"] = args.rate * min(1.0, (step + 1) / 50, 3 * (1 - step / args.steps))
        scenes, truth = make_scenes(portraits, frames, backgrounds, args.batch, SIZE, generator, decoys=DECOYS)
        batch = [scenes, *targets(truth, args.batch, SIZE)]
        if hardest is not None:
            batch = [torch.cat(both) for both in zip(batch, hardest, strict=True)]
        loss, each = loss_of(network(batch[0] * 2 - 1), *batch[1:])
        order = each[: args.batch].argsort(descending=True)[: args.batch // 4]
        hardest = [part[order] for part in batch]  # repeated with the next ones
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        mean = float(loss.detach()) if step == 0 else 0.98 * mean + 0.02 * float(loss.detach())
        if step % 100 == 99:
            print(f"{step + 1}: {mean:.3f} after {time.monotonic() - started:.0f} s", flush=True)
    tensors = {
        key: value.half() if value.is_floating_point() else value for key, value in network.eval().state_dict().items()
    }
    config = {"kind": "finder", "licence": "CC-BY-SA-4.0", "steps": args.steps}
    path = args.out / RELEASED_FINDER.name
    save_file(tensors, path, {"config": json.dumps(config), "licence": "CC-BY-SA-4.0"})
    print(f"{path}: {path.stat().st_size} bytes after {args.steps} steps")


if __name__ == "__main__":
    main()
