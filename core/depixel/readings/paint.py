"""
Readings of soft art: steeper edges, and areas of even colour like brush strokes.

`large` is [B, 4, h*f, w*f] premultiplied RGBA in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import repeated

_REACH = 0.4  # small pixels on each side that an edge extends to
_STROKE = 0.4  # small pixels: side of the squares that become one stroke
_MARGIN = 0.08  # below the steepest slope of `Edges`: width of the transition
_FAINT, _CLEAR = 3 / 255, 9 / 255  # up to the first contrast, an edge does not change; from the second on, fully
_CHOICE = 4.0  # exponent: how clearly the most even neighbour wins
_CORRECTIONS = 3  # of the block means
_EVEN = 1e-5  # variance below which a neighbourhood counts as even


@dataclass(frozen=True)
class Edges:
    """How edges are drawn."""

    gain: float  # on contrast within a small pixel
    steep: float  # exponent: how much steeper the middle of an edge becomes
    steepest: float  # fraction of the way across an edge in one pixel, from which on the edge does not change


SHARP = Edges(gain=1.2, steep=3.0, steepest=0.5)
HARD = Edges(gain=1.25, steep=8.0, steepest=1.0)
"""Almost without blended pixels, like sprites that were drawn pixel by pixel."""


def steepened(large: Tensor, factor: int, edges: Edges = SHARP) -> Tensor:
    """
    Contrast within a small pixel is increased, within the range of the values around it; then each value moves along a
    smooth curve towards the nearer of the smallest and the largest value next to it (a toggle mapping: Kramer and
    Bruckner 1975). Nothing overshoots, and flat areas stay flat.
    """
    low, high = -_largest(-large, factor), _largest(large, factor)
    soft = _softness(large, factor, edges.steepest)
    contrast = large + edges.gain * soft * (large - _mean(large, max(1, factor // 2)))
    return _toggled(torch.maximum(torch.minimum(contrast, high), low), factor, edges)


def firmer(large: Tensor, small: Tensor, factor: int, share: float) -> Tensor:
    """
    The given share of the way to sharp edges, for answers to which detail of a material is added: soft edges stand out
    beside it. Where the small picture is flat, nothing changes.
    """
    uneven = (_largest(small, 1) + _largest(-small, 1)).amax(1, keepdim=True) > _FAINT
    change = (steepened(large, factor) - large) * repeated(uneven.to(large.dtype), factor)
    return large + share * _held(change, torch.zeros_like(small), _holds_means(small), factor)


def _toggled(large: Tensor, factor: int, edges: Edges = SHARP) -> Tensor:
    reach = max(1, round(_REACH * factor))
    soft = _softness(large, factor, edges.steepest)
    high, low = _mean(_largest(large, reach), reach), _mean(-_largest(-large, reach), reach)
    share = ((large - low) / (high - low).clamp_min(1e-4)).clamp(0, 1)
    lower = 0.5 * (2 * share).pow(edges.steep)
    upper = 1 - 0.5 * (2 * (1 - share)).pow(edges.steep)
    return torch.lerp(large, low + (high - low) * torch.where(share < 0.5, lower, upper), soft)


# [B, 1, H, W], 0 to 1: 0 where an edge is already as steep as it should be, and where there is no edge.
def _softness(large: Tensor, factor: int, steepest: float) -> Tensor:
    reach = max(1, round(_REACH * factor))
    around = F.pad(large, (1, 1, 1, 1), mode="replicate")
    down = (around[:, :, 2:, 1:-1] - around[:, :, :-2, 1:-1]).abs() / 2
    right = (around[:, :, 1:-1, 2:] - around[:, :, 1:-1, :-2]).abs() / 2
    slope = _largest(torch.maximum(down, right).amax(1, keepdim=True), reach)
    extent = (_largest(large, 2 * reach) + _largest(-large, 2 * reach)).amax(1, keepdim=True)
    visible = ((extent - _FAINT) / (_CLEAR - _FAINT)).clamp(0, 1)
    return ((steepest - slope / extent.clamp_min(1e-4)) / _MARGIN).clamp(0, 1) * visible


def painted(large: Tensor, factor: int) -> Tensor:
    """
    Each pixel takes the mean of the most even of the four squares of which it is a corner (Kuwahara et al. 1976,
    weighted after Papari et al. 2007 to avoid jumps); then edges are steepened.
    """
    reach = max(1, round(_STROKE * factor))
    height, width = large.shape[2:]
    around = F.pad(large, (reach,) * 4, mode="replicate")
    means = F.avg_pool2d(around, reach + 1, 1)
    squares = F.avg_pool2d(around.square().sum(1, keepdim=True), reach + 1, 1)
    variances = (squares - means.square().sum(1, keepdim=True)).clamp_min(0) + _EVEN
    total, weights = torch.zeros_like(large), torch.zeros_like(large[:, :1])
    corners = [
        (slice(None), slice(None), slice(top, top + height), slice(left, left + width))
        for top in (0, reach)
        for left in (0, reach)
    ]
    least = torch.stack([variances[corner] for corner in corners]).amin(0)
    for corner in corners:
        weight = (least / variances[corner]).pow(_CHOICE)  # the most even one has 1
        total, weights = total + weight * means[corner], weights + weight
    return _toggled(torch.lerp(large, total / weights, _softness(large, factor, SHARP.steepest)), factor)


def held(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Bring the block means close to the small picture by smooth corrections (back projection: Irani and Peleg 1991), so
    that the remaining correction by the projection shows no blocks. Pictures whose alpha is 0 or 1 do not change: their
    alpha was never a mean.
    """
    return _held(large, small, _holds_means(small), factor)


# [B, 1, 1, 1] bool: whether the alpha of a picture is a mean.
def _holds_means(small: Tensor) -> Tensor:
    alpha = small[:, 3:]
    return (((alpha > 0) & (alpha < 1)).flatten(1).any(1) | (alpha == 1).flatten(1).all(1))[:, None, None, None]


def _held(large: Tensor, small: Tensor, means: Tensor, factor: int) -> Tensor:
    for _ in range(_CORRECTIONS):
        missing = torch.where(means, small - F.avg_pool2d(large, factor), 0.0)
        large = large + F.interpolate(missing, scale_factor=factor, mode="bicubic", align_corners=False)
    return large


# Largest value within `reach` pixels, in a square.
def _largest(plane: Tensor, reach: int) -> Tensor:
    return F.max_pool2d(F.pad(plane, (reach,) * 4, mode="replicate"), 2 * reach + 1, 1)


def _mean(plane: Tensor, reach: int) -> Tensor:
    return F.avg_pool2d(F.pad(plane, (reach,) * 4, mode="replicate"), 2 * reach + 1, 1)
