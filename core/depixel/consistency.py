"""
The promise: what is exported scales back down to the pixels that were given.

`project` moves a generated picture onto {x : A x = y, 0 <= alpha <= 1, 0 <= colour <= alpha}; `quantise` rounds it to
integers so that the promise survives rounding; `residual` measures it on the integers that are written.

Tensors are [B, 4, H, W] premultiplied RGBA in [0, 1] unless a docstring says straight. Colour and alpha may have
degradations of their own: binary alpha was never a mean, so only its block centres are kept (PointDegradation), and
colour is then the mean over the visible part of a block.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from depixel.degradation import AreaDegradation, Degradation, PointDegradation

_NEWTON_STEPS = 24
_SWEEPS = 30


class Residual(NamedTuple):
    """How far the answer, scaled back down, is from the input: levels of 255, over visible pixels and channels."""

    maximum: float
    mean: float
    rmse: float

    @property
    def exact(self) -> bool:
        """Within the promise of the area degradation: at most 1 level anywhere and 0.05 of a level on average."""
        return self.maximum <= 1.0 and self.mean <= 0.05


def is_binary_alpha(small: Tensor) -> bool:
    """True when alpha is 0 or 1 everywhere and not all 1: [B, 4, h, w]."""
    alpha = small[:, 3]
    return bool(((alpha <= 0) | (alpha >= 1)).all() and (alpha < 1).any())


def alpha_degradation(degradation: Degradation, binary: bool) -> Degradation:
    """The degradation of the alpha plane: point sampling for binary alpha, else that of the colour."""
    return PointDegradation(degradation.factor, degradation.wrap) if binary else degradation


def project(large: Tensor, small: Tensor, degradation: Degradation, *, binary_alpha: bool = False) -> Tensor:
    """
    The nearest picture (in each block, clip-aware) that scales back down to `small`.

    Args:
        large: [B, 4, h*f, w*f] any range.
        small: [B, 4, h, w] premultiplied, in [0, 1].
        binary_alpha: alpha of the answer is 0 or 1, block centres as in `small`.

    Returns:
        [B, 4, h*f, w*f] with 0 <= colour <= alpha <= 1. Area and point: exact to float precision. Bicubic: as near as
        the range allows, since its kernel has negative lobes and some inputs have no exact preimage in range.
    """
    wanted_alpha = small[:, 3:]
    alpha = large[:, 3:]
    if binary_alpha:
        alpha = (alpha >= 0.5).to(large.dtype)
    alpha = _project_plane(alpha, wanted_alpha, torch.ones_like(alpha), alpha_degradation(degradation, binary_alpha))
    wanted = small[:, :3]
    if binary_alpha and not isinstance(degradation, PointDegradation):
        wanted = straight_colour(small) * degradation.apply(alpha).clamp(0, 1)
    colour = _project_plane(large[:, :3], wanted, alpha, degradation)
    return torch.cat([colour, alpha], 1)


def straight_colour(premultiplied: Tensor) -> Tensor:
    """[B, 4, H, W] premultiplied => [B, 3, H, W] straight; 0 where alpha is 0."""
    alpha = premultiplied[:, 3:]
    return torch.where(alpha > 0, premultiplied[:, :3] / alpha.clamp_min(1e-6), 0.0).clamp(0, 1)


def _project_plane(x: Tensor, y: Tensor, ceiling: Tensor, degradation: Degradation) -> Tensor:
    if isinstance(degradation, AreaDegradation):
        return _project_area(x, y, ceiling, degradation)
    if isinstance(degradation, PointDegradation):
        return _paste_centres(x, y, ceiling, degradation)
    ceiling = ceiling.expand_as(x)
    for _ in range(_SWEEPS):
        error = y - degradation.apply(x)
        if float(error.abs().max()) < 0.1 / 255:
            break
        x = torch.minimum((x + degradation.pseudo_inverse(error)).clamp_min(0), ceiling)
    return torch.minimum(x.clamp_min(0), ceiling)


# Euclidean projection of each block onto {0 <= x <= ceiling, mean x = y}: x = clamp(x0 + s) with one shift s a block,
# found by Newton's method on the mean, a piecewise linear increasing function of s, kept inside a shrinking bracket.
def _project_area(x: Tensor, y: Tensor, ceiling: Tensor, degradation: Degradation) -> Tensor:
    ceiling = ceiling.expand_as(x)
    y = torch.minimum(y, degradation.apply(ceiling))
    low = y.new_full(y.shape, -1.0) - degradation.apply(x.abs()) * degradation.factor**2
    high = -low + 1.0
    shift = torch.zeros_like(y)
    for _ in range(_NEWTON_STEPS):
        moved = x + degradation.pseudo_inverse(shift)
        inside = ((moved > 0) & (moved < ceiling)).to(x.dtype)
        error = y - degradation.apply(torch.minimum(moved.clamp_min(0), ceiling))
        if float(error.abs().max()) < 1e-6:
            break
        low = torch.where(error > 0, shift, low)
        high = torch.where(error < 0, shift, high)
        free = degradation.apply(inside)
        step = shift + error / free.clamp_min(1e-6)
        middle = (low + high) / 2
        shift = torch.where((free > 0) & (step > low) & (step < high), step, middle)
    return torch.minimum((x + degradation.pseudo_inverse(shift)).clamp_min(0), ceiling)


# All centre pixels of a block take its colour: stronger than their mean, so that nearest reduction is exact as well.
def _paste_centres(x: Tensor, y: Tensor, ceiling: Tensor, degradation: Degradation) -> Tensor:
    x = torch.minimum(x.clamp_min(0), ceiling).clone()
    offsets, _ = degradation.taps()
    for row in offsets:
        for column in offsets:
            x[:, :, row :: degradation.factor, column :: degradation.factor] = y
    return torch.minimum(x, ceiling)


def quantise(
    large: Tensor, small: Tensor, degradation: Degradation, *, levels: int = 255, binary_alpha: bool = False
) -> Tensor:
    """
    Round a projected picture to straight integers that still scale back down to the input.

    Args:
        large: [B, 4, h*f, w*f] premultiplied, as `project` returns it.
        small: [B, 4, h, w] **straight integers** of the input, int32, 0 ... levels.
        levels: 255 or 65535.

    Returns:
        [B, 4, h*f, w*f] int32 straight RGBA. Colour is left 0 where alpha is 0.
    """
    alpha = large[:, 3:]
    binary_or_opaque = binary_alpha or bool((small[:, 3] == levels).all())
    area = isinstance(degradation, AreaDegradation)
    if area and not binary_or_opaque:
        ones = torch.ones_like(alpha, dtype=torch.float64)
        alpha_q = _round_blocks(alpha.double() * levels, small[:, 3:].double(), ones, degradation.factor, levels)
    else:
        alpha_q = (alpha * levels).round().to(torch.int32)
    straight = straight_colour(large).double() * levels
    if area:
        colour_q = _round_blocks(straight, small[:, :3].double(), alpha_q.double(), degradation.factor, levels)
    else:
        colour_q = straight.round().clamp(0, levels).to(torch.int32)
    if isinstance(degradation, PointDegradation):
        colour_q = _restore_centres(colour_q, small[:, :3], degradation)
    colour_q = torch.where(alpha_q > 0, colour_q, 0)
    return torch.cat([colour_q, alpha_q], 1)


# Rounding through premultiplication can move a centre by a level; the input's own integers are at hand, so use them.
def _restore_centres(colour: Tensor, small: Tensor, degradation: Degradation) -> Tensor:
    return _paste_centres(colour, small, torch.full_like(colour, 2**31 - 1), degradation)


# Within each block: floor every value, then raise the pixels with the largest fractions until the weighted sum is as
# near to wanted * (sum of weights) as it can be.
def _round_blocks(values: Tensor, wanted: Tensor, weights: Tensor, factor: int, levels: int) -> Tensor:
    blocks = _to_blocks(values, factor)  # [B, C, h, w, f*f]
    weight = _to_blocks(weights, factor).expand_as(blocks)
    floor = blocks.floor().clamp(0, levels)
    fraction = torch.where(weight > 0, blocks - floor, -1.0)
    fraction = torch.where(floor >= levels, -1.0, fraction)
    missing = (wanted[..., None] * weight.sum(-1, keepdim=True)) - (floor * weight).sum(-1, keepdim=True)
    order = fraction.argsort(dim=-1, descending=True, stable=True)
    ordered = torch.where(fraction >= 0, weight, 0.0).gather(-1, order).cumsum(-1)
    reached = torch.cat([torch.zeros_like(missing), ordered], -1)
    count = (reached - missing).abs().argmin(-1, keepdim=True)  # how many to raise
    rank = order.argsort(dim=-1)
    raised = floor + ((rank < count) & (fraction >= 0)).to(floor.dtype)
    return _from_blocks(raised.clamp(0, levels).to(torch.int32), factor)


def _to_blocks(x: Tensor, factor: int) -> Tensor:
    batch, channels, height, width = x.shape
    x = x.reshape(batch, channels, height // factor, factor, width // factor, factor)
    return x.permute(0, 1, 2, 4, 3, 5).reshape(batch, channels, height // factor, width // factor, factor * factor)


def _from_blocks(blocks: Tensor, factor: int) -> Tensor:
    batch, channels, height, width, _ = blocks.shape
    x = blocks.reshape(batch, channels, height, width, factor, factor).permute(0, 1, 2, 4, 3, 5)
    return x.reshape(batch, channels, height * factor, width * factor)


def residual(
    large: Tensor, small: Tensor, degradation: Degradation, *, levels: int = 255, binary_alpha: bool = False
) -> Residual:
    """
    Scale the exported integers back down and compare with the input's.

    Args:
        large: [B, 4, h*f, w*f] straight integers as written to the file.
        small: [B, 4, h, w] straight integers of the input.

    Returns:
        Residual over visible pixels of the input (alpha > 0): colour errors are weighted by the input's alpha (an
        error nobody can see does not count), alpha errors count as they are.
    """
    alpha = large[:, 3:].double() / levels
    premultiplied = large[:, :3].double() / levels * alpha
    wanted_alpha = small[:, 3:].double() / levels
    reduced_alpha = alpha_degradation(degradation, binary_alpha).apply(alpha)
    coverage = degradation.apply(alpha)
    colour = degradation.apply(premultiplied) / coverage.clamp_min(1e-9)
    colour_error = (colour - small[:, :3].double() / levels).abs() * wanted_alpha
    alpha_error = (reduced_alpha - wanted_alpha).abs()
    visible = (wanted_alpha > 0).expand_as(alpha_error)[:, 0]
    error = torch.cat([colour_error, alpha_error], 1).movedim(1, -1)[visible] * 255
    if error.numel() == 0:
        return Residual(0.0, 0.0, 0.0)
    return Residual(float(error.max()), float(error.mean()), float(error.square().mean().sqrt()))
