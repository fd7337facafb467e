"""Portraits as in photographs: other crops, light and blur in the portrait, camera faults in the small picture.

Domain randomisation (Tobin et al. 2017, arXiv 1703.06907) for the faces prior: the portrait, the truth of a training
row, gets another crop, light and focus; the small picture that the encoder sees also gets sensor noise, JPEG's
quantisation and a shift of colour, which the truth does not have.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 8  # pixels per side of a JPEG block


def photographed(large: Tensor, landmarks: Tensor, share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """
    Some of the portraits, framed and lit as by a camera; the others do not change.

    Args:
        large: RGB [B, 3, R, R] in [-1, 1].
        landmarks: [B, K, 2] as fractions of the side.
        share: fraction of the rows that change, 0 to 1.

    Returns:
        Portraits and landmarks of the same shapes.
    """
    change = torch.rand(len(large), generator=generator) < share
    if not change.any():
        return large, landmarks
    moved, points = camera_move(large[change] / 2 + 0.5, landmarks[change], generator)
    large, landmarks = large.clone(), landmarks.clone()
    large[change], landmarks[change] = camera_light(moved, generator) * 2 - 1, points
    return large, landmarks


def spoiled(small: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """
    Some small pictures with camera faults: noise of up to 6%, JPEG at random quality, few levels, a tint.

    Args:
        small: RGB [B, 3, n, n] in [-1, 1]; JPEG needs n to be a multiple of 8, otherwise it is skipped.
        share: fraction of the rows that change, 0 to 1.

    Returns:
        RGB [B, 3, n, n] in [-1, 1].
    """
    count = len(small)

    def uniform() -> Tensor:
        return torch.rand(count, 1, 1, 1, generator=generator)

    noise = 0.12 * uniform() ** 2 * torch.randn(small.shape, generator=generator)
    tint = 0.04 * torch.randn(count, 3, 1, 1, generator=generator)
    faulty = small + (uniform() < 0.7) * noise + (uniform() < 0.5) * tint
    if small.shape[-1] % BLOCK == 0:
        strength = 0.02 * 10 ** (uniform() * 1.1)
        faulty = torch.where(uniform() < 0.4, quantised(faulty, strength), faulty)
    levels = 6 + (uniform() * 26).floor()
    faulty = torch.where(uniform() < 0.12, (faulty * levels).round() / levels, faulty)
    return torch.where(uniform() < share, faulty.clamp(-1, 1), small)


def quantised(picture: Tensor, strength: Tensor) -> Tensor:
    """
    Apply JPEG's loss: round each 8x8 block's cosine coefficients to steps that grow with the frequency.

    Args:
        picture: [B, C, n, n], n a multiple of 8.
        strength: [B, 1, 1, 1], the step of the lowest frequency.
    """
    count, channels, side, _ = picture.shape
    number = torch.arange(BLOCK, dtype=picture.dtype)
    cosine = torch.cos(math.pi / BLOCK * (number + 0.5) * number[:, None]) * math.sqrt(2 / BLOCK)
    cosine[0] /= math.sqrt(2)
    blocks = F.unfold(picture.flatten(0, 1)[:, None], BLOCK, stride=BLOCK).transpose(1, 2)
    blocks = blocks.reshape(count, -1, BLOCK, BLOCK)
    steps = strength * (1 + number + number[:, None])
    rounded = cosine.t() @ ((cosine @ blocks @ cosine.t() / steps).round() * steps) @ cosine
    rows = rounded.reshape(count * channels, -1, BLOCK * BLOCK).transpose(1, 2)
    return F.fold(rows, side, BLOCK, stride=BLOCK).reshape(count, channels, side, side)


def camera_move(large: Tensor, landmarks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """
    Another crop: closer or wider, shifted, rotated. The portrait's border is repeated outside it.

    Args:
        large: [B, 3, R, R].
        landmarks: [B, K, 2] as fractions of the side.

    Returns:
        The portraits and their landmarks, of the same shapes.
    """
    count, _, side, _ = large.shape
    zoom = torch.exp(torch.randn(count, generator=generator) * 0.16).clamp(0.65, 1.6)
    shift = torch.randn(count, 2, generator=generator) * 0.05
    turn = torch.randn(count, generator=generator) * 8
    cosine, sine = torch.cos(turn * math.pi / 180), torch.sin(turn * math.pi / 180)
    # The picture's pixel at p (from -1 to 1) shows the portrait at matrix @ p + offset.
    matrix = torch.stack([cosine, -sine, sine, cosine], 1).reshape(-1, 2, 2) * zoom[:, None, None]
    theta = torch.cat([matrix, 2 * shift[:, :, None]], 2)
    grid = F.affine_grid(theta, [count, 3, side, side], align_corners=False)
    moved = F.grid_sample(large, grid, padding_mode="border", align_corners=False)
    points = landmarks * 2 - 1 - 2 * shift[:, None]
    return moved, (points @ torch.linalg.inv(matrix).transpose(1, 2) + 1) / 2


def camera_light(large: Tensor, generator: torch.Generator) -> Tensor:
    """Exposure, contrast, tint, a shadow to one side and, for some batches, blur: [B, 3, R, R] in [0, 1]."""
    count, _, side, _ = large.shape

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator)

    gain = torch.exp(0.25 * normal(1, 1, 1) + 0.07 * normal(3, 1, 1))
    axis = torch.linspace(-1, 1, side)
    slope = 0.18 * normal(1, 1, 1) * axis + 0.12 * normal(1, 1, 1) * axis[:, None]
    curve = torch.exp(0.22 * normal(1, 1, 1))
    lit = ((large.clamp(1e-3, 1) ** curve) * gain * torch.exp(slope) + 0.03 * normal(1, 1, 1)).clamp(0, 1)
    if torch.rand(1, generator=generator) < 0.4:
        kernel = 2 * int(torch.randint(1, 5, (1,), generator=generator)) + 1
        lit = F.avg_pool2d(lit, kernel, 1, kernel // 2, count_include_pad=False)
    return lit
