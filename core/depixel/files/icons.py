"""
Windows icons and cursors. The largest picture is read; when written, it is put back among the other sizes, which do not
change.

Source: "Icons" and "Cursors" in Microsoft's Windows documentation (ICONDIR, ICONDIRENTRY).
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import IcoImagePlugin, Image

from depixel.errors import UnreadablePictureError
from depixel.files import png, png_reading
from depixel.files.format import Size
from depixel.files.limits import Limits
from depixel.files.pillow_reading import decoding, without_pillows_limit
from depixel.files.png_chunks import SIGNATURE
from depixel.picture import Picture

MOST_SIDE = 256
"""Of one picture in an icon."""

ICON, CURSOR = 1, 2
_HEADER, _ENTRY = 6, 16
_MOST_ENTRIES = 256


@dataclass(frozen=True)
class Entry:
    """One picture of an icon or cursor."""

    width: int
    height: int
    hotspot: tuple[int, int]  # of a cursor, in pixels; planes and bits of an icon
    bits: int
    payload: bytes  # a PNG, or a BMP without file header

    @property
    def rank(self) -> tuple[int, int]:
        """For choosing the best: larger first, then deeper."""
        return self.width * self.height, self.bits


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    The largest picture. `details["icon"]` holds the others and, for a cursor, the hotspot.

    Raises:
        DecoderError, PictureTooLargeError, UnreadablePictureError.
    """
    entries = _entries(data, name)
    best = max(entries, key=lambda entry: entry.rank)
    if best.payload.startswith(SIGNATURE):
        picture = png_reading.read(best.payload, name, limits)
    else:
        picture = _bitmap(best, name, limits)
    others = tuple(entry for entry in entries if entry is not best)
    details = {**picture.details, "icon": {"others": others, "hotspot": best.hotspot}}
    return picture.replace(details=details)


def encode(picture: Picture, kind: int) -> bytes:
    """
    The picture as a PNG, with the source's other sizes unchanged; one of the same size is replaced.

    Args:
        kind: ICON or CURSOR.
    """
    source: dict[str, Any] = picture.details.get("icon", {"others": (), "hotspot": (0, 0)})
    width, height = picture.details.get("source_size", (picture.width, picture.height))
    x, y = source["hotspot"]
    hotspot = (x * picture.width // width, y * picture.height // height) if kind == CURSOR else (1, 32)
    body = png.encode(picture.replace(details={}, text={}, exif=None, durations=()))
    own = Entry(picture.width, picture.height, hotspot, 32, body)
    others = [entry for entry in source["others"] if (entry.width, entry.height) != (own.width, own.height)]
    entries = sorted([*others, own], key=lambda entry: entry.rank)
    start = _HEADER + _ENTRY * len(entries)
    table, bodies = struct.pack("<3H", 0, kind, len(entries)), b""
    for entry in entries:
        sides = (entry.width % MOST_SIDE, entry.height % MOST_SIDE)
        table += struct.pack("<4B2H2I", *sides, 0, 0, *entry.hotspot, len(entry.payload), start + len(bodies))
        bodies += entry.payload
    return table + bodies


def size(head: bytes) -> Size | None:
    """Width and height of the largest picture according to the directory."""
    if len(head) < _HEADER:
        return None
    count = min(struct.unpack_from("<H", head, 4)[0], (len(head) - _HEADER) // _ENTRY)
    sizes = [
        (head[at] or MOST_SIDE, head[at + 1] or MOST_SIDE) for at in range(_HEADER, _HEADER + _ENTRY * count, _ENTRY)
    ]
    return max(sizes, key=lambda sides: sides[0] * sides[1]) if sizes else None


def recognise(data: bytes, kind: int) -> bool:
    """Whether a file begins with the directory of an icon or cursor, with at least one entry."""
    if len(data) < _HEADER + _ENTRY:
        return False
    reserved, stored, count = struct.unpack_from("<3H", data)
    return reserved == 0 and stored == kind and 0 < count <= _MOST_ENTRIES and data[9] == 0


def _entries(data: bytes, name: str) -> list[Entry]:
    (count,) = struct.unpack_from("<H", data, 4)
    entries = []
    for number in range(count):
        at = _HEADER + _ENTRY * number
        if at + _ENTRY > len(data):
            raise UnreadablePictureError(f"{name} is cut short: its directory is incomplete.")
        width, height, _, _, first, second, length, start = struct.unpack_from("<4B2H2I", data, at)
        payload = data[start : start + length]
        if len(payload) < length or length < 24:
            raise UnreadablePictureError(f"{name} is cut short: one of its pictures is incomplete.")
        bits = 32 if payload.startswith(SIGNATURE) else struct.unpack_from("<H", payload, 14)[0]
        sides = (width or MOST_SIDE, height or MOST_SIDE)
        if payload.startswith(SIGNATURE):
            sides = struct.unpack_from(">II", payload, 16)
        entries.append(Entry(*sides, (first, second), bits, payload))
    return entries


# A bitmap of twice the height: colours, and below them the mask of transparent pixels.
def _bitmap(entry: Entry, name: str, limits: Limits) -> Picture:
    if len(entry.payload) < 40:
        raise UnreadablePictureError(f"{name} is damaged: one of its pictures has no header.")
    width, height = struct.unpack_from("<ii", entry.payload, 4)
    limits.check(name, abs(width), abs(height) // 2)
    alone = struct.pack("<3H", 0, ICON, 1)
    sides = (entry.width % MOST_SIDE, entry.height % MOST_SIDE)
    alone += struct.pack("<4B2H2I", *sides, 0, 0, 1, entry.bits, len(entry.payload), _HEADER + _ENTRY)
    with without_pillows_limit(), decoding():
        image: Image.Image = IcoImagePlugin.IcoFile(io.BytesIO(alone + entry.payload)).frame(0)
        pixels = np.asarray(image.convert("RGBA"))
    return Picture((pixels,), mode="RGBA")
