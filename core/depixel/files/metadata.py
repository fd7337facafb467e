"""
Adapts metadata to the picture that is written: orientation, sizes and limits of EXIF and XMP, comments, colour
profiles. EXIF is changed in place, so that maker notes with absolute offsets stay valid.

Source: Exif 2.32; TIFF 6.0; XMP specification, part 2 (tiff: and exif: schemas).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

import numpy as np

from depixel.files.limits import Limits
from depixel.picture import Picture, Pixels

EXIF_PREFIX = b"Exif\0\0"
"""Prefix of the TIFF structure in JPEG; Picture.exif includes it."""

XMP = "XML:com.adobe.xmp"
"""Key of an XMP packet in Picture.text, as in PNG."""

_ORIENTATION, _EXIF_POINTER = 0x0112, 0x8769
_WIDTHS, _HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
_SHORT, _LONG = 3, 4
_XMP_ORIENTATION = re.compile(r"""(tiff:Orientation(?:\s*=\s*["']|\s*>\s*))([1-8])(?=\s*["'<])""")
_XMP_SIZES = re.compile(
    r"""\s*\b(tiff:ImageWidth|tiff:ImageLength|exif:Pixel[XY]Dimension)\s*=\s*(?:"[^"]*"|'[^']*')"""
    r"""|<(tiff:ImageWidth|tiff:ImageLength|exif:Pixel[XY]Dimension)>[^<]*</\2>"""
)


def upright(exif: bytes | None, text: dict[str, str]) -> tuple[int, bytes | None, dict[str, str]]:
    """
    The orientation that a file declares in EXIF or XMP, and both with the orientation set to "upright".

    Args:
        exif: with or without prefix.
        text: the XMP packet is under `XMP`, if there is one.

    Returns:
        (EXIF's number 1 ... 8, the block with prefix, or None if it is damaged, the text).
    """
    block = (exif or b"").removeprefix(EXIF_PREFIX)
    packet = text.get(XMP, "")
    match = _XMP_ORIENTATION.search(packet)
    orientation = int(match[2]) if match else 1
    for tag, order, at in _entries(block):
        kind, count, value = struct.unpack_from(order + "HIH", block, at + 2)
        if tag == _ORIENTATION and kind == _SHORT and count == 1 and 1 <= value <= 8:
            orientation = value
            block = block[: at + 8] + struct.pack(order + "H", 1) + block[at + 10 :]
            break
    if packet:
        text = {**text, XMP: _XMP_SIZES.sub("", _XMP_ORIENTATION.sub(r"\g<1>1", packet))}
    mark = _order(block)
    sound = mark is not None and struct.unpack_from(mark + "I", block, 4)[0] + 2 <= len(block)
    return orientation, EXIF_PREFIX + block if sound else None, text


def exif_of(picture: Picture) -> bytes:
    """The EXIF block of a picture, without prefix and with the picture's own size; empty if it has none."""
    block = bytearray((picture.exif or b"").removeprefix(EXIF_PREFIX))
    for tag, order, at in list(_entries(bytes(block))):
        size = picture.width if tag in _WIDTHS else picture.height if tag in _HEIGHTS else None
        kind, count = struct.unpack_from(order + "HI", block, at + 2)
        if size is not None and kind in (_SHORT, _LONG) and count == 1:
            struct.pack_into(order + "HII", block, at + 2, _LONG, 1, size)
    return bytes(block)


def turn(pixels: Pixels, orientation: int) -> Pixels:
    """[H, W, C] as stored by a camera => as displayed (TIFF 6.0, tag 274); 5 ... 8 swap H and W."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def comment(text: dict[str, str]) -> str:
    """All text except XMP as lines "Key: value", for formats with a single comment; a lone comment unchanged."""
    rest = {key: value for key, value in text.items() if key != XMP and value}
    if list(rest) == ["Comment"]:
        return rest["Comment"]
    return "\n".join(f"{key}: {value}" for key, value in rest.items())


def fitting_profile(profile: bytes | None, channels: int) -> bytes | None:
    """The ICC profile, unless it is for another number of channels (1 ... 4: grey, RGB, with alpha)."""
    others = (b"RGB ", b"CMYK") if channels <= 2 else (b"GRAY", b"CMYK")
    return None if profile is None or profile[16:20] in others else profile


def within(picture: Picture, limits: Limits) -> Picture:
    """
    The picture without text, EXIF or profile that exceeds the limits; if something was dropped, `details["left_out"]`
    is a sentence about it. The shortest texts are kept.
    """
    left = limits.text_bytes
    short_enough: dict[str, str] = {}
    for key, value in sorted(picture.text.items(), key=lambda item: len(item[1])):
        left -= len(key) + len(value.encode("utf-8", "replace"))
        if left >= 0:
            short_enough[key] = value
    text = {key: value for key, value in picture.text.items() if key in short_enough}
    profile, exif = picture.icc_profile, picture.exif
    profile = profile if profile is None or len(profile) <= limits.profile_bytes else None
    exif = exif if exif is None or len(exif) <= limits.text_bytes else None
    if text == picture.text and profile is picture.icc_profile and exif is picture.exif:
        return picture
    details = {**picture.details, "left_out": f"{picture.name}: {LEFT_OUT}"}
    return picture.replace(text=text, icc_profile=profile, exif=exif, details=details)


LEFT_OUT = "texts, EXIF data or a colour profile were too long to copy and were left out."
"""The end of the sentence in `details["left_out"]`."""


def _order(block: bytes) -> str | None:
    return {b"II": "<", b"MM": ">"}.get(block[:2]) if len(block) >= 8 else None


# (tag, byte order, offset) of each entry of the first directory and of the one for EXIF.
def _entries(block: bytes) -> Iterator[tuple[int, str, int]]:
    order = _order(block)
    if order is None:
        return
    waiting = [struct.unpack_from(order + "I", block, 4)[0]]
    visited: set[int] = set()
    while waiting:
        start = waiting.pop()
        if start in visited or start + 2 > len(block):
            continue
        visited.add(start)
        (count,) = struct.unpack_from(order + "H", block, start)
        for at in range(start + 2, min(start + 2 + 12 * count, len(block) - 11), 12):
            (tag,) = struct.unpack_from(order + "H", block, at)
            yield tag, order, at
            if tag == _EXIF_POINTER and len(visited) < 3:
                waiting.append(struct.unpack_from(order + "I", block, at + 8)[0])
