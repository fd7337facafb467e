"""Mirrors depixel/search/sphere.py."""

from __future__ import annotations

import math

import pytest
import torch

from depixel.priors.base import LatentLayout
from depixel.search.sphere import along_tangent, as_points, constrain, into_ball, slerp, tangent, to_sphere

ROWS = LatentLayout(sphere=True, per_layer=True)
NOISE = LatentLayout(sphere=True, noise=True)
FLAT = LatentLayout(sphere=False)


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_rows_are_points_of_per_layer_latents_and_the_whole_tensor_of_noise() -> None:
    """Each layer's latent has a sphere of its own; per-pixel noise shares one."""
    assert as_points(_random(2, 5, 8), ROWS).shape == (2, 5, 8)
    assert as_points(_random(2, 1, 4, 4), NOISE).shape == (2, 1, 16)
    assert as_points(_random(2, 3, 4, 5), FLAT).shape == (2, 1, 60)


def test_to_sphere_gives_radius_root_d_and_keeps_zero() -> None:
    """Every point is moved onto the annulus; zero has no direction, stays, and never becomes NaN."""
    points = torch.cat([_random(4, 16), torch.zeros(1, 16)])
    landed = to_sphere(points)

    assert landed[:4].norm(dim=1) == pytest.approx(torch.full((4,), 4.0))
    assert torch.equal(landed[4], torch.zeros(16))


def test_flat_latents_may_be_zero_but_not_leave_the_ball() -> None:
    """z = 0, the calm answer of a conditional prior, is allowed; beyond the annulus is not."""
    inside, outside = 0.1 * _random(2, 3, 4, 4), 9 * _random(2, 3, 4, 4)

    assert torch.equal(constrain(inside, FLAT), inside)
    assert constrain(outside, FLAT).flatten(1).norm(dim=1) == pytest.approx(torch.full((2,), math.sqrt(48)))
    assert torch.equal(into_ball(torch.zeros(1, 4)), torch.zeros(1, 4))


def test_tangent_is_orthogonal_and_flat_directions_pass() -> None:
    """A step along the tangent has no radial part; where there is no sphere nothing is removed."""
    points, direction = _random(3, 4, 8), _random(3, 4, 8, seed=1)
    along = tangent(points, direction)

    assert (along * points).sum(-1).abs().max() < 1e-5
    assert torch.equal(along_tangent(points, direction, FLAT), direction)
    assert (along_tangent(points, direction, ROWS) * points).sum(-1).abs().max() < 1e-5


@pytest.mark.parametrize("amount", [0.0, 0.25, 0.5, 1.0])
def test_slerp_stays_on_the_sphere_and_turns_evenly(amount: float) -> None:
    """At amount t the angle to the start is t times the whole angle."""
    start, end = to_sphere(_random(4, 16)), to_sphere(_random(4, 16, seed=1))
    between = slerp(start, end, amount)

    def angle(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.acos((a * b).sum(-1).clamp(-16, 16) / 16)

    assert between.norm(dim=1) == pytest.approx(torch.full((4,), 4.0), abs=1e-4)
    assert angle(start, between) == pytest.approx(amount * angle(start, end), abs=2e-3)


def test_slerp_of_equal_points_is_that_point() -> None:
    """No division by the sine of zero."""
    point = to_sphere(_random(2, 16))

    assert slerp(point, point, 0.3) == pytest.approx(point)
