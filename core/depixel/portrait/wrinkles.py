"""Creases of skin: each is a curve on the base head with its own depth, width and length."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from depixel.portrait.noise import bell, noise, step
from depixel.portrait.surface import Surface


class Lines(NamedTuple):
    """The effect of creases on N samples."""

    tilt: Tensor
    """[N, 3], in the head's frame: tilt of the normal."""
    dark: Tensor
    """[N], how much darker the bottom of a crease is, 0 to 1."""


def wrinkles(surface: Surface, broad: Tensor) -> Lines:
    """All creases at each person's age; broad [N, 4]: noise that makes them meander."""
    amount = surface.of("wrinkles") * step(surface.of("age"), 30.0, 82.0)
    young = surface.of("wrinkles") * step(surface.of("age"), 14.0, 30.0)
    side, y, z = surface.place[:, 0].abs(), surface.place[:, 1], surface.place[:, 2]
    front = step(z, -0.5, -0.2)
    tilt = torch.zeros_like(surface.place)
    dark = torch.zeros_like(side)
    raised = surface.of("brows_up") + 0.6 * surface.of("brows_inner")
    strength = front * (amount + 0.5 * raised * young)
    for k, height in enumerate((0.37, 0.455, 0.53, 0.62)):
        path = height + 0.018 * broad[:, k] + (0.03 + 0.012 * k) * (0.5 - (side / 0.4) ** 2).clamp(min=-0.6)
        reach = bell(side, 0.05, 0.36 - 0.03 * k) * (0.62 + 0.38 * broad[:, (k + 1) % 4]).clamp(0, 1)
        tilt, dark = _crease(
            surface.pixel, tilt, dark, y - path, 0.014, strength * reach * (0.5, 0.62, 0.52, 0.36)[k], (0, 1, 0)
        )
    frown = surface.of("brows_down") * young + amount * 0.75
    lean = side - (0.055 + 0.02 * broad[:, 0] + 0.04 * (y - 0.2))
    sign = surface.place[:, 0].sign()
    tilt, dark = _crease(
        surface.pixel, tilt, dark, lean, 0.012, front * frown * 0.5 * bell(y, 0.2, 0.09), (1, 0, 0), sign
    )
    smile = surface.of("smile")
    fold = side - (0.215 + 0.2 * ((-0.36 - y) / 0.34).clamp(0, 1.25) + 0.012 * broad[:, 1])
    depth = (0.75 * amount + 0.55 * smile * (0.35 + 0.65 * young) + 0.08 * young) * step(y, -0.84, -0.62)
    depth = depth * step(y, -0.33, -0.42) * step(z, -0.1, 0.05)
    tilt, dark = _crease(surface.pixel, tilt, dark, fold, 0.028, depth * 0.62, (1, 0.35, 0), sign)
    tilt, dark = _eye_lines(surface, broad, amount + 0.5 * smile * young, amount, tilt, dark)
    mouth = side - (0.29 + 0.1 * (-0.72 - y)) - 0.01 * broad[:, 3]
    tilt, dark = _crease(
        surface.pixel, tilt, dark, mouth, 0.02, front * amount * 0.35 * bell(y, -0.86, 0.1), (1, 0, 0), sign
    )
    for k, height in enumerate((-1.22, -1.42)):
        ring = y - (height + 0.03 * broad[:, k] + 0.2 * step(-z, 0.2, 0.9))
        tilt, dark = _crease(
            surface.pixel, tilt, dark, ring, 0.022, (amount * 0.4 + 0.05) * step(z, -0.9, -0.5), (0, 1, 0)
        )
    if surface.pixel < 0.012:
        tilt = tilt + _crepe(surface, amount)
    return Lines(tilt, dark.clamp(0, 0.75))


def _eye_lines(
    surface: Surface, broad: Tensor, laughing: Tensor, amount: Tensor, tilt: Tensor, dark: Tensor
) -> tuple[Tensor, Tensor]:
    """Crow's feet beside the eyes, and bags below them."""
    side, y, z = surface.place[:, 0].abs(), surface.place[:, 1], surface.place[:, 2]
    sign = surface.place[:, 0].sign()
    out = side - 0.47
    for k, slope in enumerate((0.42, 0.06, -0.3, -0.72)):
        line = y - (0.01 + slope * out + (0.35 * slope) * out * out + 0.014 * broad[:, k])
        reach = (
            step(out, 0.0, 0.05) * bell(out, 0.08, 0.09 + 0.012 * k) * (0.7 + 0.3 * broad[:, (k + 2) % 4]).clamp(0, 1)
        )
        tilt, dark = _crease(surface.pixel, tilt, dark, line, 0.008, laughing * reach * 0.42, (0, 1, 0), sign)
    front = step(z, -0.2, 0.0)
    for k, (height, bend, width) in enumerate(((-0.145, 0.55, 0.016), (-0.2, 0.75, 0.022))):
        path = height + bend * (side - 0.31) ** 2 + 0.008 * broad[:, k]
        reach = bell(side, 0.29, 0.16) * front * (0.75, 0.55)[k]
        tilt, dark = _crease(surface.pixel, tilt, dark, y - path, width, amount * reach * 0.6, (0, 1, 0), sign)
    return tilt, dark


def _crease(
    pixel: float,
    tilt: Tensor,
    dark: Tensor,
    distance: Tensor,
    width: float,
    depth: Tensor,
    across: tuple[float, float, float],
    sign: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Add one crease: a bell-shaped valley; distance [N] dm from its bottom along `across` (mirrored by sign).

    A crease finer than a sample is drawn as wide as a sample, and shallower in proportion.
    """
    drawn = max(width, 0.9 * pixel)
    depth = depth * (width / drawn)
    t = distance / drawn
    valley = torch.exp(-t * t)
    slope = 2.0 * t * valley * depth
    first = slope * across[0] if sign is None else slope * across[0] * sign
    added = torch.stack([-first, -slope * across[1], torch.zeros_like(slope)], 1)
    return tilt + added, torch.maximum(dark, valley * depth * 0.55)


def _crepe(surface: Surface, amount: Tensor) -> Tensor:
    """Fine dry skin of old age: noise stretched along the creases."""
    stretched = surface.place * torch.tensor([[0.28, 1.0, 0.5]], device=surface.place.device) + surface.seed_offset()
    grain = noise(stretched, 62.0)
    return torch.stack([grain[:, 0] * 0.3, grain[:, 1], grain[:, 2] * 0.3], 1) * (0.07 * amount)[..., None]
