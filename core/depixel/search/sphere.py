"""
Geometry of the latents. Almost all of a d-dimensional Gaussian lies near the sphere of radius sqrt(d) (the Gaussian
annulus; Menon et al. 2020, section 3.2), so latents live there and steps are taken on its tangent.

A *point* lies on one sphere: one row along the last axis ([B, d] or [B, L, d]), or, for per-pixel noise and for latents
without rows, everything after the batch axis ([B, C, H, W]).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from depixel.priors.base import LatentLayout

_TINY = 1e-12


def as_points(x: Tensor, layout: LatentLayout) -> Tensor:
    """View [B, ...] as points [B, L, d]; L is 1 if the whole tensor is one point."""
    if (layout.sphere or layout.per_layer) and not layout.noise:
        return x.reshape(x.shape[0], -1, x.shape[-1])
    return x.reshape(x.shape[0], 1, -1)


def to_sphere(points: Tensor) -> Tensor:
    """
    The nearest points on the sphere of radius sqrt(d): [..., d]. A zero vector has no nearest point and does not
    change.
    """
    norm = _length(points)
    scale = math.sqrt(points.shape[-1]) / norm.clamp_min(_TINY)
    return torch.where(norm > _TINY, points * scale, points)


def into_ball(points: Tensor) -> Tensor:
    """Points outside the sphere of radius sqrt(d) move onto it, those inside do not change: [..., d]."""
    norm = _length(points)
    return points * (math.sqrt(points.shape[-1]) / norm.clamp_min(_TINY)).clamp_max(1.0)


def tangent(points: Tensor, direction: Tensor) -> Tensor:
    """The part of `direction` that is tangent to the spheres through `points`: [..., d] both."""
    radial = (direction * points).sum(-1, keepdim=True) / points.square().sum(-1, keepdim=True).clamp_min(_TINY)
    return direction - radial * points


def slerp(start: Tensor, end: Tensor, amount: float | Tensor) -> Tensor:
    """
    Spherical interpolation along the shorter great circle, [..., d]: `start` at amount 0, `end` at 1.

    Lengths are interpolated linearly, so points on a sphere stay on it. Opposite points have no shorter great circle;
    for them, and for equal points, the straight line is used (Shoemake 1985).
    """
    length_start, length_end = _length(start), _length(end)
    a, b = start / length_start.clamp_min(_TINY), end / length_end.clamp_min(_TINY)
    angle = 2 * torch.atan2(_length(a - b), _length(a + b))
    sine = angle.sin()
    straight = sine.abs() < 1e-4
    safe = torch.where(straight, torch.ones_like(sine), sine)
    weight_a = torch.where(straight, 1 - torch.as_tensor(amount), ((1 - amount) * angle).sin() / safe)
    weight_b = torch.where(straight, torch.as_tensor(amount), (amount * angle).sin() / safe)
    return (weight_a * a + weight_b * b) * (length_start * (1 - amount) + length_end * amount)


def constrain(x: Tensor, layout: LatentLayout) -> Tensor:
    """
    Constrain a latent tensor [B, ...] as its layout requires: onto the sphere, or into the ball for latents that are
    neither `sphere` nor `noise` (0 is allowed there: the calm answer of a conditional prior).
    """
    points = as_points(x, layout)
    points = to_sphere(points) if layout.sphere or layout.noise else into_ball(points)
    return points.reshape(x.shape)


def along_tangent(x: Tensor, direction: Tensor, layout: LatentLayout) -> Tensor:
    """`direction` without its part perpendicular to the sphere, for latents on a sphere; otherwise unchanged."""
    if not (layout.sphere or layout.noise):
        return direction
    return tangent(as_points(x, layout), as_points(direction, layout)).reshape(x.shape)


def _length(points: Tensor) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(points, dim=-1, keepdim=True)
    return length
