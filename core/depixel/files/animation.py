"""Draws animation frames that are stored as changes to the previous frame, one after another on one canvas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from depixel.picture import Pixels

KEEP, CLEAR, RESTORE = 0, 1, 2
"""What happens to a frame's region before the next frame: it is kept, cleared, or restored."""


@dataclass(frozen=True)
class Region:
    """The position of a frame, in pixels, and how it is shown."""

    left: int
    top: int
    width: int
    height: int
    duration: float = 0.0  # milliseconds
    dispose: int = KEEP
    over: bool = False  # blend it over the canvas instead of replacing colour and alpha


class Canvas:
    """Holds [H, W, 4] of the dtype of the first frame, transparent black at the start."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (height, width)
        self._pixels: Pixels | None = None
        self._grey = False

    def show(self, pixels: Pixels, region: Region) -> Pixels:
        """
        Draw a frame [h, w, 1 ... 4] in its region of the canvas, and prepare the canvas for the next.

        Returns:
            [H, W, 4], the visible frame.
        """
        if self._pixels is None:
            self._pixels = np.zeros((*self._size, 4), pixels.dtype)
            self._grey = pixels.shape[2] <= 2
        canvas = self._pixels
        rows = slice(region.top, region.top + region.height)
        columns = slice(region.left, region.left + region.width)
        part = canvas[rows, columns]
        before = part.copy()
        drawn = _four(pixels)
        part[:] = _over(drawn, before) if region.over else drawn
        visible: Pixels = canvas.copy()
        if region.dispose == CLEAR:
            part[:] = 0
        elif region.dispose == RESTORE:
            part[:] = before
        return visible

    def without_needless_alpha(self, frames: Sequence[Pixels]) -> list[Pixels]:
        """
        Frames of `show` with only the channels they need: grey stays grey, and alpha is dropped if all are opaque.
        """
        full = np.iinfo(frames[0].dtype).max
        opaque = all(bool((frame[..., 3] == full).all()) for frame in frames)
        channels = ([0] if opaque else [0, 3]) if self._grey else ([0, 1, 2] if opaque else [0, 1, 2, 3])
        return [np.ascontiguousarray(frame[..., channels]) for frame in frames]


def changed(before: Pixels, after: Pixels) -> tuple[slice, slice]:
    """Rows and columns of the smallest rectangle with all differences; one pixel if there are none."""
    different = (before != after).any(axis=2)
    rows = np.flatnonzero(different.any(axis=1))
    columns = np.flatnonzero(different.any(axis=0))
    if not rows.size:
        return slice(0, 1), slice(0, 1)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def whole_units(durations: Sequence[float], unit: float, most: int) -> list[int]:
    """
    Durations in milliseconds as whole multiples of `unit` milliseconds, 0 ... most, without drift: each frame ends at
    the unit nearest to its true end.
    """
    units = []
    end, done = Fraction(0), 0
    for duration in durations:
        end += Fraction(duration) / Fraction(unit)
        units.append(min(most, max(0, round(end) - done)))
        done = round(end)
    return units


def _four(pixels: Pixels) -> Pixels:
    channels = pixels.shape[2]
    colour = pixels[..., :1].repeat(3, axis=2) if channels <= 2 else pixels[..., :3]
    full = np.iinfo(pixels.dtype).max
    alpha = pixels[..., -1:] if channels in (2, 4) else np.full_like(pixels[..., :1], full)
    return np.concatenate([colour, alpha], axis=2)


# Straight alpha, as APNG defines "over". Opaque and transparent pixels stay exact, including hidden colours.
def _over(above: Pixels, below: Pixels) -> Pixels:
    full = np.iinfo(above.dtype).max
    alpha, under = above[..., 3], below[..., 3]
    visible: Pixels = np.where(((alpha > 0) | (under == 0))[..., None], above, below)
    soft = (alpha > 0) & (alpha < full) & (under > 0)
    if soft.any():
        a = alpha[soft, None].astype(np.float64) / full
        b = under[soft, None].astype(np.float64) / full * (1 - a)
        mixed = (above[soft, :3] * a + below[soft, :3] * b) / (a + b)
        visible[soft] = np.concatenate([mixed, (a + b) * full], axis=1).round().astype(above.dtype)
    return visible
