"""Says which answer to a picture candidate k is: a reading of it, or detail of its own."""

from __future__ import annotations

from dataclasses import dataclass

from depixel.client.readings import AUTO, MATERIAL_NAMES, NAMES, SOFT_NAMES, TEXTURE_NAMES, reading_of
from depixel.degradation import PointDegradation
from depixel.enlarging.detail.field import USUAL
from depixel.preparation.prepare import Prepared
from depixel.request import Request


@dataclass(frozen=True)
class Version:
    """What distinguishes one candidate from the others."""

    reading: str  # one of depixel.client.readings.ALL_NAMES; empty = none
    round: int  # how often all readings were used before it; imagined ones: the candidate's number
    calm: bool  # z = 0, regardless of the other candidates
    detail: float = 0.0  # textures: the imagination with which detail of a material is added

    @property
    def material(self) -> str:
        """Of the detail; empty = the best match."""
        return self.reading if self.reading in MATERIAL_NAMES else ""


def version_of(prepared: Prepared, request: Request, candidate: int) -> Version:
    """
    Candidates use the readings in turn, all of them calm unless detail is requested. After all readings, pixel art
    begins again with a z for each candidate, and other art continues with z alone. Answers like a favourite keep its
    reading. Textures get the detail of materials, unless latents are searched for.
    """
    plain = request.imagination == 0 and request.like is None and not request.steps
    if prepared.domain.drawn:
        if request.like is not None and request.reading in NAMES:
            return Version(request.reading, candidate, False)
        number = candidate // len(NAMES)
        return Version(reading_of(candidate, request.reading), number, plain and number == 0)
    if not prepared.domain.readable:
        return Version("", candidate, False)
    if prepared.domain.material and not request.steps:
        return _of_texture(request, candidate)
    first = request.reading if request.reading in SOFT_NAMES else AUTO
    if not plain or (request.candidates == 1 and first == AUTO):
        return Version("" if first == AUTO else first, candidate, False)
    if candidate >= len(SOFT_NAMES):
        return Version("", candidate, False)
    return Version(reading_of(candidate, first, SOFT_NAMES), 0, True)


# Without imagination: each reading once, then detail that fits. With it: every candidate has the requested reading.
def _of_texture(request: Request, candidate: int) -> Version:
    first = request.reading if request.reading in TEXTURE_NAMES else AUTO
    if request.imagination > 0 or request.like is not None:
        return Version("" if first == AUTO else first, 0, True, request.imagination or USUAL)
    if request.candidates == 1 and first == AUTO:
        return Version("", 0, True)
    if candidate >= len(TEXTURE_NAMES):
        return Version("", 0, True, USUAL)
    reading = reading_of(candidate, first, TEXTURE_NAMES)
    return Version(reading, 0, True, USUAL if reading in MATERIAL_NAMES else 0.0)


def reads_at_two(prepared: Prepared, request: Request) -> bool:
    """
    Whether readings of pixel art are requested at scale 2, where pixels can only be repeated: they are then made at
    scale 4 and reduced (`depixel.sized.halved`).
    """
    repeats = isinstance(prepared.degradation, PointDegradation) and prepared.degradation.factor == 2
    interprets = request.reading in NAMES or request.candidates > 1
    exact = request.palette == "keep" or request.size is not None or prepared.layout is not None
    return prepared.domain.drawn and repeats and interprets and not exact
