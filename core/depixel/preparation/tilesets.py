"""
Finds the grid of an opaque sheet of adjacent tiles without gaps: at its lines, and only there, one picture ends and
another begins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from depixel.picture import Picture

_SIDES = (128, 96, 64, 48, 40, 36, 32, 24, 20, 18, 16, 12, 10, 8)  # pixels, of tiles
_LEAST_TILES = 6
_SHARP = 2.0  # times the neighbouring steps: the step across a line between two tiles
_MOST_LINES = 0.75  # fraction of the lines that must be this sharp
_MOST_SIDE = 4096

Steps = npt.NDArray[np.float64]


def find_tiles(picture: Picture) -> tuple[int, int] | None:
    """
    Columns and rows of the tiles, or None if no grid is certain.

    A line of mortar in a wall has a step on either side of it and bends around the bricks; the line between two tiles
    is one step, along the whole picture, sharper than those just before and behind it. Tiles are square. Of the sizes
    that fit, the smallest one with this property is used: with an even smaller one, lines would be inside tiles.
    """
    if len(picture.frames) != 1 or max(picture.width, picture.height) > _MOST_SIDE:
        return None
    sides = [side for side in reversed(_SIDES) if _can_be_cut(picture, side)]
    if not sides or picture.has_transparency:
        return None
    colour = picture.rgba()[..., :3].astype(np.float32) * (255 / picture.levels)
    across, down = _steps(colour, 1), _steps(colour, 0)
    for side in sides:
        if _are_lines(across, side) and _are_lines(down, side):
            return picture.width // side, picture.height // side
    return None


def _can_be_cut(picture: Picture, side: int) -> bool:
    columns, rows = picture.width // side, picture.height // side
    fits = columns * side == picture.width and rows * side == picture.height
    return fits and columns * rows >= _LEAST_TILES and min(columns, rows) >= 2


# Mean step in levels from each column (or row) to the next.
def _steps(colour: npt.NDArray[np.float32], axis: int) -> Steps:
    other = tuple(k for k in range(3) if k != axis)
    return np.asarray(np.abs(np.diff(colour, axis=axis)).mean(other), np.float64)


def _are_lines(steps: Steps, side: int) -> bool:
    lines = np.arange(side - 1, len(steps), side)
    beside = np.maximum(steps[lines - 1], steps[np.minimum(lines + 1, len(steps) - 1)])
    sharp = (steps[lines] > _SHARP * beside) & (steps[lines] > 2)
    if float(sharp.mean()) < _MOST_LINES:
        return False
    inside = np.delete(steps, lines)
    return float((sharp & (steps[lines] > np.quantile(inside, 0.9))).mean()) >= _MOST_LINES
