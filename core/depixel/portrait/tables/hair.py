"""Hair, brows, lashes and beard: the dials, and which of them are correlated in people."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.portrait.beard_styles import BEARDS
from depixel.portrait.hair_styles import NAMES, chances
from depixel.portrait.parameters import Choice, Normal, Parameter, Sometimes, Uniform

TABLE = (
    Parameter("hair", "hair style", 0, len(NAMES) - 1, Choice((1.0,) * len(NAMES)), options=NAMES),
    Parameter("hair_length", "length, as a multiple of the style's", 0.3, 2.2, Normal(1, 0.13)),
    Parameter("hair_fringe", "length of the fringe, as a multiple of the style's", 0.3, 2, Normal(1, 0.12)),
    Parameter("hair_volume", "thickness of the mass of hair, as a multiple of the style's", 0.3, 2.5, Normal(1, 0.22)),
    Parameter("hair_curl", "curls and waves in addition to the style's", -1, 1.5, Sometimes(0.35, -0.4, 0.8)),
    Parameter("hair_part", "position of the parting relative to the style's", -0.3, 0.3, Normal(0, 0.06), "dm"),
    Parameter("hair_side", "1: as in the style, -1: left and right exchanged", -1, 1, Uniform(-1, 1)),
    Parameter("hair_mess", "untidiness, as a multiple of the style's", 0, 3, Uniform(0.4, 1.7)),
    Parameter("hair_recede", "how far the hairline has gone back", 0, 0.6, Sometimes(0.4, 0.0, 0.3), "dm"),
    Parameter("hair_melanin", "from very light blond (0) to black (1)", 0, 1, Uniform(0, 1)),
    Parameter("hair_redness", "red pigment", 0, 1, Sometimes(0.18, 0.2, 1)),
    Parameter("hair_grey", "fraction of the hairs that are grey", 0, 1, Uniform(0, 1)),
    Parameter("hair_dye", "strength of the dye", 0, 1, Sometimes(0.08, 0.6, 1)),
    Parameter("hair_dye_colour", "colour of the dye", 0, 1, Uniform(0, 1), "sRGB", 3),
    Parameter("hair_roots", "fraction of the length that has grown out undyed", 0, 1, Uniform(0, 0.5)),
    Parameter("hair_highlights", "fraction of the locks that are lighter", 0, 1, Sometimes(0.15, 0.15, 0.6)),
    Parameter("hair_shine", "shine: 0 dull, 1 healthy, 2 wet", 0, 2.5, Uniform(0.5, 1.3)),
    Parameter("brow_thickness", "height of the brows", 0.3, 1.6, Normal(0.74, 0.15)),
    Parameter("brow_density", "density of the brows", 0.1, 1, Uniform(0.35, 0.75)),
    Parameter("brow_arch", "how much the brows are arched", -1, 1, Normal(0, 0.35)),
    Parameter("brow_height", "how much higher the brows are than usual", -0.1, 0.08, Normal(0, 0.015), "dm"),
    Parameter("brow_darkness", "how much darker (positive) the brows are than the hair", -1, 3, Normal(0.1, 0.2)),
    Parameter("lash_length", "length of the lashes", 0.2, 1.5, Uniform(0.4, 0.7)),
    Parameter("beard", "beard or moustache", 0, len(BEARDS), Choice((1.0,) * (len(BEARDS) + 1)),
              options=("none", *BEARDS)),
    Parameter("beard_length", "length of the beard, as a multiple of its kind's", 0.3, 2.5, Normal(1, 0.2)),
    Parameter("beard_density", "how full the beard is", 0.2, 1, Uniform(0.55, 1)),
    Parameter("beard_redness", "how much redder the beard is than the hair", 0, 1, Uniform(0, 0.4)),
)  # fmt: skip

SHADES = torch.tensor([[0.32, 0.72, 0.45], [0.85, 0.2, 0.45], [0.2, 0.35, 0.8], [0.55, 0.25, 0.7], [0.8, 0.12, 0.1]])
"""Dyes that people choose, sRGB."""


def customs(people: dict[str, Tensor], noise: Tensor) -> None:
    """Styles loosely by age and gender, darker hair with darker skin, grey with age, beards for men."""
    age, gender, tone = (people[name] for name in ("age", "gender", "tone"))
    share = chances(age[:, 0], gender[:, 0]).cumsum(1)
    people["hair"] = torch.searchsorted(share / share[:, -1:], noise[:, 30:31].contiguous()).double()
    people["hair"] = people["hair"].clamp(max=len(NAMES) - 1)
    dark = ((tone - 0.25) / 0.4).clamp(0, 1)
    least = 0.35 * (noise[:, 31:32] < 0.5) + dark * 0.72
    people["hair_melanin"] = least + (1 - least) * people["hair_melanin"]
    people["hair_redness"] *= 1 - dark
    old = ((age - 30) / 40).clamp(0, 1)
    people["hair_grey"] = (old * 1.5 * people["hair_grey"] + (old - 0.8).clamp(min=0) * 2).clamp(0, 1)
    people["hair_grey"] *= (noise[:, 32:33] < 0.25 + old * 0.75).double()
    female = ((gender - 0.35) / 0.3).clamp(0, 1)
    people["hair_recede"] *= (1 - female) * ((age - 25) / 30).clamp(0, 1)
    grown = (age > 14).double()
    people["hair_dye"] *= grown
    chosen = SHADES[(noise[:, 33] * len(SHADES)).long().clamp(max=len(SHADES) - 1)].double()
    people["hair_dye_colour"] = 0.75 * chosen + 0.25 * people["hair_dye_colour"]
    people["brow_thickness"] *= 1.08 - 0.3 * female
    people["brow_arch"] += 0.35 * female - 0.1
    people["lash_length"] *= 1 + 0.35 * female
    bearded = (noise[:, 34:35] < 0.4) & (gender < 0.45) & (age > 19)
    people["beard"] = torch.where(bearded, people["beard"], torch.zeros_like(age))
