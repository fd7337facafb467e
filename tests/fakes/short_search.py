"""A search for drawn people with all stages of the real one, but fewer people, hair styles and derivatives."""

from __future__ import annotations

import pytest

from depixel.faces.drawn import engine, eye_fit, key_light, proposals, refinement
from depixel.faces.reader import FaceReading

_STYLES = 2


def shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the search several times faster. Every stage still runs, on the released weights."""

    def few(reading: FaceReading) -> list[tuple[int, float]]:
        return proposals.likely_styles(reading)[:_STYLES]

    monkeypatch.setattr(engine, "likely_styles", few)
    monkeypatch.setattr(engine, "PROPOSALS", 3)
    monkeypatch.setattr(engine, "LEAST_PROPOSALS", 2)
    monkeypatch.setattr(engine, "ROUNDS", 1)
    monkeypatch.setattr(key_light, "AZIMUTHS", key_light.AZIMUTHS[:1])
    monkeypatch.setattr(eye_fit, "TRIED", ({"brow_height": (-0.04, 0.01)}, {}))
    monkeypatch.setattr(eye_fit, "STEPS", {"brow_darkness": eye_fit.STEPS["brow_darkness"]})
    monkeypatch.setattr(refinement, "STEPS", {name: refinement.STEPS[name] for name in ("yaw", "hair_volume")})
