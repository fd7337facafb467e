"""BLP (Blizzard's textures of Warcraft): read by Pillow, not written."""

from __future__ import annotations

import struct

from depixel.files import pillow_reading
from depixel.files.format import Format, Size, starts_with
from depixel.files.limits import Limits
from depixel.picture import Picture


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """Decode the largest mipmap. Raises DecoderError, PictureTooLargeError."""
    return pillow_reading.read(data, "BLP", name, limits)


def _size(head: bytes) -> Size | None:
    return struct.unpack_from("<II", head, 12) if len(head) >= 20 else None


FORMAT = Format(
    name="BLP",
    label="BLP",
    endings=(".blp",),
    recognise=starts_with(b"BLP1", b"BLP2"),
    media_type="image/x-blp",
    read=read,
    size=_size,
)
