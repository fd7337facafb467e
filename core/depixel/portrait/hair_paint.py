"""The colour that hair gives the skin below it: scalp, brows, the shadow of a beard.

With strands alone, skin would show through; the smaller the picture, the more.
"""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.portrait.hair import coverage, shape_numbers
from depixel.portrait.hair_colour import GREY, beard_colour, brow_colour, mean_colour
from depixel.portrait.hair_face import beard_areas, beard_cover, beard_numbers, brow_place
from depixel.portrait.hair_roots import hairline, ramp
from depixel.portrait.hair_styles import NAMES
from depixel.portrait.parameters import Parameters


def paint(parameters: Parameters, place: Tensor, person: Tensor) -> tuple[Tensor, Tensor]:
    """Colour [N, 3] (linear reflectance, differentiable) and weight [N] (0 to 1) of hair on samples of skin.

    place: [N, 3], positions of the samples on the template, dm; person: [N] int64.
    """
    colour = place.new_zeros(len(place), 3)
    weight = place.new_zeros(len(place))
    for number in range(len(parameters)):
        rows = (person == number).nonzero().squeeze(1) if len(parameters) > 1 else slice(None)
        one = parameters.person(number)
        layers = _layers(one, place[rows])
        mixed, total = place.new_zeros(3), place.new_zeros(len(place[rows]))
        covered = torch.zeros_like(total)
        mixed = place.new_zeros(len(total), 3)
        for tint, part in layers:
            mixed = mixed * (1 - part)[:, None] + tint * part[:, None]
            covered = covered * (1 - part) + part
        colour = _put(colour, rows, mixed / covered.clamp(min=1e-6)[:, None])
        weight = _put(weight, rows, covered)
    return colour, weight


def _put(values: Tensor, rows: Tensor | slice, new: Tensor) -> Tensor:
    return new if isinstance(rows, slice) else values.index_put((rows,), new)


def _layers(one: Parameters, place: Tensor) -> list[tuple[Tensor, Tensor]]:
    """(colour [1, 3], weight [N]) of one person's scalp, beard and brows, in the order in which they are painted."""
    layers = [(brow_colour(one), _brows(one, place))]
    if int(one.choice("beard")) > 0:
        layers.append((_beard_tint(one), _beard(one, place)))
    if int(one.choice("hair")) != NAMES.index("bald"):
        layers.append((mean_colour(one) * 0.55, _scalp(one, place)))
    return layers


def _scalp(one: Parameters, place: Tensor) -> Tensor:
    s = shape_numbers(one)
    inside = coverage(s, place, hairline(place))[0]
    strip = ramp(place[:, 0].abs() - s["strip"][0], 0.0, 0.09) * ramp(place[:, 1], -0.2, 0.1)
    part = s["scalp"][0] * s["density"][0].sqrt()
    part = part + (0.45 - part).clamp(max=0) * strip
    faded = s["fade"][0] * ramp(place[:, 1], 0.4, -0.2) * 0.5
    return ramp(inside, -0.03, 0.06) * part * (1 - faded)


def _beard_tint(one: Parameters) -> Tensor:
    own = beard_colour(one)
    return (own + (own.new_tensor(GREY) - own) * (one["hair_grey"] * 0.8)[:, None]) * 0.6


def _beard(one: Parameters, place: Tensor) -> Tensor:
    cover = beard_cover(one, beard_areas(place))[0]
    thick = (beard_numbers(one)["length"][0] / 0.06).clamp(0.45, 1.0)
    return ramp(cover, 0.15, 0.9) * thick * one["beard_density"].detach() * 0.85


def _brows(one: Parameters, place: Tensor) -> Tensor:
    dial = {name: one[f"brow_{name}"].detach()[:, None] for name in ("thickness", "density", "arch", "height")}
    across, along = brow_place(place, dial["arch"], dial["height"])
    shape = torch.exp(-(across[0] / (0.85 * dial["thickness"][0])).square())
    x = place[:, 0].abs()
    inside = ramp(x, 0.07, 0.16) * ramp(x, 0.56, 0.45) * (place[:, 2] > -0.3) * (place[:, 1] > 0)
    return shape * inside * 0.42 * dial["density"][0] * (1 - 0.3 * along)
