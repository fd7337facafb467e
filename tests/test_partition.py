"""Tiles of a lattice through the whole engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel.partition import NOTE
from depixel.picture import Picture
from depixel.preparation.lattices import lattice_of, outline
from depixel.request import Request
from depixel.upsampler import Upsampler


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def _diamond(seed: int) -> Picture:
    rows, columns = np.arange(16), np.arange(32)
    half = np.where(rows < 8, 2 * rows + 2, 2 * (16 - rows))
    mask = np.abs(columns + 0.5 - 16)[None] < half[:, None]
    pixels = np.random.default_rng(seed).integers(30, 220, (16, 32, 4)).astype(np.uint8)
    pixels[..., 3] = np.where(mask, 255, 0)
    return Picture((pixels,), name=f"tile{seed}.png")


@pytest.mark.parametrize("more", [{}, {"domain": "pixel-art"}, {"degradation": "area", "scale": 3}, {"candidates": 2}])
def test_all_tiles_of_one_outline_have_one_outline(upsampler: Upsampler, more: dict[str, Any]) -> None:
    """They cover the plane for any drawing, and scale back: centres of alpha, and colour."""
    tiles = [_diamond(1), _diamond(2)]
    request = Request(**more)

    reports = [upsampler.upsample(tile, request) for tile in tiles]

    lattice = lattice_of(tiles[0])
    assert lattice is not None
    mask = outline(tiles[0].frames[0][..., 3] > 0, lattice, reports[0].scale)
    for report in reports:
        assert NOTE in report.notes
        for candidate in report.candidates:
            assert np.array_equal(candidate.picture.frames[0][..., 3], np.where(mask, 255, 0))
            assert candidate.residual.maximum <= 1


def test_soft_outlines_are_not_forced_together(upsampler: Upsampler) -> None:
    """A request for soft edges is obeyed."""
    assert NOTE not in upsampler.upsample(_diamond(1), Request(edges="soft")).notes
