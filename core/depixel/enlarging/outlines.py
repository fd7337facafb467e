"""
The outline of a cut-out, whose alpha is 0 or 1: smooth at the resolution of the answer, without the jagged edge that
the last stage of a cascade leaves.

Tensors are premultiplied RGBA: `large` is [B, 4, h*f, w*f].
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import repeated

_SEEN = 1e-3
_STEEP = {True: 2.0, False: 3.0}  # drawn or not: soft edges half as wide as the smoothing makes them, or a third
_FROM = 8  # factor from which outlines are smoothed


def even_outline(large: Tensor, factor: int, drawn: bool = True) -> Tensor:
    """
    Alpha smoothed twice from x8 on, over an eighth of a small pixel to each side if the picture is drawn, and over two
    fifths if its alpha was thresholded, which leaves steps; colour follows it outwards. Outlines along the grid,
    including corners, are already straight and do not change.
    """
    if factor < _FROM:
        return large
    reach = factor // 8 if drawn else 2 * factor // 5
    alpha = large[:, 3:].clamp(0, 1)
    hard = (alpha >= 0.5).to(alpha.dtype)
    means = F.avg_pool2d(hard, factor)
    mixed = ((means > 0) & (means < 1)).to(alpha.dtype)
    near = repeated(F.max_pool2d(mixed, 3, 1, 1), factor) > 0
    smooth = _box(_box(torch.cat([large[:, :3], alpha], 1), reach), reach)
    colour = torch.where(
        alpha >= 0.5, large[:, :3] / alpha.clamp_min(0.5), smooth[:, :3] / smooth[:, 3:].clamp_min(_SEEN)
    )
    cover = ((smooth[:, 3:] - 0.5) * _STEEP[drawn] + 0.5).clamp(0, 1)
    even = torch.cat([colour.clamp(0, 1) * cover, cover], 1)
    return torch.where(near & (smooth[:, 3:] > _SEEN), even, large)


def _box(plane: Tensor, reach: int) -> Tensor:
    return F.avg_pool2d(F.pad(plane, (reach, reach, reach, reach), mode="replicate"), 2 * reach + 1, 1)
