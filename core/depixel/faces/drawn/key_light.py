"""
The main light of a portrait: several directions are tried. A face that is lit from the opposite side could only be
relit by making its shadows several times brighter, which would show as streaks.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from depixel.portrait.parameters import Parameters, layout

AZIMUTHS, ELEVATIONS = (-75.0, -40.0, 0.0, 40.0, 75.0), (20.0,)
"""Directions in degrees that are tried, in all combinations."""
AROUND = (1.0, 0.3)
"""Factors of the other lights, tried with each direction: from soft light to deep shadows."""
OTHERS = ("fill_colour", "sky_colour", "ground_colour")
NAMES = ("key_azimuth", "key_elevation", "fill_azimuth", *OTHERS)


def with_best_light(person: Parameters, free: Tensor, misfit: Callable[[Parameters], Tensor]) -> Parameters:
    """
    The person in the light with the smallest misfit; unchanged if the user fixed a light.

    Args:
        person: a table of one.
        free: [D] bool, the columns of the parameters that may change.
        misfit: B people => [B].
    """
    if not all(bool(free[layout()[name]].all()) for name in NAMES):
        return person
    tried = torch.cartesian_prod(*(torch.tensor(values) for values in (AZIMUTHS, ELEVATIONS, AROUND)))
    azimuth, elevation, around = tried.unbind(1)
    fill = person["fill_azimuth"].abs() * torch.where(azimuth > 0, -1.0, 1.0)
    lit = Parameters(person.values.repeat(len(azimuth), 1)).replaced(
        {
            "key_azimuth": azimuth, "key_elevation": elevation, "fill_azimuth": fill,
            **{name: person[name] * around[:, None] for name in OTHERS},
        }
    )  # fmt: skip
    people = Parameters(torch.cat([person.values, lit.values]))
    return people.person(int(misfit(people).argmin()))
