"""What a check of the doctor says."""

from __future__ import annotations

from dataclasses import dataclass

GOOD, NOTE, BAD = "ok", "note", "problem"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor."""

    level: str  # GOOD, NOTE (nothing is broken, but perhaps not as wished) or BAD
    what: str
    mend: str = ""  # what to do
