"""
The kinds of picture. Everything by which they differ is a field of the six values below; other modules read a field and
never compare names.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Domain:
    """A kind of picture, and how Depixel treats it."""

    name: str  # as in requests, reports and on the wire
    weights: str = "art"  # kind of weights that enlarge it
    scale: int | None = 4  # default enlargement; None = enough for `side` pixels
    side: int = 0  # pixels of the longer side that an answer should have, where `scale` is None
    degradation: str = "area"  # how such pictures were reduced
    steps: int | None = 0  # search steps unless requested; None = the search's own number
    repeats: bool = False  # may be tileable: worth measuring
    vectors: bool = False  # RGB is a vector of length 1
    separate: bool = False  # the channels have different meanings: each is enlarged separately
    data_alpha: bool = False  # alpha is data, not opacity
    drawn: bool = False  # drawn pixel by pixel: hard edges without intermediate colours
    readable: bool = False  # it shows things, so it can be interpreted in several ways
    material: bool = False  # a surface, with the detail of a material
    gridded: bool = False  # may have been enlarged by nearest neighbour, which can be undone
    sheets: bool = True  # may be a sheet of frames
    disclosure: str = ""  # sentence that must accompany every answer, because it is an invention

    @property
    def imagined(self) -> bool:
        """Whether the whole answer is invented, not only its detail."""
        return bool(self.disclosure)

    def scale_for(self, side: int, most: int) -> int:
        """The enlargement of a picture whose longer side has `side` pixels; at most `most`."""
        if self.scale is not None:
            return self.scale
        return min(most, max(2, -(-self.side // side)))


ART = Domain("art", readable=True)
PIXEL_ART = Domain("pixel-art", degradation="point", repeats=True, drawn=True, readable=True, gridded=True)
TEXTURES = Domain("textures", repeats=True, readable=True, material=True)
NORMALS = Domain("normals", repeats=True, vectors=True, data_alpha=True)
DATA = Domain("data", repeats=True, separate=True, data_alpha=True)
FACES = Domain(
    "faces", weights="faces", scale=None, side=128, steps=None, gridded=True, sheets=False,
    disclosure="This face is invented. It does not show a real person."
)  # fmt: skip

BY_NAME = {domain.name: domain for domain in (ART, PIXEL_ART, TEXTURES, NORMALS, DATA, FACES)}
"""Name => kind, in the order shown to users."""


def requested(name: str) -> Domain | None:
    """The kind that a request names; None for "auto" and for unknown names."""
    return BY_NAME.get(name)


def is_imagined(name: str) -> bool:
    """Whether a request with this value of `domain` asks for an invented picture."""
    return name in BY_NAME and BY_NAME[name].imagined
