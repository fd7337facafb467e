"""
A drawing without the soft edges between its colours. `large` is [B, 4, h*f, w*f], `small` [B, 4, h, w], premultiplied.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import repeated
from depixel.readings.neighbours import alike, nine, shifts


def hardened(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Each large pixel in the colour of one of its nine small pixels: the nearest one. A soft edge between two colours may
    look like a third colour; it is never two pixels wide, so such a pixel takes the nearest of the neighbours' colours.
    """
    chosen, best = large, torch.full_like(large[:, :1], torch.inf)
    for colour in nine(small):
        enlarged = repeated(colour, factor)
        distance = (enlarged - large).square().sum(1, keepdim=True)
        chosen = torch.where(distance < best - 1e-6, enlarged, chosen)
        best = torch.minimum(best, distance)
    if factor < 4:
        return chosen
    at = shifts(chosen, 1)
    right, below, across = (alike(chosen, at(*where)) for where in ((0, 1), (1, 0), (1, 1)))
    corner = F.pad((right & below & across).to(large.dtype), (1, 0, 1, 0))  # a 2x2 square of one colour begins here
    solid = F.max_pool2d(corner, 2, 1) > 0
    whole, sound = shifts(solid.to(large.dtype), 1), chosen
    best = torch.where(solid, 0.0, torch.inf)
    for down in (-1, 0, 1):
        for aside in (-1, 0, 1):
            colour = at(down, aside)
            distance = (colour - large).square().sum(1, keepdim=True)
            nearer = (whole(down, aside) > 0) & (distance < best)
            sound, best = torch.where(nearer, colour, sound), torch.where(nearer, distance, best)
    return sound
