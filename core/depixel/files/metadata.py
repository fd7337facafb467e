"""EXIF's orientation, changed in place (maker notes with absolute offsets stay valid), and comments."""

from __future__ import annotations

import struct

import numpy as np

from depixel.picture import Pixels

EXIF_PREFIX = b"Exif\0\0"
"""Stands before the TIFF structure in JPEG; Picture.exif has it too."""

XMP = "XML:com.adobe.xmp"
"""Key of an XMP packet in Picture.text, as PNG names it."""

_ORIENTATION, _SHORT = 0x0112, 3


def upright(exif: bytes | None) -> tuple[int, bytes | None]:
    """
    The orientation that an EXIF block asks for, and the block saying "upright" instead.

    Args:
        exif: with or without prefix.

    Returns:
        (1 ... 8 as EXIF numbers them, the block with prefix); (1, None) when there is none or it is damaged.
    """
    block = (exif or b"").removeprefix(EXIF_PREFIX)
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return 1, None
    (start,) = struct.unpack_from(order + "I", block, 4)
    if start + 2 > len(block):
        return 1, None
    (count,) = struct.unpack_from(order + "H", block, start)
    for at in range(start + 2, min(start + 2 + 12 * count, len(block) - 11), 12):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", block, at)
        if tag == _ORIENTATION and kind == _SHORT and 1 <= value <= 8:
            return value, EXIF_PREFIX + block[: at + 8] + struct.pack(order + "H", 1) + block[at + 10 :]
    return 1, EXIF_PREFIX + block


def turn(pixels: Pixels, orientation: int) -> Pixels:
    """[H, W, C] as a camera stored it => as it is to be seen (TIFF 6.0, tag 274); 5 ... 8 exchange H and W."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def comment(text: dict[str, str]) -> str:
    """All text but XMP as lines "Key: value", for formats with one comment; a lone comment as it is."""
    rest = {key: value for key, value in text.items() if key != XMP and value}
    if list(rest) == ["Comment"]:
        return rest["Comment"]
    return "\n".join(f"{key}: {value}" for key, value in rest.items())


def fitting_profile(profile: bytes | None, channels: int) -> bytes | None:
    """The ICC profile, unless it says that it is for other channels than the 1 ... 4 (grey, RGB, with alpha) given."""
    others = (b"RGB ", b"CMYK") if channels <= 2 else (b"GRAY", b"CMYK")
    return None if profile is None or profile[16:20] in others else profile
