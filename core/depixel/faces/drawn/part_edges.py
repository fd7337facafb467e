"""
Sharpens the parts of a portrait: each pixel goes to the part whose colours nearby it has. The network knows what is
where but is vague about outlines; the picture itself shows them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred

ROUNDS = 4
"""Rounds of expectation and maximisation (Dempster, Laird & Rubin 1977)."""
NEARBY = 5 / 64
"""Deviation of the blur that says which colours a part has in a place, as a part of the side."""
LEAST_SPREAD = 0.05
"""Least deviation of a part's colours, on [0, 1]."""
TRUST = 0.25
"""How much the colours count: neighbouring pixels are not independent."""
LEAST = 1e-3
"""Least probability of each part: no place is ruled out."""
SMOOTH, SMOOTHED = 0.8, 0.4
"""Deviation of the blur after each round in pixels, and how much of the blurred answer is taken."""
DISTANT = 0.02
"""How much the colours of the whole part count where few pixels nearby have it."""


def sharpened(parts: Tensor, picture: Tensor) -> Tensor:
    """
    Probabilities [B, K, k, k] whose edges lie where those of the picture do; they sum to 1.

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
        fit = torch.cat([_likeliness(colours, answer[:, k : k + 1]) for k in range(parts.shape[1])], 1)
        answer = prior * (TRUST * (fit - fit.amax(1, keepdim=True))).exp()
        answer = answer / answer.sum(1, keepdim=True)
        answer = answer + (blurred(answer, SMOOTH) - answer) * SMOOTHED
    return answer


# Logarithm [B, 1, k, k] of the density of a part's colours nearby (a normal distribution) at each pixel's colour.
def _likeliness(colours: Tensor, chance: Tensor) -> Tensor:
    sigma = NEARBY * colours.shape[2]
    weight = chance.square()
    near = blurred(weight, sigma)
    whole = (colours * weight).sum((2, 3), keepdim=True) / (weight.sum((2, 3), keepdim=True) + LEAST)
    mean = (blurred(colours * weight, sigma) + DISTANT * whole) / (near + DISTANT)
    away = (colours - mean).square()
    spread = blurred(away.mean(1, keepdim=True) * weight, sigma) / (near + DISTANT) + LEAST_SPREAD**2
    return -0.5 * away.sum(1, keepdim=True) / spread - 1.5 * spread.log()
