"""
The latent search (PULSE: Menon et al. 2020, arXiv 2003.03808), for any prior: start where the encoder says, move the
latents down the objective, keep the best answer of each candidate of each picture by itself.

A *row* is one candidate of one picture; row = picture * candidates + candidate. Rows share the passes through the
generator and nothing else: each starts from its own seed, has its own optimiser state, stops by itself and then leaves
the batch, so a batch of one gives what the same picture gets in a batch, to float rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import torch
from torch import Tensor

from depixel.degradation import Degradation
from depixel.errors import BadUsageError, CancelledError
from depixel.priors.base import LatentPrior, Latents
from depixel.request import PULSE_EPS, Request
from depixel.search.candidates import Candidates
from depixel.search.rows import Rows
from depixel.search.schedule import warm_cosine
from depixel.search.start import batch_of, make_context, start_latents
from depixel.search.step import SearchStep
from depixel.search.terms import Term, standard_terms

DEFAULT_STEPS = 40  # of settings.steps None
RATE = 0.3  # highest rate of the optimiser, deviations of a coordinate or radians a step


def search(
    prior: LatentPrior,
    small: Tensor,
    degradation: Degradation,
    settings: Request,
    *,
    terms: Sequence[Term] | None = None,
    extra_terms: Sequence[Term] = (),
    scale_back: Callable[[Tensor], Tensor] | None = None,
    weight: Tensor | None = None,
    palettes: Tensor | None = None,
    animations: Sequence[int] | None = None,
    start: Latents | None = None,
    far_eps: float | None = None,
    cancelled: Callable[[], bool] | None = None,
    keep_when_cancelled: bool = False,
    preview: bool = True,
) -> Generator[SearchStep, None, Candidates]:
    """
    Search; yields a SearchStep after each step and returns the Candidates (`StopIteration.value`, or `finish`).

    The encoder's pass counts as step 1, so a search of settings.steps s has s + 1 steps at most, and one of 0 yields
    once. Of settings it reads candidates, seed, steps (None = DEFAULT_STEPS), imagination and eps
    (None = PULSE_EPS).

    A row is done when its error is within eps and every term is within its goal, or when nothing has improved for
    `rows.PATIENCE` steps. Its answer is the one of smallest error down to eps, and among those of smallest score.

    Args:
        small: [B, 4, h, w] premultiplied RGBA in [0, 1]; the device of the search.
        terms: the objective; None = `standard_terms` of what else is given.
        extra_terms: added to the objective.
        scale_back: [N, 4, H, W] => [N, 4, h, w], differentiable, each row by itself; None = degradation.apply. For
            priors of a fixed size whose pictures are cropped or padded before they are compared.
        weight: [B, 1, h, w] how much each given pixel counts in the error, 0 ... 1.
        palettes: [B, P, 4] premultiplied colours to keep to; repeat a colour to fill up a shorter palette.
        animations: for each picture a number; consecutive pictures of one number are frames of one animation, and
            stay in the batch until all of them are done. None = no animations.
        start: latents of batch B (for each picture's first candidate) or B * candidates (for every row), in place of
            the encoder's and the prior's samples; e.g. those of the frame before.
        far_eps: of a row that starts outside PULSE's eps, the error at which it is done, if larger than eps.
        cancelled: asked before each pass through the generator.
        keep_when_cancelled: return the best answers so far instead of raising; before the first pass there is none.
        preview: put the first picture's best answer into each SearchStep.

    Raises:
        CancelledError: `cancelled()` turned true.
        WeightsError: the prior's pictures are not finite wherever it starts.
        BadUsageError: small, start, weight, palettes and animations do not fit together.
    """
    _check(small, settings, weight=weight, palettes=palettes, animations=animations, start=start)
    candidates, steps = settings.candidates, DEFAULT_STEPS if settings.steps is None else settings.steps
    stop = cancelled or (lambda: False)
    if stop():
        raise CancelledError("The search was stopped before its first step.")

    with torch.inference_mode(False):
        small = small.detach().clone()
        context = make_context(
            prior,
            small,
            degradation,
            candidates=candidates,
            scale_back=scale_back,
            weight=weight,
            palettes=palettes,
            animations=animations,
        )
        objective = [*(standard_terms(context) if terms is None else terms), *extra_terms]
        latents = start_latents(prior, small, degradation, settings, start)
        eps = PULSE_EPS if settings.eps is None else settings.eps
        rows = Rows(prior, degradation, objective, context, latents=latents, eps=eps, far_eps=far_eps)
    rows.look(0, steps)
    yield rows.report(0, steps, candidates, preview)

    was_cancelled = False
    taken = 0
    while taken < steps and len(rows.index):
        if stop():
            if not keep_when_cancelled:
                raise CancelledError(f"The search was stopped after {taken} of {steps} steps.")
            was_cancelled = True
            break
        rows.move(RATE * warm_cosine(taken, steps))
        taken += 1
        rows.look(taken, steps)
        yield rows.report(taken, steps, candidates, preview)
    return rows.candidates(candidates, seed=settings.seed, taken=taken, cancelled=was_cancelled)


def finish(
    steps: Generator[SearchStep, None, Candidates], on_step: Callable[[SearchStep], None] | None = None
) -> Candidates:
    """Run a search to its end, telling `on_step` of each step."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            result: Candidates = end.value
            return result
        if on_step is not None:
            on_step(step)


def _check(
    small: Tensor,
    settings: Request,
    *,
    weight: Tensor | None,
    palettes: Tensor | None,
    animations: Sequence[int] | None,
    start: Latents | None,
) -> None:
    if small.ndim != 4 or small.shape[1] != 4 or small.shape[0] == 0:
        raise BadUsageError(f"a search takes pictures [B, 4, h, w], not {list(small.shape)}.")
    if not bool(torch.isfinite(small).all()):
        raise BadUsageError("a picture given to the search has values that are not numbers.")
    count = small.shape[0]
    for name, length in (
        ("weight", None if weight is None else weight.shape[0]),
        ("palettes", None if palettes is None else palettes.shape[0]),
        ("animations", None if animations is None else len(animations)),
    ):
        if length is not None and length != count:
            raise BadUsageError(f"{name} must have one entry for each of the {count} pictures, not {length}.")
    if start is not None and batch_of(start) not in (count, count * settings.candidates):
        raise BadUsageError(
            f"start must hold latents for {count} or {count * settings.candidates} rows, not {batch_of(start)}."
        )
