"""Adam on the tangent of the latents' spheres, with a state per row so that rows can leave the batch."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from depixel.priors.base import LatentLayout, Latents
from depixel.search.sphere import along_tangent, as_points, constrain

# Short memories, because searches are short; tuned on a random-weight style generator with encoder and random starts.
MOMENTUM = 0.7  # decay of the mean gradient
SQUARES = 0.8  # decay of the mean squared gradient
SHARED = 0.1  # share of the point's mean squared gradient in each coordinate's, so that idle coordinates stay idle


class TangentAdam:
    """
    Adam (Kingma & Ba 2015) with Riemannian gradient and retraction (Becigneul & Ganea 2019): a step at rate r moves
    a typical coordinate by r deviations, so it turns a latent by about r radians.
    """

    def __init__(self, latents: Latents, layout: Mapping[str, LatentLayout]) -> None:
        self.layout = layout
        self.mean = {name: torch.zeros_like(x) for name, x in latents.items()}
        self.square = {name: torch.zeros_like(x) for name, x in latents.items()}
        first = next(iter(latents.values()))
        self.count = first.new_zeros(first.shape[0])  # [N] steps of each row since its start

    def step(self, latents: Latents, gradients: Latents, rate: Tensor) -> Latents:
        """New latents after one step against the gradients; `rate` is [N]."""
        self.count = self.count + 1
        moved = {}
        for name, x in latents.items():
            layout = self.layout[name]
            gradient = along_tangent(x, gradients[name], layout)
            # The mean of earlier points is transported by projecting it onto this point's tangent.
            mean = along_tangent(x, MOMENTUM * self.mean[name], layout) + (1 - MOMENTUM) * gradient
            square = SQUARES * self.square[name] + (1 - SQUARES) * gradient.square()
            self.mean[name], self.square[name] = mean, square
            steps = self.count[:, None, None]
            power = as_points(square, layout) + SHARED * as_points(square, layout).mean(-1, keepdim=True)
            scale = (power / (1 - SQUARES**steps)).sqrt() + 1e-12
            direction = as_points(mean, layout) / (1 - MOMENTUM**steps) / scale
            step = along_tangent(x, (layout.rate * rate[:, None, None] * direction).reshape(x.shape), layout)
            moved[name] = constrain(x - step, layout)
        return moved

    def rows(self, index: Tensor) -> None:
        """Keep the state of these rows only."""
        self.mean = {name: x[index] for name, x in self.mean.items()}
        self.square = {name: x[index] for name, x in self.square.items()}
        self.count = self.count[index]

    def forget(self, rows: Tensor) -> None:
        """Reset the state of these rows ([N] bool)."""
        for state in (self.mean, self.square):
            for x in state.values():
                x[rows] = 0
        self.count = torch.where(rows, torch.zeros_like(self.count), self.count)
