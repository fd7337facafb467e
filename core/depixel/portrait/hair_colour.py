"""The colour of hair: melanin, red pigment, grey, dye, outgrown roots and highlights."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from depixel.portrait.hair_roots import ramp
from depixel.portrait.parameters import Parameters

MELANIN = ((0.74, 0.56, 0.33), (0.50, 0.31, 0.135), (0.24, 0.115, 0.045), (0.085, 0.038, 0.018), (0.03, 0.016, 0.01),
           (0.011, 0.009, 0.008))  # fmt: skip
"""Linear reflectance of hair from very light blond to black, at equal steps of the dial."""
RED = (0.52, 0.115, 0.02)
"""The same for hair whose pigment is entirely red, at a medium lightness."""
GREY = (0.55, 0.55, 0.56)


class StrandColours(NamedTuple):
    """Colours of S strands."""

    ends: Tensor
    """[S, 2, 3], linear, root and tip; differentiable."""
    blend: Tensor
    """[S, P]."""


def linear(srgb: Tensor) -> Tensor:
    """sRGB from 0 to 1, converted to linear light."""
    low = srgb / 12.92
    high = ((srgb.clamp(min=0.0) + 0.055) / 1.055).clamp(min=1e-6) ** 2.4
    return torch.where(srgb <= 0.04045, low, high)


def natural(melanin: Tensor, redness: Tensor) -> Tensor:
    """Linear reflectance [B, 3] of hair without grey or dye."""
    steps = melanin.new_tensor(MELANIN)
    place = melanin.clamp(0, 1) * (len(MELANIN) - 1)
    low = place.detach().floor().long().clamp(max=len(MELANIN) - 2)
    t = (place - low)[:, None]
    # Mixed in the logarithm: each step darkens by a factor.
    plain = (steps[low].log() * (1 - t) + steps[low + 1].log() * t).exp()
    lightness = plain.mean(1, keepdim=True)
    red = melanin.new_tensor(RED) * (lightness / 0.12).clamp(0.12, 1.6)
    return plain + (red - plain) * (redness * 0.85)[:, None]


def mean_colour(parameters: Parameters) -> Tensor:
    """Linear reflectance [B, 3] of the hair as a whole near its roots, for painting the scalp below it."""
    own = natural(parameters["hair_melanin"], parameters["hair_redness"])
    grey = own.new_tensor(GREY)
    own = own + (grey - own) * (parameters["hair_grey"] * 0.85)[:, None]
    dyed = linear(parameters["hair_dye_colour"])
    strength = parameters["hair_dye"] * (parameters["hair_roots"] < 0.08)
    return own + (dyed - own) * strength[:, None]


def hair_colours(parameters: Parameters, person: Tensor, lock: Tensor, own: Tensor, points: int) -> StrandColours:
    """Colours of strands: person [S] int64; lock [S] and own [S] are uniform noise, the first shared by a lock."""
    plain = natural(parameters["hair_melanin"], parameters["hair_redness"])
    grey, dye, roots = (parameters[name][person] for name in ("hair_grey", "hair_dye", "hair_roots"))
    root = plain[person]
    # Strands differ a little in pigment, and locks in how much sun they have had.
    root = root * (0.82 + 0.24 * lock + 0.14 * own)[:, None]
    light = parameters["hair_highlights"][person]
    chosen = ramp(light - (lock * 0.3 + own * 0.7), -0.08, 0.08)[:, None]
    lighter = root + (natural(parameters["hair_melanin"] * 0.45, parameters["hair_redness"])[person] - root) * 0.6
    root = root + (lighter - root) * chosen
    # A strand stands for many hairs, some of them grey, so strands differ much less than hairs do.
    among = grey + torch.minimum(grey, 1 - grey) * (0.5 - 0.7 * own - 0.3 * lock)
    silver = among.clamp(0, 1)[:, None]
    root = root + (root.new_tensor(GREY) * (0.85 + 0.3 * own)[:, None] - root) * silver
    dyed = linear(parameters["hair_dye_colour"])[person] * (0.85 + 0.3 * own)[:, None]
    tip = root * root.new_tensor((1.12, 1.08, 1.02))
    tip = tip + (dyed - tip) * dye[:, None]
    t = torch.linspace(0, 1, points, device=person.device)
    start = roots.detach()[:, None]
    outgrown = ramp(t[None] - start, -0.06, 0.1)
    blend = torch.where((dye.detach() > 0)[:, None], torch.where(start < 0.05, 1.0, outgrown), t[None])
    return StrandColours(torch.stack([root, tip], 1), blend)


def beard_colour(parameters: Parameters) -> Tensor:
    """Linear reflectance [B, 3] of the beard without grey."""
    red = (parameters["hair_redness"] + parameters["beard_redness"]).clamp(0, 1)
    return natural(parameters["hair_melanin"] * 0.92 + 0.05, red)


def brow_colour(parameters: Parameters) -> Tensor:
    """Linear reflectance [B, 3] of the brows: rarely as light or as dark as the hair."""
    darker = 0.14 + 0.62 * parameters["hair_melanin"] + 0.25 * parameters["brow_darkness"]
    own = natural(darker.clamp(0.08, 0.86), parameters["hair_redness"] * 0.6)
    grey = own.new_tensor(GREY) * 0.8
    return own + (grey - own) * (brow_grey(parameters) * 0.9)[:, None]


def brow_grey(parameters: Parameters) -> Tensor:
    """[B], the fraction of the brows' hairs that are grey: fewer than on the head, and hardly any in dark brows."""
    return 0.5 * parameters["hair_grey"] * (1 - parameters["brow_darkness"]).clamp(0, 1)
