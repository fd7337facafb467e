"""The result of a search: an answer for each picture and candidate."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from depixel.priors.base import Latents
from depixel.request import Request

_MASK = 2**64 - 1


@dataclass(frozen=True)
class Solution:
    """The best answer of one candidate of one picture, with the latents that made it."""

    latents: Latents  # batch of one: `prior.decode` of these gives `large`
    large: Tensor  # [4, H, W] premultiplied RGBA from the prior, before any projection
    error: float  # mean squared error of scaling back, on [0, 1], before any projection
    score: float  # value of the whole objective; lower is better
    seed: int  # of this candidate; a search for one candidate with it as `request.seed` reproduces the candidate
    steps: int  # search steps until it was found; 0 = the encoder's answer
    converged: bool  # error is within eps
    terms: dict[str, float]  # value of each objective term, before weighting


@dataclass(frozen=True)
class Candidates:
    """The result of a search. Never empty: a search that fails returns its best answers, whose errors are large."""

    pictures: tuple[tuple[Solution, ...], ...]  # [picture][candidate], in the order of the seeds
    steps: int  # search steps taken by the longest row
    cancelled: bool = False  # stopped early; these are the best answers until then

    def ranked(self, picture: int) -> list[Solution]:
        """The candidates of one picture, best first: the smaller error down to eps, then the smaller score."""
        return sorted(self.pictures[picture], key=lambda one: (0.0 if one.converged else one.error, one.score))


def candidate_seed(seed: int, candidate: int) -> int:
    """
    The seed of candidate k, from (seed, k) alone; below 2**31, which every editor's dialog takes.

    Candidate 0 has the seed itself, so that each candidate can be reproduced alone; the others are hashed (splitmix64,
    Steele et al. 2014), so that the next seed does not give the same candidates in another order.
    """
    if candidate == 0:
        return seed
    x = (seed + candidate * 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return (x ^ (x >> 31)) >> 33


def candidate_imagination(imagination: float, candidate: int, stray: float) -> float:
    """
    The imagination of candidate k at the start: the requested one for the first (0 = the calm answer), for others at
    least what the prior needs for a different answer (`PriorSpec.stray`).
    """
    return imagination if candidate == 0 else max(imagination, stray)


def reported_imagination(seed: int, request: Request, stray: float) -> float:
    """
    The imagination of the candidate with that seed: a request with it and with the seed, and otherwise unchanged,
    reproduces the candidate alone.
    """
    first = request.like is None and seed == request.seed
    return candidate_imagination(request.imagination, 0 if first else 1, stray)
