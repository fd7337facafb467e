"""
Measures the largest inputs of the convolutions of released art weights, for answers in int8, and stores them in the
file.

    python -m training.calibrate_art --data CROPS --weights core/depixel/weights/art-small.safetensors [--count 2000]

See `depixel.priors.art_int8`. Run it after training.export_art; the digest of the weights changes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor, nn
from training.art_batches import premultiplied
from training.releases import save_release

from depixel.degradation import make_degradation
from depixel.priors.art import DEGRADATIONS, ArtBlock, ArtNetwork, ArtPrior
from depixel.priors.art_int8 import PEAKS

LEAST = 1e-3  # a channel that was never used still needs a scale


@torch.no_grad()
def measured_peaks(network: ArtNetwork, small: Tensor, kind: int) -> Tensor:
    """
    The largest absolute value of each input channel of each convolution in the blocks: [2 * blocks, C].

    Args:
        small: [B, 4, h, w] premultiplied RGBA in [0, 1].
        kind: index into DEGRADATIONS.
    """
    peaks: list[Tensor] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        peaks.append(inputs[0].abs().amax((0, 2, 3)))

    blocks = cast(list[ArtBlock], list(network.blocks))
    hooks = [layer.register_forward_pre_hook(note) for block in blocks for layer in (block.first, block.second)]
    network(small, torch.full((len(small),), kind))
    for hook in hooks:
        hook.remove()
    return torch.stack(peaks).clamp_min(LEAST)


def calibrate(data: Path, weights: Path, count: int) -> None:
    """Replace the file with one that has PEAKS, measured on `count` of the training crops reduced in every way."""
    network = ArtPrior.load(str(weights)).network
    crops = np.load(data / "crops.npy", mmap_mode="r")
    chosen = np.sort(np.random.default_rng(0).choice(len(crops), min(count, len(crops)), replace=False))
    peaks = torch.zeros(len(DEGRADATIONS), 2 * network.config.blocks, network.config.channels)
    for start in range(0, len(chosen), 50):
        large = premultiplied(torch.from_numpy(crops[chosen[start : start + 50]]))
        for kind, name in enumerate(DEGRADATIONS):
            small = make_degradation(name, network.config.scale).apply(large)
            peaks[kind] = torch.maximum(peaks[kind], measured_peaks(network, small, kind))
    with safe_open(str(weights), framework="pt") as file:
        metadata = dict(file.metadata() or {})
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no dict)
    save_release({**tensors, PEAKS: peaks.half()}, weights, metadata)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that training.pack_art_data filled")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--count", type=int, default=2000, help="training crops to look at")
    arguments = parser.parse_args()
    calibrate(arguments.data, arguments.weights, arguments.count)


if __name__ == "__main__":
    main()
