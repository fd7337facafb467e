"""Whether a picture tiles, measured on its pixels for each axis."""

from __future__ import annotations

import numpy as np

from depixel.picture import Picture

_LEAST_SIZE = 8


def tiles(picture: Picture) -> tuple[bool, bool]:
    """
    (x, y): whether the right border continues on the left, and the bottom border at the top.

    An axis wraps if the step across the border is no larger than the steps between neighbouring lines inside (their
    upper tenth, or a quarter above their median), and if the border is not simply empty: a sprite on a transparent
    background does not tile. Pictures below 8 pixels are too small to tell.
    """
    pixels = picture.rgba(0).astype(np.float64) / picture.levels
    if (pixels[..., 3] < 1).mean() > 0.02:
        return False, False
    colour = pixels[..., :3]
    return _axis_tiles(colour, 1), _axis_tiles(colour, 0)


def _axis_tiles(colour: np.ndarray[tuple[int, ...], np.dtype[np.float64]], axis: int) -> bool:
    lines = np.moveaxis(colour, axis, 0)
    if lines.shape[0] < _LEAST_SIZE or lines.shape[1] < 2:  # one pixel wide: a border without detail
        return False
    inside = np.abs(np.diff(lines, axis=0)).mean(axis=(1, 2))
    across = float(np.abs(lines[0] - lines[-1]).mean())
    border_detail = float(np.abs(np.diff(lines[[0, -1]], axis=1)).mean())
    if border_detail < 0.5 / 255:  # a flat frame around the picture matches the other side by chance
        return False
    return across <= max(float(np.quantile(inside, 0.9)), float(np.median(inside)) * 1.25)
