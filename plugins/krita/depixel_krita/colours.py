"""
Which colours are sent to the engine unchanged, and which Krita converts for the job and back.

Krita stores whole-number RGBA as B,G,R,A and floating point as R,G,B,A.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from krita import Document, Node

SRGB = "sRGB-elle-V2-srgbtrc.icc"
"""Krita's own sRGB profile, available in every Krita."""

STRIP = 1 << 17
"""Pixels that are read or written at once: a few milliseconds each."""

CONVERTED = 1 << 16
"""Pixels that are converted at once, which is slower in Krita."""

_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}
_CHANNELS = {"A": 1, "GRAYA": 2, "CMYKA": 5}
_TRAVEL = ("RGBA", "GRAYA", "A")


@dataclass(frozen=True)
class ColourSpace:
    """A colour space in Krita's terms."""

    model: str  # "RGBA", "GRAYA", "CMYKA", "LABA", "XYZA", "YCbCrA", "A"
    depth: str  # "U8", "U16", "F16", "F32"
    profile: str

    @property
    def pixel_bytes(self) -> int:
        return _CHANNELS.get(self.model, 4) * _BYTES[self.depth]

    @property
    def channels(self) -> int:
        """The number of channels of the engine's pixels."""
        return {"GRAYA": 2, "A": 1}.get(self.model, 4)

    @property
    def bits(self) -> int:
        """Bits per sample of the engine's pixels."""
        return 8 if self.depth == "U8" else 16

    @property
    def travels(self) -> ColourSpace:
        """The colours that the engine gets: these, or the nearest that it supports."""
        if self.model in _TRAVEL:
            return self if self.depth in ("U8", "U16") else replace(self, depth="U16")
        return ColourSpace("RGBA", "U16", SRGB)

    @property
    def is_converted(self) -> bool:
        """Whether Krita converts them for the engine and back."""
        return self.travels != self

    @property
    def change(self) -> str:
        """What Krita does to the answers' pixels, for `worst_exactness`."""
        return "colour conversion" if self.is_converted else ""

    @property
    def is_swapped(self) -> bool:
        """Whether they are B,G,R,A in memory."""
        return self.model == "RGBA" and self.depth in ("U8", "U16")

    def note(self) -> str:
        """What the conversion loses, as a sentence; empty if nothing."""
        if self.model not in _TRAVEL:
            return f"The colours were converted from {self.model} to RGB for the engine and back."
        if self.depth in ("F16", "F32"):
            return "Samples outside 0 to 1 were clipped, and 16 bits were used."
        return ""


MASK = ColourSpace("A", "U8", "")
"""Of a transparency mask: how visible each pixel is."""


def colours_of(thing: Document | Node) -> ColourSpace:
    """Of a document or a node."""
    return ColourSpace(thing.colorModel(), thing.colorDepth(), thing.colorProfile())


def strips(width: int, height: int, most: int = STRIP) -> Iterator[tuple[int, int]]:
    """(top, rows) of parts of at most `most` pixels, or of a single row."""
    rows = max(1, most // max(1, width))
    for top in range(0, height, rows):
        yield top, min(rows, height - top)
