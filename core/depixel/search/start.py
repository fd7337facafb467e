"""Where a search starts: the context of its terms and the latents of every row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from depixel.degradation import Degradation
from depixel.priors.base import LatentPrior, Latents
from depixel.request import Request
from depixel.search.candidates import candidate_imagination, candidate_seed
from depixel.search.terms import Context


def make_context(
    prior: LatentPrior,
    small: Tensor,
    degradation: Degradation,
    *,
    candidates: int,
    scale_back: Callable[[Tensor], Tensor] | None,
    weight: Tensor | None,
    palettes: Tensor | None,
    animations: Sequence[int] | None,
) -> Context:
    """One row for each candidate of each picture; arguments as `search` has them."""

    def repeated(x: Tensor | None) -> Tensor | None:
        return None if x is None else x.detach().clone().to(small).repeat_interleave(candidates, 0)

    previous = animation = None
    if animations is not None:
        links, numbers = _frame_links(animations, candidates)
        previous, animation = (torch.tensor(x, device=small.device) for x in (links, numbers))
    return Context(
        small=small.repeat_interleave(candidates, 0),
        scale_back=scale_back or degradation.apply,
        layout=prior.layout,
        penalty=prior.penalty,
        wrap=degradation.wrap,
        weight=repeated(weight),
        palette=repeated(palettes),
        previous=previous,
        animation=animation,
    )


# Of every row: the row of the frame before it (-1 = none), and the number of its candidate's run of the animation.
def _frame_links(animations: Sequence[int], candidates: int) -> tuple[list[int], list[int]]:
    links: list[int] = []
    numbers: list[int] = []
    for b, name in enumerate(animations):
        follows = b > 0 and animations[b - 1] == name
        for k in range(candidates):
            row = b * candidates + k
            links.append(row - candidates if follows else -1)
            numbers.append(numbers[row - candidates] if follows else row)
    return links, numbers


@torch.no_grad()
def start_latents(
    prior: LatentPrior, small: Tensor, degradation: Degradation, settings: Request, given: Latents | None
) -> Latents:
    """
    Where every row starts. The calm answers come from one pass of the encoder over the batch; the others one by one,
    each from a generator of its own, so that no row depends on who else is in the batch.
    """
    count, candidates = small.shape[0], settings.candidates
    if given is not None and batch_of(given) == count * candidates:
        return {name: x.detach().clone().to(small) for name, x in given.items()}
    if settings.like is not None and given is None:
        return _near(prior, small, degradation, settings, settings.like)
    columns: list[Latents] = []
    for k in range(candidates):
        imagination = candidate_imagination(settings.imagination, k, prior.spec.stray)
        if k == 0 and given is not None:
            columns.append({name: x.detach().clone().to(small) for name, x in given.items()})
        elif imagination == 0:
            columns.append(prior.encode(small, degradation))
        else:
            columns.append(_sample(prior, small, degradation, candidate_seed(settings.seed, k), imagination))
    return _rows(columns, small)


# Between the answer with the seed `like` and others: as like it as may be without being it.
def _near(prior: LatentPrior, small: Tensor, degradation: Degradation, settings: Request, like: int) -> Latents:
    imagination = max(settings.imagination, prior.spec.stray)
    liked = _sample(prior, small, degradation, like, imagination)
    columns: list[Latents] = []
    for k in range(settings.candidates):
        other = _sample(prior, small, degradation, candidate_seed(settings.seed, k), imagination)
        columns.append({name: torch.lerp(liked[name], other[name], _STRAY) for name in liked})
    return _rows(columns, small)


_STRAY = 0.35  # of the way from the answer that is liked to another


def _rows(columns: list[Latents], small: Tensor) -> Latents:
    return {name: torch.stack([column[name].to(small) for column in columns], 1).flatten(0, 1) for name in columns[0]}


def _sample(prior: LatentPrior, small: Tensor, degradation: Degradation, seed: int, imagination: float) -> Latents:
    rows = []
    for b in range(small.shape[0]):
        generator = torch.Generator().manual_seed(seed)
        rows.append(prior.sample(small[b : b + 1], degradation, generator, imagination))
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}


def batch_of(latents: Latents) -> int:
    """Number of rows of these latents."""
    return next(iter(latents.values())).shape[0]
