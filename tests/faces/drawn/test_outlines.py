"""Outlines of a drawing compared with those of a portrait."""

from __future__ import annotations

import torch

from depixel.faces.drawn.outlines import GRID, agreement, outline_miss

SIDE = 64


def _halves(border: int, side: int = SIDE) -> torch.Tensor:
    """Face to the left of the border, background to the right."""
    parts = torch.zeros(1, 4, side, side)
    parts[:, 0, :, :border] = 1
    parts[:, 3, :, border:] = 1
    return parts


def test_equal_outlines_miss_nothing() -> None:
    """A drawing of the portrait itself, at twice the size, has no errors."""
    weight = torch.ones(1, 1, 32, 32)

    assert float(outline_miss(_halves(64, 128), _halves(32), weight)) < 1e-6


def test_the_miss_is_the_part_that_shows_something_else() -> None:
    """A quarter of the picture is face in one and background in the other."""
    weight = torch.ones(1, 1, 32, 32)

    assert abs(float(outline_miss(_halves(48), _halves(32), weight)) - 0.25) < 0.01


def test_what_counts_more_misses_more() -> None:
    """The weight says where outlines matter."""
    left = torch.full((1, 1, 32, 32), 0.1)
    left[..., :16] = 1.0

    assert float(outline_miss(_halves(48), _halves(32), left)) < 0.1


def test_agreement_is_whole_where_outlines_nearly_meet() -> None:
    """An outline that is off by a sixty-fourth of the side costs no detail."""
    assert float(agreement(_halves(33), _halves(32)).min()) > 0.95


def test_no_agreement_between_two_outlines() -> None:
    """Where one shows face and the other background there is no agreement; far away there is."""
    same = agreement(_halves(48), _halves(32))

    assert same.shape == (1, 1, GRID, GRID)
    assert float(same[..., GRID // 2 + 16 : GRID // 4 * 3 - 16].max()) < 0.1
    assert float(same[..., : GRID // 4].min()) > 0.95
