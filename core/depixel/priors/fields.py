"""Random latents for priors with a small vector per input pixel: fields that vary smoothly over the picture."""

from __future__ import annotations

import torch
from torch import Tensor

CELL = 6  # small pixels: the distance over which a random latent varies


def smooth_latent(batch: int, channels: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """[B, C, h, w] on the CPU: Gaussian values on a grid of CELL small pixels, interpolated between, unit variance."""
    rows, columns = height // CELL + 2, width // CELL + 2
    grid = torch.randn(batch, channels, rows, columns, generator=generator)
    y = torch.arange(height, dtype=torch.float32) / CELL
    x = torch.arange(width, dtype=torch.float32) / CELL
    field: Tensor = _blend(y, rows) @ grid @ _blend(x, columns).T
    return field


def sampled_fields(small: Tensor, channels: int, generator: torch.Generator) -> Tensor:
    """One field per picture of [B, 4, h, w], on its device: [B, channels, h, w]."""
    return torch.cat(
        [smooth_latent(1, channels, small.shape[2], small.shape[3], generator) for _ in range(len(small))]
    ).to(small)


# Weights of each grid node at each position: cosine and sine of a quarter turn, so that their squares sum to one.
def _blend(position: Tensor, nodes: int) -> Tensor:
    index = position.floor().long()
    angle = (position - index) * (torch.pi / 2)
    weights = torch.zeros(len(position), nodes)
    weights.scatter_(1, index[:, None], angle.cos()[:, None])
    weights.scatter_(1, index[:, None] + 1, angle.sin()[:, None])
    return weights
