"""Photoshop documents: the merged picture. Layers are not read, and the format is not written."""

from __future__ import annotations

import struct

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import pillow_reading, psd_reading
from depixel.files.format import Format, Size, starts_with
from depixel.files.limits import Limits
from depixel.picture import Picture

_HEADER = 26


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """The merged picture. Raises PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError."""
    if len(data) < _HEADER:
        raise UnreadablePictureError(f"{name} is cut short: its header is incomplete.")
    version, depth = struct.unpack_from(">H", data, 4)[0], struct.unpack_from(">H", data, 22)[0]
    if version == 2 or depth == 16:
        return psd_reading.read(data, name, limits)
    if depth not in (1, 8):
        raise UnsupportedPictureError(f"{name} is a Photoshop document with {depth} bits per sample; save it as PNG.")
    return pillow_reading.read(data, "PSD", name, limits)


def _size(head: bytes) -> Size | None:
    if len(head) < _HEADER:
        return None
    height, width = struct.unpack_from(">II", head, 14)
    return width, height


FORMAT = Format(
    name="PSD",
    label="Photoshop (PSD)",
    endings=(".psd", ".psb"),
    recognise=starts_with(b"8BPS"),
    media_type="image/vnd.adobe.photoshop",
    read=read,
    sixteen=True,
    from_folders=False,
    size=_size,
)
