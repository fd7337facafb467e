"""JPEG: written with little compression, because every level counts here."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from PIL import Image

from depixel.files import pillow_reading
from depixel.files.format import Format, Size, starts_with
from depixel.files.limits import Limits
from depixel.files.metadata import EXIF_PREFIX, comment, fitting_profile
from depixel.files.xmp import packet
from depixel.picture import Picture

MOST_SIDE = 65500
"""libjpeg's limit."""

_QUALITY = 98
_NO_FRAMES = (0xC4, 0xC8, 0xCC)  # markers between those of frame headers that are none
_MOST_SEGMENT = 65500  # bytes of EXIF, XMP or a comment: what one segment holds, less its own head


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """Decode. Raises PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError."""
    return pillow_reading.read(data, "JPEG", name, limits)


def encode(picture: Picture) -> bytes:
    """One frame of 8 bits, with full colour resolution; alpha is left out."""
    frame = picture.frames[0]
    options: dict[str, Any] = {"quality": _QUALITY, "subsampling": 0, "optimize": True}
    profile = fitting_profile(picture.icc_profile, picture.channels)
    if profile:
        options["icc_profile"] = profile
    exif = (picture.exif or b"").removeprefix(EXIF_PREFIX)
    if 0 < len(exif) < _MOST_SEGMENT:
        options["exif"] = EXIF_PREFIX + exif
    if "dpi" in picture.details:
        options["dpi"] = tuple(min(65535, max(1, round(dots))) for dots in picture.details["dpi"])
    said = comment(picture.text).encode("utf-8", "replace")
    if said:
        options["comment"] = said[:_MOST_SEGMENT]
    described = packet(picture.text)
    if described and len(described) < _MOST_SEGMENT:
        options["xmp"] = described
    buffer = io.BytesIO()
    colour = frame[..., 0] if picture.channels <= 2 else frame[..., :3]
    Image.fromarray(np.ascontiguousarray(colour)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def _size(head: bytes) -> Size | None:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], struct.unpack_from(">H", head, at + 2)[0]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        at += 2 + length
    return None


FORMAT = Format(
    name="JPEG",
    label="JPEG",
    endings=(".jpg", ".jpeg", ".jpe", ".jfif"),
    recognise=starts_with(b"\xff\xd8\xff"),
    read=read,
    encode=encode,
    lossless=False,
    most_side=MOST_SIDE,
    alpha=False,
    size=_size,
)
