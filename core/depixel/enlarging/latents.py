"""
The latents of a plane, as a field over all of it. If steps are requested, the latents are searched for, in tiles if the
plane is large. Decoding uses the whole field, so the search leaves no seams.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from depixel.degradation import make_degradation
from depixel.exporting.palette import palettes_of
from depixel.monitor import Monitor
from depixel.planes import Plane
from depixel.priors.base import EnlargingPrior, Latents
from depixel.request import Request
from depixel.search.candidates import Candidates
from depixel.search.loop import search
from depixel.search.question import Question
from depixel.search.start import start_latents
from depixel.tiles import Tile, tile_grid, with_surroundings

_SEARCH_SIDE = 96  # small pixels of a tile that is searched
_SEARCH_MARGIN = 8


def field_of_latents(
    prior: EnlargingPrior, plane: Plane, animations: Sequence[int], request: Request, device: torch.device,
    monitor: Monitor,
) -> Latents:  # fmt: skip
    """
    Latents of every row (row = frame * candidates + candidate), of the plane's height and width.

    Args:
        animations: the number of the animation that each of the plane's pictures belongs to.
    """
    wrap = plane.degradation.wrap
    degradation = make_degradation(plane.degradation.name, prior.scale, wrap)
    if not request.steps:
        return start_latents(prior, Question(plane.small, degradation), request)
    palettes = palettes_of(plane.straight, plane.levels) if request.palette == "keep" else None
    height, width = plane.straight.shape[2:]
    tiles = list(tile_grid(height, width, _SEARCH_SIDE))
    alone = len(tiles) == 1  # without surroundings, the generator itself wraps
    latents: Latents = {}
    for number, tile in enumerate(tiles):
        around, before = with_surroundings(plane.small, tile, 0 if alone else _SEARCH_MARGIN, wrap)
        question = Question(
            around.to(device),
            degradation if alone else make_degradation(plane.degradation.name, prior.scale),
            palettes=palettes,
            animations=animations if len(animations) > len(set(animations)) else None,
        )
        candidates = search(prior, question, request, monitor=monitor.equal_part(number, len(tiles)))
        for name, z in _rows_of(candidates).items():
            field = latents.setdefault(name, z.new_zeros(*z.shape[:2], height, width))
            field[:, :, tile.top : tile.bottom, tile.left : tile.right] = _inside(z, tile, before)
    return latents


def _inside(z: Tensor, tile: Tile, before: tuple[int, int]) -> Tensor:
    top, left = before
    return z[:, :, top : top + tile.bottom - tile.top, left : left + tile.right - tile.left]


# The latents of a finished search, in the order of its rows.
def _rows_of(candidates: Candidates) -> Latents:
    rows = [candidate.latents for picture in candidates.pictures for candidate in picture]
    return {name: torch.cat([row[name].cpu() for row in rows]) for name in rows[0]}
