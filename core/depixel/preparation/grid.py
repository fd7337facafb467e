"""Finds the true grid of pixel art that was already enlarged with nearest neighbour, and goes back to it."""

from __future__ import annotations

from math import gcd

import numpy as np

from depixel.picture import Picture, Pixels


def enlargement(picture: Picture) -> int:
    """
    The factor by which all frames were enlarged with nearest neighbour; 1 if they were not.

    Colours may change only at multiples of the factor. A picture of a single colour proves nothing.
    """
    factor = 0
    for pixels in picture.frames:
        for axis in (0, 1):
            factor = gcd(factor, _axis_step(pixels, axis))
            if factor == 1:
                return 1
    return factor if _is_evidence(picture, factor) else 1


def reduced(picture: Picture, factor: int) -> Picture:
    """The true grid: every factor-th pixel, as copies."""
    return picture.replace(frames=tuple(np.ascontiguousarray(p[::factor, ::factor]) for p in picture.frames))


# Greatest common divisor of the axis length and of all places where neighbouring lines differ.
def _axis_step(pixels: Pixels, axis: int) -> int:
    lines = np.moveaxis(pixels, axis, 0).reshape(pixels.shape[axis], -1)
    changes = np.flatnonzero((lines[1:] != lines[:-1]).any(axis=1)) + 1
    step = lines.shape[0]
    for place in changes:
        step = gcd(step, int(place))
        if step == 1:
            break
    return step


# A flat picture, or one with few blocks, would pass by chance: require at least 4x4 true pixels.
def _is_evidence(picture: Picture, factor: int) -> bool:
    return factor > 1 and picture.width // factor >= 4 and picture.height // factor >= 4
