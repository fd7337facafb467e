"""
Fits the brows and eyes of a drawn person to those of a portrait, by least squares on an enlarged part of the picture.
It compares how dark each place is relative to its surroundings, because the light is matched later: brows that are too
pale or too high would then be replaced by a shadow around the eyes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred
from depixel.faces.drawn.least_squares import Comparison, closest, feature_column, movable
from depixel.faces.drawn.portrait import Portrait
from depixel.portrait.parameters import Parameters, by_name, layout
from depixel.portrait.rendering import draw

STEPS = {"brow_height": 0.03, "brow_thickness": 0.2, "brow_darkness": 0.5, "brow_arch": 0.3, "iris_melanin": 0.3}
"""Parameter => step for its derivative, which is also how far it usually moves."""
SHAPE = {"eyebrows-trans-down-up": 0.4, "eye-scale-decr-incr": 0.12}
"""The same for features of the head."""
TRIED = (
    {"brow_height": (-0.09, -0.04, 0.01), "brow_darkness": (0.2, 1.4)},
    {"eyebrows-trans-down-up": (-0.5, 0.0)},
)
"""Values of parameters and features that are tried first, in all combinations: a step cannot reach a distant brow."""
SIZE = 48
"""Pixels per side of the enlarged part."""
ENLARGED = 2.0
"""How many times it is enlarged."""
NOISE = 0.12
"""Standard deviation of the logarithm of a place's relative brightness that the drawing is not expected to explain."""
SOFTNESS, SURROUNDINGS = 0.7, 6.0
"""
Standard deviations of the blurs in pixels of the part: of the drawing, which becomes as soft as the portrait, and of
the surroundings.
"""
PIXELS = 60.0
"""The number of independent pixels."""
ROUNDS = 2
"""Rounds of `closest`."""


def fit_eyes(person: Parameters, portrait: Portrait, free: Tensor, rounds: int = ROUNDS) -> Parameters:
    """
    The person with brows and eyes closer to the portrait's.

    Args:
        person: a table of one, posed like the portrait.
        free: [D] bool, the columns of the parameters that may change.
        rounds: see `closest`.
    """
    parameters = movable(free, STEPS, SHAPE)
    if len(parameters.columns) == 0:
        return person
    zoom = min(ENLARGED, by_name()["scale"].high / float(person["scale"]))
    centre = person["eyes_at"]
    part = _enlarged(portrait.soft, centre, zoom)
    face = None if portrait.parts is None else _enlarged(portrait.parts[:, :1], centre, zoom)
    near: dict[str, Tensor | float | str] = {
        "scale": person["scale"] * zoom, "eyes_at": torch.tensor([0.5, 0.5]), "hair": "bald", "beard": "none",
        "headwear": "none",
    }  # fmt: skip
    target, weight = _relative(part), _weight(float(person["scale"]) * zoom).to(part)
    if face is not None:
        weight = weight * face.clamp(0, 1)
    weight = (weight * (PIXELS / weight.sum().clamp(min=1.0))).sqrt() / NOISE

    def compared(people: Parameters) -> Comparison:
        drawing = draw(people.replaced(near), SIZE, samples=1)
        seen = _relative(blurred(drawing.picture, SOFTNESS))
        residuals = ((seen - target) * weight * drawing.masks[:, :1]).flatten(1)
        return Comparison(residuals, residuals.square().sum(1))

    return closest(_tried(person, free, compared), parameters, compared, rounds)[0]


# The best of all combinations in TRIED; parameters that are not free keep their values.
def _tried(person: Parameters, free: Tensor, compared: Callable[[Parameters], Comparison]) -> Parameters:
    columns = [layout()[name].start for name in TRIED[0]] + [feature_column(name, free.device) for name in TRIED[1]]
    values = [values for names in TRIED for values in names.values()]
    kept = [(column, row) for column, row in zip(columns, values, strict=True) if bool(free[column])]
    if not kept:
        return person
    options = torch.cartesian_prod(*(torch.tensor(row) for _, row in kept)).reshape(-1, len(kept))
    people = person.values.repeat(len(options), 1)
    people[:, [column for column, _ in kept]] = options
    return Parameters(people[compared(Parameters(people)).errors.argmin()][None])


# The square around a point [1, 2] of a picture [1, C, R, R], 1 / zoom of its side wide: [1, C, SIZE, SIZE].
def _enlarged(picture: Tensor, centre: Tensor, zoom: float) -> Tensor:
    side = max(SIZE, round(picture.shape[2] / zoom))
    axis = ((torch.arange(side, device=picture.device) + 0.5) / side - 0.5) / zoom
    x, y = (2 * (axis + float(value)) - 1 for value in centre[0])
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]
    return resize(F.grid_sample(picture, grid, padding_mode="border", align_corners=False), SIZE, SIZE)


# Logarithm [B, 1, SIZE, SIZE] of the brightness of each place relative to its surroundings.
def _relative(picture: Tensor) -> Tensor:
    luma = picture.mean(1, keepdim=True).clamp(min=0.02).log()
    return luma - blurred(luma, SURROUNDINGS)


# Brows and eyes: an ellipse above the middle. scale: from the eyes to the mouth, as a fraction of the side.
def _weight(scale: float) -> Tensor:
    axis = (torch.arange(SIZE) + 0.5) / SIZE - 0.5
    x, y = axis[None, :] / (0.75 * scale), (axis[:, None] + 0.12 * scale) / (0.34 * scale)
    return torch.exp(-(x**4) - y**4)[None, None]
