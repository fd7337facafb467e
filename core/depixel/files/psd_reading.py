"""
The merged picture of Photoshop documents that Pillow does not read: with 16 bits per sample, and large ones (PSB).

Source: "Adobe Photoshop File Formats Specification", sections "File header" to "Image data".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files.limits import Limits
from depixel.files.textures import mode_of
from depixel.picture import Picture, Pixels

_HEADER = 26
_COLOURS = {1: 1, 3: 3}  # colour mode => channels: grey, RGB
_RAW, _RUNS = 0, 1
_PROFILE = 1039  # identifier of the resource with the colour profile
_LARGE = 2


@dataclass
class _Cursor:
    """A place in the file; reading beyond its end raises UnreadablePictureError."""

    data: bytes
    name: str
    at: int = 0

    def take(self, count: int) -> bytes:
        part = self.data[self.at : self.at + count]
        if len(part) < count:
            raise UnreadablePictureError(f"{self.name} is damaged or cut short: its last part is missing.")
        self.at += count
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    The merged picture, grey or RGB, with alpha if there is another channel.

    Raises:
        PictureTooLargeError, UnreadablePictureError.
        UnsupportedPictureError: another colour mode or compression.
    """
    _, version, channels, height, width, depth, mode = struct.unpack_from(">4sH6xHIIHH", data)
    if mode not in _COLOURS or depth not in (8, 16) or channels < _COLOURS[mode]:
        raise UnsupportedPictureError(
            f"{name} is a Photoshop document with {depth} bits per sample in a colour mode that Depixel does not read; "
            "save it as PNG."
        )
    limits.check(name, width, height)
    cursor = _Cursor(data, name, _HEADER)
    cursor.take(cursor.number(4))  # colours of indexed documents
    profile = _profile(cursor.take(cursor.number(4)))
    cursor.take(cursor.number(8 if version == _LARGE else 4))  # layers
    compression = cursor.number(2)
    row, used = width * depth // 8, min(channels, _COLOURS[mode] + 1)
    if compression == _RAW:
        stored = cursor.take(used * height * row)
    elif compression == _RUNS:
        size = 4 if version == _LARGE else 2
        lengths = np.frombuffer(cursor.take(channels * height * size), f">u{size}")[: used * height]
        stored = b"".join(_unpacked(cursor.take(int(length)), row, name) for length in lengths)
    else:
        raise UnsupportedPictureError(f"{name} is a Photoshop document with an unusual compression; save it as PNG.")
    planes = np.frombuffer(stored, ">u2" if depth == 16 else np.uint8).reshape(used, height, width)
    frame: Pixels = np.ascontiguousarray(planes.transpose(1, 2, 0)).astype(np.uint16 if depth == 16 else np.uint8)
    return Picture((frame,), mode=mode_of(frame), format="PSD", icc_profile=profile)


# PackBits: a count of literal bytes, or of repetitions of one byte.
def _unpacked(data: bytes, size: int, name: str) -> bytes:
    out = bytearray()
    at = 0
    while at < len(data) and len(out) < size:
        count = data[at]
        if count < 128:
            out += data[at + 1 : at + 2 + count]
            at += 2 + count
        else:
            if count > 128:
                out += data[at + 1 : at + 2] * (257 - count)
            at += 2 if count > 128 else 1
    if len(out) != size:
        raise UnreadablePictureError(f"{name} is damaged: a row has {len(out)} bytes instead of {size}.")
    return bytes(out)


def _profile(resources: bytes) -> bytes | None:
    at = 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        (number,) = struct.unpack_from(">H", resources, at + 4)
        at += 6 + (resources[at + 6] + 2) // 2 * 2  # a name, padded to an even number of bytes
        length = int.from_bytes(resources[at : at + 4], "big")
        if number == _PROFILE:
            return resources[at + 4 : at + 4 + length]
        at += 4 + (length + 1) // 2 * 2
    return None
