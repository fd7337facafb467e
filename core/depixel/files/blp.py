"""BLP (Blizzard's textures of Warcraft): read by Pillow, not written."""

from __future__ import annotations

import struct

from depixel.files import pillow_reading
from depixel.files.format import Format, Size, starts_with
from depixel.files.jpeg import check_scans
from depixel.files.limits import Limits
from depixel.picture import FROM_BLOCKS, Picture

_DXT = 2  # the compression byte of a BLP2
_OFFSETS, _SIZES = 28, 92  # of the mipmaps in a BLP1, whose compression 0 is JPEG


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """Decode the largest mipmap. Raises DecoderError, PictureTooLargeError."""
    if data[:4] == b"BLP1" and len(data) >= _SIZES + 4 and data[4:8] == bytes(4):
        offset, length = (struct.unpack_from("<I", data, at)[0] for at in (_OFFSETS, _SIZES))
        check_scans(data[offset : offset + length], name, struct.unpack_from("<II", data, 12), limits)
    picture = pillow_reading.read(data, "BLP", name, limits)
    is_blocks = data[:4] == b"BLP2" and data[8] == _DXT
    return picture.replace(details={**picture.details, FROM_BLOCKS: is_blocks})


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
