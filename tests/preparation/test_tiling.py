from __future__ import annotations

import numpy as np

from depixel.picture import Picture
from depixel.preparation.tiling import tiles


def _waves(size: int, periods_x: float, periods_y: float) -> Picture:
    y, x = np.mgrid[0:size, 0:size] * (2 * np.pi / size)
    values = np.stack([np.sin(periods_x * x + k) + np.cos(periods_y * y + 2 * k) for k in range(3)], -1)
    return Picture((((values + 2) * 60).astype(np.uint8),))


def test_periodic_pictures_tile_on_the_axes_on_which_they_are_periodic() -> None:
    """Whole periods wrap; a broken period has a step at the border."""
    assert tiles(_waves(32, 3, 2)) == (True, True)
    assert tiles(_waves(32, 2.5, 3)) == (False, True)
    assert tiles(_waves(32, 3, 1.5)) == (True, False)


def test_sprites_flat_borders_and_tiny_pictures_do_not_tile() -> None:
    """A transparent background, an even frame, or four pixels are not evidence of tiling."""
    sprite = np.zeros((16, 16, 4), np.uint8)
    sprite[4:12, 4:12] = (200, 30, 30, 255)
    framed = np.full((16, 16, 3), 128, np.uint8)
    framed[5:9, 5:9] = 10

    assert tiles(Picture((sprite,))) == (False, False)
    assert tiles(Picture((framed,))) == (False, False)
    assert tiles(Picture((np.random.default_rng(0).integers(0, 255, (4, 4, 3), dtype=np.uint8),))) == (False, False)
    assert tiles(Picture((framed[:, 6:7],))) == (False, False)  # one pixel wide, and no warning
