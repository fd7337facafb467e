"""
Cut-out tiles that cover the plane without gaps or overlaps when placed in a lattice: hexagons, and the diamonds of
isometric maps. Their enlarged outlines must do the same, whatever is drawn inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt

from depixel.picture import Picture

Mask = npt.NDArray[np.bool_]
Vector = tuple[int, int]
"""Down and right, in pixels of the small picture."""
Lattice = tuple[Vector, Vector]

_LEAST_SIDE = 12  # pixels
_MOST_SIDE = 512


def lattice_of(picture: Picture) -> Lattice | None:
    """
    The lattice in which a picture's visible pixels cover the plane, each position once; None if there is none.

    Alpha must be on or off. A picture that fills its rectangle needs no lattice.
    """
    if not picture.has_alpha or len(picture.frames) != 1:
        return None
    height, width = picture.height, picture.width
    alpha = picture.frames[0][..., -1]
    if min(height, width) < _LEAST_SIDE or max(height, width) > _MOST_SIDE:
        return None
    mask = alpha > 0
    if not bool(((alpha == 0) | (alpha == picture.levels)).all()) or bool(mask.all()) or mask.mean() < 0.4:
        return None
    return next((lattice for lattice in _candidates(height, width, int(mask.sum())) if _covers(mask, lattice)), None)


# Rows of hexagons with points at the top or at the sides, and diamonds. The area of a cell equals that of the mask.
def _candidates(height: int, width: int, area: int) -> Iterator[Lattice]:
    for second in ((height, 0), (0, width)):
        along, across = (height, width) if second[0] else (width, height)
        for half, step in product((along // 2, -(-along // 2)), range(across // 2, across + 1)):
            first = (half, step) if second[0] else (step, half)
            if abs(first[0] * second[1] - first[1] * second[0]) == area:
                yield first, second


def _covers(mask: Mask, lattice: Lattice) -> bool:
    count = np.zeros(mask.shape)
    for down, right in _places(lattice):
        count += _moved(mask, down, right)
    return bool((count == 1).all())


# Positions of copies that may touch the one at (0, 0), including itself.
def _places(lattice: Lattice) -> list[Vector]:
    (a, b), (c, d) = lattice
    return [(m * a + n * c, m * b + n * d) for m in range(-2, 3) for n in range(-3, 4)]


def _moved(plane: npt.NDArray[np.float64] | Mask, down: int, right: int) -> npt.NDArray[np.float64]:
    height, width = plane.shape
    moved = np.zeros(plane.shape)
    rows = slice(max(0, down), min(height, height + down))
    columns = slice(max(0, right), min(width, width + right))
    if rows.start < rows.stop and columns.start < columns.stop:
        moved[rows, columns] = plane[rows.start - down : rows.stop - down, columns.start - right : columns.stop - right]
    return moved


def outline(mask: Mask, lattice: Lattice, factor: int) -> Mask:
    """
    The mask, enlarged with smooth edges, so that copies in the lattice cover every position exactly once.

    Each position goes to the copy whose smoothed mask is highest there; in a tie, to the first copy. Centres of small
    pixels stay with their copy, so the mask scales back exactly.

    Returns:
        [h*f, w*f] bool. It depends only on the mask: all tiles with this outline fit together.
    """
    height, width = mask.shape
    around = np.pad(mask, 2).repeat(factor, 0).repeat(factor, 1).astype(np.float64)
    smooth = _box(_box(around, factor), factor)[2 * factor : -2 * factor, 2 * factor : -2 * factor]
    for row, column in product({(factor - 1) // 2, factor // 2}, repeat=2):
        smooth[row::factor, column::factor] = np.where(mask, 2.0, -2.0)
    wins = smooth > -1
    for down, right in _places(lattice):
        if (down, right) != (0, 0):
            other = _moved_from(smooth, down * factor, right * factor)
            wins &= (smooth >= other) if (down, right) > (0, 0) else (smooth > other)
    assert wins.shape == (height * factor, width * factor)
    return np.asarray(wins)


# Like `_moved`, with a value lower than any other outside.
def _moved_from(plane: npt.NDArray[np.float64], down: int, right: int) -> npt.NDArray[np.float64]:
    there = _moved(np.ones(plane.shape, bool), down, right) > 0
    return np.where(there, _moved(plane, down, right), -3.0)


# Mean over a window about as wide as `size`, with odd sides, so that it does not shift the mask.
def _box(plane: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    reach = max(1, size // 2)
    for axis in (0, 1):
        padded = np.pad(plane, [(reach + 1, reach) if k == axis else (0, 0) for k in (0, 1)])
        sums = np.cumsum(padded, axis)
        wide = 2 * reach + 1
        upper, lower = (np.moveaxis(sums, axis, 0)[part] for part in (slice(wide, None), slice(None, -wide)))
        plane = np.moveaxis(upper - lower, 0, axis) / wide
    return plane
