from __future__ import annotations

import pytest
import torch
from torch import Tensor

from depixel.faces.photographs import looks_flat, looks_photographed


def _opaque(colours: Tensor) -> Tensor:
    """[3, h, w] => one frame [1, 4, h, w]."""
    return torch.cat([colours, torch.ones_like(colours[:1])])[None]


def _noisy(strength: float) -> Tensor:
    """A gradient with noise."""
    rows = torch.linspace(0.2, 0.8, 16)[:, None].expand(3, 16, 16)
    return rows + strength * torch.randn(3, 16, 16, generator=torch.Generator().manual_seed(3))


def test_a_photograph_has_noise_and_gradients() -> None:
    """No two neighbours are equal."""
    assert looks_photographed(_opaque(_noisy(0.02)))


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_drawing_has_flat_areas(share: float) -> None:
    """Rows of one colour."""
    colours = _noisy(0.02)
    colours[:, : round(16 * share)] = 0.5

    assert not looks_photographed(_opaque(colours))


@pytest.mark.parametrize("axis", [1, 2])
def test_equal_neighbours_count_along_both_axes(axis: int) -> None:
    """Stripes: along one axis all neighbours are equal, along the other none."""
    stripes = _noisy(0.02).select(axis, 0).unsqueeze(axis).expand(3, 16, 16)

    assert not looks_photographed(_opaque(stripes))


def test_a_photograph_is_opaque_and_has_rows() -> None:
    """Alpha below 1, and pictures of one row."""
    see_through = _opaque(_noisy(0.02))
    see_through[0, :, 0, 0] = 0.0

    assert not looks_photographed(see_through)
    assert not looks_photographed(_opaque(_noisy(0.02)[:, :1]))


def test_a_flat_face_is_a_drawing() -> None:
    """Flat areas between brows and chin count; a plain background behind a shaded face does not."""
    emote = torch.full((1, 4, 32, 32), 1.0)
    emote[:, :3, 8:28, 8:24] = 0.7
    emote[:, :3, 14:16, 12:14] = 0.1
    shaded = torch.full((1, 4, 32, 32), 1.0)
    noise = torch.rand(1, 3, 24, 18, generator=torch.Generator().manual_seed(0))
    shaded[:, :3, 6:30, 7:25] = 0.5 + 0.1 * noise

    assert looks_flat(emote)
    assert not looks_flat(shaded)
