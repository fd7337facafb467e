"""The start of a search: the context of its terms and the latents of every row."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from depixel.priors.base import LatentPrior, Latents
from depixel.request import Request
from depixel.search.candidates import candidate_imagination, candidate_seed
from depixel.search.question import Question, batch_of
from depixel.search.terms import Context


def make_context(prior: LatentPrior, question: Question, request: Request) -> Context:
    """The context of the terms, with one row for each candidate of each picture."""
    small, candidates = question.small, request.candidates

    def repeated(x: Tensor | None) -> Tensor | None:
        return None if x is None else x.detach().clone().to(small).repeat_interleave(candidates, 0)

    previous = animation = None
    if question.animations is not None:
        links, numbers = _frame_links(question.animations, candidates)
        previous, animation = (torch.tensor(x, device=small.device) for x in (links, numbers))
    return Context(
        small=small.repeat_interleave(candidates, 0),
        scale_back=question.scale_back or question.degradation.apply,
        layout=prior.layout,
        penalty=prior.penalty,
        request=request,
        wrap=question.degradation.wrap,
        weight=repeated(question.weight),
        palette=repeated(question.palettes),
        previous=previous,
        animation=animation,
    )


# For every row: the row of the previous frame (-1 = none), and the number of its animation and candidate.
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
def start_latents(prior: LatentPrior, question: Question, request: Request) -> Latents:
    """
    The first latents of every row. The calm answers come from one pass of the encoder over the batch; the others are
    drawn one by one, each with its own generator, so that no row depends on the rest of the batch.
    """
    small, degradation, start = question.small, question.degradation, question.start
    count, candidates = small.shape[0], request.candidates
    if start is not None and batch_of(start) == count * candidates:
        return {name: x.detach().clone().to(small) for name, x in start.items()}
    if request.like is not None and start is None:
        return _near(prior, question, request, request.like)
    columns: list[Latents] = []
    for k in range(candidates):
        imagination = candidate_imagination(request.imagination, k, prior.spec.stray)
        if k == 0 and start is not None:
            columns.append({name: x.detach().clone().to(small) for name, x in start.items()})
        elif imagination == 0:
            columns.append(prior.encode(small, degradation))
        else:
            columns.append(_sample(prior, question, candidate_seed(request.seed, k), imagination))
    return _rows(columns, small)


# Latents between the answer with the seed `like` and other answers, hence similar to it.
def _near(prior: LatentPrior, question: Question, request: Request, like: int) -> Latents:
    imagination = max(request.imagination, prior.spec.stray)
    liked = _sample(prior, question, like, imagination)
    columns: list[Latents] = []
    for k in range(request.candidates):
        other = _sample(prior, question, candidate_seed(request.seed, k), imagination)
        columns.append({name: torch.lerp(liked[name], other[name], _STRAY) for name in liked})
    return _rows(columns, question.small)


_STRAY = 0.35  # share of the way from the liked answer to another


def _rows(columns: list[Latents], small: Tensor) -> Latents:
    return {name: torch.stack([column[name].to(small) for column in columns], 1).flatten(0, 1) for name in columns[0]}


def _sample(prior: LatentPrior, question: Question, seed: int, imagination: float) -> Latents:
    rows = []
    for b in range(question.small.shape[0]):
        generator = torch.Generator().manual_seed(seed)
        rows.append(prior.sample(question.small[b : b + 1], question.degradation, generator, imagination))
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
