"""Mirrors depixel/consistency.py: the exported integers scale back down to the input, for any generated answer."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from depixel.consistency import (
    Residual,
    is_binary_alpha,
    keep_extreme_alpha,
    project,
    quantise,
    residual,
    straight_colour,
)
from depixel.degradation import AreaDegradation, BicubicDegradation, Degradation, PointDegradation, make_degradation

ALPHAS = ("opaque", "soft", "binary", "mixed")
QUICK = settings(max_examples=40, deadline=None)
SIDES = st.integers(1, 7)
SEEDS = st.integers(0, 2**31)
FACTORS = st.sampled_from([2, 3, 4, 8])


def _straight(kind: str, height: int, width: int, levels: int, seed: int) -> torch.Tensor:
    """Integers of an input, [2, 4, h, w] int32 straight: noise with flat, black, white and transparent parts."""
    generator = torch.Generator().manual_seed(seed)
    shape = (2, 4, height, width)
    picture = torch.randint(0, levels + 1, shape, generator=generator)
    extreme = torch.randint(0, 2, shape, generator=generator) * levels
    picture = torch.where(torch.rand(shape, generator=generator) < 0.3, extreme, picture)
    alpha = {
        "opaque": torch.full_like(picture[:, 3], levels),
        "soft": picture[:, 3],
        "binary": (picture[:, 3] > levels // 2).long() * levels,
        "mixed": torch.where(torch.rand(picture[:, 3].shape, generator=generator) < 0.6, levels, picture[:, 3]),
    }[kind]
    picture[:, 3] = alpha
    picture[:, :3] *= (alpha > 0)[:, None]
    return picture.to(torch.int32)


def _premultiplied(straight: torch.Tensor, levels: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    alpha = straight[:, 3:].to(dtype) / levels
    return torch.cat([straight[:, :3].to(dtype) / levels * alpha, alpha], 1)


def _generated(small: torch.Tensor, factor: int, wildness: float, seed: int) -> torch.Tensor:
    """A possible answer of a network: an enlargement with noise, outside [0, 1] as well."""
    large = F.interpolate(small, scale_factor=factor, mode="bilinear", align_corners=False)
    generator = torch.Generator().manual_seed(seed)
    return large + wildness * torch.randn(large.shape, generator=generator)


def _export(
    straight: torch.Tensor, degradation: Degradation, levels: int, wildness: float, seed: int
) -> tuple[torch.Tensor, Residual]:
    small = _premultiplied(straight, levels)
    binary = is_binary_alpha(small)
    large = keep_extreme_alpha(_generated(small, degradation.factor, wildness, seed), small, degradation.factor)
    large = project(large, small, degradation, binary_alpha=binary)
    exported = quantise(large, straight, degradation, levels=levels, binary_alpha=binary)
    return exported, residual(exported, straight, degradation, levels=levels, binary_alpha=binary)


# The float projection.


@QUICK
@given(st.sampled_from(ALPHAS), SIDES, SIDES, FACTORS, st.booleans(), st.floats(0, 1), SEEDS)
def test_projection_is_exact_and_in_range(
    kind: str, height: int, width: int, factor: int, point: bool, wildness: float, seed: int
) -> None:
    """Area and point: A x = y to float precision, and 0 <= colour <= alpha <= 1, however wild the answer was."""
    degradation: Degradation = PointDegradation(factor) if point else AreaDegradation(factor)
    small = _premultiplied(_straight(kind, height, width, 255, seed), 255)
    binary = is_binary_alpha(small)
    large = project(_generated(small, factor, wildness, seed), small, degradation, binary_alpha=binary)
    colour, alpha = large[:, :3], large[:, 3:]

    assert float(large.min()) >= 0
    assert float(alpha.max()) <= 1
    assert float((colour - alpha).max()) <= 1e-6
    if binary:
        assert set(alpha.unique().tolist()) <= {0.0, 1.0}
        assert torch.equal(PointDegradation(factor).apply(alpha), small[:, 3:])
        coverage = degradation.apply(alpha)
        visible = (small[:, 3:] > 0).to(colour.dtype)
        assert float(((degradation.apply(colour) - small[:, :3] * coverage) * visible).abs().max()) < 1e-4
    else:
        assert float((degradation.apply(large) - small).abs().max()) < 1e-4


@QUICK
@given(SIDES, SIDES, FACTORS, SEEDS)
def test_projection_leaves_an_exact_answer_alone(height: int, width: int, factor: int, seed: int) -> None:
    """A picture that already scales back and is in range is its own projection."""
    generator = torch.Generator().manual_seed(seed)
    large = torch.rand(1, 4, height * factor, width * factor, generator=generator)
    large = torch.cat([large[:, :3] * large[:, 3:], large[:, 3:]], 1)
    degradation = AreaDegradation(factor)

    projected = project(large, degradation.apply(large), degradation)

    assert float((projected - large).abs().max()) < 2e-4


@QUICK
@given(SIDES, SIDES, FACTORS, st.floats(0.05, 0.6), SEEDS)
def test_projection_is_the_nearest(height: int, width: int, factor: int, wildness: float, seed: int) -> None:
    """For a convex set, no feasible picture lies on the far side: <x - p, q - p> <= 0 for every feasible q."""
    degradation = AreaDegradation(factor)
    small = _premultiplied(_straight("opaque", height, width, 255, seed), 255)
    large = _generated(small, factor, wildness, seed)
    near = project(large, small, degradation)
    other = project(torch.rand(large.shape, generator=torch.Generator().manual_seed(seed)), small, degradation)
    inner = ((large - near) * (other - near))[:, :3].sum()

    assert float(inner) < 2e-3 * large[:, :3].numel() ** 0.5


def test_bicubic_inputs_whose_overshoot_was_cut_off() -> None:
    """
    A file holds no colour beyond black and white, so a reduction with negative lobes was clipped when written: clipped
    again, the answer gives the file. Without momentum, forty sweeps missed by 5 levels.
    """
    large = torch.ones(1, 4, 48, 48)
    squares = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(5)).round()
    large[:, :3] = squares.repeat_interleave(6, 2).repeat_interleave(6, 3)
    degradation = BicubicDegradation(4)
    small = degradation.apply(large)
    assert float(small[:, :3].max()) > 1.02 and float(small[:, :3].min()) < -0.02
    levels = (small.clamp(0, 1) * 255).round().to(torch.int32)
    unit = levels / 255

    start = F.interpolate(unit, (48, 48), mode="bicubic")
    answer = quantise(project(start, unit, degradation), levels, degradation)

    assert residual(answer, levels, degradation).maximum < 3


def test_bicubic_comes_nearer_than_nearest_enlargement() -> None:
    """Bicubic inputs of real sizes: the projected answer scales back better than block copies, within half a level."""
    generator = torch.Generator().manual_seed(3)
    smooth = F.interpolate(torch.rand(2, 4, 6, 6, generator=generator), (48, 48), mode="bicubic").clamp(0.1, 0.9)
    smooth[:, 3] = 1
    for factor in (2, 3, 4):
        degradation = BicubicDegradation(factor)
        small = degradation.apply(smooth)
        answer = project(keep_extreme_alpha(_generated(small, factor, 0.05, 1), small, factor), small, degradation)
        blocks = F.interpolate(small, scale_factor=factor, mode="nearest")

        ours, theirs = ((degradation.apply(x) - small).abs().max() * 255 for x in (answer, blocks))
        assert float(ours) < 0.5
        assert float(ours) < float(theirs)
        assert float(answer.min()) >= 0
        assert float(answer.max()) <= 1


# The exported integers.


@QUICK
@given(st.sampled_from(ALPHAS), SIDES, SIDES, FACTORS, st.sampled_from([0.0, 0.1, 0.5]), SEEDS)
def test_8_bit_export_scales_back_by_area(
    kind: str, height: int, width: int, factor: int, wildness: float, seed: int
) -> None:
    """The promise: at most 1 level anywhere and 0.05 of a level on average over visible pixels."""
    straight = _straight(kind, height, width, 255, seed)
    exported, error = _export(straight, AreaDegradation(factor), 255, wildness, seed)

    assert exported.dtype == torch.int32
    assert 0 <= int(exported.min()) <= int(exported.max()) <= 255
    assert error.maximum <= 1, error
    assert error.mean <= 0.05 or height * width < 9, error


@QUICK
@given(st.sampled_from(ALPHAS), SIDES, SIDES, FACTORS, SEEDS)
def test_16_bit_export_scales_back_by_area(kind: str, height: int, width: int, factor: int, seed: int) -> None:
    """In levels of 255 as well; 16-bit values have 257 times finer steps, so the residual is far smaller."""
    straight = _straight(kind, height, width, 65535, seed)
    _, error = _export(straight, AreaDegradation(factor), 65535, 0.1, seed)

    assert error.maximum <= 0.05, error
    assert error.mean <= 0.005, error


@QUICK
@given(st.sampled_from(ALPHAS), SIDES, SIDES, FACTORS, st.sampled_from([255, 65535]), SEEDS)
def test_point_export_keeps_every_centre(
    kind: str, height: int, width: int, factor: int, levels: int, seed: int
) -> None:
    """Point sampling: the centre pixels of each block hold the input's own integers wherever it is visible."""
    straight = _straight(kind, height, width, levels, seed)
    exported, error = _export(straight, PointDegradation(factor), levels, 0.3, seed)
    centres = exported[:, :, factor // 2 :: factor, factor // 2 :: factor]
    visible = (straight[:, 3:] > 0).expand_as(straight)

    assert torch.equal(centres[visible], straight[visible])
    assert error.maximum <= 0.51 * 255 / levels + 1e-6, error


@QUICK
@given(SIDES, SIDES, FACTORS, st.booleans(), SEEDS)
def test_binary_alpha_stays_binary(height: int, width: int, factor: int, point: bool, seed: int) -> None:
    """A sprite with hard edges gets no translucent pixel, and keeps at least the centre of every block."""
    straight = _straight("binary", height, width, 255, seed)
    small = _premultiplied(straight, 255)
    degradation: Degradation = PointDegradation(factor) if point else AreaDegradation(factor)
    large = project(_generated(small, factor, 0.4, seed), small, degradation, binary_alpha=True)
    alpha = quantise(large, straight, degradation, binary_alpha=True)[:, 3]

    assert set(alpha.unique().tolist()) <= {0, 255}
    assert torch.equal(alpha[:, factor // 2 :: factor, factor // 2 :: factor], straight[:, 3])


@QUICK
@given(st.sampled_from(["area", "point", "bicubic"]), st.integers(3, 7), st.integers(3, 7), FACTORS, SEEDS)
def test_opaque_and_transparent_areas_stay_exactly_so(
    name: str, height: int, width: int, factor: int, seed: int
) -> None:
    """Inside areas that are fully opaque or fully transparent, no generated alpha remains; colour there is 0."""
    straight = _straight("opaque", height, width, 255, seed)
    degradation = make_degradation(name, factor)
    opaque, _ = _export(straight, degradation, 255, 0.4, seed)
    straight[:, 3] = 0
    straight[:, :3] = 0
    empty, error = _export(straight, degradation, 255, 0.4, seed)

    assert bool((opaque[:, 3] == 255).all())
    assert not bool(empty.any())
    assert error == Residual(0.0, 0.0, 0.0)


@QUICK
@given(st.sampled_from(["soft", "mixed"]), st.integers(2, 6), FACTORS, SEEDS)
def test_each_block_of_area_keeps_its_extreme_alpha(kind: str, size: int, factor: int, seed: int) -> None:
    """Next to soft pixels too: a block of alpha 255 is all 255, one of alpha 0 is all 0."""
    straight = _straight(kind, size, size, 255, seed)
    straight[:, 3, 0, 0] = 128  # not binary
    exported, _ = _export(straight, AreaDegradation(factor), 255, 0.4, seed)
    alpha = F.interpolate(straight[:, 3:].float(), scale_factor=factor, mode="nearest")[:, 0]

    assert bool((exported[:, 3][alpha == 255] == 255).all())
    assert not bool(exported[:, 3][alpha == 0].any())


@QUICK
@given(st.sampled_from(["area", "point"]), FACTORS, SEEDS)
def test_binary_sprites_have_no_holes_and_no_dust(name: str, factor: int, seed: int) -> None:
    """Inside the sprite nothing is transparent, outside nothing is opaque; only the blocks at its edge are shaped."""
    straight = _straight("opaque", 8, 8, 255, seed)
    straight[:, :, :, 4:] = 0
    exported, _ = _export(straight, make_degradation(name, factor), 255, 1.0, seed)

    assert bool((exported[:, 3, :, : 3 * factor] == 255).all())
    assert not bool(exported[:, 3, :, 5 * factor :].any())


@QUICK
@given(st.sampled_from(ALPHAS), st.sampled_from([255, 65535]), FACTORS, SEEDS)
def test_rows_are_exported_independently(kind: str, levels: int, factor: int, seed: int) -> None:
    """A picture alone gives the same integers as in a batch, except for float rounding."""
    straight = _straight(kind, 5, 4, levels, seed)
    small = _premultiplied(straight, levels)
    degradation = AreaDegradation(factor)
    generated = _generated(small, factor, 0.3, seed)

    def export(rows: slice) -> torch.Tensor:
        large = project(generated[rows], small[rows], degradation, binary_alpha=kind == "binary")
        return quantise(large, straight[rows], degradation, levels=levels, binary_alpha=kind == "binary")

    together, alone = (_premultiplied(export(rows)[:1], levels, torch.float64) for rows in (slice(None), slice(0, 1)))

    assert float((together - alone).abs().max()) <= (1.01 / 255 if levels == 255 else 16 / 65535)


# The measure itself.


def test_residual_counts_levels_over_visible_pixels() -> None:
    """One channel of four off by a level everywhere is a mean of a quarter; invisible pixels do not count."""
    straight = _straight("opaque", 4, 4, 255, 0).clamp(max=254)
    straight[:, 3] = 255
    exported = AreaDegradation(2).pseudo_inverse(straight)
    exported[:, 0] += 1

    error = residual(exported, straight, AreaDegradation(2))

    assert error.maximum == pytest.approx(1, abs=1e-4)
    assert error.mean == pytest.approx(0.25, abs=1e-4)
    assert error.rmse == pytest.approx(0.5, abs=1e-4)
    assert not error.exact

    straight[:, 3] = 0
    exported[:, 3] = 0
    assert residual(exported, straight, AreaDegradation(2)) == Residual(0.0, 0.0, 0.0)


def test_residual_sees_wrong_alpha() -> None:
    """A hole in an opaque picture counts as an error of its alpha."""
    straight = _straight("opaque", 4, 4, 255, 0)
    exported = AreaDegradation(2).pseudo_inverse(straight)
    exported[:, 3, 0, 0] = 0

    assert residual(exported, straight, AreaDegradation(2)).maximum > 60


def test_binary_alpha_is_told_from_opaque_and_soft() -> None:
    """All 1 is opaque, not binary."""
    binary = {kind: is_binary_alpha(_premultiplied(_straight(kind, 6, 6, 255, 1), 255)) for kind in ALPHAS}

    assert binary == {"opaque": False, "soft": False, "binary": True, "mixed": False}


def test_straight_colour_inverts_premultiplication() -> None:
    """And gives 0, not NaN, under transparency."""
    straight = _straight("mixed", 6, 6, 255, 1)
    colour = straight_colour(_premultiplied(straight, 255)) * 255

    assert float((colour - straight[:, :3]).abs().max()) < 0.05


def test_a_smooth_one_bit_outline_is_not_black_where_it_reaches_into_empty_blocks() -> None:
    """Visible pixels in a block whose own pixel was transparent keep the colour of the sprite."""
    small = torch.zeros(1, 4, 6, 6)
    small[:, :, 1:4, 1:3] = torch.tensor([0.2, 0.8, 0.3, 1.0]).view(1, 4, 1, 1)
    small[:, :, 3:5, 3:5] = torch.tensor([0.2, 0.8, 0.3, 1.0]).view(1, 4, 1, 1)
    large = torch.nn.functional.interpolate(small, scale_factor=4.0, mode="bilinear", align_corners=False)
    large[:, :, 4:6, 10:16] = torch.tensor([0.2, 0.8, 0.3, 1.0]).view(1, 4, 1, 1)  # beyond its border

    projected = project(large, small, AreaDegradation(4), binary_alpha=True)

    visible = projected[0, 3] > 0
    assert bool(visible[4:6, 12:16].any())
    colours = projected[0, :3, visible]
    assert torch.allclose(colours, torch.tensor([0.2, 0.8, 0.3]).view(3, 1).expand_as(colours), atol=0.02)
