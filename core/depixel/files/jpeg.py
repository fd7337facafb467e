"""JPEG, written with little compression to keep colours accurate."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from PIL import Image

from depixel.errors import PictureTooLargeError, UnsupportedPictureError
from depixel.files import pillow_reading
from depixel.files.format import Format, Size, starts_with
from depixel.files.limits import Limits
from depixel.files.metadata import EXIF_PREFIX, comment, exif_of, fitting_profile
from depixel.files.xmp import packet
from depixel.picture import Picture

MOST_SIDE = 65500
"""libjpeg's limit."""

_QUALITY = 98
_LOSSLESS = (0xC3, 0xC7, 0xCB, 0xCF)  # markers of frame headers
_MOST_SCANS = 100  # programs write about 10, and 100 scans of a small picture are cheap
_NO_FRAMES = (0xC4, 0xC8, 0xCC)  # markers in the range of frame headers that are something else
_MOST_SEGMENT = 65500  # bytes of EXIF, XMP or a comment in one segment, without its header


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    Decode.

    Raises:
        PictureTooLargeError: also for hundreds of scans, each of which covers the whole picture.
        UnreadablePictureError, UnsupportedPictureError.
    """
    frame = _frame(data)
    if frame is not None:
        marker, bits, (width, height) = frame
        if bits != 8:
            raise UnsupportedPictureError(f"{name} is a JPEG with {bits} bits per sample; save it with 8, or as PNG.")
        if marker in _LOSSLESS:
            raise UnsupportedPictureError(f"{name} is a lossless JPEG, which Depixel does not support; save it as PNG.")
        check_scans(data, name, (width, height), limits)
    return pillow_reading.read(data, "JPEG", name, limits)


def check_scans(data: bytes, name: str, size: Size, limits: Limits) -> None:
    """Raises PictureTooLargeError if there are too many scans, because each may cover the whole picture."""
    width, height = size
    scans = data.count(b"\xff\xda")  # these bytes do not occur in compressed data
    if scans > _MOST_SCANS or scans * width * height > max(limits.scanned, 16 * limits.pixels):
        raise PictureTooLargeError(
            f"{name} stores its {width}x{height} pixels in {scans} scans, which take minutes to decode; save it again."
        )


def encode(picture: Picture) -> bytes:
    """One frame of 8 bits, with full colour resolution; alpha is dropped."""
    frame = picture.frames[0]
    options: dict[str, Any] = {"quality": _QUALITY, "subsampling": 0, "optimize": True}
    profile = fitting_profile(picture.icc_profile, picture.channels)
    if profile:
        options["icc_profile"] = profile
    exif = exif_of(picture)
    if 0 < len(exif) < _MOST_SEGMENT:
        options["exif"] = EXIF_PREFIX + exif
    if "dpi" in picture.details:
        options["dpi"] = tuple(min(65535, max(1, round(dots))) for dots in picture.details["dpi"])
    words = comment(picture.text).encode("utf-8", "replace")
    if words:
        options["comment"] = words[:_MOST_SEGMENT]
    described = packet(picture.text)
    if described and len(described) < _MOST_SEGMENT:
        options["xmp"] = described
    buffer = io.BytesIO()
    colour = frame[..., 0] if picture.channels <= 2 else frame[..., :3]
    Image.fromarray(np.ascontiguousarray(colour)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


# Marker, bits per sample and size of the frame header; None if there is none before the first scan.
def _frame(data: bytes) -> tuple[int, int, Size] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return marker, data[at + 4], (width, height)
        at += 2 + length
    return None


def _size(head: bytes) -> Size | None:
    frame = _frame(head)
    return frame[2] if frame else None


FORMAT = Format(
    name="JPEG",
    label="JPEG",
    endings=(".jpg", ".jpeg", ".jpe", ".jfif"),
    recognise=starts_with(b"\xff\xd8\xff"),
    media_type="image/jpeg",
    read=read,
    encode=encode,
    lossless=False,
    most_side=MOST_SIDE,
    alpha=False,
    keeps_text=True,
    size=_size,
)
