"""
Poses and shapes a drawn head so that its landmarks match those of a portrait: Levenberg-Marquardt (Levenberg 1944,
Marquardt 1963) on the positions of the landmarks, with each person's initial values as the prior.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from depixel.faces.reader import LANDMARKS
from depixel.portrait.camera import camera, landmarks
from depixel.portrait.head import Head, released_head
from depixel.portrait.parameters import Parameters, layout
from depixel.portrait.shape import shape

DEVIATIONS = {
    "yaw": 20.0, "pitch": 9.0, "roll": 12.0, "scale": 0.06, "eyes_at": 0.1, "features": 0.14, "smile": 0.3,
    "mouth_open": 0.12, "frown": 0.2, "pucker": 0.15,
}  # fmt: skip
"""Parameter => how far it usually moves from its initial value; parameters without an entry do not change."""


@torch.no_grad()
def fit_landmarks(
    people: Parameters, points: Tensor, sigma: float = 0.012, steps: int = 8, shaped: bool = True
) -> Parameters:
    """
    The people with their heads posed and shaped so that their landmarks match `points`.

    Args:
        people: B people; parameters that are not in `DEVIATIONS` keep their values.
        points: [B, 12, 2] or [1, 12, 2], as fractions of the picture's side, in the order of `reader.LANDMARKS`.
        sigma: the expected error of a landmark, as a fraction of the side.
        shaped: whether heads may change their shape; otherwise they only move, and the people stay the same.
    """
    columns, deviation = _columns(shaped)
    head = _landmark_head(str(people.values.device))
    start = people.values.detach()
    points = points.to(start).expand(len(people), -1, -1)
    u = torch.zeros(len(people), len(columns), device=start.device)
    damping = torch.full((len(people), 1, 1), 0.1, device=start.device)

    def placed(u: Tensor) -> Tensor:
        values = start.repeat_interleave(len(u) // len(start), 0).index_add(1, columns, u * deviation)
        return _landmarks(Parameters(values), head)

    def cost(u: Tensor) -> Tensor:
        return ((placed(u) - points) / sigma).square().sum((1, 2)) + u.square().sum(1)

    best = cost(u)
    for _ in range(steps):
        residual = ((placed(u) - points) / sigma).flatten(1)
        jacobian = _derivatives(placed, u, residual, points, sigma)
        identity = torch.eye(len(columns), device=start.device)
        normal = jacobian.transpose(1, 2) @ jacobian + identity * (1 + damping)
        slope = (jacobian.transpose(1, 2) @ residual[:, :, None])[:, :, 0] + u
        candidate = u - torch.linalg.solve(normal, slope[:, :, None])[:, :, 0]
        now = cost(candidate)
        better = now < best
        u = torch.where(better[:, None], candidate, u)
        best = torch.where(better, now, best)
        damping = torch.where(better[:, None, None], damping * 0.4, damping * 6)
    return Parameters(start.index_add(1, columns, u * deviation)).clamped()


@torch.no_grad()
def landmarks_of(people: Parameters) -> Tensor:
    """The landmarks of B people: [B, 12, 2] as fractions of the side, in the order of `reader.LANDMARKS`."""
    return _landmarks(people, _landmark_head(str(people.values.device)))


def _landmarks(people: Parameters, head: Head) -> Tensor:
    figure = shape(people, head)
    seen = landmarks(figure, camera(people, figure))
    return torch.stack([seen[name] for name in LANDMARKS], 1)


# Derivatives [B, 24, C] of the residuals by finite differences: all shifted people are shaped together, which is much
# faster than 24 backward passes.
def _derivatives(
    placed: Callable[[Tensor], Tensor], u: Tensor, residual: Tensor, points: Tensor, sigma: float
) -> Tensor:
    B, C = u.shape
    shifted = u[:, None] + _DIFFERENCE * torch.eye(C, device=u.device)
    moved = placed(shifted.reshape(B * C, C)).reshape(B, C, -1)
    return (moved / sigma - (points / sigma).flatten(1)[:, None] - residual[:, None]).transpose(1, 2) / _DIFFERENCE


_DIFFERENCE = 0.02  # deviations


@lru_cache(maxsize=2)
def _columns(shaped: bool) -> tuple[Tensor, Tensor]:
    """The free columns [C] and their standard deviations [C]."""
    columns: list[int] = []
    deviations: list[float] = []
    for name, deviation in DEVIATIONS.items():
        if name == "features" and not shaped:
            continue
        place = layout()[name]
        columns += range(place.start, place.stop)
        deviations += [deviation] * (place.stop - place.start)
    return torch.tensor(columns), torch.tensor(deviations)


@lru_cache(maxsize=2)
def _landmark_head(device: str) -> Head:
    return released_head(device).landmarks_only()
