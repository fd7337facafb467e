"""Smooth noise in space, colour helpers and soft steps: the building blocks of procedural skin and cloth."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, pad

CELLS = 32
"""The volume repeats after this many cells."""


@lru_cache(maxsize=4)
def _volume(device: str) -> Tensor:
    """[1, 4, 33, 33, 33] of standard normal numbers that repeat."""
    volume = torch.randn(1, 4, CELLS, CELLS, CELLS, generator=torch.Generator().manual_seed(7))
    return pad(volume, (0, 1, 0, 1, 0, 1), mode="circular").to(device)


def noise(places: Tensor, frequency: float) -> Tensor:
    """Four independent noises [N, 4] (mean 0, deviation about 0.6) at places [N, 3] in dm; frequency: cells per dm."""
    cells = (places * frequency) % CELLS
    whole = cells.floor()
    part = cells - whole
    smooth = whole + part * part * (3 - 2 * part)
    grid = (smooth * (2 / CELLS) - 1).reshape(1, 1, 1, -1, 3)
    samples = grid_sample(_volume(str(places.device)), grid, mode="bilinear", align_corners=True)
    return samples[0, :, 0, 0].T


def step(x: Tensor, start: float | Tensor, stop: float | Tensor) -> Tensor:
    """0 before start, 1 after stop, smooth in between (start may be the larger)."""
    t = ((x - start) / (stop - start)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def bell(x: Tensor, middle: float | Tensor, width: float | Tensor) -> Tensor:
    """exp(-((x - middle) / width)^2)."""
    return torch.exp(-(((x - middle) / width) ** 2))


def piecewise(x: Tensor, places: tuple[float, ...], values: tuple[float, ...]) -> Tensor:
    """Linear interpolation between (place, value) pairs, constant beyond the ends."""
    result = torch.full_like(x, values[0])
    for left, right, low, high in zip(places, places[1:], values, values[1:], strict=False):
        result = result + (high - low) * ((x - left) / (right - left)).clamp(0, 1)
    return result


def linear(colour: Tensor) -> Tensor:
    """sRGB (0 to 1) to linear light, as the power of 2.2 that all shading uses."""
    return colour.clamp(1e-4, 1) ** 2.2


def ramp(colours: Tensor, x: Tensor) -> Tensor:
    """Colours [K, 3] interpolated at x [...], 0 to 1: [..., 3]."""
    place = x.clamp(0, 1) * (len(colours) - 1)
    left = place.detach().long().clamp(max=len(colours) - 2)
    part = (place - left)[..., None]
    return colours[left] * (1 - part) + colours[left + 1] * part


def mix(a: Tensor, b: Tensor, part: Tensor) -> Tensor:
    """a [N, 3], moved towards b [N, 3] or [1, 3] by fraction [N]."""
    return a + (b - a) * part[:, None]
