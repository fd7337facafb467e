"""
Relights a drawn person so that the drawing scales back to the input's pixels almost exactly: brightness and colour of
face, hair, cloth and background change smoothly and separately. A correction that ignores these parts, such as the
projection, would leave the grid of the pixels on cheeks and a glow around hair.

Where a pixel of the input is darker or lighter than broad light explains, brows, lashes, eyes and lips change first;
skin only makes up the remainder. A dark pixel means dark features, not a shadow around the eyes.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred, enlarged

ROUNDS, LARGE_ROUNDS = 6, 2
"""Rounds of correction, on a working picture and on the large one; each removes most of the remaining error."""
BROAD_ROUNDS, FEATURE_ROUNDS = 2, 3
"""Rounds of correction before these, by broad light and by features alone."""
SPREAD, BROAD = 0.75, 1 / 8
"""
Standard deviation of the blur that spreads a correction within a part, in pixels of the input; and that of broad light,
as a fraction of the side.
"""
LEAST_LIGHT = 0.02
"""Added to colours before their ratio is taken."""
MOST = 1.1
"""The largest correction in one place, as a logarithm."""
DARKEST, LIGHTEST = -1.6, 0.5
"""The largest corrections of features."""
LEAST_SHARE = 0.12
"""Weight of features in a pixel of the input below which they are not corrected as if they filled it."""
AROUND = 1 / 20
"""Standard deviation of the blur with which features are compared, as a fraction of the side."""
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
        masks: [B, M, S, S], the parts of the picture, the face first; they sum to at most 1.
        small: [B, 3, n, n] in [0, 1], n at most S.
        weight: [B, 1, n, n], the weight of each pixel of `small`; where it is near 0, the neighbouring pixels decide.
    """
    size, n = picture.shape[2], small.shape[2]
    side = min(size, WORKING, max(FINE * n, 64))
    features = features_of(picture, masks[:, :1])
    working, parts, dark = (resize(values, side, side) for values in (picture, masks, features))
    B, M = parts.shape[:2]
    weight = weight.clamp(0, 1)
    counts = resize(parts, n, n).square() * weight  # [B, M, n, n]
    light = picture.new_zeros(B, M, 3, n, n)
    depth = picture.new_zeros(B, 1, n, n)

    def off(whole: bool = False) -> Tensor:
        layers = (picture, masks, features) if whole else (working, parts, dark)
        seen = resize(_lit(*layers, light, depth), n, n).clamp(0, 1)
        ratio: Tensor = ((small.clamp(0, 1) + LEAST_LIGHT) / (seen + LEAST_LIGHT)).log()
        return ratio

    def relight(spread: float, rounds: int, whole: bool = False) -> None:
        around = _spread(counts, spread) + 1e-6
        for _ in range(rounds):
            ratio = off(whole)
            for part in range(M):
                light[:, part] += _spread(counts[:, part : part + 1] * ratio, spread) / around[:, part : part + 1]
            light.clamp_(-MOST, MOST)

    relight(max(SPREAD, BROAD * n), BROAD_ROUNDS)
    share = resize(dark, n, n)
    counted = share * weight
    for _ in range(FEATURE_ROUNDS):
        change = off().mean(1, keepdim=True) / share.clamp(min=LEAST_SHARE)
        depth += _spread(counted * change, SPREAD) / (_spread(counted, SPREAD) + 0.3 * LEAST_SHARE)
        depth.clamp_(DARKEST, LIGHTEST)
    relight(SPREAD, ROUNDS)
    if side < size:
        relight(SPREAD, LARGE_ROUNDS, whole=True)
    return _lit(picture, masks, features, light, depth)


def features_of(picture: Tensor, face: Tensor) -> Tensor:
    """[B, 1, S, S], 0 to 1: how much darker each place of a face [B, 1, S, S] is than the skin around it."""
    size = picture.shape[2]
    side = min(size, WORKING)
    luma = picture.mean(1, keepdim=True)
    sigma = AROUND * side
    parts = resize(face, side, side)
    around = blurred(resize(luma * face, side, side), sigma) / (blurred(parts, sigma) + 1e-3)
    around = F.interpolate(around, (size, size), mode="bilinear", align_corners=False).clamp(min=LEAST_LIGHT)
    darker: Tensor = ((around - luma) / around).clamp(0, 1) * face
    return darker


# [B, C, n, n], blurred over the neighbouring pixels and, with little weight, those farther away.
def _spread(values: Tensor, sigma: float) -> Tensor:
    return blurred(values, sigma) + FAR * blurred(values, 4 * sigma)


def _lit(picture: Tensor, masks: Tensor, features: Tensor, light: Tensor, depth: Tensor) -> Tensor:
    change = _change(light, masks) + enlarged(depth, picture.shape[2]) * features
    return (picture * change.exp()).clamp(0, 1)


# Logarithms [B, 3, S, S] of the factors of the colours.
def _change(light: Tensor, masks: Tensor) -> Tensor:
    answer = masks.new_zeros(len(masks), 3, *masks.shape[2:])
    for part in range(masks.shape[1]):
        answer = answer + enlarged(light[:, part], masks.shape[2]) * masks[:, part : part + 1]
    return answer
