"""
Edges that reduction by area does not produce: stairs that were drawn pixel by pixel and blended a little, and outlines
that are both soft and uneven. An answer that must scale back by area has jagged edges along the former and blotches
along the latter.

An edge is measured column by column: the height of the boundary between two even sides, in pixels, is derived from the
share of one side in the pixels between them. Rows are measured as columns of the transposed picture.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from depixel.picture import Pixels

_WINDOW = 4  # pixels across an edge, one of them on each side
_STEEP = 0.3  # least difference of the two sides, premultiplied
_ALIKE = 0.06  # largest difference of neighbours on an even side
_SHADED = 0.3  # the other side may vary this much from column to column, as a fraction of the step
_BESIDE = 0.1  # of a pixel from the line between the colours of the two sides
_FLATTEST, _STEEPEST = 0.3, 1.7  # rise of the boundary over two columns that is measured
_STEPPED, _SEVERAL = 0.85, 10  # unevenness from which edges are stairs, and how many edges must be measured

_WIDE = 6  # pixels across a blurred outline
_ROOM = 2  # pixels beyond it on each side
_CLEAR, _OPAQUE = 0.004, 0.97
_PARTIAL = (0.01, 0.985)  # alpha between these values is partial
_CURVE = 0.6  # change of the rise from column to column above which an outline is not straight
_FLATTEST_OUTLINE = 0.15  # rise from which unevenness is measured
_BLURRED, _MANY = 1.3, 20  # excess of partial pixels over a reduction by area, and how many columns must be measured
_UNEVEN = 0.15


def is_stepped(pixels: Pixels) -> bool:
    """
    Whether the edges between the colours of [H, W, 4] straight RGBA rise in steps of a pixel. Along a reduced edge, the
    boundary rises as much from one column to the next as to the one after it; along stairs, one of the two rises is 0.
    """
    count, unevenness = step_unevenness(pixels)
    return count >= _SEVERAL and unevenness >= _STEPPED


def is_unevenly_soft(pixels: Pixels) -> bool:
    """
    Whether the outlines of [H, W, 4] straight RGBA are softer than a reduction by area leaves them, and not even: an
    edge that rises by r pixels from column to column then crosses 1 + r pixels of each column at most, on average.
    """
    excess, unevenness = outline_softness(pixels)
    return len(unevenness) >= _MANY and float(excess.mean()) >= _BLURRED and float(unevenness.mean()) >= _UNEVEN


def step_unevenness(pixels: Pixels) -> tuple[int, float]:
    """The number of places where an edge was measured in three columns, and the mean unevenness of its rise, 0 to 1."""
    values = _unit(pixels)
    values[..., :3] *= values[..., 3:]
    measures = [_unevenness(view) for view in (values, values.swapaxes(0, 1))]
    unevenness = np.concatenate(measures)
    return len(unevenness), float(unevenness.mean()) if len(unevenness) else 0.0


def _unevenness(values: np.ndarray) -> np.ndarray:
    if values.shape[0] < _WINDOW + 2 or values.shape[1] < 3:
        return np.zeros(0)
    windows = np.moveaxis(sliding_window_view(values, _WINDOW, axis=0), -1, 0)[:, 1:-1]
    above, below = windows[0], windows[-1]
    step = below - above
    square = np.square(step).sum(-1)
    usable = (square > _STEEP**2) & (np.abs(step[..., 3]) < _ALIKE)  # outlines of cut-outs are stairs anyway
    place = np.zeros(square.shape)
    for pixel in windows[1:-1]:
        share = ((pixel - above) * step).sum(-1) / np.maximum(square, 1e-9)
        beside = np.abs(pixel - above - share[..., None] * step).max(-1)
        usable &= (beside < _BESIDE) & (share > -0.05) & (share < 1.05)
        place += share
    loose = _SHADED * np.sqrt(square)[:, 1:-1]
    changes = [_change(side) for side in (above, below)]
    even = [change < _ALIKE for change in changes]
    usable_thrice = usable[:, :-2] & usable[:, 1:-1] & usable[:, 2:]
    usable_thrice &= (even[0] & (changes[1] < loose)) | (even[1] & (changes[0] < loose))
    first, second = place[:, 1:-1] - place[:, :-2], place[:, 2:] - place[:, 1:-1]
    rise = np.abs(first + second)
    usable_thrice &= (rise > _FLATTEST) & (rise < _STEEPEST) & (first * second > -0.02)
    return np.asarray((np.abs(first - second) / np.maximum(rise, 1e-9))[usable_thrice])


# The larger of a pixel's differences from its neighbours on the left and on the right.
def _change(side: np.ndarray) -> np.ndarray:
    left, right = (np.abs(other - side[:, 1:-1]).max(-1) for other in (side[:, :-2], side[:, 2:]))
    return np.asarray(np.maximum(left, right))


def outline_softness(pixels: Pixels) -> tuple[np.ndarray, np.ndarray]:
    """
    For every column in which an almost straight outline was measured: how many more partial pixels than 1 + its rise it
    has; and where it rises enough, the unevenness of the rise, 0 = a straight line.
    """
    alpha = _unit(pixels[..., 3])
    turned = alpha.T
    parts = [_softness(view) for view in (alpha, alpha[::-1], turned, turned[::-1])]
    excess, unevenness = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    return excess, unevenness


def _softness(alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if alpha.shape[0] < _WIDE or alpha.shape[1] < 3:
        return np.zeros(0), np.zeros(0)
    windows = sliding_window_view(np.pad(alpha, ((_ROOM, _ROOM), (0, 0)), mode="edge"), _WIDE + 2 * _ROOM, axis=0)
    inner = windows[..., _ROOM:-_ROOM]
    begins = (inner[..., 0] <= _CLEAR) & (inner[..., 1] > _CLEAR) & (inner[..., -1] >= _OPAQUE)
    rising = (np.diff(inner, axis=-1) > -0.03).all(-1)
    ends = (windows[..., 0] <= _CLEAR) & (windows[..., -1] >= _OPAQUE)
    place = windows.sum(-1)
    first, second = place[:, 1:-1] - place[:, :-2], place[:, 2:] - place[:, 1:-1]
    rise, change = np.abs(first + second) / 2, np.abs(first - second)
    usable = (begins & rising)[:, 1:-1] & ends[:, :-2] & ends[:, 1:-1] & ends[:, 2:] & (change <= _CURVE) & (rise <= 1)
    partial = ((inner > _PARTIAL[0]) & (inner < _PARTIAL[1])).sum(-1)[:, 1:-1]
    steep = usable & (rise > _FLATTEST_OUTLINE)
    return (partial - 1 - rise)[usable], change[steep] / (2 * rise[steep])


def _unit(values: Pixels) -> np.ndarray:
    return values.astype(np.float64) / (65535 if values.dtype == np.uint16 else 255)
