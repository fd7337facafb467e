"""Where hair grows: roots spread evenly over the scalp, and their distances from the hairline."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

GOLDEN = (0.7548776662466927, 0.5698402909980532)
"""Steps of the R2 sequence (Roberts 2018), which fills a square evenly for any number of points."""


class Roots(NamedTuple):
    """N places on the skin's triangles; the first k of them, for any k, are evenly spread too."""

    corners: Tensor
    """[N, 3] int64, vertices."""
    weights: Tensor
    """[N, 3], barycentrics."""
    place: Tensor
    """[N, 3], dm on the template, therefore the same for every person."""
    random: Tensor
    """[N, 8], 0 to 1."""

    def on(self, vertices: Tensor) -> Tensor:
        """The roots [B, N, 3] on people's vertices [B, n, 3]."""
        return (vertices[:, self.corners] * self.weights[..., None]).sum(2)

    def first(self, count: int) -> Roots:
        """The first `count` roots, or all."""
        return Roots(*(values[:count] for values in self))


def ramp(x: Tensor, start: float, stop: float) -> Tensor:
    """0 below start, 1 above stop, smooth in between (reversed if stop < start)."""
    t = ((x - start) / (stop - start)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def piecewise(x: Tensor, places: tuple[float, ...], values: tuple[float, ...]) -> Tensor:
    """Linear between the points (places, values), constant outside."""
    at, to = x.new_tensor(places), x.new_tensor(values)
    right = torch.searchsorted(at, x.contiguous()).clamp(1, len(places) - 1)
    t = ((x - at[right - 1]) / (at[right] - at[right - 1])).clamp(0, 1)
    return to[right - 1] + t * (to[right] - to[right - 1])


def hairline(place: Tensor) -> Tensor:
    """Signed distance [N] in dm from an adult's hairline to places [N, 3] on the template, positive on the scalp."""
    x, y, z = place[..., 0].abs(), place[..., 1], place[..., 2]
    front = piecewise(y, (-0.3, 0.0, 0.2, 0.45, 0.6, 0.75, 0.85), (-0.5, -0.44, -0.36, -0.22, -0.05, 0.16, 0.5))
    corner = 0.09 * torch.exp(-((x - 0.38) / 0.14).square())
    lower = piecewise(z, (-1.4, -1.0, -0.92, -0.85, -0.62, -0.54), (-0.62, -0.5, -0.25, 0.08, 0.05, -0.3))
    return torch.minimum(front - corner - z, y - lower)


def spread(template: Tensor, triangles: Tensor, weight: Tensor, count: int, seed: int) -> Roots:
    """`count` roots on triangles [M, 3] of template [n, 3], with density proportional to weight [M]."""
    a, b, c = (template[triangles[:, k]] for k in range(3))
    area = torch.linalg.cross(b - a, c - a).norm(dim=1) * weight
    keep = (area > 0).nonzero().squeeze(1)
    # Neighbours on the surface are neighbours in this order, so an even sequence along it is even on the surface.
    middle = ((a + b + c) / 3)[keep]
    turn = torch.atan2(middle[:, 0], middle[:, 2])
    band = ((middle[:, 1] + 4) / 0.12).long()
    keep = keep[(band * 100 + turn * (1 - band % 2 * 2)).argsort()]
    share = area[keep].double().cumsum(0)
    number = torch.arange(1, count + 1, dtype=torch.float64)
    golden = number * 0.6180339887498949 % 1
    chosen = torch.searchsorted(share, golden * share[-1]).clamp(max=len(keep) - 1)
    u, v = (number * GOLDEN[0] % 1).float(), (number * GOLDEN[1] % 1).float()
    root = u.sqrt()
    weights = torch.stack([1 - root, root * (1 - v), root * v], 1)
    corners = triangles[keep[chosen]]
    place = (template[corners] * weights[..., None]).sum(1)
    random = torch.rand(count, 8, generator=torch.Generator().manual_seed(seed))
    return Roots(corners, weights, place, random)


def farthest(place: Tensor, count: int) -> Tensor:
    """
    Indices [count] of places [N, 3] chosen so that each is as far from the earlier ones as possible, in order of
    choice.
    """
    chosen = torch.zeros(count, dtype=torch.long)
    distance = torch.full((len(place),), float("inf"))
    for k in range(1, count):
        distance = torch.minimum(distance, (place - place[chosen[k - 1]]).square().sum(1))
        chosen[k] = distance.argmax()
    return chosen
