"""
Translucent colour: health bars, window panes, glass, water. A uniform alpha over an area was drawn on purpose. The
generator knows partial alpha mostly from the edges of opaque shapes, and mistakes a narrow bar for a blurred line.

Tensors are premultiplied RGBA in [0, 1]; `small` is [B, 4, h, w] and `large` [B, 4, h*f, w*f].
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import repeated

_SAME = 0.25 / 255
_FAINT = 0.05  # alpha too low to be visible, or too close to 1 to be seen through
_COVERED = 1e-3  # coverage below which the opacity is not reliable


def is_translucent(small: Tensor) -> Tensor:
    """[B] bool: whether a picture has translucent pixels."""
    return _partial(small).flatten(1).any(1)


def _partial(small: Tensor) -> Tensor:
    return (small[:, 3:] > _FAINT) & (small[:, 3:] < 1 - _FAINT)


def seen_through(small: Tensor, factor: int, answer: Callable[[Tensor], Tensor]) -> Tensor:
    """
    The answer to a drawing whose alpha is drawn like a colour: its shapes, answered as if they were opaque, times their
    opacity, answered as a grey drawing of the same shapes.

    Args:
        answer: [B, 4, h, w] => [B, 4, h*f, w*f], the answer to an opaque drawing.
    """
    alpha = small[:, 3:]
    seen = alpha > _FAINT
    there = torch.where(seen, 1.0, alpha)
    shapes = answer(torch.cat([torch.where(seen, small[:, :3] / alpha.clamp_min(_FAINT), small[:, :3]), there], 1))
    shares = answer(torch.cat([torch.where(seen, alpha, 0.0).expand(-1, 3, -1, -1), there], 1))
    share = shares[:, :3].mean(1, keepdim=True) / shares[:, 3:].clamp_min(_COVERED)
    low, high = _alpha_around(small, factor)
    return shapes * torch.minimum(torch.maximum(share, low), high)


def where_alpha_steps(small: Tensor, factor: int) -> Tensor:
    """[B, 1, h*f, w*f] bool: whether the visible small pixels around a large pixel differ in alpha."""
    low, high = _alpha_around(small, factor)
    return high - low > _SAME


# The smallest and largest alpha of the visible small pixels around each large pixel; 1 and 0 if there are none.
def _alpha_around(small: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    alpha = F.pad(small[:, 3:], (1, 1, 1, 1), mode="replicate")
    high = F.max_pool2d(alpha, 3, 1)
    low = -F.max_pool2d(torch.where(alpha > _FAINT, -alpha, -1.0), 3, 1)
    return repeated(low, factor), repeated(high, factor)


def keep_flat_bars(large: Tensor, small: Tensor, factor: int, valid: Tensor | None = None) -> Tensor:
    """
    Keep translucent bars and frames of one colour that are two or three pixels wide. The generator already keeps wider
    ones flat; a line of one pixel may be the remains of a thinner one.

    Args:
        small: for a tile, with at least three pixels of its surroundings, so that tiles agree.
        valid: [B, 1, h, w], 0 where a picture was padded; None = nowhere.
    """
    pixels = small if valid is None else torch.where(valid > 0, small, -1.0)
    partial = _partial(pixels)
    if not bool(partial.any()):
        return large
    bars = (_flat(pixels, 2, 4) | _flat(pixels, 4, 2)) & ~_flat(pixels, 4, 4) & partial
    return torch.where(repeated(bars, factor), repeated(small, factor), large)


# [B, 1, h, w]: whether a pixel is in a window of that size, fully inside the picture, that has a single colour.
def _flat(small: Tensor, rows: int, columns: int) -> Tensor:
    if small.shape[2] < rows or small.shape[3] < columns:
        return torch.zeros_like(small[:, :1], dtype=torch.bool)
    range_ = F.max_pool2d(small, (rows, columns), 1) + F.max_pool2d(-small, (rows, columns), 1)
    flat = (range_ <= _SAME).all(1, keepdim=True).to(small.dtype)
    around = F.pad(flat, (columns - 1, columns - 1, rows - 1, rows - 1))
    return F.max_pool2d(around, (rows, columns), 1) > 0
