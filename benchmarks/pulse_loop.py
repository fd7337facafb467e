"""
PULSE's search restated for any `LatentPrior`, to measure against: 100 Adam steps at 0.4, one picture at a time, from
random latents, 100 * L2 + 0.05 * geodesic cross-distance, each latent rescaled to its sphere after each step, the
best kept by the whole loss (Menon et al. 2020, section 3.2 and appendix; the published defaults).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from depixel.degradation import Degradation
from depixel.priors.base import LatentPrior, Latents
from depixel.search.schedule import one_cycle_drop
from depixel.search.sphere import constrain
from depixel.search.terms import Context, geodesic, squared_error

STEPS = 100
RATE = 0.4
EPS = 2e-3


@dataclass(frozen=True)
class PulseAnswer:
    """What PULSE returns for one picture."""

    large: Tensor  # [1, 4, H, W]
    error: float  # mean squared error of scaling back of `large`
    converged: bool


def pulse(prior: LatentPrior, small: Tensor, degradation: Degradation, seed: int, steps: int = STEPS) -> PulseAnswer:
    """Search for one picture, [1, 4, h, w]."""
    latents = _random(prior, small, degradation, seed)
    context = Context(small, degradation.apply, prior.layout, prior.penalty)
    optimiser = torch.optim.Adam(list(latents.values()), lr=RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: one_cycle_drop(step, steps))
    least, best, best_error = float("inf"), small, float("inf")
    for _ in range(steps):
        optimiser.zero_grad()
        large = prior.decode(latents, small, degradation)
        error = squared_error(degradation.apply(large), small)
        loss = (100 * error.clamp_min(EPS) + 0.05 * geodesic(large, latents, context)).sum()
        if float(loss) < least:
            least, best, best_error = float(loss), large.detach().clone(), float(error)
        loss.backward()
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            for name, x in latents.items():
                x.copy_(constrain(x, prior.layout[name]))
    return PulseAnswer(best, best_error, best_error <= EPS)


# Independent Gaussian rows for every layer and for the noise, on their spheres.
def _random(prior: LatentPrior, small: Tensor, degradation: Degradation, seed: int) -> Latents:
    generator = torch.Generator().manual_seed(seed)
    shapes = prior.encode(small, degradation)
    latents = {}
    for name, like in shapes.items():
        x = torch.randn(like.shape, generator=generator).to(small)
        latents[name] = constrain(x, prior.layout[name]).requires_grad_()
    return latents
