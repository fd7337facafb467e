"""
Decides from which place of the exemplars each small pixel takes its detail.

A place is one number: places next to each other in a row of an exemplar are consecutive, and rows are `width` apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

REACH = 2  # small pixels on each side over which two places are compared

_SIDE = 2 * REACH + 1
_WIDTH = 1.3  # standard deviation of the window in which places are compared, in small pixels
_FAINT = 1 / 255  # contrast that has half weight
_NEAREST = 6  # places from which a pixel chooses
_COHERENCE = 0.25  # cost for each of eight neighbours whose place is not the neighbouring place
_ROUNDS = 4
_AT_ONCE = 4096  # pixels compared with all places at once
_NEIGHBOURS = tuple((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0))
_NOWHERE = -(2**40)


@dataclass(frozen=True)
class Places:
    """All places of some exemplars, with their neighbourhoods."""

    looks: Tensor  # [P, _SIDE**2] float32
    usable: Tensor  # [P] bool: not at a border
    width: int  # of a row

    @property
    def offsets(self) -> Mapping[tuple[int, int], int]:
        """From a place to its neighbour (down, right)."""
        return {(y, x): y * self.width + x for y, x in _NEIGHBOURS}


def looks(grey: Tensor) -> Tensor:
    """[1, 1, h, w] => [h*w, _SIDE**2]: the surroundings of each pixel without their mean and contrast."""
    around = F.unfold(F.pad(grey, (REACH,) * 4, mode="replicate"), _SIDE)[0].T
    distance = (torch.arange(_SIDE) - REACH).float().square()
    window = torch.exp(-(distance[:, None] + distance) / (2 * _WIDTH**2)).flatten()
    window = window / window.sum()
    around = around - (around * window).sum(1, keepdim=True)
    contrast = (around.square() * window).sum(1, keepdim=True).sqrt()
    return around / (contrast + _FAINT) * window.sqrt()


def distances(wanted: Tensor, offered: Tensor) -> Tensor:
    """[N, D], [P, D] => [N, P] squared distances."""
    squares = wanted.square().sum(1, keepdim=True) + offered.square().sum(1)
    return (squares - 2 * wanted @ offered.T).clamp_min(0)


def matched(wanted: Tensor, height: int, width: int, places: Places, choices: Tensor) -> Tensor:
    """
    Places for the pixels of a picture: similar to their surroundings, and neighbouring where possible (iterated
    conditional modes, Besag 1986, over the proposals of the eight neighbours).

    Args:
        wanted: [height*width, D] neighbourhoods of the pixels.
        choices: [_ROUNDS + 1, height, width] in [0, 1), random: the nearest place with which a pixel begins, and the
            ones that it tries in each round.

    Returns:
        [height, width] int64.
    """
    nearest = _nearest(wanted, places).reshape(height, width, -1)
    wanted = wanted.reshape(height, width, -1)

    def chosen(number: int) -> Tensor:
        index = (choices[number] * nearest.shape[2]).long()
        return nearest.gather(2, index[..., None])[..., 0]

    place = chosen(0)
    for number in range(1, _ROUNDS + 1):
        fresh = chosen(number)
        for row in (0, 1):
            for column in (0, 1):
                _improve(place, fresh, wanted, places, row, column)
    return place


def drawn_choices(height: int, width: int, generator: torch.Generator) -> Tensor:
    """Random `choices` for `matched`."""
    return torch.rand(_ROUNDS + 1, height, width, generator=generator)


def _nearest(wanted: Tensor, places: Places) -> Tensor:
    usable = places.usable.nonzero()[:, 0]
    offered = places.looks[usable]
    count = min(_NEAREST, len(usable))
    parts = [distances(part, offered).topk(count, 1, largest=False).indices for part in wanted.split(_AT_ONCE)]
    return usable[torch.cat(parts)]


# Changes `place` at every second row and column where a proposal is better.
def _improve(place: Tensor, fresh: Tensor, wanted: Tensor, places: Places, row: int, column: int) -> None:
    own, looked = place[row::2, column::2], wanted[row::2, column::2]
    if own.numel() == 0:
        return
    height, width = place.shape
    around = F.pad(place, (1, 1, 1, 1), value=_NOWHERE)
    beside = torch.stack(
        [
            around[1 + row + y : 1 + height + y : 2, 1 + column + x : 1 + width + x : 2] - offset
            for (y, x), offset in places.offsets.items()
        ]
    )  # this pixel's place if it continued each neighbour's
    there = beside > _NOWHERE // 2

    def cost(proposal: Tensor) -> Tensor:
        inside = (proposal >= 0) & (proposal < len(places.usable))
        index = proposal.clamp(0, len(places.usable) - 1)
        unlike = (looked - places.looks[index]).square().sum(2)
        unlike = torch.where(inside & places.usable[index], unlike, torch.inf)
        return unlike + _COHERENCE * ((beside != proposal) & there).sum(0)

    best, least = own.clone(), cost(own)
    for proposal in (*beside, fresh[row::2, column::2]):
        value = cost(proposal)
        best = torch.where(value < least, proposal, best)
        least = torch.minimum(least, value)
    place[row::2, column::2] = best
