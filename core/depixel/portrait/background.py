"""What is behind the person: one colour, a gradient, or something far out of focus."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from depixel.portrait.noise import linear
from depixel.portrait.parameters import Parameters

LIGHTS = 9
SPOTS = 6
"""Soft lights and shapes along each side of a blurred background."""


def background(parameters: Parameters, size: int) -> Tensor:
    """Linear light [B, size, size, 3] of the backgrounds; differentiable in their colours."""
    colours = linear(parameters["background_colours"].reshape(-1, 3, 3))
    grid = (torch.arange(size, device=colours.device) + 0.5) / size * 2 - 1
    y, x = torch.meshgrid(grid, grid, indexing="ij")
    angle = parameters["background_angle"] * (math.pi / 180)
    along = 0.5 + 0.5 * (x * angle.cos()[:, None, None] + y * angle.sin()[:, None, None])
    spot = torch.exp(-(x * x + (y + 0.15) ** 2) * 1.1)
    first, second, third = (colours[:, k, None, None] for k in range(3))
    plain = first * (0.72 + 0.36 * spot)[None, ..., None]
    gradient = first + (second - first) * along[..., None].clamp(0, 1)
    gradient = gradient * (0.85 + 0.2 * spot)[None, ..., None]
    kind = parameters.choice("background")[:, None, None, None]
    picture = torch.where(kind == 1, gradient, plain)
    if bool((kind == 2).any()):
        picture = torch.where(kind == 2, _blurred(parameters, first, second, third, size), picture)
    return picture * (2.0 ** parameters["exposure"])[:, None, None, None]


def _blurred(parameters: Parameters, first: Tensor, second: Tensor, third: Tensor, size: int) -> Tensor:
    """Soft patches of three colours, out-of-focus upright edges, and lights as discs."""
    seeds = [int(seed) for seed in parameters["noise_seed"].detach()]
    coarse = torch.stack([_patches(seed) for seed in seeds]).to(first.device)
    smooth = interpolate(coarse, (size, size), mode="bicubic", align_corners=False).clamp(0, 1)
    one, two, glow = (smooth[:, k, :, :, None] for k in range(3))
    picture = first + (second - first) * one
    picture = picture + (third - picture) * (two * 0.6)
    discs = torch.stack([_discs(seed, size, first.device) for seed in seeds])[..., None]
    light = 0.35 * (first + second + third) + 0.25
    return picture * (0.75 + 0.5 * glow) + discs * light


def _patches(seed: int) -> Tensor:
    """[3, SPOTS, SPOTS], 0 to 1; the first varies mainly by column, like walls and trees."""
    generator = torch.Generator().manual_seed(seed * 7919 + 13)
    patches = torch.rand(3, SPOTS, SPOTS, generator=generator)
    columns = torch.rand(1, 1, SPOTS, generator=generator)
    patches[0] = (patches[0] + 2 * columns[0]) / 3
    return patches


def _discs(seed: int, size: int, device: torch.device) -> Tensor:
    """Brightness [size, size] of up to LIGHTS out-of-focus lights; half of all backgrounds have none."""
    numbers = torch.rand(LIGHTS, 4, generator=torch.Generator().manual_seed(seed * 104_729 + 7))
    picture = torch.zeros(size, size, device=device)
    if seed % 2:
        return picture
    grid = (torch.arange(size, device=device) + 0.5) / size
    for x, y, radius, strength in numbers.tolist():
        reach = 0.025 + 0.05 * radius
        away = ((grid[None] - x) ** 2 + (grid[:, None] - 0.8 * y) ** 2).sqrt()
        edge = ((reach - away) / max(0.008, 1.2 / size) + 0.5).clamp(0, 1)
        picture += edge * (0.7 + 0.3 * away / reach) * strength**2 * 0.55
    return picture
