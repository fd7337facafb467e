"""Mirrors depixel/search/terms.py: what each term measures, on pictures made for it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from depixel.client.option_table import option_named
from depixel.degradation import AreaDegradation
from depixel.priors.base import LatentLayout
from depixel.request import Request
from depixel.search import terms
from depixel.search.terms import TERMS, Context

AREA = AreaDegradation(4)


def _context(small: torch.Tensor, **more) -> Context:
    layout = more.pop("layout", {})
    return Context(small, AREA.apply, layout, lambda latents: torch.zeros(len(small)), Request(), **more)


def _other_value(name: str) -> Any:
    """The value that is furthest from the option's default."""
    option = option_named(name)
    return option.high if option.high is not None else option.values[-1]


def _opaque(count: int = 2, size: int = 4, seed: int = 0) -> torch.Tensor:
    small = torch.rand(count, 4, size, size, generator=torch.Generator().manual_seed(seed))
    small[:, 3] = 1
    return small


def test_consistency_is_the_mean_squared_error_on_three_channels_when_opaque() -> None:
    """Comparable with PULSE's eps: a shift of 0.1 in colour is 0.01, whatever the constant alpha."""
    small = _opaque()
    large = AREA.pseudo_inverse(small)
    large[:, :3] += 0.1

    assert terms.consistency(large, {}, _context(small)) == pytest.approx(torch.full((2,), 0.01), rel=1e-4)


def test_consistency_sees_alpha() -> None:
    """Wrong alpha is an error, in pictures with alpha and in opaque ones."""
    for small in (_opaque(), _opaque() * 0.5):
        large = AREA.pseudo_inverse(small)
        large[:, 3] -= 0.3

        assert (terms.consistency(large, {}, _context(small)) > 0.02).all()


def test_consistency_leaves_out_what_has_no_weight() -> None:
    """Padding does not count."""
    small = _opaque()
    large = AREA.pseudo_inverse(small)
    large[:, :3, :, 8:] = 0
    weight = torch.ones(2, 1, 4, 4)
    weight[..., 2:] = 0

    assert terms.consistency(large, {}, _context(small)).min() > 0.01
    assert terms.consistency(large, {}, _context(small, weight=weight)).max() < 1e-12


def test_geodesic_is_zero_for_equal_layers_and_grows_with_their_angle() -> None:
    """Two of two layers at a right angle: mean over the four pairs of (pi/2)^2, times d/8."""
    layout = {"w": LatentLayout(sphere=True, per_layer=True), "noise": LatentLayout(sphere=True, noise=True)}
    same = torch.ones(1, 2, 8)
    right = torch.tensor([[1.0, 0, 0, 0, 0, 0, 0, 0], [0, 1.0, 0, 0, 0, 0, 0, 0]])[None] * math.sqrt(8)
    context = _context(_opaque(1), layout=layout)
    noise = torch.randn(1, 1, 4, 4)

    assert float(terms.geodesic(_opaque(1), {"w": same, "noise": noise}, context)) < 1e-6
    value = float(terms.geodesic(_opaque(1), {"w": right, "noise": noise}, context))
    assert value == pytest.approx((math.pi / 2) ** 2 / 2, rel=1e-3)


def test_geodesic_has_a_finite_gradient_where_layers_are_equal() -> None:
    """The search starts with one latent for all layers; the gradient there must be a number."""
    w = torch.ones(1, 3, 8, requires_grad=True)
    layout = {"w": LatentLayout(sphere=True, per_layer=True)}
    terms.geodesic(_opaque(1), {"w": w}, _context(_opaque(1), layout=layout)).sum().backward()

    assert w.grad is not None
    assert torch.isfinite(w.grad).all()


def test_palette_is_zero_on_the_palette_and_the_squared_distance_off_it() -> None:
    """Each picture is measured against its own palette."""
    colours = torch.tensor([[[0.0, 0, 0, 1], [1, 1, 1, 1]], [[1.0, 0, 0, 1], [1, 0, 0, 1]]])
    large = torch.zeros(2, 4, 8, 8)
    large[:, 3] = 1
    context = _context(_opaque(), palette=colours)

    assert terms.palette(large, {}, context).tolist() == pytest.approx([0.0, 1.0])
    large[0, 0] = 0.1
    assert float(terms.palette(large, {}, context)[0]) == pytest.approx(0.01, rel=1e-4)


def test_wrap_compares_the_seam_with_the_neighbours_inside() -> None:
    """A tileable ramp costs nothing, a step across the border does, and only along the axes that wrap."""
    across = torch.linspace(0, 2 * math.pi, 33)[:32].sin().expand(1, 4, 32, 32) * 0.5 + 0.5
    ramp = torch.linspace(0, 1, 32).expand(1, 4, 32, 32)
    small = _opaque(1, 8)

    assert float(terms.wrap(across, {}, _context(small, wrap=(True, True)))) < 1e-3
    assert float(terms.wrap(ramp, {}, _context(small, wrap=(True, False)))) > 0.9
    assert float(terms.wrap(ramp, {}, _context(small, wrap=(False, True)))) == 0


def test_frames_counts_change_only_where_the_input_stayed() -> None:
    """A frame's moving part is free; its static part costs its flicker; the first frame costs nothing."""
    small = _opaque(1).repeat(2, 1, 1, 1)
    small[1, :3, :2] = 1 - small[0, :3, :2]
    large = AREA.pseudo_inverse(small)
    context = _context(small, previous=torch.tensor([-1, 0]))

    assert terms.frames(large, {}, context).tolist() == [0, 0]
    large[1, :3, 8:] += 0.1
    assert terms.frames(large, {}, context).tolist() == pytest.approx([0, 0.0075], rel=1e-4)


def test_alpha_edge_punishes_halos_and_soft_hard_edges() -> None:
    """
    Alpha beyond the surrounding alphas is a halo; 0.5 on a hard edge costs; a crisp edge inside the range is free.
    """
    small = torch.zeros(1, 4, 8, 8)
    small[:, :, :, 4:] = 1
    crisp = AREA.pseudo_inverse(small)
    halo, soft = crisp.clone(), crisp.clone()
    halo[:, 3, :, 4:6] = 0.2
    soft[:, 3, :, 15:17] = 0.5
    context = _context(small)

    assert float(terms.alpha_edge(crisp, {}, context)) == 0
    assert float(terms.alpha_edge(halo, {}, context)) > 1e-3
    assert float(terms.alpha_edge(soft, {}, context)) > 1e-3


def test_alpha_edge_leaves_soft_shadows_and_opaque_pictures_alone() -> None:
    """A slow ramp of alpha is intended to be soft."""
    ramp = torch.linspace(0.2, 0.8, 16)[None, None, None].expand(1, 4, 16, 16)
    large = F.interpolate(ramp, scale_factor=4, mode="bilinear", align_corners=False)
    crisp_cost = float(terms.alpha_edge(large, {}, _context(ramp)))

    assert crisp_cost < 1e-4
    assert float(terms.alpha_edge(torch.rand(1, 4, 16, 16), {}, _context(_opaque(1)))) == 0


def test_terms_do_not_look_at_other_rows() -> None:
    """The value of a row is the same alone and in a batch, for every term except `frames`."""
    small = torch.rand(3, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    large = torch.rand(3, 4, 32, 32, generator=torch.Generator().manual_seed(2))
    w = torch.randn(3, 4, 8, generator=torch.Generator().manual_seed(3))
    layout = {"w": LatentLayout(sphere=True, per_layer=True)}
    context = _context(small, layout=layout, wrap=(True, True), palette=torch.rand(3, 5, 4))
    context = replace(
        context, request=Request(**{term.option: _other_value(term.option) for term in TERMS if term.option})
    )
    row = torch.tensor([1])
    for term in TERMS:
        assert term.applies(context) or term.name in ("frames",), term.name
        if term.name != "gaussian":
            together = term.function(large, {"w": w}, context)[1:2]
            alone = term.function(large[row], {"w": w[row]}, context.rows(row))

            assert alone == pytest.approx(together, rel=1e-4, abs=1e-7), term.name


def test_context_rows_renumbers_the_frames_before() -> None:
    """When rows leave, the others still find their previous frame."""
    small = _opaque(4)
    previous, animation = torch.tensor([-1, -1, 0, 1]), torch.tensor([0, 1, 0, 1])
    kept = _context(small, previous=previous, animation=animation).rows(torch.tensor([1, 3]))

    assert kept.previous is not None
    assert kept.previous.tolist() == [-1, 0]
    assert kept.together(torch.tensor([1.0, 3.0]), "mean").tolist() == [2, 2]


def test_standard_terms_follow_what_is_given() -> None:
    """A term that was not requested costs nothing."""

    def names(**more) -> set[str]:
        context = _context(more.pop("small", _opaque()), **more)
        return {term.name for term in TERMS if term.applies(context)}

    assert names() == {"consistency", "gaussian"}
    assert names(wrap=(True, False)) == {"consistency", "gaussian", "wrap"}
    assert names(small=_opaque() * 0.5) == {"consistency", "gaussian", "alpha_edge"}
