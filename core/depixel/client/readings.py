"""
The readings of pixel art, of soft art and of textures by name, and the choice of the reading for candidate k. The
option table and the engine use the same lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class Reading:
    """One way to read a picture."""

    name: str  # value of `Request.reading`
    label: str  # a few words for people
    help: str  # one sentence


READINGS = (
    Reading("smooth", "smooth contours", "Contours as the generator draws them, areas flat."),
    Reading("crisp", "crisp corners", "Square pixels; only staircases become straight diagonals, nothing is rounded."),
    Reading("shaded", "soft shading", "Smooth contours, and soft shading between neighbouring shades."),
    Reading("thin", "thin outlines", "Smooth contours; dark outlines half as thick."),
    Reading("lines", "straight lines", "Contours of short straight lines, like a vector drawing of facets."),
    Reading("palette", "own colours, dithered", "Only the picture's colours; shades meet in a fine dither."),
)
"""In the order in which candidates use them: neighbours in this list differ clearly."""

SOFT_READINGS = (
    Reading("calm", "calm", "The most likely answer, with nothing that the pixels do not imply."),
    Reading("sharp", "sharp edges", "The calm answer with steep edges."),
    Reading("painted", "painted", "Areas of even colour with sharp borders, as brush strokes leave them."),
    Reading("hard", "hard edges", "Hardly any blended pixels, as in sprites that were drawn pixel by pixel."),
)
"""Readings of drawings with soft edges, in the order in which candidates use them."""

MATERIALS = (
    Reading("stone", "detail of stone", "Fine structure like that of rock and gravel."),
    Reading("wood", "detail of wood", "Streaks like those of wood and bark."),
    Reading("sand", "detail of sand", "Fine grain like that of sand, plaster and snow."),
    Reading("grass", "detail of grass", "Blades and leaves like those of grass and straw."),
)
"""Readings of textures with invented detail of a material."""

TEXTURE_READINGS = (SOFT_READINGS[0], *MATERIALS, *SOFT_READINGS[1:])
"""Readings of textures, in the order in which candidates use them."""

AUTO = "auto"
"""Value of `Request.reading` that begins with the first reading."""

NAMES = tuple(reading.name for reading in READINGS)
SOFT_NAMES = tuple(reading.name for reading in SOFT_READINGS)
MATERIAL_NAMES = tuple(reading.name for reading in MATERIALS)
TEXTURE_NAMES = tuple(reading.name for reading in TEXTURE_READINGS)
ALL_NAMES = (*NAMES, *SOFT_NAMES, *MATERIAL_NAMES)


def reading_of(candidate: int, first: str = AUTO, names: Tuple[str, ...] = NAMES) -> str:
    """
    The reading of candidate k: first the requested one, then the others in the order of the list, then from the start
    again.

    Args:
        first: AUTO or one of `names`; a reading of another list counts as AUTO.
        names: NAMES, SOFT_NAMES or TEXTURE_NAMES.
    """
    start = names.index(first) if first in names else 0
    return names[(start + candidate) % len(names)]


def label_of(name: str) -> str:
    """The few words for people of a reading. Raises KeyError."""
    return _LABELS[name]


_LABELS = {reading.name: reading.label for reading in (*READINGS, *SOFT_READINGS, *MATERIALS)}
