"""Adds the detail of matched places to an answer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.enlarging.detail.exemplars import Sources
from depixel.enlarging.detail.spread import BANDS, luma

_STRONGEST = 2.5  # maximum amplification of detail that cancelled out where places meet
_ROWS = 64  # small pixels high: strips that are pasted one after the other
_SHADE = 0.05  # brightness below which colour tells little


def pasted(place: Tensor, sources: Sources) -> Tensor:
    """
    [h, w] places => [BANDS, h*f, w*f] detail of unit strength. Each place contributes its block and half of the blocks
    around it, fading out.
    """
    margin = 3
    height = place.shape[0]
    parts = []
    for top in range(0, height, _ROWS):
        first, last = max(0, top - margin), min(height, top + _ROWS + margin)
        strip = _pasted(place[first:last], sources)
        parts.append(strip[:, (top - first) * sources.factor : (min(top + _ROWS, height) - first) * sources.factor])
    return torch.cat(parts, 1)


def _pasted(place: Tensor, sources: Sources) -> Tensor:
    factor, (height, width) = sources.factor, place.shape
    reach = factor // 2
    side = factor + 2 * reach
    rows, columns = place.flatten() // sources.places.width, place.flatten() % sources.places.width
    offsets = torch.arange(side, device=place.device) - reach
    patches = sources.detail[
        :, (rows[:, None] * factor + offsets)[:, :, None], (columns[:, None] * factor + offsets)[:, None]
    ]
    patches = patches.permute(0, 2, 3, 1).reshape(BANDS, side * side, -1)
    slope = torch.sin((torch.arange(side, device=place.device) + 0.5) / side * torch.pi).square()
    window = (slope[:, None] * slope).reshape(1, side * side, 1)

    def laid(values: Tensor) -> Tensor:
        size = (height * factor + 2 * reach, width * factor + 2 * reach)
        whole = F.fold(values, size, side, stride=factor)
        return whole[..., reach : reach + height * factor, reach : reach + width * factor]

    cover = laid(window.expand(1, -1, height * width))
    mean = laid(patches * window) / cover
    energy = laid(patches.square() * window) / cover
    lost = _around(energy, factor) / _around(mean.square(), factor).clamp_min(1e-6)
    detail: Tensor = (mean * lost.sqrt().clamp(1, _STRONGEST))[:, 0]
    return detail


# Mean over about three small pixels.
def _around(plane: Tensor, factor: int) -> Tensor:
    reach = 3 * factor // 2
    return F.avg_pool2d(F.pad(plane, (reach,) * 4, mode="replicate"), 2 * reach + 1, 1)


def laid_over(large: Tensor, detail: Tensor) -> Tensor:
    """
    Premultiplied [B, 4, H, W] with detail [B, 1, H, W] in brightness: half as light on the colour, half as grey.
    """
    grey = luma(large) / large[:, 3:].clamp_min(_SHADE)
    colour = large[:, :3] / large[:, 3:].clamp_min(_SHADE)
    tint = (0.5 + 0.5 * colour / grey.clamp_min(_SHADE)).clamp(0, 2)
    return torch.cat([large[:, :3] + large[:, 3:] * detail * tint, large[:, 3:]], 1)
