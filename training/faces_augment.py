"""Adaptive discriminator augmentation (Karras et al. 2020, arXiv 2006.06676).

Truth and answer are randomly changed in the same ways before the critic sees them, with a strength p that depends on
how well the critic tells them apart. The changes are differentiable: mirroring, shift, scale, small rotation (no
quarter turns, because faces are upright), brightness, contrast, saturation, and one blank square.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


class AdaptiveAugment:
    """Holds p and moves it towards the target of the sign heuristic r_t (section 3)."""

    def __init__(self, target: float = 0.6, pictures_to_one: float = 200_000) -> None:
        self.p = 0.0
        self.target = target
        self.pictures_to_one = pictures_to_one

    def adapt(self, signs: float, pictures: int) -> None:
        """signs: mean sign of the critic's logits on truth since the last call; pictures: the number it saw since."""
        step = pictures / self.pictures_to_one
        self.p = min(0.85, max(0.0, self.p + math.copysign(step, signs - self.target)))

    def __call__(self, x: Tensor) -> Tensor:
        """RGB [B, 3, R, R] in [-1, 1], each picture changed independently."""
        if self.p <= 0:
            return x
        return _blank(_colour(_geometry(x, self.p), self.p), self.p)


def _chosen(x: Tensor, p: float) -> Tensor:
    return (torch.rand(x.shape[0], device=x.device) < p).float()


def _geometry(x: Tensor, p: float) -> Tensor:
    count, device = x.shape[0], x.device
    mirror = 1 - 2 * (torch.rand(count, device=device) < 0.5 * p).float()
    angle = torch.randn(count, device=device) * 0.15 * _chosen(x, p)
    scale = torch.exp(torch.randn(count, device=device) * 0.15 * _chosen(x, p))
    shift = torch.randn(count, 2, device=device) * 0.12 * _chosen(x, p)[:, None]
    cos, sin = angle.cos() * scale, angle.sin() * scale
    matrix = torch.stack(
        [torch.stack([cos * mirror, -sin, shift[:, 0]], 1), torch.stack([sin * mirror, cos, shift[:, 1]], 1)], 1
    )
    grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid.to(x.dtype), padding_mode="reflection", align_corners=False)


def _colour(x: Tensor, p: float) -> Tensor:
    count, device = x.shape[0], x.device
    brightness = torch.randn(count, device=device) * 0.2 * _chosen(x, p)
    contrast = torch.exp(torch.randn(count, device=device) * 0.35 * _chosen(x, p))
    saturation = torch.exp(torch.randn(count, device=device) * 0.7 * _chosen(x, p))
    x = x * contrast[:, None, None, None] + brightness[:, None, None, None]
    grey = x.mean(1, keepdim=True)
    return grey + (x - grey) * saturation[:, None, None, None]


def _blank(x: Tensor, p: float) -> Tensor:
    side = x.shape[-1]
    axis = (torch.arange(side, device=x.device) + 0.5) / side
    centre = torch.rand(x.shape[0], 2, device=x.device)
    near = [(axis[None] - centre[:, k : k + 1]).abs() < 0.25 for k in (0, 1)]
    hole = near[0][:, None, :, None] & near[1][:, None, None, :]
    return x * (1 - hole.float() * _chosen(x, p * 0.5)[:, None, None, None])
