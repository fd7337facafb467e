"""The low band of one picture and the fine band of another."""

from __future__ import annotations

import torch

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred
from depixel.faces.drawn.joining import CUT_OFF, edge_agreement, joined, low_band

SIZE = 256


def _texture(seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed)) - 0.05


def _inside() -> torch.Tensor:
    masks = torch.zeros(1, 4, SIZE, SIZE)
    masks[:, 0] = 1
    return masks


def test_low_band_comes_from_the_soft_picture() -> None:
    """Shrunk to 16 pixels, the joined picture is the soft one; an edge that the drawing lacks blurs a little."""
    soft = torch.full((1, 3, 64, 64), 0.5)
    soft[:, :, :, 32:] = 0.55

    answer = joined(soft, 0.5 + _texture(), _inside())

    assert float((resize(answer, 16, 16) - resize(soft, 16, 16)).abs().max()) < 0.015


def test_fine_band_comes_from_the_drawing() -> None:
    """Where both show the same, the drawing's texture is all there."""
    soft, texture = torch.full((1, 3, 64, 64), 0.5), _texture()

    answer = joined(soft, 0.5 + texture, _inside())

    fine = texture - low_band(texture, CUT_OFF * SIZE)
    assert float(((answer - 0.5) * fine).sum() / fine.square().sum()) > 0.95


def test_no_detail_where_the_two_differ() -> None:
    """A drawing of another colour leaves no texture."""
    soft, texture = torch.full((1, 3, 64, 64), 0.2), _texture()

    answer = joined(soft, 0.9 + texture, _inside())

    assert float(answer.std()) < 0.002


def test_an_outline_that_only_the_drawing_has_leaves_no_halo() -> None:
    """The border of a region of the drawing fades unless the soft picture has an edge there."""
    masks = torch.zeros(1, 4, SIZE, SIZE)
    masks[:, 0, :, : SIZE // 2] = 1
    masks[:, 3, :, SIZE // 2 :] = 1
    drawn = torch.where(masks[:, :1] > 0, 0.58, 0.42).expand(-1, 3, -1, -1)
    flat, same = torch.full((1, 3, 64, 64), 0.5), resize(drawn, 64, 64)

    halo = joined(flat, drawn, masks) - 0.5
    edge = joined(same, drawn, masks)

    assert float(halo.abs().max()) < 0.02
    assert float(edge[:, :, :, SIZE // 2 - 2].mean() - edge[:, :, :, SIZE // 2 + 1].mean()) > 0.12


def test_edges_inside_a_region_are_kept() -> None:
    """Eyes and lips are no outlines: there the drawing decides."""
    drawn = torch.full((1, 3, SIZE, SIZE), 0.5)
    drawn[:, :, 100:110] = 0.3

    assert float(edge_agreement(torch.full((1, 3, 64, 64), 0.5), drawn, _inside()).min()) > 0.99


def test_low_band_is_a_gaussian_at_any_size() -> None:
    """The coarse grid changes nothing to speak of."""
    picture = 0.5 + 4 * _texture(3)

    coarse, fine = low_band(picture, 12.0), picture

    inside = (slice(None), slice(None), slice(40, -40), slice(40, -40))  # at the border a single pixel is repeated
    assert float((coarse - blurred(fine, 12.0))[inside].abs().max()) < 0.004


def test_detail_follows_the_brightness_of_the_soft_picture() -> None:
    """A texture drawn on a lighter ground is weaker on a darker one: by the ratio of the two."""
    texture = _texture()

    answer = joined(torch.full((1, 3, 64, 64), 0.4), 0.5 + texture, _inside())

    fine = texture - low_band(texture, CUT_OFF * SIZE)
    assert 0.5 < float(((answer - 0.4) * fine).sum() / fine.square().sum()) < 0.85
