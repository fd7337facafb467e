"""
Eyes and mouth of emoji, sprites and block heads, which the reader was not trained on: two conspicuous spots side by
side, and a bar below them. They become the eyes and mouth of the drawn person.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred, enlarged
from depixel.faces.reader import FaceReading

GRID = 64
"""Pixels per side at which spots are searched for."""
SCALES = (1.6, 2.6, 4.2, 6.5)
"""Standard deviations of the blurs for spots, in pixels of the grid."""
SPOTS = 14
"""Number of spots that are considered as eyes."""
FAINTEST = 0.02
"""Smallest difference of a spot from its surroundings, 0 to 1."""
BRIGHT = 0.6
"""Weight of a spot that is brighter than its surroundings: eyes are mostly dark."""
MARGIN = 6
"""Pixels of the grid at the border where no eyes are expected."""
NARROWEST, WIDEST = 0.12, 0.62
"""Distance between the eyes, as a fraction of the side."""
LARGEST = 0.29
"""The same in a drawn person whose head must stay in the picture."""
TEMPLATE = (
    (-0.5, 0.0), (0.5, 0.0), (-0.73, 0.02), (-0.27, 0.02), (0.27, 0.02), (0.73, 0.02), (0.0, 0.62), (-0.36, 1.0),
    (0.36, 1.0), (0.0, 0.93), (0.0, 1.12), (0.0, 1.62),
)  # fmt: skip
"""
Landmarks in the order of `reader.LANDMARKS`: horizontally in eye distances, vertically from the eyes (0) to the mouth
(1).
"""
CORNERS = (7, 8)
"""Rows of the template: corners of the mouth."""
STRONGEST = 0.16
"""Largest height of a person's corners of the mouth above or below its middle, in eye distances."""
USUAL = 1.05
"""Distance from the eyes to the mouth, in eye distances."""


class Spot(NamedTuple):
    """A conspicuous spot."""

    x: float
    """Pixels of the grid."""
    y: float
    strength: float
    """Difference from its surroundings, 0 to 1."""
    scale: float
    """Standard deviation, in pixels of the grid."""


class Anchors(NamedTuple):
    """The positions of eyes and mouth, as fractions of the side from the left and top."""

    left_eye: tuple[float, float]
    right_eye: tuple[float, float]
    mouth: tuple[float, float]
    curve: float = 0.0
    """How much higher (positive) or lower the corners of the mouth are than its middle, in eye distances."""


def find_anchors(picture: Tensor) -> Anchors | None:
    """
    Eyes and mouth of a picture that is not a photograph of a face; None if nothing looks like a pair of eyes.

    Args:
        picture: [1, 3, n, n] in [0, 1].
    """
    picture = _on_grid(picture)
    spots, bars = _spots(picture), _bars(picture)
    best: tuple[float, Anchors] | None = None
    for a, b in combinations(spots, 2):
        left, right = (a, b) if a.x < b.x else (b, a)
        apart, slope = right.x - left.x, abs(right.y - left.y)
        if not NARROWEST * GRID <= apart <= WIDEST * GRID or slope > 0.25 * apart:
            continue
        centre, height = (left.x + right.x) / 2, (left.y + right.y) / 2
        alike = _ratio(a.strength, b.strength) * _ratio(a.scale, b.scale)
        off_centre = abs(centre / GRID - 0.5) / 0.12
        off_height = max(0.0, abs(height / GRID - 0.45) - 0.12) / 0.08
        small = max(0.0, 0.2 - apart / GRID) / 0.06
        down, bar = _mouth(bars, centre, height, apart)
        score = min(a.strength, b.strength) ** 0.5 * alike**0.5 * (0.3 + bar)
        score *= 2.7 ** -(off_centre**2 + off_height**2 + small**2 + (slope / (0.15 * apart)) ** 2)
        if best is None or score > best[0]:
            eyes = ((left.x / GRID, left.y / GRID), (right.x / GRID, right.y / GRID))
            curve = _curve(bars, centre, height + down, apart)
            best = score, Anchors(*eyes, (centre / GRID, (height + down) / GRID), curve)
    return None if best is None else best[1]


def landmarks_of(anchors: Anchors) -> Tensor:
    """Landmarks [1, 12, 2] of a head with its eyes and mouth at the anchors that fits into the picture."""
    left, right, mouth = (torch.tensor(point) for point in anchors[:3])
    middle, across = (left + right) / 2, right - left
    down = mouth - middle
    apart = float(across.norm())
    # An emoji's mouth may be anywhere; a person's may not.
    down = down * (min(max(float(down.norm()) / apart, 0.75 * USUAL), 1.3 * USUAL) * apart / float(down.norm()))
    shrunk = min(1.0, LARGEST / apart)
    middle = middle + down * (1 - shrunk) / 2
    template = torch.tensor(TEMPLATE)
    template[list(CORNERS), 1] -= max(-STRONGEST, min(anchors.curve, STRONGEST))
    return (middle + (template[:, :1] * across + template[:, 1:] * down) * shrunk)[None]


def anchored(reading: FaceReading, anchors: Anchors) -> FaceReading:
    """The reading with its landmarks at the anchors and its head facing the camera."""
    (x0, y0), (x1, y1) = anchors[:2]
    roll = -math.degrees(math.atan2(y1 - y0, x1 - x0))
    level = {"yaw": 0.0, "pitch": 0.0, "roll": roll}
    numbers = {name: torch.full_like(value, level[name]) if name in level else value
               for name, value in reading.numbers.items()}  # fmt: skip
    return replace(reading, landmarks=landmarks_of(anchors), numbers=numbers)


def _ratio(a: float, b: float) -> float:
    return min(a, b) / max(a, b)


def _on_grid(picture: Tensor) -> Tensor:
    if picture.shape[2] < GRID:
        return enlarged(picture, GRID)
    return resize(picture, GRID, GRID)


# Differences of Gaussians (Lindeberg 1998): places that differ in colour from their surroundings, strongest first.
def _spots(picture: Tensor) -> list[Spot]:
    levels = []
    for scale in SCALES:
        change = blurred(picture, 2.2 * scale) - blurred(picture, scale)
        counts = torch.where(change.mean(1, keepdim=True) > 0, 1.0, BRIGHT)
        levels.append(change.square().mean(1, keepdim=True).sqrt() * counts)
    strength, level = torch.cat(levels, 1).max(1, keepdim=True)
    inside = torch.zeros_like(strength)
    inside[..., MARGIN:-MARGIN, MARGIN:-MARGIN] = 1
    peak = (strength == F.max_pool2d(strength, 5, 1, 2)) & (strength * inside > FAINTEST)
    rows, columns = peak[0, 0].nonzero(as_tuple=True)
    order = strength[0, 0, rows, columns].argsort(descending=True)[:SPOTS]
    return [
        Spot(
            float(columns[k]) + 0.5, float(rows[k]) + 0.5,
            float(strength[0, 0, rows[k], columns[k]]), SCALES[int(level[0, 0, rows[k], columns[k]])],
        )
        for k in order.tolist()
    ]  # fmt: skip


# How much each place differs from what is above and below it, along a short horizontal bar: [GRID, GRID].
def _bars(picture: Tensor) -> Tensor:
    rows = F.avg_pool2d(picture, (3, 9), 1, (1, 4), count_include_pad=False)
    away = 5
    above = F.pad(rows, (0, 0, away, 0), mode="replicate")[:, :, :-away]
    below = F.pad(rows, (0, 0, 0, away), mode="replicate")[:, :, away:]
    return torch.minimum((rows - above).square().sum(1), (rows - below).square().sum(1))[0].sqrt()


# How far below the eyes the mouth is, in pixels of the grid, and how distinct it is, 0 to 1.
def _mouth(bars: Tensor, centre: float, height: float, apart: float) -> tuple[float, float]:
    column = bars[:, min(max(round(centre), 0), GRID - 1)]
    best, clearest = USUAL * apart, 0.0
    for row in range(GRID):
        down = row + 0.5 - height
        if 0.4 * apart <= down <= 1.7 * apart:
            clear = float(column[row]) * 2.7 ** -(((down / apart - 0.95) / 0.5) ** 2)
            if clear > clearest:
                best, clearest = down, clear
    return best, min(clearest, 1.0)


# How much higher the sides of the mouth are than its middle, in eye distances; 0 if it has no clear sides.
def _curve(bars: Tensor, centre: float, row: float, apart: float) -> float:
    reach = max(1, round(0.35 * apart))
    first, last = max(0, round(row) - reach), min(GRID, round(row) + reach + 1)

    def place(column: float) -> tuple[float, float]:
        near = bars[first:last, min(max(round(column), 0), GRID - 1)]
        return float(first + near.argmax()), float(near.max())

    middle, clear = place(centre)
    sides = [place(centre + side * 0.35 * apart) for side in (-1, 1)]
    if min(strength for _, strength in sides) < 0.4 * clear:
        return 0.0
    return (middle - sum(at for at, _ in sides) / 2) / apart
