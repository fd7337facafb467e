"""
Relights a drawn person so that the drawing scales back to the input's pixels almost exactly: brightness and colour of
face, hair, cloth and background change smoothly and separately. A correction that ignores these parts, such as the
projection, would leave the grid of the pixels on cheeks and a glow around hair.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred

ROUNDS = 6
"""Rounds of correction; each removes most of the remaining error."""
SPREAD = 0.75
"""Standard deviation of the blur that spreads a correction within a part, in pixels of the input."""
LEAST_LIGHT = 0.02
"""Added to colours before their ratio is taken."""
MOST = 1.1
"""The largest correction in one place, as a logarithm."""
FINE = 8
"""Largest number of pixels per side of the working picture for each pixel of the input."""
WORKING = 256
"""Largest number of pixels per side of the working picture."""
FAR = 0.02
"""Weight of corrections from farther away, which decide where few pixels nearby show the part."""


def relit(picture: Tensor, masks: Tensor, small: Tensor, weight: Tensor) -> Tensor:
    """
    Relit pictures that are almost equal to `small` when they are scaled down.

    Args:
        picture: [B, 3, S, S] in [0, 1].
        masks: [B, M, S, S], the parts of the picture; they sum to at most 1.
        small: [B, 3, n, n] in [0, 1], n at most S.
        weight: [B, 1, n, n], the weight of each pixel of `small`; where it is near 0, the neighbouring pixels decide.
    """
    size, n = picture.shape[2], small.shape[2]
    side = min(size, WORKING, max(FINE * n, 64))
    working, parts = resize(picture, side, side), resize(masks, side, side)
    B, M = parts.shape[:2]
    counts = resize(parts, n, n).square() * weight.clamp(0, 1)  # [B, M, n, n]
    around = _spread(counts) + 1e-6
    light = picture.new_zeros(B, M, 3, n, n)
    for _ in range(ROUNDS):
        seen = resize((working * _change(light, parts).exp()).clamp(0, 1), n, n).clamp(0, 1)
        off = ((small.clamp(0, 1) + LEAST_LIGHT) / (seen + LEAST_LIGHT)).log()
        for part in range(M):
            light[:, part] += _spread(counts[:, part : part + 1] * off) / around[:, part : part + 1]
        light.clamp_(-MOST, MOST)
    return (picture * _change(light, masks).exp()).clamp(0, 1)


# [B, C, n, n], blurred over the neighbouring pixels and, with little weight, those farther away.
def _spread(values: Tensor) -> Tensor:
    return blurred(values, SPREAD) + FAR * blurred(values, 4 * SPREAD)


# Logarithms [B, 3, S, S] of the factors of the colours.
def _change(light: Tensor, masks: Tensor) -> Tensor:
    answer = masks.new_zeros(len(masks), 3, *masks.shape[2:])
    for part in range(masks.shape[1]):
        field = F.interpolate(light[:, part], masks.shape[2:], mode="bicubic", align_corners=False)
        answer = answer + field * masks[:, part : part + 1]
    return answer
