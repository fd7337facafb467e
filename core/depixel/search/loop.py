"""
The latent search (PULSE: Menon et al. 2020, arXiv 2003.03808), for any prior: start where the encoder says, move the
latents down the objective, keep the best answer of each candidate of each picture by itself.

A *row* is one candidate of one picture; row = picture * candidates + candidate. Rows share the passes through the
generator and nothing else: each starts from its own seed, has its own optimiser state, stops by itself and then leaves
the batch, so a batch of one gives what the same picture gets in a batch, to float rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from depixel.degradation import Degradation
from depixel.errors import BadUsageError, CancelledError, WeightsError
from depixel.priors.base import LatentPrior, Latents
from depixel.search.candidates import Candidates, Found, candidate_imagination, candidate_seed
from depixel.search.optimiser import TangentAdam
from depixel.search.schedule import warm_cosine
from depixel.search.sphere import constrain
from depixel.search.step import SearchStep
from depixel.search.terms import Context, Term, squared_error, standard_terms
from depixel.settings import SearchSettings

DEFAULT_STEPS = 40  # of settings.steps None
RATE = 0.1  # highest rate of the optimiser, radians a step
PATIENCE = 12  # steps without progress after which a row gives up
PROGRESS = 0.005  # what counts as progress, of the error or the score
DIVERGED = 4.0  # times its best score: the row goes back to its best and halves its rate


def search(
    prior: LatentPrior,
    small: Tensor,
    degradation: Degradation,
    settings: SearchSettings,
    *,
    terms: Sequence[Term] | None = None,
    extra_terms: Sequence[Term] = (),
    scale_back: Callable[[Tensor], Tensor] | None = None,
    weight: Tensor | None = None,
    palettes: Tensor | None = None,
    animations: Sequence[int] | None = None,
    start: Latents | None = None,
    cancelled: Callable[[], bool] | None = None,
    keep_when_cancelled: bool = False,
    preview: bool = True,
) -> Generator[SearchStep, None, Candidates]:
    """
    Search; yields a SearchStep after each step and returns the Candidates (`StopIteration.value`, or `finish`).

    The encoder's pass counts as step 1, so a search of settings.steps s has s + 1 steps at most, and one of 0 yields
    once. Of settings it reads candidates, seed, steps (None = DEFAULT_STEPS), imagination and eps.

    A row is done when its error is within eps and every term is within its goal, or when nothing has improved for
    PATIENCE steps. Its answer is the one of smallest error down to eps, and among those of smallest score.

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
        cancelled: asked before each pass through the generator.
        keep_when_cancelled: return the best answers so far instead of raising; before the first pass there is none.
        preview: put the first picture's best answer into each SearchStep.

    Raises:
        CancelledError: `cancelled()` turned true.
        WeightsError: the prior's pictures are not finite wherever it starts.
        BadUsageError: small, start, weight, palettes and animations do not fit together.
    """
    _check(small, settings, weight, palettes, animations, start)
    candidates, steps = settings.candidates, DEFAULT_STEPS if settings.steps is None else settings.steps
    stop = cancelled or (lambda: False)
    if stop():
        raise CancelledError("The search was stopped before its first step.")

    with torch.inference_mode(False):
        context = _context(prior, small, degradation, candidates, scale_back, weight, palettes, animations)
        objective = [*(standard_terms(context) if terms is None else terms), *extra_terms]
        latents = _start(prior, small, degradation, settings, start)
        rows = _Rows(prior, degradation, objective, context, latents, settings.eps)
    rows.look()
    rows.retire()
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
        rows.look(taken)
        rows.retire()
        yield rows.report(taken, steps, candidates, preview)
    return rows.candidates(small.shape[0], candidates, settings.seed, taken, was_cancelled)


def finish(steps: Generator[SearchStep, None, Candidates], on_step: Callable[[SearchStep], None] | None = None) -> Candidates:
    """Run a search to its end, telling `on_step` of each step."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            result: Candidates = end.value
            return result
        if on_step is not None:
            on_step(step)


@dataclass
class _Best:
    """The best answer of every row, whether it still searches or not."""

    large: Tensor  # [N, 4, H, W]
    latents: Latents
    error: Tensor  # [N]
    score: Tensor  # [N]
    values: Tensor  # [N, terms]
    steps: Tensor  # [N] when it was found
    stale: Tensor  # [N] steps since the last progress


class _Rows:
    """The rows still searching (`index` into all rows), where they are now, and the best of all rows."""

    def __init__(
        self,
        prior: LatentPrior,
        degradation: Degradation,
        objective: Sequence[Term],
        context: Context,
        latents: Latents,
        eps: float,
    ) -> None:
        self.prior, self.degradation, self.objective, self.eps = prior, degradation, objective, eps
        self.context = context
        self.latents = latents
        self.optimiser = TangentAdam(latents, prior.layout)
        count = context.small.shape[0]
        self.index = torch.arange(count, device=context.small.device)
        self.damping = context.small.new_ones(count)  # [n] of the rate; halved when a row diverges
        self.best: _Best | None = None

    # One pass: pictures, errors and term values of the active rows where they are now, without gradients.
    def look(self, taken: int = 0) -> None:
        with torch.inference_mode(False), torch.no_grad():
            large, error, values = self._evaluate(self.latents)
            if self.best is None and not bool(torch.isfinite(error).all()):
                name = self.prior.spec.name
                raise WeightsError(f"The weights of {name} give no finite picture; they are damaged: install them again.")
            self._remember(large, error, values, taken)

    def _evaluate(self, latents: Latents) -> tuple[Tensor, Tensor, Tensor]:
        context = self.context
        large = self.prior.decode(latents, context.small, self.degradation)
        error = squared_error(context.scale_back(large), context.small, context.weight)
        values = torch.stack([term.function(large, latents, context) for term in self.objective], 1)
        return large, error, values

    def _remember(self, large: Tensor, error: Tensor, values: Tensor, taken: int) -> None:
        score = self._score(values)
        if self.best is None:
            latents = {name: x.clone() for name, x in self.latents.items()}
            stamps = torch.zeros_like(self.index)
            self.best = _Best(large.clone(), latents, error, score, values, stamps, stamps.clone())
            return
        best, index = self.best, self.index
        sound = torch.isfinite(error) & torch.isfinite(score) & torch.isfinite(large).flatten(1).all(1)
        before, now = best.error[index].clamp_min(self.eps), error.clamp_min(self.eps)
        better = sound & ((now < before) | ((now == before) & (score < best.score[index])))
        progress = sound & ((now < before * (1 - PROGRESS)) | ((now == before) & (score < best.score[index] * (1 - PROGRESS))))
        best.stale[index] = torch.where(progress, 0, best.stale[index] + 1)
        kept = index[better]
        best.large[kept], best.error[kept], best.score[kept] = large[better], error[better], score[better]
        best.values[kept], best.steps[kept] = values[better], taken
        for name, x in self.latents.items():
            best.latents[name][kept] = x[better]
        self._restart(~sound | (score > DIVERGED * best.score[index] + 1e-3))

    # Rows that left the finite or went astray go on from their best answer, more slowly.
    def _restart(self, lost: Tensor) -> None:
        if self.best is None or not bool(lost.any()):
            return
        for name, x in self.latents.items():
            x[lost] = self.best.latents[name][self.index[lost]]
        self.damping = torch.where(lost, self.damping / 2, self.damping)
        self.optimiser.forget(lost)

    def _score(self, values: Tensor) -> Tensor:
        return values @ values.new_tensor([term.weight for term in self.objective])

    def move(self, rate: float) -> None:
        """One step of every active row against the gradient of its score."""
        with torch.inference_mode(False), torch.enable_grad():
            latents = {name: x.detach().requires_grad_() for name, x in self.latents.items()}
            _, _, values = self._evaluate(latents)
            total = self._score(values).sum()
            found = torch.autograd.grad(total, list(latents.values()), allow_unused=True)
        with torch.inference_mode(False), torch.no_grad():
            gradients = {
                name: torch.zeros_like(x) if g is None else torch.nan_to_num(g, 0.0, 0.0, 0.0)
                for (name, x), g in zip(latents.items(), found, strict=True)
            }
            self.latents = self.optimiser.step(self.latents, gradients, rate * self.damping)

    def retire(self) -> None:
        """Let the rows that are done leave; the frames of an animation leave together."""
        best = self._best()
        unhappy = best.error[self.index] > self.eps
        for k, term in enumerate(self.objective):
            if term.goal is not None:
                unhappy |= best.values[self.index, k] > term.goal
        going = unhappy & (best.stale[self.index] < PATIENCE)
        going = _whole_animations(going, self.context.previous)
        if bool(going.all()):
            return
        kept = going.nonzero()[:, 0]
        self.index, self.damping = self.index[kept], self.damping[kept]
        self.latents = {name: x[kept] for name, x in self.latents.items()}
        self.context = self.context.rows(kept)
        self.optimiser.rows(kept)

    def report(self, taken: int, steps: int, candidates: int, preview: bool) -> SearchStep:
        best = self._best()
        picture = None
        if preview:
            first = (best.error[:candidates].clamp_min(self.eps), best.score[:candidates])
            row = min(range(candidates), key=lambda k: (float(first[0][k]), float(first[1][k])))
            picture = best.large[row].detach().cpu()
        return SearchStep(taken + 1, steps + 1, float(best.error.max()), picture)

    def candidates(self, pictures: int, candidates: int, seed: int, taken: int, was_cancelled: bool) -> Candidates:
        best = self._best()
        names = [term.name for term in self.objective]

        def found(row: int) -> Found:
            error = float(best.error[row])
            return Found(
                latents={name: x[row : row + 1].clone() for name, x in best.latents.items()},
                large=best.large[row].clone(),
                error=error,
                score=float(best.score[row]),
                seed=candidate_seed(seed, row % candidates),
                steps=int(best.steps[row]),
                converged=error <= self.eps,
                terms=dict(zip(names, best.values[row].tolist(), strict=True)),
            )

        rows = [tuple(found(b * candidates + k) for k in range(candidates)) for b in range(pictures)]
        return Candidates(tuple(rows), taken, was_cancelled)

    def _best(self) -> _Best:
        assert self.best is not None, "look comes first"
        return self.best


# Going rows, and every row whose animation has one: spread both ways along the chains of `previous`.
def _whole_animations(going: Tensor, previous: Tensor | None) -> Tensor:
    if previous is None:
        return going
    going = going.clone()
    order = range(len(going))
    links = previous.tolist()
    for row in order:  # a frame comes after the one before it
        if links[row] >= 0:
            going[row] |= going[links[row]]
    for row in reversed(order):
        if links[row] >= 0:
            going[links[row]] |= going[row]
    return going


def _context(
    prior: LatentPrior,
    small: Tensor,
    degradation: Degradation,
    candidates: int,
    scale_back: Callable[[Tensor], Tensor] | None,
    weight: Tensor | None,
    palettes: Tensor | None,
    animations: Sequence[int] | None,
) -> Context:
    def repeated(x: Tensor | None) -> Tensor | None:
        return None if x is None else x.detach().clone().to(small).repeat_interleave(candidates, 0)

    previous = None
    if animations is not None:
        links = [-1] * (len(animations) * candidates)
        for b in range(1, len(animations)):
            if animations[b] == animations[b - 1]:
                links[b * candidates : (b + 1) * candidates] = range((b - 1) * candidates, b * candidates)
        previous = torch.tensor(links, device=small.device)
    return Context(
        small=small.detach().clone().repeat_interleave(candidates, 0),
        scale_back=scale_back or degradation.apply,
        layout=prior.layout,
        penalty=prior.penalty,
        wrap=degradation.wrap,
        weight=repeated(weight),
        palette=repeated(palettes),
        previous=previous,
    )


# Where every row starts. The calm answers come from one pass of the encoder over the batch; the others one by one,
# each from a generator of its own, so that no row depends on who else is in the batch.
@torch.no_grad()
def _start(
    prior: LatentPrior, small: Tensor, degradation: Degradation, settings: SearchSettings, given: Latents | None
) -> Latents:
    small = small.detach().clone()
    count, candidates = small.shape[0], settings.candidates
    if given is not None and _batch(given) == count * candidates:
        return {name: x.detach().clone().to(small) for name, x in given.items()}
    columns: list[Latents] = []
    for k in range(candidates):
        imagination = candidate_imagination(settings.imagination, k)
        if k == 0 and given is not None:
            columns.append({name: x.detach().clone().to(small) for name, x in given.items()})
        elif imagination == 0:
            columns.append(prior.encode(small, degradation))
        else:
            columns.append(_sample(prior, small, degradation, candidate_seed(settings.seed, k), imagination))
    return {
        name: torch.stack([column[name].to(small) for column in columns], 1).flatten(0, 1) for name in columns[0]
    }


def _sample(prior: LatentPrior, small: Tensor, degradation: Degradation, seed: int, imagination: float) -> Latents:
    rows = []
    for b in range(small.shape[0]):
        generator = torch.Generator().manual_seed(seed)
        rows.append(prior.sample(small[b : b + 1], degradation, generator, imagination))
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}


def _batch(latents: Latents) -> int:
    return next(iter(latents.values())).shape[0]


def _check(
    small: Tensor,
    settings: SearchSettings,
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
    if start is not None and _batch(start) not in (count, count * settings.candidates):
        raise BadUsageError(
            f"start must hold latents for {count} or {count * settings.candidates} rows, not {_batch(start)}."
        )
