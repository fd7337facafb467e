"""
Colour that is meant to be seen through: health bars, window panes, glass, water. Alpha of one value over an area was
drawn so; the generator knows alpha mostly as the edge of something opaque, and takes a narrow one for a blurred line.

Tensors are premultiplied RGBA in [0, 1]; `small` is [B, 4, h, w] and `large` [B, 4, h*f, w*f].
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import repeated

_SAME = 0.25 / 255
_FAINT = 0.05  # alpha that nobody sees, or this far from opaque, that nobody sees through
_COVERED = 1e-3  # presence below which the share of light that passes says nothing


def is_translucent(small: Tensor) -> Tensor:
    """[B] bool: pictures with pixels that are seen and seen through."""
    return _partial(small).flatten(1).any(1)


def _partial(small: Tensor) -> Tensor:
    return (small[:, 3:] > _FAINT) & (small[:, 3:] < 1 - _FAINT)


def seen_through(small: Tensor, factor: int, answer: Callable[[Tensor], Tensor]) -> Tensor:
    """
    The answer to a drawing in which alpha is a colour like the others: its shapes, answered as if all of them were
    opaque, and how much of each is seen, answered as a grey drawing of the same shapes.

    Args:
        answer: [B, 4, h, w] => [B, 4, h*f, w*f], what is made of an opaque drawing.
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
    """[B, 1, h*f, w*f] bool: large pixels with visible small pixels of different alpha around them."""
    low, high = _alpha_around(small, factor)
    return high - low > _SAME


# Least and greatest alpha of the visible ones among each large pixel's nine small pixels; 1 and 0 where none is.
def _alpha_around(small: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    alpha = F.pad(small[:, 3:], (1, 1, 1, 1), mode="replicate")
    high = F.max_pool2d(alpha, 3, 1)
    low = -F.max_pool2d(torch.where(alpha > _FAINT, -alpha, -1.0), 3, 1)
    return repeated(low, factor), repeated(high, factor)


def keep_flat_bars(large: Tensor, small: Tensor, factor: int, valid: Tensor | None = None) -> Tensor:
    """
    Bars and frames two or three pixels wide, of one translucent colour, stay what they are. Wider ones the generator
    leaves flat by itself, and a single line may as well be the rest of a thinner one.

    Args:
        small: with at least three pixels of surroundings where the picture has some, so that tiles agree.
        valid: [B, 1, h, w], 0 where a picture was filled up; None = all of it is the picture.
    """
    known = small if valid is None else torch.where(valid > 0, small, -1.0)
    partial = _partial(known)
    if not bool(partial.any()):
        return large
    bars = (_flat(known, 2, 4) | _flat(known, 4, 2)) & ~_flat(known, 4, 4) & partial
    return torch.where(repeated(bars, factor), repeated(small, factor), large)


# [B, 1, h, w]: pixels in a window of that size, wholly inside the picture, that is all of one colour.
def _flat(small: Tensor, rows: int, columns: int) -> Tensor:
    if small.shape[2] < rows or small.shape[3] < columns:
        return torch.zeros_like(small[:, :1], dtype=torch.bool)
    range_ = F.max_pool2d(small, (rows, columns), 1) + F.max_pool2d(-small, (rows, columns), 1)
    flat = (range_ <= _SAME).all(1, keepdim=True).to(small.dtype)
    around = F.pad(flat, (columns - 1, columns - 1, rows - 1, rows - 1))
    return F.max_pool2d(around, (rows, columns), 1) > 0
