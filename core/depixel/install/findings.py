"""The result of a check by the doctor."""

from __future__ import annotations

from dataclasses import dataclass

GOOD, NOTE, BAD = "ok", "note", "problem"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's output."""

    level: str  # GOOD, NOTE (not broken, but perhaps unintended) or BAD
    what: str
    mend: str = ""  # what to do
