"""
Brings a drawn person closer to a portrait: Levenberg-Marquardt on pose, expression and hair, with finite differences,
because the rasteriser is not differentiable where edges move.
"""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import fit_colours, recoloured
from depixel.faces.drawn.outlines import outline_miss
from depixel.faces.drawn.portrait import Portrait
from depixel.faces.reader import LANDMARKS
from depixel.monitor import SILENT, Monitor, SearchStep
from depixel.portrait.head import released_head
from depixel.portrait.parameters import Parameters, layout
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
        rounds: in each, drawings are made for all derivatives and for the three step lengths that are tried.

    Raises:
        CancelledError(stopped): the monitor was cancelled.
    """
    columns, steps = _columns(free)
    u = torch.zeros(1, len(columns))
    scale = (weight / (weight.mean() * FIT_SIZE**2)).sqrt() * _PIXELS**0.5
    current, error = _compared(person, portrait, weight, scale, astray)
    for turn in range(rounds):
        monitor.check(stopped)
        monitor.step(SearchStep(turn, rounds, float(error[0]), stage="drawing"))
        shifted = _moved(person, columns, steps, u + torch.eye(len(columns)))
        residuals, _ = _compared(shifted, portrait, weight, scale, astray)
        jacobian = (residuals - current).T  # [residuals, C]
        normal = jacobian.T @ jacobian + torch.eye(len(columns))
        slope = jacobian.T @ current[0] + u[0]
        step = torch.linalg.solve(normal, slope)
        tries = torch.cat([u - length * step for length in (0.35, 0.7, 1.0)])
        residuals, errors = _compared(_moved(person, columns, steps, tries), portrait, weight, scale, astray)
        costs = residuals.square().sum(1) + tries.square().sum(1)
        best = int(costs.argmin())
        if float(costs[best]) >= float(current.square().sum() + u.square().sum()):
            break
        u, current, error = tries[best : best + 1], residuals[best : best + 1], errors[best : best + 1]
    return _moved(person, columns, steps, u), float(error[0])


def misfit(drawing: Drawing, portrait: Portrait, weight: Tensor) -> Tensor:
    """[B], the misfit of drawings with a portrait: weighted mean square of the fitted colours, and of the outlines."""
    error = fit_colours(drawing, portrait.colours(weight.shape[2]), weight, portrait.parts).error
    if portrait.parts is None:
        return error
    return error + OUTLINES * outline_miss(drawing.masks, portrait.parts, weight)


_PIXELS = 60.0
"""The number of independent pixels in a portrait: errors of neighbours are correlated."""


# Residuals [B, K], each divided by its standard deviation, and errors [B].
def _compared(
    people: Parameters, portrait: Portrait, weight: Tensor, scale: Tensor, astray: float
) -> tuple[Tensor, Tensor]:
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
    return torch.cat(residuals, 1), error


def _moved(person: Parameters, columns: Tensor, steps: Tensor, u: Tensor) -> Parameters:
    return Parameters(person.values.expand(len(u), -1).index_add(1, columns, u * steps)).clamped()


def _columns(free: Tensor) -> tuple[Tensor, Tensor]:
    columns: list[int] = []
    steps: list[float] = []
    for name, step in STEPS.items():
        place = layout()[name]
        chosen = [column for column in range(place.start, place.stop) if bool(free[column])]
        columns += chosen
        steps += [step] * len(chosen)
    features, names = layout()["features"].start, released_head(str(free.device)).feature_names
    for name, step in SHAPE.items():
        column = features + names.index(name)
        if bool(free[column]):
            columns.append(column)
            steps.append(step)
    return torch.tensor(columns), torch.tensor(steps)
