"""A real art network, tiny and with random weights, as a file: for tests that need no trained network."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from depixel.priors.art import ArtConfig, ArtNetwork


def write_tiny_art(folder: Path, *, blocks: int = 2, channels: int = 8) -> Path:
    """A .safetensors file for `Upsampler(weights={"art": path})`; z changes its answers."""
    torch.manual_seed(3)
    config = ArtConfig(channels=channels, blocks=blocks, latent=4)
    network = ArtNetwork(config)
    for name, parameter in network.named_parameters():
        if "bend" in name or "condition" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    path = folder / "art-tiny.safetensors"
    save_file(
        {k: v.contiguous() for k, v in network.state_dict().items()},
        str(path),
        metadata={"config": json.dumps({"kind": "art", **config.to_dict()}), "licence": "none: random"},
    )
    return path
