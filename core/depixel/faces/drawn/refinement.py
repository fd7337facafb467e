"""
Brings a drawn person closer to a portrait: pose, expression, hair, light and outlines, by least squares.
"""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import fit_colours, recoloured
from depixel.faces.drawn.least_squares import Comparison, closest, movable
from depixel.faces.drawn.outlines import outline_miss
from depixel.faces.drawn.portrait import Portrait
from depixel.faces.reader import LANDMARKS
from depixel.monitor import SILENT, Monitor, SearchStep
from depixel.portrait.parameters import Parameters
from depixel.portrait.rendering import Drawing, draw

STEPS = {
    "eyes_at": 0.012, "scale": 0.012, "yaw": 4.0, "pitch": 3.0, "mouth_open": 0.08, "smile": 0.2, "brows_up": 0.2,
    "hair_length": 0.2, "hair_fringe": 0.2, "hair_volume": 0.25, "key_azimuth": 25.0, "key_elevation": 15.0,
    "exposure": 0.3, "tone": 0.1, "weight": 0.15, "eye_circles": 0.3, "lip_colour": 0.3,
    "stubble": 0.25, "teeth": 0.3,
}  # fmt: skip
"""Parameter => step for its derivative, which is also how far it usually moves."""
SHAPE = {
    "head-scale-horiz-decr-incr": 0.2, "head-fat-decr-incr": 0.25, "chin-width-decr-incr": 0.25,
    "cheek-volume-decr-incr": 0.2, "neck-scale-horiz-decr-incr": 0.25,
    "forehead-scale-vert-decr-incr": 0.3,
}  # fmt: skip
"""The same for features that move outlines of face and neck but hardly change the person."""
NOISE = 0.06
"""Standard deviation of a pixel on [0, 1] that the drawing is not expected to explain."""
OUTLINES = 0.35
"""Cost of showing another part than the portrait everywhere, in squared error of colours on [0, 1]."""
SIZE, FIT_SIZE = 48, 32
"""Pixels per side that are drawn, and that are compared."""


def refine(
    person: Parameters,
    portrait: Portrait,
    weight: Tensor,
    free: Tensor,
    rounds: int,
    astray: float,
    monitor: Monitor = SILENT,
    stopped: str = "",
) -> tuple[Parameters, float]:
    """
    The person with a smaller error against a portrait, and that error: see `misfit`.

    Args:
        person: a table of one.
        weight: [1, 1, 32, 32], the weight of each pixel.
        free: [D] bool, the columns of the parameters that may change.
        astray: standard deviation of a landmark from the reading, as a fraction of the side.
        rounds: see `closest`.

    Raises:
        CancelledError(stopped): the monitor was cancelled.
    """
    scale = (weight / (weight.mean() * FIT_SIZE**2)).sqrt() * _PIXELS**0.5

    def compared(people: Parameters) -> Comparison:
        return _compared(people, portrait, weight, scale, astray)

    def begin(number: int, error: float) -> None:
        monitor.check(stopped)
        monitor.step(SearchStep(number, rounds, error, stage="drawing"))

    return closest(person, movable(free, STEPS, SHAPE), compared, rounds, begin)


def misfit(drawing: Drawing, portrait: Portrait, weight: Tensor) -> Tensor:
    """[B], the misfit of drawings with a portrait: weighted mean square of the fitted colours, and of the outlines."""
    error = fit_colours(drawing, portrait.colours(weight.shape[2]), weight, portrait.parts).error
    if portrait.parts is None:
        return error
    return error + OUTLINES * outline_miss(drawing.masks, portrait.parts, weight)


_PIXELS = 60.0
"""The number of independent pixels in a portrait: errors of neighbours are correlated."""


def _compared(people: Parameters, portrait: Portrait, weight: Tensor, scale: Tensor, astray: float) -> Comparison:
    drawing = draw(people, SIZE, samples=1)
    target = portrait.colours(FIT_SIZE)
    colours = fit_colours(drawing, target, weight, portrait.parts)
    answer = resize(recoloured(drawing, colours), FIT_SIZE, FIT_SIZE)
    places = torch.stack([drawing.landmarks[name] for name in LANDMARKS], 1)
    residuals = [
        ((answer - target) * (scale / NOISE)).flatten(1),
        ((places - portrait.reading.landmarks.to(places)) / astray).flatten(1),
    ]
    error = colours.error
    if portrait.parts is not None:
        seen = resize(portrait.parts, FIT_SIZE, FIT_SIZE)
        missed = (resize(drawing.masks, FIT_SIZE, FIT_SIZE) - seen) * (scale * (OUTLINES / 2) ** 0.5 / NOISE)
        residuals.append(missed.flatten(1))
        error = error + OUTLINES * outline_miss(drawing.masks, portrait.parts, weight)
    return Comparison(torch.cat(residuals, 1), error)
