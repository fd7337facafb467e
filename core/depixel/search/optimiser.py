"""Adam on the tangent of the latents' spheres, with a state for each row so that rows may leave the batch."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from depixel.priors.base import LatentLayout, Latents
from depixel.search.sphere import along_tangent, as_points, constrain

MOMENTUM = 0.9  # decay of the mean gradient
SQUARES = 0.99  # decay of the mean squared gradient; short, since a search is short


class TangentAdam:
    """
    Adam (Kingma & Ba 2015) with Riemannian gradient and retraction (Becigneul & Ganea 2019). The second moment is one
    number for each point, not for each coordinate, so that steps do not depend on how the axes lie: a step at rate r
    turns a latent by about r radians.
    """

    def __init__(self, latents: Latents, layout: Mapping[str, LatentLayout]) -> None:
        self.layout = layout
        self.mean = {name: torch.zeros_like(x) for name, x in latents.items()}
        self.square = {name: as_points(x, layout[name]).new_zeros(_points_shape(x, layout[name])) for name, x in latents.items()}
        self.count = next(iter(latents.values())).new_zeros(len(next(iter(latents.values()))))  # [N] steps of each row

    def step(self, latents: Latents, gradients: Latents, rate: Tensor) -> Latents:
        """New latents after one step against the gradients; `rate` [N] is in radians, or deviations off the sphere."""
        self.count = self.count + 1
        moved = {}
        for name, x in latents.items():
            layout = self.layout[name]
            gradient = along_tangent(x, gradients[name], layout)
            # Moments of earlier points are carried over by projecting them onto this point's tangent.
            mean = along_tangent(x, MOMENTUM * self.mean[name], layout) + (1 - MOMENTUM) * gradient
            power = as_points(gradient, layout).square().mean(-1, keepdim=True)
            square = SQUARES * self.square[name] + (1 - SQUARES) * power
            self.mean[name], self.square[name] = mean, square
            steps = self.count[:, None, None]
            direction = as_points(mean, layout) / (1 - MOMENTUM**steps)
            direction = direction / ((square / (1 - SQUARES**steps)).sqrt() + 1e-12)
            step = (rate[:, None, None] * direction).reshape(x.shape)
            moved[name] = constrain(x - step, layout)
        return moved

    def rows(self, index: Tensor) -> None:
        """Keep the state of these rows only."""
        self.mean = {name: x[index] for name, x in self.mean.items()}
        self.square = {name: x[index] for name, x in self.square.items()}
        self.count = self.count[index]

    def forget(self, rows: Tensor) -> None:
        """Start these rows ([N] bool) afresh."""
        for state in (self.mean, self.square):
            for x in state.values():
                x[rows] = 0
        self.count = torch.where(rows, torch.zeros_like(self.count), self.count)


def _points_shape(x: Tensor, layout: LatentLayout) -> tuple[int, int, int]:
    points = as_points(x, layout)
    return points.shape[0], points.shape[1], 1
