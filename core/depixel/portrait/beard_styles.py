"""Beards and moustaches as data: a new kind is one entry in BEARDS."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class BeardShape:
    """The numbers of a kind of beard: weights from 0 to 1 for where it grows, lengths in dm."""

    cheeks: float = 0.0
    """The sides of the jaw and the cheeks below the cheek line."""
    chin: float = 0.0
    """Chin and the front of the jaw."""
    moustache: float = 0.0
    mouth_sides: float = 0.0
    """Beside the mouth, from moustache to chin."""
    soul: float = 0.0
    """The spot below the lower lip."""
    edge: float = 0.0
    """A narrow strip along the jaw."""
    sideburns: float = 0.0
    neck: float = 0.0
    length: float = 0.06
    chin_length: float = 0.06
    moustache_length: float = 0.05
    spread: float = 0.0
    """How far the moustache's ends turn out and up."""
    curl: float = 0.1
    fall: float = 0.4
    """How much the beard hangs down instead of standing out from the skin."""


NUMBERS = tuple(f.name for f in fields(BeardShape))

BEARDS: dict[str, BeardShape] = {
    "stubble": BeardShape(1, 1, 1, 1, 1, 1, 0.9, 0.4, 0.016, 0.016, 0.014, 0.0, 0.0, 0.1),
    "short": BeardShape(1, 1, 1, 1, 1, 1, 1, 0.25, 0.07, 0.09, 0.055),
    "full": BeardShape(1, 1, 1, 1, 1, 1, 1, 0.4, 0.16, 0.24, 0.09, 0.1, 0.15, 0.5),
    "long": BeardShape(1, 1, 1, 1, 1, 1, 1, 0.5, 0.3, 0.85, 0.13, 0.1, 0.2, 0.75),
    "goatee": BeardShape(0, 1, 1, 1, 1, 0, 0, 0, 0.07, 0.14, 0.07, 0.0, 0.1, 0.5),
    "sideburns": BeardShape(0, 0, 0, 0, 0, 0, 1, 0, 0.07, 0.05, 0.05),
    "mutton-chops": BeardShape(1, 0, 1, 0.5, 0, 0, 1, 0, 0.16, 0.05, 0.09, 0.0, 0.2, 0.4),
    "handlebar": BeardShape(0, 0, 1, 0, 0, 0, 0, 0, 0.05, 0.05, 0.2, 0.9, 0.05, 0.3),
    "chin-strap": BeardShape(0, 0.45, 0, 0, 0, 1, 0.8, 0, 0.045, 0.05, 0.04),
    "soul-patch": BeardShape(0, 0, 0, 0, 1, 0, 0, 0, 0.05, 0.07, 0.04, 0.0, 0.05, 0.7),
    "pencil-moustache": BeardShape(0, 0, 0.5, 0, 0, 0, 0, 0, 0.03, 0.03, 0.035, 0.2, 0.0, 0.5),
    "moustache": BeardShape(0, 0, 1, 0, 0, 0, 0, 0, 0.05, 0.05, 0.09, 0.15, 0.1, 0.55),
}
