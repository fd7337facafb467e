"""
The readings of pixel art by name, and which of them is candidate k: the option table and the engine use the same list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One way to read pixel art."""

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
"""In the order in which candidates take them: neighbours in this list are unlike each other."""

AUTO = "auto"
"""Value of `Request.reading` that starts with the first reading."""

NAMES = tuple(reading.name for reading in READINGS)


def reading_of(candidate: int, first: str = AUTO) -> str:
    """
    The reading that candidate k is: the first as asked for, then the others in the order of the list; after all of them
    it begins again, with imagined detail.

    Args:
        first: AUTO or one of NAMES.
    """
    start = 0 if first == AUTO else NAMES.index(first)
    return NAMES[(start + candidate) % len(NAMES)]


def label_of(name: str) -> str:
    """The few words for people of a reading."""
    return READINGS[NAMES.index(name)].label
