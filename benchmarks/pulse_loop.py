"""
PULSE's search reimplemented for any `LatentPrior`, as a baseline (Menon et al. 2020, section 3.2 and the published
defaults): 100 Adam steps at 0.4 with the rise-and-drop schedule, one picture at a time, from random latents of unit
deviation, 100 * L2 + 0.05 * geodesic cross-distance, every latent rescaled to its sphere after each step, the best kept
by the whole loss with L2 clamped at eps. It never stops before the last step, as PULSE does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from depixel.degradation import Degradation
from depixel.priors.base import LatentLayout, LatentPrior, Latents
from depixel.priors.faces import FacePrior
from depixel.request import Request
from depixel.search.schedule import one_cycle_drop
from depixel.search.sphere import as_points, to_sphere
from depixel.search.terms import Context, geodesic, squared_error

STEPS = 100
RATE = 0.4
EPS = 2e-3


@dataclass(frozen=True)
class PulseAnswer:
    """PULSE's result for one picture."""

    large: Tensor  # [1, 4, H, W]
    error: float  # mean squared error of `large`, scaled back

    @property
    def converged(self) -> bool:
        """PULSE's own test."""
        return self.error <= EPS


def pulse(prior: LatentPrior, small: Tensor, degradation: Degradation, seed: int, steps: int = STEPS) -> PulseAnswer:
    """Search for one picture, [1, 4, h, w]."""
    # Latents in units of their own deviation, as after PULSE's whitening.
    unit = _deviations(prior, small, degradation)
    layout = {name: LatentLayout(sphere=True, per_layer=x.ndim == 3, noise=x.ndim == 4) for name, x in unit.items()}
    generator = torch.Generator().manual_seed(seed)
    spheres = {
        name: _rescaled(torch.randn(x.shape, generator=generator).to(small), layout[name]).requires_grad_()
        for name, x in unit.items()
    }
    context = Context(small, degradation.apply, layout, prior.penalty, Request(seed=seed, steps=steps))
    optimiser = torch.optim.Adam(list(spheres.values()), lr=RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: one_cycle_drop(step, steps))
    least, best, best_error = float("inf"), small, float("inf")
    for _ in range(steps):
        optimiser.zero_grad()
        large = prior.decode({name: x * unit[name] for name, x in spheres.items()}, small, degradation)
        error = squared_error(degradation.apply(large), small)
        loss = (100 * error.clamp_min(EPS) + 0.05 * geodesic(large, spheres, context)).sum()
        if loss.item() < least:
            least, best, best_error = loss.item(), large.detach().clone(), error.item()
        loss.backward()
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            for name, x in spheres.items():
                x.copy_(_rescaled(x, layout[name]))
    return PulseAnswer(best, best_error)


def _rescaled(x: Tensor, layout: LatentLayout) -> Tensor:
    return to_sphere(as_points(x, layout)).reshape(x.shape)


# Shapes of the latents, filled with their usual deviation: from the mapping network for styles, from the encoder for
# noise maps.
def _deviations(prior: LatentPrior, small: Tensor, degradation: Degradation) -> Latents:
    usual = prior.encode(small, degradation)
    if isinstance(prior, FacePrior):
        imagined = prior.imagine(64, torch.Generator().manual_seed(0))
        usual = usual | {"w": torch.full_like(usual["w"], float(imagined["w"].square().mean().sqrt()))}
    return {name: torch.full_like(x, float(x.square().mean().sqrt())) for name, x in usual.items()}
