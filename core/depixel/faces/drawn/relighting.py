"""
Relights a drawn person so that it scales back to the given pixels almost exactly: brightness and colour of face, hair,
cloth and background change smoothly, each by itself. A correction that does not know what is where, such as the
projection's, would leave the grid of the pixels on cheeks and a glow around hair.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred

ROUNDS = 6
"""Rounds of correction; each takes most of what the one before has left."""
SPREAD = 0.75
"""Deviation of the blur that carries a correction on to pixels of the same part, in given pixels."""
LEAST_LIGHT = 0.02
"""Added to colours before their ratio is taken."""
MOST = 1.1
"""The largest correction in one place, as a logarithm."""
FINE = 8
"""Pixels a side of the working picture for each given pixel, at most."""
WORKING = 256
"""Most pixels a side of the working picture."""
TAKEN = 0.02
"""Part of a pixel, squared, that must show a part before its colour counts for this part."""


def relit(picture: Tensor, masks: Tensor, small: Tensor, weight: Tensor) -> Tensor:
    """
    Pictures that are nearly `small` when they are scaled down.

    Args:
        picture: [B, 3, S, S] in [0, 1].
        masks: [B, M, S, S], the parts of the picture; they sum to at most 1.
        small: [B, 3, n, n] in [0, 1], n at most S.
        weight: [B, 1, n, n], how much each given pixel counts; where it is near 0, the pixels around it decide.
    """
    size, n = picture.shape[2], small.shape[2]
    side = min(size, WORKING, max(FINE * n, 64))
    working, parts = resize(picture, side, side), resize(masks, side, side)
    B, M = parts.shape[:2]
    counts = resize(parts, n, n).square() * weight.clamp(0, 1)  # [B, M, n, n]
    around = blurred(counts, SPREAD) + TAKEN * blurred(counts, 4 * SPREAD) + 1e-6
    light = picture.new_zeros(B, M, 3, n, n)
    for _ in range(ROUNDS):
        seen = resize((working * _change(light, parts).exp()).clamp(0, 1), n, n).clamp(0, 1)
        off = ((small.clamp(0, 1) + LEAST_LIGHT) / (seen + LEAST_LIGHT)).log()
        for part in range(M):
            wanted = counts[:, part : part + 1] * off
            carried = blurred(wanted, SPREAD) + TAKEN * blurred(wanted, 4 * SPREAD)
            light[:, part] += carried / around[:, part : part + 1]
        light.clamp_(-MOST, MOST)
    return (picture * _change(light, masks).exp()).clamp(0, 1)


# Logarithms [B, 3, S, S] of what colours are multiplied by.
def _change(light: Tensor, masks: Tensor) -> Tensor:
    answer = masks.new_zeros(len(masks), 3, *masks.shape[2:])
    for part in range(masks.shape[1]):
        field = F.interpolate(light[:, part], masks.shape[2:], mode="bicubic", align_corners=False)
        answer = answer + field * masks[:, part : part + 1]
    return answer
