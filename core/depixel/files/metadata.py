"""What travels beside the pixels: EXIF and its orientation, colour profiles, comments."""

from __future__ import annotations

import struct

import numpy as np

from depixel.picture import Pixels

EXIF_PREFIX = b"Exif\0\0"
XMP = "XML:com.adobe.xmp"
"""Key of an XMP packet in `Picture.text`, as PNG names it."""

_ORIENTATION = 0x0112
_SHORT = 3


def upright(exif: bytes | None) -> tuple[int, bytes | None]:
    """
    The orientation that an EXIF block asks for, and the block saying "upright" instead.

    Only that one value changes, so maker notes with absolute offsets stay valid.

    Args:
        exif: TIFF structure, with or without the prefix of JPEG.

    Returns:
        (1 ... 8 as EXIF numbers them, the block without prefix); (1, None) when there is none or it is damaged.
    """
    if not exif:
        return 1, None
    block = exif.removeprefix(EXIF_PREFIX)
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return 1, None
    (start,) = struct.unpack_from(order + "I", block, 4)
    if start + 2 > len(block):
        return 1, None
    (count,) = struct.unpack_from(order + "H", block, start)
    for at in range(start + 2, min(start + 2 + 12 * count, len(block) - 11), 12):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", block, at)
        if tag == _ORIENTATION:
            if kind != _SHORT or not 1 <= value <= 8:
                return 1, block
            return value, block[: at + 8] + struct.pack(order + "H", 1) + block[at + 10 :]
    return 1, block


def turn(pixels: Pixels, orientation: int) -> Pixels:
    """[H, W, C] as a camera stored it => as it is to be seen (TIFF 6.0, tag 274); 5 ... 8 exchange H and W."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def fitting_profile(profile: bytes | None, channels: int) -> bytes | None:
    """The ICC profile when its colour space is that of the pixels (grey for 1 or 2 channels, else RGB), or None."""
    space = b"GRAY" if channels <= 2 else b"RGB "
    return profile if profile is not None and profile[16:20] == space else None


def comment(text: dict[str, str]) -> str:
    """All text but XMP as lines "Key: value", for formats with one comment; a lone comment as it is."""
    rest = {key: value for key, value in text.items() if key != XMP and value}
    if list(rest) == ["Comment"]:
        return rest["Comment"]
    return "\n".join(f"{key}: {value}" for key, value in rest.items())
