"""
The rows of a search: their latents, their best answers, and when they are done. `depixel.search.loop` says what a row
is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from depixel.degradation import Degradation
from depixel.errors import WeightsError
from depixel.monitor import Monitor, SearchStep
from depixel.priors.base import LatentPrior, Latents
from depixel.request import PULSE_EPS
from depixel.search.candidates import Candidates, Solution, candidate_seed
from depixel.search.optimiser import TangentAdam
from depixel.search.terms import Context, Term, squared_error

PATIENCE = 12  # steps without progress after which a row gives up
PROGRESS = 0.01  # least relative decrease of the error or the score that counts as progress
DIVERGED = 4.0  # times its best score: above this, a row returns to its best answer and halves its rate
LONGEST = 8.0  # times the prior's own rate, for a start that does not fit at all
CAREFUL = 0.25  # times the search's rate: priors whose own rate is higher are not accelerated


@dataclass
class _Best:
    """The best answer of every row, searching or done."""

    large: Tensor  # [N, 4, H, W]
    latents: Latents
    error: Tensor  # [N]
    score: Tensor  # [N]
    values: Tensor  # [N, terms]
    steps: Tensor  # [N] when it was found
    stale: Tensor  # [N] steps since the last progress
    mark: tuple[Tensor, Tensor]  # [N] error and score at the last progress


class Rows:
    """The rows that still search (`index` into all rows), their current latents, and the best answers of all rows."""

    def __init__(
        self,
        prior: LatentPrior,
        degradation: Degradation,
        objective: Sequence[Term],
        context: Context,
        *,
        latents: Latents,
        eps: float,
        far_eps: float | None = None,
    ) -> None:
        self.prior, self.degradation, self.objective, self.eps = prior, degradation, objective, eps
        self.context = context
        self.latents = latents
        self.optimiser = TangentAdam(latents, prior.layout)
        count = context.small.shape[0]
        self.index = torch.arange(count, device=context.small.device)
        self.far_eps = eps if far_eps is None else max(eps, far_eps)
        self.enough = context.small.new_full((count,), eps)  # [N] error at which each row is done
        self.damping = context.small.new_ones(count)  # [n] of the rate: see `_hurry`; halved when a row diverges
        self.gradients: Latents = {}
        self.best: _Best | None = None

    # [n] factors of the rate, by how far outside PULSE's eps the start is. Small steps preserve a good start, such as
    # the encoder's for a portrait or an emoji; a bad start has a long way to go and nothing to lose.
    def _hurry(self, error: Tensor) -> Tensor:
        rate = max(layout.rate for layout in self.prior.layout.values())
        return (error / PULSE_EPS).clamp(1.0, min(LONGEST, max(1.0, CAREFUL / rate)))

    def look(self, step: int, steps: int) -> None:
        """One pass: evaluate the active rows, keep the best answers, and remove the rows that are done."""
        descend = step < steps
        with torch.inference_mode(False), torch.set_grad_enabled(descend):
            latents = {name: x.detach().requires_grad_(descend) for name, x in self.latents.items()}
            large, error, values = self._evaluate(latents)
            score = values @ values.new_tensor([term.weight for term in self.objective])
        with torch.inference_mode(False), torch.no_grad():
            if self.best is None:
                self.damping = self._hurry(error.detach())
                self.enough = torch.where(error.detach() > PULSE_EPS, self.far_eps, self.enough)
            lost = self._remember(large.detach(), error.detach(), values.detach(), score.detach(), step)
            survivors = self._going().nonzero()[:, 0]
        if descend and len(survivors):
            with torch.inference_mode(False), torch.enable_grad():
                leaves = list(latents.values())
                total = score[survivors].sum() + sum(
                    x.sum() * 0 for x in leaves
                )  # also terms that do not depend on latents
                slopes = torch.autograd.grad(total, leaves)
            self.gradients = {
                name: torch.nan_to_num(gradient, 0.0, 0.0, 0.0) for name, gradient in zip(latents, slopes, strict=True)
            }
        with torch.inference_mode(False), torch.no_grad():
            self._restart(lost)
            if len(survivors) < len(self.index):
                self._keep(survivors)

    def move(self, rate: float) -> None:
        """One step of every active row against the gradient of its score."""
        with torch.inference_mode(False), torch.no_grad():
            self.latents = self.optimiser.step(self.latents, self.gradients, rate * self.damping)

    def _evaluate(self, latents: Latents) -> tuple[Tensor, Tensor, Tensor]:
        context = self.context
        large = self.prior.decode(latents, context.small, self.degradation)
        error = squared_error(context.scale_back(large), context.small, context.weight)
        values = torch.stack([term.function(large, latents, context) for term in self.objective], 1)
        return large, error, values

    # Keep answers that are better than the best so far; returns [n] bool of the rows that diverged. The frames of an
    # animation are kept together, because the flicker between them is part of the score.
    def _remember(self, large: Tensor, error: Tensor, values: Tensor, score: Tensor, step: int) -> Tensor:
        context = self.context
        sound = torch.isfinite(error) & torch.isfinite(score) & torch.isfinite(large).flatten(1).all(1)
        if self.best is None:
            if not bool(sound.all()):
                name = self.prior.spec.name
                raise WeightsError(f"{name} is damaged: its answers are not finite numbers. Choose other weights.")
            latents = {name: x.clone() for name, x in self.latents.items()}
            zero = torch.zeros_like(self.index)
            marks = (error.clamp_min(self.enough), score.clone())
            self.best = _Best(
                large.clone(), latents, error.clone(), score.clone(), values.clone(), zero, zero.clone(), marks
            )
            return ~sound
        best, index = self.best, self.index
        now, old = (context.together(x.clamp_min(self.enough[index]), "amax") for x in (error, best.error[index]))
        total, old_total = (context.together(x, "mean") for x in (score, best.score[index]))
        sound = context.together(sound.to(error.dtype), "mean") == 1
        better = sound & ((now < old) | ((now == old) & (total < old_total)))
        mark, mark_total = (context.together(x[index], how) for x, how in zip(best.mark, ("amax", "mean"), strict=True))
        far = (now < mark * (1 - PROGRESS)) | ((now <= mark) & (total < mark_total * (1 - PROGRESS)))
        best.stale[index] = torch.where(better & far, 0, best.stale[index] + 1)
        best.mark[0][index] = torch.where(better & far, now, best.mark[0][index])
        best.mark[1][index] = torch.where(better & far, total, best.mark[1][index])
        improved = index[better]
        best.large[improved], best.error[improved], best.score[improved] = large[better], error[better], score[better]
        best.values[improved], best.steps[improved] = values[better], step
        for name, x in self.latents.items():
            best.latents[name][improved] = x[better]
        return ~sound | (total > DIVERGED * old_total + 1e-3)

    # [n] bool: the rows that continue to search.
    def _going(self) -> Tensor:
        best = self._best()
        unhappy = best.error[self.index] > self.enough[self.index]
        for k, term in enumerate(self.objective):
            if term.goal is not None:
                unhappy |= best.values[self.index, k] > term.goal
        going = unhappy & (best.stale[self.index] < PATIENCE)
        return self.context.together(going.to(torch.float32), "amax") > 0

    # Rows that diverged continue from their best answer, more slowly.
    def _restart(self, lost: Tensor) -> None:
        if not bool(lost.any()):
            return
        best = self._best()
        for name, x in self.latents.items():
            x[lost] = best.latents[name][self.index[lost]]
            if name in self.gradients:
                self.gradients[name][lost] = 0
        self.damping = torch.where(lost, self.damping / 2, self.damping)
        self.optimiser.forget(lost)

    def _keep(self, survivors: Tensor) -> None:
        self.index, self.damping = self.index[survivors], self.damping[survivors]
        self.latents = {name: x[survivors] for name, x in self.latents.items()}
        self.gradients = {name: x[survivors] for name, x in self.gradients.items()}
        self.context = self.context.rows(survivors)
        self.optimiser.rows(survivors)

    def report(self, step: int, steps: int, candidates: int, monitor: Monitor) -> None:
        """Report step `step` of `steps`, with the first picture's best answer as preview."""
        if monitor.on_step is None:
            return
        best = self._best()
        errors, scores = best.error[:candidates].clamp_min(self.eps).tolist(), best.score[:candidates].tolist()
        picture = best.large[min(range(candidates), key=lambda k: (errors[k], scores[k]))].cpu()
        monitor.step(SearchStep(step + 1, steps + 1, float(best.error.max()), picture))

    def candidates(self, candidates: int, *, seed: int, step: int, cancelled: bool) -> Candidates:
        """The answers of all rows, by picture."""
        best = self._best()
        names = [term.name for term in self.objective]

        def solution(row: int) -> Solution:
            error = float(best.error[row])
            return Solution(
                latents={name: x[row : row + 1].clone() for name, x in best.latents.items()},
                large=best.large[row].clone(),
                error=error,
                score=float(best.score[row]),
                seed=candidate_seed(seed, row % candidates),
                steps=int(best.steps[row]),
                converged=error <= self.eps,
                terms=dict(zip(names, best.values[row].tolist(), strict=True)),
            )

        first_rows = range(0, len(best.error), candidates)
        pictures = tuple(tuple(solution(row + k) for k in range(candidates)) for row in first_rows)
        return Candidates(pictures, step, cancelled)

    def _best(self) -> _Best:
        assert self.best is not None, "look comes first"
        return self.best
