"""Soft shadows of hair: light fades inside the hair by Beer's law instead of stopping at the first hair.

Based on opacity shadow maps (Kim and Neumann 2001), with one front and one density per cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

DEPTH = 0.11
"""dm of hair after which 1/e of the light remains."""
NOWHERE = -9.0


@dataclass(frozen=True)
class HairShadow:
    """Where the hair of B people begins, seen from the light, and how dense it is; a square map."""

    table: Tensor
    """[B * size * size, 2], dm towards the light at which hair begins, and opacity 0 to 1."""
    size: int

    def passed(self, place: Tensor, person: Tensor) -> Tensor:
        """
        Fraction of the light [N] that hair transmits to places [N, 3]: x and y in samples of the map, dm towards the
        light.
        """
        corner = (place[:, :2] - 0.5).clamp(0, self.size - 1.001)
        first = corner.floor()
        t = corner - first
        row = (person * self.size + first[:, 1].long()) * self.size + first[:, 0].long()
        right = torch.where(first[:, 0] < self.size - 1, 1, 0)
        below = torch.where(first[:, 1] < self.size - 1, self.size, 0)
        tx, ty = t[:, :1], t[:, 1:]
        low = self.table[row] * (1 - tx) + self.table[row + right] * tx
        high = self.table[row + below] * (1 - tx) + self.table[row + below + right] * tx
        front, opacity = (low * (1 - ty) + high * ty).T
        light: Tensor = 1 - opacity * (1 - torch.exp(-(front - place[:, 2]).clamp(min=0) / DEPTH))
        return light


def hair_shadow(place: Tensor, person: Tensor, people: int, size: int) -> HairShadow:
    """The map for points of hair: place [N, 3] (x and y in samples of the map, dm towards the light), person [N]."""
    inside = ((place[:, :2] >= 0) & (place[:, :2] < size)).all(1).nonzero().squeeze(1)
    place, person = place[inside], person[inside]
    cell = (person * size + place[:, 1].long()) * size + place[:, 0].long()
    front = torch.full((people * size * size,), NOWHERE, device=place.device)
    front.scatter_reduce_(0, cell, place[:, 2], "amax")
    front = front.reshape(people, 1, size, size)
    taken = (front > NOWHERE).float()
    total, count = front * taken, taken
    for _ in range(2):
        total, count = avg_pool2d(total, 3, 1, 1), avg_pool2d(count, 3, 1, 1)
    begins = torch.where(count > 1e-4, total / count.clamp(min=1e-4), torch.full_like(count, NOWHERE))
    return HairShadow(torch.stack([begins, count], -1).reshape(-1, 2), size)
