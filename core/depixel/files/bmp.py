"""The BMP format: written by Pillow, or here if it has alpha (BITMAPV4HEADER with bit masks); read in `bmp_reading`."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

from depixel.files import bmp_reading
from depixel.files.format import Format, Size
from depixel.files.indexed import indices_of
from depixel.files.pillow_writing import image_of, saved
from depixel.picture import Picture, Pixels

_FILE_HEADER, _OS2_HEADER, _V4_HEADER, _BITFIELDS = 14, 12, 108, 3


def encode(picture: Picture) -> bytes:
    """A BMP of 1 bit, with a palette, of 24 bits, or of 32 if there is alpha; no file header if the source has none."""
    data = _encoded(picture)
    return data[_FILE_HEADER:] if picture.details.get(bmp_reading.BARE) else data


def _encoded(picture: Picture) -> bytes:
    if picture.mode == "P" and picture.palette is not None and not picture.has_alpha:
        indices = indices_of(picture)
        if indices is not None:
            image = Image.fromarray(indices[0])
            image.putpalette(picture.palette[:, :3].tobytes(), "RGB")
            return saved(image, "BMP", **_dpi(picture))
    if picture.has_alpha:
        return encode_with_alpha(picture.rgba())
    image = image_of(picture.frames[0])
    if picture.mode == "1" and bool(np.isin(picture.frames[0], (0, 255)).all()):
        image = image.convert("1", dither=Image.Dither.NONE)
    return saved(image, "BMP", **_dpi(picture))


def encode_with_alpha(rgba: Pixels) -> bytes:
    """[H, W, 4] uint8 straight RGBA as a BMP file with 32 bits per pixel, bottom row first."""
    height, width = rgba.shape[:2]
    body = np.ascontiguousarray(rgba[::-1, :, [2, 1, 0, 3]]).tobytes()
    start = _FILE_HEADER + _V4_HEADER
    file_header = struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start)
    sizes = struct.pack("<IiiHHIIiiII", _V4_HEADER, width, height, 1, 32, _BITFIELDS, len(body), 2835, 2835, 0, 0)
    masks = struct.pack("<4I4s", 0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000, b"BGRs")  # "sRGB", little-endian
    return file_header + sizes + masks + bytes(_V4_HEADER - len(sizes) - len(masks)) + body


def _dpi(picture: Picture) -> dict[str, tuple[float, float]]:
    return {"dpi": picture.details["dpi"]} if "dpi" in picture.details else {}


def _size(head: bytes) -> Size | None:
    head = head if head.startswith(b"BM") else bytes(_FILE_HEADER) + head
    if len(head) < 26:
        return None
    if struct.unpack_from("<I", head, 14)[0] == _OS2_HEADER:
        return struct.unpack_from("<HH", head, 18)
    width, height = struct.unpack_from("<ii", head, 18)
    return abs(width), abs(height)


FORMAT = Format(
    name="BMP",
    label="BMP",
    endings=(".bmp", ".dib"),
    recognise=bmp_reading.recognise,
    media_type="image/bmp",
    read=bmp_reading.read,
    encode=encode,
    indexed=True,
    size=_size,
)
