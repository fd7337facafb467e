from __future__ import annotations

import numpy as np
import pytest

from depixel.picture import Picture
from depixel.preparation.grid import enlargement, reduced


def _noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 255, (height, width, 4), dtype=np.uint8)


@pytest.mark.parametrize("factor", [2, 3, 5, 8])
def test_nearest_enlargement_is_found_and_undone(factor: int) -> None:
    """Pictures enlarged by nearest neighbour are reduced to exactly the originals."""
    small = _noise(6, 9)
    large = small.repeat(factor, 0).repeat(factor, 1)
    picture = Picture((large,))

    assert enlargement(picture) == factor
    assert np.array_equal(reduced(picture, factor).frames[0], small)


def test_ordinary_pictures_are_on_their_true_grid() -> None:
    """Noise, a flat picture and a shifted grid are not mistaken for enlarged ones."""
    shifted = np.pad(_noise(6, 6).repeat(4, 0).repeat(4, 1), ((1, 0), (1, 0), (0, 0)), mode="edge")

    assert enlargement(Picture((_noise(16, 16),))) == 1
    assert enlargement(Picture((np.full((16, 16, 3), 9, np.uint8),))) == 1
    assert enlargement(Picture((shifted,))) == 1


def test_every_frame_must_agree() -> None:
    """One frame off the grid leaves the whole animation unchanged."""
    enlarged = _noise(8, 8).repeat(2, 0).repeat(2, 1)

    assert enlargement(Picture((enlarged, _noise(16, 16)), durations=(50.0, 50.0))) == 1
