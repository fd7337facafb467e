"""The low band of one picture and the fine band of another."""

from __future__ import annotations

import torch

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred
from depixel.faces.drawn.joining import CUT_OFF, joined, low_band

SIZE = 256


def _texture(seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed)) - 0.05


def _everywhere(agreement: float = 1.0) -> torch.Tensor:
    return torch.full((1, 1, 64, 64), agreement)


def test_low_band_comes_from_the_soft_picture() -> None:
    """
    Reduced to 16 pixels, the joined picture equals the soft one; an edge missing from the drawing blurs it slightly.
    """
    soft = torch.full((1, 3, 64, 64), 0.5)
    soft[:, :, :, 32:] = 0.55

    answer = joined(soft, 0.5 + _texture(), _everywhere())

    assert float((resize(answer, 16, 16) - resize(soft, 16, 16)).abs().max()) < 0.015


def test_fine_band_comes_from_the_drawing() -> None:
    """Where both show the same, the drawing's whole texture is used."""
    soft, texture = torch.full((1, 3, 64, 64), 0.5), _texture()

    answer = joined(soft, 0.5 + texture, _everywhere())

    fine = texture - low_band(texture, CUT_OFF * SIZE)
    assert float(((answer - 0.5) * fine).sum() / fine.square().sum()) > 0.95


def test_no_detail_where_the_two_differ() -> None:
    """A drawing in another colour adds no texture."""
    soft, texture = torch.full((1, 3, 64, 64), 0.2), _texture()

    answer = joined(soft, 0.9 + texture, _everywhere())

    assert float(answer.std()) < 0.15 * float(texture.std())


def test_no_detail_where_the_parts_differ() -> None:
    """Hair that only the drawing has adds no texture, whatever its colour."""
    soft = torch.full((1, 3, 64, 64), 0.5)

    answer = joined(soft, 0.5 + _texture(), _everywhere(0.0))

    assert float((answer - 0.5).abs().max()) < 1e-6


def test_low_band_is_a_gaussian_at_any_size() -> None:
    """The coarse grid makes no significant difference."""
    picture = 0.5 + 4 * _texture(3)

    coarse, fine = low_band(picture, 12.0), picture

    inside = (slice(None), slice(None), slice(40, -40), slice(40, -40))  # at the border a single pixel is repeated
    assert float((coarse - blurred(fine, 12.0))[inside].abs().max()) < 0.004


def test_detail_follows_the_brightness_of_the_soft_picture() -> None:
    """A texture drawn on a lighter background is weaker on a darker one: by the ratio of the two."""
    texture = _texture()

    answer = joined(torch.full((1, 3, 64, 64), 0.4), 0.5 + texture, _everywhere())

    fine = texture - low_band(texture, CUT_OFF * SIZE)
    drawn_alike = joined(torch.full((1, 3, 64, 64), 0.5), 0.5 + texture, _everywhere())
    weaker = ((answer - 0.4) * fine).sum() / ((drawn_alike - 0.5) * fine).sum()
    assert 0.6 < float(weaker) < 0.85
