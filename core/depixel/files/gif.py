"""The GIF format: read in `gif_reading`, written in `gif_writing`."""

from __future__ import annotations

import struct

from depixel.files import gif_reading, gif_writing
from depixel.files.format import Format, Size, starts_with


def _screen_size(head: bytes) -> Size | None:
    return struct.unpack_from("<HH", head, 6) if len(head) >= 10 else None


FORMAT = Format(
    name="GIF",
    label="GIF",
    endings=(".gif",),
    recognise=starts_with(b"GIF87a", b"GIF89a"),
    media_type="image/gif",
    read=gif_reading.read,
    encode=gif_writing.encode,
    lossless=False,
    most_side=65535,
    animated=True,
    keeps_text=True,
    size=_screen_size,
)
