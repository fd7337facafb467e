"""
The promise: an exported picture scales back down to exactly the pixels of its input.

`project` moves a generated picture onto {x : A x = y, 0 <= alpha <= 1, 0 <= colour <= alpha}; `quantise` rounds it to
integers so that the promise survives rounding; `residual` measures it on the integers that are written.

Tensors are [B, 4, H, W] premultiplied RGBA in [0, 1] unless a docstring says "straight". Colour and alpha may have
different degradations: binary alpha was never a mean, so only its block centres are kept (PointDegradation), and colour
is then the mean over the visible part of a block.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import AreaDegradation, Degradation, PointDegradation, repeated

_NEWTON_STEPS = 40
_CLOSE = 1e-5  # 0.0026 levels of 255: far below what rounding can show
_SWEEPS = 40
_VISIBLE = 0.1  # alpha below which premultiplied colour is not reliable


class Residual(NamedTuple):
    """
    The deviation of the answer, scaled back down, from the input, in levels of 255 over visible pixels and channels.
    """

    maximum: float
    mean: float
    rmse: float

    @property
    def exact(self) -> bool:
        """Within the promise of the area degradation: at most 1 level anywhere and 0.05 of a level on average."""
        return self.maximum <= 1.0 and self.mean <= 0.05


def is_binary_alpha(small: Tensor) -> bool:
    """True if alpha is 0 or 1 everywhere and not 1 everywhere: [B, 4, h, w]."""
    alpha = small[:, 3]
    return bool(((alpha <= 0) | (alpha >= 1)).all() and (alpha < 1).any())


def alpha_degradation(degradation: Degradation, binary: bool) -> Degradation:
    """The degradation of the alpha plane: point sampling for binary alpha, else that of the colour."""
    return PointDegradation(degradation.factor, degradation.wrap) if binary else degradation


def project(
    large: Tensor,
    small: Tensor,
    degradation: Degradation,
    *,
    binary_alpha: bool = False,
    soft_edges: bool = False,
) -> Tensor:
    """
    The nearest picture (in each block, within the range of values) that scales back down to `small`.

    Args:
        large: [B, 4, h*f, w*f] any range.
        small: [B, 4, h, w] premultiplied, in [0, 1].
        binary_alpha: alpha of the answer is 0 or 1, block centres as in `small`.
        soft_edges: with `binary_alpha`, alpha of the answer may also lie between; block centres are as in `small`.

    Returns:
        [B, 4, h*f, w*f] with 0 <= colour <= alpha <= 1. Area and point: exact to float precision. Bicubic: as near as
        the range allows, because the kernel has negative lobes and some inputs have no exact preimage in the range.
    """
    wanted_alpha = small[:, 3:]
    colour, alpha = large[:, :3], large[:, 3:]
    if binary_alpha and not soft_edges:  # colour premultiplied by soft alpha would become a dark rim at alpha 1
        colour = torch.where(alpha > _VISIBLE, colour / alpha.clamp_min(_VISIBLE), colour)
        alpha = (alpha >= 0.5).to(large.dtype)
    alpha = _project_plane(alpha, wanted_alpha, torch.ones_like(alpha), alpha_degradation(degradation, binary_alpha))
    target = small[:, :3]
    if binary_alpha and not isinstance(degradation, PointDegradation):
        target = straight_colour(small) * degradation.apply(alpha).clamp(0, 1)
        unconstrained = degradation.apply(torch.minimum(colour.clamp_min(0), alpha))
        target = torch.where(wanted_alpha > 0, target, unconstrained)  # a smooth outline extends into empty blocks
    return torch.cat([_project_plane(colour, target, alpha, degradation), alpha], 1)


def keep_extreme_alpha(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Keep fully opaque and fully transparent areas exact: where a small pixel and its eight neighbours are all opaque (or
    all transparent), alpha becomes 1 (or 0). Needed before a `project` that fixes only centres or cannot be exact:
    binary alpha, point, bicubic. Tiles must include at least one small pixel of their surroundings.

    Args:
        large: [B, 4, h*f, w*f].
        small: [B, 4, h, w].
    """
    around = F.pad(small[:, 3:], (1, 1, 1, 1), mode="replicate")
    size = [side * factor for side in small.shape[2:]]
    low = F.interpolate(-F.max_pool2d(-around, 3, 1), size, mode="nearest")
    high = F.interpolate(F.max_pool2d(around, 3, 1), size, mode="nearest")
    alpha = torch.where(low >= 1, 1.0, torch.where(high <= 0, 0.0, large[:, 3:]))
    return torch.cat([large[:, :3], alpha], 1)


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
    top = degradation.apply(ceiling).clamp(0, 1)
    x = before = torch.minimum(x.clamp_min(0), ceiling)
    for sweep in range(_SWEEPS):  # alternating projections with momentum (Nesterov 1983); without it some take hundreds
        ahead = x + sweep / (sweep + 3) * (x - before)
        error = y - _stored(degradation.apply(ahead), top)
        before, x = x, torch.minimum((ahead + degradation.pseudo_inverse(error)).clamp_min(0), ceiling)
        if float(error.abs().max()) < 0.1 / 255:
            break
    return x


# A reduced plane as a file holds it: kernels with negative lobes overshoot, and the input was clipped.
def _stored(reduced: Tensor, top: Tensor) -> Tensor:
    return torch.minimum(reduced.clamp_min(0), top)


# Euclidean projection of each block onto {0 <= x <= ceiling, mean x = y}. One shift per block is enough unless the
# shifted block leaves the range; only those blocks need the bracketed Newton iteration.
def _project_area(x: Tensor, y: Tensor, ceiling: Tensor, degradation: Degradation) -> Tensor:
    ceiling = ceiling.expand_as(x)
    top = degradation.apply(ceiling)
    y = torch.minimum(y, top)
    shifted = x + degradation.pseudo_inverse(y - degradation.apply(x))
    inside = torch.minimum(shifted.clamp_min(0), ceiling)
    empty, full = y <= _CLOSE, y >= top - _CLOSE
    inside = torch.where(repeated(full, degradation.factor), ceiling, inside)
    inside = torch.where(repeated(empty, degradation.factor), torch.zeros_like(inside), inside)
    clipped = ((y - degradation.apply(inside)).abs() > _CLOSE) & ~empty & ~full
    if not bool(clipped.any()):
        return inside
    blocks = _to_blocks(inside, degradation.factor)
    ceilings = _to_blocks(ceiling, degradation.factor)[clipped]
    blocks[clipped] = _shift_into_range(_to_blocks(x, degradation.factor)[clipped], y[clipped][:, None], ceilings)
    return _from_blocks(blocks, degradation.factor)


# x = clamp(x0 + s, 0, ceiling) with mean y, for N blocks at once: [N, f*f], [N, 1], [N, f*f]. The mean is a piecewise
# linear increasing function of s, so Newton's method inside a shrinking bracket finds it in a few steps.
def _shift_into_range(x: Tensor, y: Tensor, ceiling: Tensor) -> Tensor:
    low = -x.amax(1, keepdim=True) - 1
    high = 1 - x.amin(1, keepdim=True) + ceiling.amax(1, keepdim=True)
    shift = y - x.mean(1, keepdim=True)
    for _ in range(_NEWTON_STEPS):
        moved = x + shift
        error = y - torch.minimum(moved.clamp_min(0), ceiling).mean(1, keepdim=True)
        if float(error.abs().max()) < _CLOSE / 4:
            break
        low = torch.where(error > 0, shift, low)
        high = torch.where(error < 0, shift, high)
        free = ((moved > 0) & (moved < ceiling)).to(x.dtype).mean(1, keepdim=True)
        step = shift + error / free.clamp_min(1e-6)
        shift = torch.where((free > 0) & (step > low) & (step < high), step, (low + high) / 2)
    return torch.minimum((x + shift).clamp_min(0), ceiling)


# All centre pixels of a block get its colour. This is stronger than fixing their mean: nearest reduction is exact too.
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
    area = isinstance(degradation, AreaDegradation)
    dtype = torch.float32 if levels == 255 else torch.float64
    alpha = large[:, 3:].to(dtype) * levels
    if area and not binary_alpha and bool((small[:, 3] < levels).any()):
        alpha_q = _round_blocks_evenly(alpha, degradation.factor)
    else:
        alpha_q = alpha.round().to(torch.int32)
    straight = straight_colour(large).to(dtype) * levels
    if area:
        colour_q = _round_blocks(straight, small[:, :3].to(dtype), alpha_q, degradation.factor, levels)
    else:
        colour_q = straight.round().clamp(0, levels).to(torch.int32)
    if isinstance(degradation, PointDegradation):
        colour_q = _restore_centres(colour_q, small[:, :3], degradation)
    colour_q = torch.where(alpha_q > 0, colour_q, 0)
    return torch.cat([colour_q, alpha_q], 1)


# Rounding through premultiplication can move a centre by a level, so the input's own integers are used.
def _restore_centres(colour: Tensor, small: Tensor, degradation: Degradation) -> Tensor:
    return _paste_centres(colour, small, torch.full_like(colour, 2**31 - 1), degradation)


# Round the running sum of each block and take differences: every value moves by less than 1, the sum by at most 1/2,
# and since the sum was an integer before, not at all. Whole numbers, so 0 and the largest level, stay what they are:
# only the fractions are summed, which float32 holds well enough.
def _round_blocks_evenly(values: Tensor, factor: int) -> Tensor:
    return _from_blocks(_round_running_sum(_to_blocks(values, factor)), factor)


def _round_running_sum(blocks: Tensor) -> Tensor:
    whole = blocks.floor()
    sums = (blocks - whole).cumsum(-1).round_()
    sums[..., 1:] -= sums[..., :-1].clone()
    return sums.add_(whole).to(torch.int32)


# Colour: blocks with a single alpha value are rounded evenly, the others by weight.
def _round_blocks(values: Tensor, target: Tensor, alpha: Tensor, factor: int, levels: int) -> Tensor:
    blocks = _to_blocks(values, factor)  # [B, 3, h, w, f*f]
    rounded = _round_running_sum(blocks)
    weights = _to_blocks(alpha, factor)
    uneven = (weights != weights[..., :1]).any(-1)
    if bool(uneven.any()):
        uneven = uneven.expand(blocks.shape[:-1])
        weight = weights.expand_as(blocks)[uneven].to(blocks.dtype)
        rounded[uneven] = _round_by_weight(blocks[uneven], target[uneven][:, None], weight, levels)
    return _from_blocks(rounded.clamp_(0, levels), factor)


# Floor every value, then raise those with the largest fractions until the weighted sum is as near to
# wanted * (sum of weights) as it can be: [N, f*f], [N, 1], [N, f*f].
def _round_by_weight(values: Tensor, target: Tensor, weight: Tensor, levels: int) -> Tensor:
    floor = values.floor().clamp(0, levels)
    fraction = torch.where((weight > 0) & (floor < levels), values - floor, -1.0)
    missing = target * weight.sum(-1, keepdim=True) - (floor * weight).sum(-1, keepdim=True)
    order = fraction.argsort(dim=-1, descending=True, stable=True)
    gains = torch.where(fraction >= 0, weight, 0.0).gather(-1, order).cumsum(-1)
    count = (torch.cat([torch.zeros_like(missing), gains], -1) - missing).abs().argmin(-1, keepdim=True)
    chosen = torch.arange(values.shape[-1], device=values.device) < count
    raised = torch.zeros_like(floor).scatter_(-1, order, chosen.to(floor.dtype))
    return torch.where(fraction >= 0, floor + raised, floor).to(torch.int32)


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
    Scale the exported integers back down and compare them with the input's.

    Args:
        large: [B, 4, h*f, w*f] straight integers, as written to the file.
        small: [B, 4, h, w] straight integers of the input.

    Returns:
        Residual over visible pixels of the input (alpha > 0): colour errors are weighted by the input's alpha, so that
        invisible errors do not count; alpha errors are not weighted.
    """
    return combine(residual_sums(large, small, degradation, levels=levels, binary_alpha=binary_alpha).unbind(0))


def residual_sums(
    large: Tensor, small: Tensor, degradation: Degradation, *, levels: int = 255, binary_alpha: bool = False
) -> Tensor:
    """As `residual`, but [B, 4] float64: maximum, sum, sum of squares and count, for `combine`."""
    alpha = large[:, 3:].double() / levels
    premultiplied = large[:, :3].double() / levels * alpha
    wanted_alpha = small[:, 3:].double() / levels
    reduced_alpha = alpha_degradation(degradation, binary_alpha).apply(alpha)
    coverage = degradation.apply(alpha)
    colour = (degradation.apply(premultiplied) / coverage.clamp_min(1e-9)).clamp(0, 1)  # as in a file
    colour_error = (colour - small[:, :3].double() / levels).abs() * wanted_alpha
    alpha_error = (reduced_alpha.clamp(0, 1) - wanted_alpha).abs()
    visible = (wanted_alpha > 0).to(torch.float64)
    error = torch.cat([colour_error, alpha_error], 1) * visible * 255
    flat = error.flatten(1)
    count = visible.flatten(1).sum(1) * error.shape[1]
    return torch.stack([flat.amax(1), flat.sum(1), flat.square().sum(1), count], 1)


def combine(sums: Iterable[Tensor]) -> Residual:
    """One Residual from the [4] rows of `residual_sums` for parts of one picture."""
    rows = torch.stack(list(sums))
    count = max(float(rows[:, 3].sum()), 1.0)
    return Residual(float(rows[:, 0].max()), float(rows[:, 1].sum()) / count, (float(rows[:, 2].sum()) / count) ** 0.5)
