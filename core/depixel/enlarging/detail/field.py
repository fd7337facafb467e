"""The detail of a plane: determined for all of it at once, added tile by tile."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.enlarging.detail import match, spread
from depixel.enlarging.detail.exemplars import LARGEST, Exemplars, Sources
from depixel.enlarging.detail.paste import laid_over, pasted
from depixel.monitor import Monitor
from depixel.planes import Plane
from depixel.priors.base import EnlargingPrior
from depixel.tiles import Tile, with_surroundings

USUAL = 0.6
"""Imagination at which an answer has as much detail as textures usually lose."""

_EXEMPLARS = 5  # from which one picture takes detail
_MARGIN = max(match.REACH, spread.REACH)
_LIKENESS = 0.65  # fraction of the random choices that answers like a favourite share with it
_BEYOND = 4  # small pixels of the opposite side that pasting sees where a picture wraps
_REGULAR, _OVER = 0.96, 0.1  # regularity from which a pattern gets no detail, and width of the transition
_FIRMNESS = 0.5  # share of the way to sharp edges, at the usual strength
_RICHNESS = {4: 1.1, 8: 1.1}  # up to x4, and from x8 on: brings the median texture near the truth (art_spectrum)
_PAINTED, _OVER_PAINTED = 0.1, 0.2  # evenness up to which a picture gets no detail, and width of the transition
_FAINTEST = 1.5 / 255  # weaker detail is dropped: flat areas and skies stay clean


@dataclass(frozen=True)
class Wanted:
    """Which detail to add."""

    material: str  # of the exemplars; empty = the best match
    seed: int
    strength: float  # 1 = as much as textures usually lose
    like: int | None = None  # seed of an answer that the user likes


@dataclass(frozen=True)
class DetailField:
    """For every small pixel of N pictures: the place its detail comes from, and its strength."""

    rows: Tensor  # [N, 1 + BANDS, h, w] float64: the place, and the strength of each band
    sources: tuple[Sources, ...]  # of each picture
    firmness: float = 0.0  # of the edges of the answer below

    def over(self, large: Tensor, part: Tensor, number: slice, factor: int, wrap: tuple[bool, bool]) -> Tensor:
        """
        Answers with their detail.

        Args:
            large: [B, 4, h*f, w*f] premultiplied.
            part: [B, 1 + BANDS, h, w], the same part of `rows`.
            number: which of the pictures these are.
            wrap: axes (x, y) along which this part continues at its opposite side.
        """
        height, width = part.shape[2:]
        part, (above, left) = with_surroundings(part, Tile(0, 0, height, width), _BEYOND, wrap)
        size = (part.shape[2] * factor, part.shape[3] * factor)
        down = slice(above * factor, (above + height) * factor)
        across = slice(left * factor, (left + width) * factor)
        answers = []
        for row, sources in enumerate(self.sources[number]):
            detail = pasted(part[row, 0].long(), sources)[None]
            if detail.shape[2:] != size:
                detail = F.interpolate(detail, size, mode="bicubic", align_corners=False)
            strength = F.interpolate(part[row : row + 1, 1:].float(), size, mode="bilinear", align_corners=False)
            detail = (detail * strength).sum(1, keepdim=True)[:, :, down, across]
            answers.append(laid_over(large[row : row + 1], detail.to(large)))
        return torch.cat(answers)


@torch.no_grad()
def detail_field(
    plane: Plane,
    wanted: Wanted,
    exemplars: Exemplars,
    prior: EnlargingPrior,
    device: torch.device,
    monitor: Monitor,
) -> DetailField:
    """
    The detail for every picture of a plane. Each row depends only on its own picture and the seed.

    Args:
        device: of the prior.

    Raises:
        CancelledError: the monitor was cancelled.
    """
    factor = min(plane.degradation.factor, LARGEST)
    rows, sources = [], []
    for small in plane.small.split(1):
        monitor.check("Stopped before the picture was finished; nothing was written for it.")
        height, width = small.shape[2:]
        whole = Tile(0, 0, height, width)
        around, (top, left) = with_surroundings(small, whole, _MARGIN, plane.degradation.wrap)
        inside = (slice(top, top + height), slice(left, left + width))
        size = around.shape[2:]
        shown = match.looks(spread.luma(around)).T.reshape(-1, *size)[:, inside[0], inside[1]].flatten(1).T.contiguous()
        chooser = torch.Generator().manual_seed(wanted.seed if wanted.like is None else wanted.like)
        numbers = exemplars.nearest(shown, factor, wanted.material, chooser, _EXEMPLARS)
        source = exemplars.sources(numbers, factor, prior, device)
        place = match.matched(shown, height, width, source.places, _choices(height, width, wanted))
        lost = spread.of_surfaces(exemplars.spread.deviations(around, factor), around)
        share = min(1.0, max(0.0, (_REGULAR - spread.regularity(small)) / _OVER))  # regular patterns stay regular
        share *= min(1.0, max(0.0, (spread.evenness(small) - _PAINTED) / _OVER_PAINTED))  # painted faces stay smooth
        seen = (lost.square() - _FAINTEST**2).clamp_min(0).sqrt()
        strength = wanted.strength * _richness(factor) * share * seen[0, :, inside[0], inside[1]]
        rows.append(torch.cat([place[None].double(), strength.double()])[None])
        sources.append(source)
    return DetailField(torch.cat(rows), tuple(sources), _FIRMNESS * min(1.0, wanted.strength))


def _richness(factor: int) -> float:
    (low, first), (high, last) = _RICHNESS.items()
    place = min(max((factor - low) / (high - low), 0.0), 1.0)
    return first + place * (last - first)


# Random choices of a seed; for an answer like a favourite, most of them are the favourite's.
def _choices(height: int, width: int, wanted: Wanted) -> Tensor:
    own = match.drawn_choices(height, width, torch.Generator().manual_seed(wanted.seed))
    if wanted.like is None:
        return own
    liked = match.drawn_choices(height, width, torch.Generator().manual_seed(wanted.like))
    mixer = torch.Generator().manual_seed(wanted.seed)
    return torch.where(torch.rand(height, width, generator=mixer) < _LIKENESS, liked, own)
