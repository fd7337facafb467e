"""How much one face differs from another in the same place, according to the reader."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from depixel.faces.reader import NUMBERS, SPREADS, FaceReading, released_reader
from depixel.picture import Picture
from depixel.preparation.tensors import integers, premultiplied

COMPARED = ("age", "gender")
"""Numbers that distinguish people; the kept pixels decide the tone and the pose."""
ASTRAY = 0.012
"""Standard deviation of a landmark's reading, as a fraction of the side."""
ANCESTRY, BEARD = 3.0, 1.0
"""Weights of the squared differences of ancestry and beard."""


def differences(original: Picture, answers: Sequence[Picture]) -> list[float]:
    """
    How much the face in each answer differs from that in the original, in standard deviations; first frames only.

    Args:
        original: filled by one face.
        answers: of the same part of the same picture, of any size.
    """
    reader = released_reader()
    firsts = (picture.replace(frames=picture.frames[:1], durations=()) for picture in (original, *answers))
    seen, *others = (reader.read(premultiplied(integers(one), one.levels)) for one in firsts)
    return [float(_distance(seen, other)) for other in others]


def _distance(a: FaceReading, b: FaceReading) -> Tensor:
    total = ANCESTRY * (a.ancestry - b.ancestry).square().sum() + BEARD * (a.beard - b.beard).square().sum()
    for name in COMPARED:
        total = total + ((a.numbers[name] - b.numbers[name]) / SPREADS[NUMBERS.index(name)]).square().sum()
    apart = ((a.landmarks - b.landmarks) / ASTRAY).square().mean()
    root: Tensor = (total + apart).sqrt()
    return root
