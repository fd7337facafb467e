"""Bands add up, and the estimate of lost detail depends only on the surroundings."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from depixel.enlarging.detail.exemplars import exemplars
from depixel.enlarging.detail.spread import BANDS, REACH, SpreadNetwork, bands, evenness, luma, of_surfaces


def test_bands_add_up() -> None:
    """The middle band is smooth, and both together give the whole."""
    detail = torch.randn(2, 1, 12, 9)
    both = bands(detail)
    assert both.shape == (2, BANDS, 12, 9)
    torch.testing.assert_close(both.sum(1, keepdim=True), detail)
    assert both[:, 0].var() < 0.2 * both[:, 1].var()


def test_a_pixel_depends_on_its_surroundings() -> None:
    """Pixels further away than REACH have no effect."""
    torch.manual_seed(0)
    network = SpreadNetwork().eval()
    one = torch.rand(1, 4, 24, 24)
    other = one.clone()
    other[..., 12:] = torch.rand(1, 4, 24, 12)
    near, far = (network.deviations(picture, 4) for picture in (one, other))
    assert torch.equal(near[..., : 12 - REACH], far[..., : 12 - REACH])
    assert not torch.equal(near[..., :12], far[..., :12])


@pytest.mark.parametrize("factor", [2, 3, 4, 8, 16])
def test_the_released_network_knows_flat_from_rough(factor: int) -> None:
    """A flat picture lost nothing; a rough one lost more, and more at larger factors."""
    network = exemplars().spread
    flat = torch.full((1, 4, 16, 16), 0.5)
    rough = torch.rand(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    rough[:, :3] = luma(rough)
    flat[:, 3], rough[:, 3] = 1, 1
    assert network.deviations(flat, factor).max() < 2.5 / 255
    assert network.deviations(rough, factor).sum(1).mean() > 10 / 255
    assert network.deviations(rough, factor).sum() >= network.deviations(rough, 2).sum() * 0.99


def test_glows_on_black_get_no_detail_and_lit_surfaces_keep_theirs() -> None:
    """The same variation of brightness: added to black it is light, on a lit surface it is structure."""
    rough = torch.rand(1, 1, 24, 24, generator=torch.Generator().manual_seed(0))
    veins = rough**3

    def picture(grey: Tensor) -> Tensor:
        return torch.cat([grey, 0.4 * grey, 0.1 * grey, torch.ones_like(grey)], 1)

    deviations = torch.full((1, BANDS, 24, 24), 0.05)
    glow, lit = (of_surfaces(deviations, picture(grey)) for grey in (veins, 0.5 + 0.5 * veins))
    assert glow.mean() < 0.1 * lit.mean()
    assert lit.mean() > 0.01


def test_a_surface_is_evenly_rough_and_a_painted_face_is_not() -> None:
    """Also if an atlas holds little of the surface on a ground of one colour."""
    rough = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0)).expand(1, 3, -1, -1)
    surface = torch.cat([rough, torch.ones(1, 1, 32, 32)], 1)
    assert evenness(surface) > 0.6
    atlas = torch.zeros(1, 4, 32, 32)
    atlas[:, 3] = 1
    atlas[..., :14, :14] = surface[..., :14, :14]
    assert evenness(atlas) > 0.5
    face = torch.ones(1, 4, 32, 32)
    face[:, :3] = 0.5 + 0.008 * torch.arange(32.0)
    face[:, :3, 12:14, 8:12] = face[:, :3, 12:14, 20:24] = 0.1
    face[:, :3, 22:24, 12:20] = 0.2
    assert evenness(face) < 0.1
    assert evenness(torch.full((1, 4, 8, 8), 0.5)) == 0
