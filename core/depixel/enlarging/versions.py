"""Which of several answers to one picture candidate k is: pixel art is read in several ways, other kinds vary by z."""

from __future__ import annotations

from dataclasses import dataclass

from depixel.client.readings import NAMES, reading_of
from depixel.preparation.prepare import Prepared
from depixel.request import Request


@dataclass(frozen=True)
class Version:
    """What makes one candidate different from the others."""

    reading: str  # pixel art: one of depixel.client.readings.NAMES; empty for other kinds
    round: int  # how often all readings were taken before it; other kinds: the candidate's number
    calm: bool  # z = 0, whatever the other candidates have


def version_of(prepared: Prepared, request: Request, candidate: int) -> Version:
    """
    Candidates of pixel art take the readings in turn, all of them calm unless detail is requested; when every reading
    was taken, they begin again with z of their own.
    """
    if not prepared.domain.drawn:
        return Version("", candidate, False)
    number = candidate // len(NAMES)
    plain = request.imagination == 0 and request.like is None and not request.steps
    return Version(reading_of(candidate, request.reading), number, plain and number == 0)
