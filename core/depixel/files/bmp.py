"""BMP with alpha (BITMAPV4HEADER with bit masks), which Pillow reads but does not write."""

from __future__ import annotations

import struct

import numpy as np

from depixel.picture import Pixels

_FILE_HEADER, _V4_HEADER, _BITFIELDS = 14, 108, 3


def encode_with_alpha(rgba: Pixels) -> bytes:
    """[H, W, 4] uint8 straight RGBA as a BMP file of 32 bits a pixel, bottom row first."""
    height, width = rgba.shape[:2]
    body = np.ascontiguousarray(rgba[::-1, :, [2, 1, 0, 3]]).tobytes()
    start = _FILE_HEADER + _V4_HEADER
    file_header = struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start)
    sizes = struct.pack("<IiiHHIIiiII", _V4_HEADER, width, height, 1, 32, _BITFIELDS, len(body), 2835, 2835, 0, 0)
    masks = struct.pack("<4I4s", 0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000, b"BGRs")  # "sRGB", little-endian
    return file_header + sizes + masks + bytes(_V4_HEADER - len(sizes) - len(masks)) + body
