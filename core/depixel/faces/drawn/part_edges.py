"""
Sharpens the parts of a portrait: each pixel is assigned to the part whose nearby pixels have its colour. The network
knows roughly where each part is; the picture itself shows the outlines.
"""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred

ROUNDS = 4
"""Rounds of expectation and maximisation (Dempster, Laird & Rubin 1977)."""
NEARBY = 5 / 64
"""Standard deviation of the blur that gives the local colours of a part, as a fraction of the side."""
LEAST_SPREAD = 0.05
"""Smallest standard deviation of a part's colours, on [0, 1]."""
TRUST = 0.25
"""Weight of the colours: below 1, because neighbouring pixels are not independent."""
LEAST = 1e-3
"""Smallest probability of a part before the rounds: no part is ruled out anywhere."""
SMOOTH, SMOOTHED = 0.8, 0.4
"""Standard deviation, in pixels, of the blur after each round, and the weight of the blurred answer."""
DISTANT = 0.02
"""Weight of the colours of the whole part, which decide where few nearby pixels belong to it."""


def sharpened(parts: Tensor, picture: Tensor) -> Tensor:
    """
    Probabilities [B, K, k, k] whose edges follow those of the picture; they sum to 1.

    Args:
        parts: [B, K, k, k], probabilities.
        picture: [B, 3, n, n] in [0, 1], n at least k.
    """
    side = parts.shape[2]
    colours = resize(picture, side, side)
    prior = parts.clamp(min=LEAST)
    prior = prior / prior.sum(1, keepdim=True)
    answer = prior
    for _ in range(ROUNDS):
        fit = torch.cat([_log_density(colours, answer[:, k : k + 1]) for k in range(parts.shape[1])], 1)
        answer = prior * (TRUST * (fit - fit.amax(1, keepdim=True))).exp()
        answer = answer / answer.sum(1, keepdim=True)
        answer = answer + (blurred(answer, SMOOTH) - answer) * SMOOTHED
    return answer


# Log density [B, 1, k, k] of each pixel's colour under a normal distribution of the part's nearby colours.
def _log_density(colours: Tensor, chance: Tensor) -> Tensor:
    sigma = NEARBY * colours.shape[2]
    weight = chance.square()
    near = blurred(weight, sigma)
    whole = (colours * weight).sum((2, 3), keepdim=True) / (weight.sum((2, 3), keepdim=True) + LEAST)
    mean = (blurred(colours * weight, sigma) + DISTANT * whole) / (near + DISTANT)
    away = (colours - mean).square()
    spread = blurred(away.mean(1, keepdim=True) * weight, sigma) / (near + DISTANT) + LEAST_SPREAD**2
    return -0.5 * away.sum(1, keepdim=True) / spread - 1.5 * spread.log()
