"""Whether a picture tiles, measured on its pixels for each axis."""

from __future__ import annotations

from typing import Any

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
    pixels = picture.rgba(0)
    if (pixels[..., 3] < picture.levels).mean() > 0.02:
        return False, False
    colour = pixels[..., :3].astype(np.int16 if picture.levels < 2**15 else np.int32)  # a quarter of float64's memory
    return _axis_tiles(colour, 1, picture.levels), _axis_tiles(colour, 0, picture.levels)


# `levels`: the value that stands for 1.
def _axis_tiles(colour: np.ndarray[tuple[int, ...], np.dtype[Any]], axis: int, levels: int) -> bool:
    count, other = colour.shape[axis], colour.shape[1 - axis]
    if count < _LEAST_SIZE or other < 2:  # one pixel wide: a border without detail
        return False
    per_line = 3 * other * levels
    inside = np.abs(np.diff(colour, axis=axis)).sum(axis=(1 - axis, 2), dtype=np.int64) / per_line
    first, last = colour.take(0, axis), colour.take(-1, axis)
    across = int(np.abs(first - last).sum(dtype=np.int64)) / per_line
    border_detail = sum(int(np.abs(np.diff(line, axis=0)).sum(dtype=np.int64)) for line in (first, last))
    if border_detail / (6 * (other - 1) * levels) < 0.5 / 255:  # a flat frame matches the other side by chance
        return False
    return across <= max(float(np.quantile(inside, 0.9)), float(np.median(inside)) * 1.25)
