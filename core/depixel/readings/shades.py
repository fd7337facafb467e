"""
Readings that treat neighbouring shades of one object as samples of a gradient: softly shaded, or dithered in the
picture's own colours.

`large` is [B, 4, h*f, w*f], `small` [B, 4, h, w], both premultiplied RGBA in [0, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.degradation import repeated
from depixel.readings.hard import hardened
from depixel.readings.neighbours import NINE, nine, shifts

_REACH = 0.5  # distance of two colours up to which they count as shades of one object
_ROUNDS = 4  # of correcting what smoothing changed at the centres


def shaded(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Soft shading: each large pixel is the mean of the small pixels around it that are shades of its own colour, weighted
    by a quadratic B-spline, so that edges stay where `large` has them and steps between shades become gradients. The
    spline's coefficients are corrected until the gradient passes through the pixels' centres.
    """
    colours = hardened(large, small, factor)
    return _gradients(colours, small, factor) + large - colours  # the soft edges stay


# `shaded` over a drawing of hard edges.
def _gradients(colours: Tensor, small: Tensor, factor: int) -> Tensor:
    weights = _weights(colours, small, factor)
    coefficients = small
    for _ in range(_ROUNDS):
        answer = _blended(coefficients, weights, factor)
        coefficients = coefficients + small - _centres(answer, factor)
    answer = _blended(coefficients, weights, factor)
    around = torch.stack([repeated(colour, factor) for colour in nine(small)])
    return torch.maximum(torch.minimum(answer, around.amax(0)), around.amin(0))


def dithered(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Uses only the colours of the nine small pixels around: soft shading, with shades that meet in an ordered dither
    (Bayer 1973) and hard edges between distant colours. The pattern's pixels are large pixels, coarser from x16 on.
    """
    target = _gradients(hardened(large, small, factor), small, factor)
    around = [repeated(colour, factor) for colour in nine(small)]
    nearest, best = around[0], (around[0] - target).square().sum(1, keepdim=True)
    for colour in around[1:]:
        distance = (colour - target).square().sum(1, keepdim=True)
        nearest = torch.where(distance < best - 1e-7, colour, nearest)
        best = torch.minimum(best, distance)
    second, share, beside = nearest, torch.zeros_like(best), torch.full_like(best, torch.inf)
    for colour in around:
        step = colour - nearest
        length = step.square().sum(1, keepdim=True)
        along = (((target - nearest) * step).sum(1, keepdim=True) / length.clamp_min(1e-6)).clamp(0, 1)
        distance = (target - nearest - along * step).square().sum(1, keepdim=True)
        nearer = (length > 1e-5) & (distance < beside - 1e-9)
        second, share = torch.where(nearer, colour, second), torch.where(nearer, along, share)
        beside = torch.where(nearer, distance, beside)
    shades = (second - nearest).square().sum(1, keepdim=True) < _REACH**2
    threshold = _bayer(large.shape[2], large.shape[3], max(1, factor // 8)).to(large)
    return torch.where(share > torch.where(shades, threshold, 0.5), second, nearest)


# The weight of each of the nine small pixels for each large one: nine planes [B, 1, H, W] that add up to 1.
def _weights(large: Tensor, small: Tensor, factor: int) -> list[Tensor]:
    weights = []
    height, width = small.shape[2:]
    for (down, right), colour in zip(NINE, nine(small), strict=True):
        rows, columns = (_spline(factor, offset).to(large) for offset in (down, right))
        kernel = rows.repeat(height)[:, None] * columns.repeat(width)
        distance = (repeated(colour, factor) - large).square().sum(1, keepdim=True)
        weights.append(kernel * torch.exp(-((distance / _REACH**2) ** 2)))
    total = sum(weights[1:], weights[0]).clamp_min(1e-6)
    return [weight / total for weight in weights]


# Quadratic B-spline around the small pixel at `offset`, evaluated at the large pixels of a block.
def _spline(factor: int, offset: int) -> Tensor:
    distance = ((torch.arange(factor) + 0.5) / factor - 0.5 - offset).abs()
    return torch.where(distance < 0.5, 0.75 - distance**2, 0.5 * (1.5 - distance).clamp_min(0) ** 2)


def _blended(coefficients: Tensor, weights: list[Tensor], factor: int) -> Tensor:
    shifted = shifts(coefficients, 1)
    answer = torch.zeros(())
    for (down, right), weight in zip(NINE, weights, strict=True):
        answer = answer + weight * repeated(shifted(down, right), factor)
    return answer


# The middle one, or the mean of the middle two by two.
def _centres(large: Tensor, factor: int) -> Tensor:
    low, high = (factor - 1) // 2, factor // 2
    parts = [large[:, :, row::factor, column::factor] for row in (low, high) for column in (low, high)]
    return (parts[0] + parts[1] + parts[2] + parts[3]) / 4


_BAYER = torch.tensor([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 + 1 / 32


def _bayer(height: int, width: int, size: int) -> Tensor:
    tile = _BAYER.repeat_interleave(size, 0).repeat_interleave(size, 1)
    return tile.repeat(-(-height // len(tile)), -(-width // len(tile)))[:height, :width]
