"""
The latent search (PULSE: Menon et al. 2020, arXiv 2003.03808), for any prior: start at the encoder's answer, move the
latents down the objective, and keep the best answer of each candidate of each picture separately.

A *row* is one candidate of one picture; row = picture * candidates + candidate. Rows share the passes through the
generator but nothing else: each has its own seed and optimiser state, stops independently and then leaves the batch. So
a picture gets the same answer alone and in a batch, up to float rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from depixel.errors import BadUsageError, CancelledError
from depixel.monitor import SILENT, Monitor
from depixel.priors.base import LatentPrior
from depixel.request import PULSE_EPS, Request
from depixel.search.candidates import Candidates
from depixel.search.question import Question
from depixel.search.rows import Rows
from depixel.search.schedule import warm_cosine
from depixel.search.start import make_context, start_latents
from depixel.search.terms import TERMS, Term

DEFAULT_STEPS = 40  # of request.steps None
RATE = 0.3  # highest rate of the optimiser: deviations of a coordinate, or radians, per step


def search(
    prior: LatentPrior,
    question: Question,
    request: Request,
    *,
    terms: Sequence[Term] = TERMS,
    monitor: Monitor = SILENT,
    keep_when_cancelled: bool = False,
) -> Candidates:
    """
    The best answers to the question.

    The encoder's pass counts as step 1, so a search with request.steps = s reports at most s + 1 steps. It uses the
    request's candidates, seed, like, steps (None = DEFAULT_STEPS), imagination and eps (None = PULSE_EPS).

    A row is done when its error is within eps and every term is within its goal, or when it has not improved for
    `rows.PATIENCE` steps. Its answer is the one with the smallest error down to eps, and among those the smallest
    score.

    Args:
        terms: the objective is the sum of the ones that apply.
        monitor: its steps have the first picture's best answer as preview.
        keep_when_cancelled: return the best answers so far instead of raising; before the first pass there are none.

    Raises:
        CancelledError: the monitor stopped the search; it is checked before each pass through the generator.
        WeightsError: the prior's pictures are not finite from any start.
        BadUsageError: the parts of the question do not fit together, or the prior has no latents.
    """
    if not prior.layout:
        raise BadUsageError(f"{prior.spec.name} has no latents to search: use --steps 0.")
    question.check(request.candidates)
    steps = DEFAULT_STEPS if request.steps is None else request.steps
    monitor.check("The search was stopped before its first step.")

    with torch.inference_mode(False):
        question = replace(question, small=question.small.detach().clone())
        context = make_context(prior, question, request)
        objective = [term for term in terms if term.applies(context)]
        latents = start_latents(prior, question, request)
        eps = PULSE_EPS if request.eps is None else request.eps
        rows = Rows(
            prior, question.degradation, objective, context, latents=latents, eps=eps, far_eps=question.far_eps
        )  # fmt: skip
    rows.look(0, steps)
    rows.report(0, steps, request.candidates, monitor)

    step = 0
    cancelled = False
    while step < steps and len(rows.index):
        cancelled = monitor.is_cancelled
        if cancelled and keep_when_cancelled:
            break
        if cancelled:
            raise CancelledError(f"The search was stopped after {step} of {steps} steps.")
        rows.move(RATE * warm_cosine(step, steps))
        step += 1
        rows.look(step, steps)
        rows.report(step, steps, request.candidates, monitor)
    return rows.candidates(request.candidates, seed=request.seed, step=step, cancelled=cancelled)
