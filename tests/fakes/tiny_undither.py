"""A real undithering network, tiny and with random weights, as a file."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from depixel.undither import UnditherConfig, UnditherNetwork


def write_tiny_undither(folder: Path) -> Path:
    """A .safetensors file for `Upsampler(weights={"undither": path})`; it changes colours visibly."""
    torch.manual_seed(6)
    config = UnditherConfig(channels=6, layers=4)
    network = UnditherNetwork(config)
    torch.nn.init.normal_(network.last.weight, std=0.3)
    path = folder / "undither-tiny.safetensors"
    metadata = {"config": json.dumps({"kind": "undither", "channels": 6, "layers": 4}), "licence": "none: random"}
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, str(path), metadata=metadata)
    return path
