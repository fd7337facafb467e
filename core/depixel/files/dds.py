"""The DDS format: read in `dds_reading`, written in `dds_writing`."""

from __future__ import annotations

import struct

from depixel.files import dds_reading, dds_writing
from depixel.files.format import Format, Size, starts_with


def _size(head: bytes) -> Size | None:
    if len(head) < 20:
        return None
    height, width = struct.unpack_from("<II", head, 12)
    return width, height


FORMAT = Format(
    name="DDS",
    label="DDS",
    endings=(".dds",),
    recognise=starts_with(b"DDS "),
    media_type="image/vnd-ms.dds",
    read=dds_reading.read,
    encode=dds_writing.encode,
    lossless=False,
    sixteen=True,  # if the source's layout can hold them: see `refuses`
    size=_size,
    remark=dds_writing.remark,
    refuses=dds_writing.refuses,
)
