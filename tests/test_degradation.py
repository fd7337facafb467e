"""Mirrors depixel/degradation.py: properties of A, A' and A+ for every kind, factor, size and wrap."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from depixel.degradation import AreaDegradation, BicubicDegradation, Degradation, PointDegradation, make_degradation
from depixel.errors import BadUsageError

KINDS = ("area", "bicubic", "point")
SIZES = st.integers(1, 12)
DEGRADATIONS = st.builds(
    make_degradation,
    st.sampled_from(KINDS),
    st.sampled_from([1, 2, 3, 4, 5, 8]),
    st.tuples(st.booleans(), st.booleans()),
)
QUICK = settings(max_examples=60, deadline=None)


def _random(*shape: int, seed: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@QUICK
@given(DEGRADATIONS, SIZES, SIZES, st.integers(0, 2**31))
def test_adjoint_is_the_adjoint(degradation: Degradation, height: int, width: int, seed: int) -> None:
    """<A x, y> = <x, A' y>."""
    f = degradation.factor
    x, y = _random(2, 4, height * f, width * f, seed=seed), _random(2, 4, height, width, seed=seed + 1)

    left, right = (degradation.apply(x) * y).sum(), (x * degradation.adjoint(y)).sum()

    assert float(left) == pytest.approx(float(right), rel=1e-9)


@QUICK
@given(DEGRADATIONS, SIZES, SIZES, st.integers(0, 2**31))
def test_pseudo_inverse_scales_back_down_exactly(degradation: Degradation, height: int, width: int, seed: int) -> None:
    """A A+ y = y, for every size down to a single pixel."""
    y = _random(1, 4, height, width, seed=seed)

    assert float((degradation.apply(degradation.pseudo_inverse(y)) - y).abs().max()) < 1e-7


@QUICK
@given(DEGRADATIONS, SIZES, SIZES, st.integers(0, 2**31))
def test_pseudo_inverse_is_the_least_picture(degradation: Degradation, height: int, width: int, seed: int) -> None:
    """What A+ y adds is orthogonal to everything that A cannot see, so no other preimage is smaller."""
    f = degradation.factor
    x = _random(1, 1, height * f, width * f, seed=seed)
    unseen = x - degradation.pseudo_inverse(degradation.apply(x))
    least = degradation.pseudo_inverse(_random(1, 1, height, width, seed=seed + 1))

    assert float((unseen * least).sum()) == pytest.approx(0, abs=1e-6 * x.numel())


@QUICK
@given(DEGRADATIONS, SIZES, SIZES, st.floats(0, 1))
def test_a_flat_picture_stays_flat(degradation: Degradation, height: int, width: int, value: float) -> None:
    """Weights sum to one at borders as well."""
    f = degradation.factor
    small = degradation.apply(torch.full((1, 1, height * f, width * f), value, dtype=torch.float64))

    assert float((small - value).abs().max()) < 1e-9


@QUICK
@given(DEGRADATIONS, st.integers(2, 8), st.integers(2, 8), st.integers(0, 7), st.integers(0, 7), st.integers(0, 2**31))
def test_reduction_moves_with_a_tileable_picture(
    degradation: Degradation, height: int, width: int, down: int, right: int, seed: int
) -> None:
    """Rolling a picture by whole blocks along a wrapping axis rolls its reduction."""
    f = degradation.factor
    down, right = (down if degradation.wrap[1] else 0), (right if degradation.wrap[0] else 0)
    x = _random(1, 2, height * f, width * f, seed=seed)

    rolled = degradation.apply(x.roll((down * f, right * f), (2, 3)))

    assert rolled.numpy() == pytest.approx(degradation.apply(x).roll((down, right), (2, 3)).numpy(), abs=1e-9)


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_area_is_the_mean_of_each_block(factor: int) -> None:
    """Area and its inverse are the plain ones: block means, and nearest enlargement."""
    area = AreaDegradation(factor)
    x = _random(1, 4, 3 * factor, 5 * factor, seed=0)
    blocks = x.reshape(1, 4, 3, factor, 5, factor).mean((3, 5))

    assert area.apply(x).numpy() == pytest.approx(blocks.numpy())
    assert torch.equal(area.pseudo_inverse(blocks), F.interpolate(blocks, scale_factor=factor, mode="nearest"))


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
def test_point_is_the_centre_and_does_not_shift(factor: int) -> None:
    """A ramp keeps its values at block centres: nothing moves by half a pixel."""
    ramp = torch.arange(6 * factor, dtype=torch.float64).expand(1, 1, factor, -1)
    centres = torch.arange(6) * factor + (factor - 1) / 2

    assert PointDegradation(factor).apply(ramp)[0, 0, 0].tolist() == pytest.approx(centres.tolist())
    assert AreaDegradation(factor).apply(ramp)[0, 0, 0].tolist() == pytest.approx(centres.tolist())


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_bicubic_is_the_antialiased_cubic_away_from_borders(factor: int) -> None:
    """PULSE's kernel is the stretched Keys cubic with a = -0.5, as in antialiased bicubic resizers."""
    x = _random(1, 3, 12 * factor, 12 * factor, seed=2).float()
    ours = BicubicDegradation(factor).apply(x)
    theirs = F.interpolate(x, scale_factor=1 / factor, mode="bicubic", antialias=True, align_corners=False)

    assert ours[..., 2:-2, 2:-2].numpy() == pytest.approx(theirs[..., 2:-2, 2:-2].numpy(), abs=1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_gradients_flow_through_apply(name: str) -> None:
    """The search differentiates through every degradation; the gradient of a sum of A x is A' 1."""
    degradation = make_degradation(name, 4)
    x = _random(1, 1, 16, 12, seed=0).requires_grad_()
    degradation.apply(x).sum().backward()

    expected = degradation.adjoint(torch.ones(1, 1, 4, 3, dtype=torch.float64))

    assert x.grad is not None
    assert x.grad.numpy() == pytest.approx(expected.numpy())


def test_wrong_sizes_names_and_factors_are_refused() -> None:
    """The sentence quotes the wrong value."""
    with pytest.raises(ValueError, match="10x9"):
        AreaDegradation(4).apply(torch.zeros(1, 4, 9, 10))
    with pytest.raises(BadUsageError, match="lanczos"):
        make_degradation("lanczos", 4)
    with pytest.raises(BadUsageError, match="0"):
        make_degradation("area", 0)
