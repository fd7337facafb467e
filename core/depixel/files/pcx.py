"""PCX (ZSoft), read and written by Pillow. The format has no alpha."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

from depixel.errors import UnreadablePictureError
from depixel.files import pillow_reading
from depixel.files.format import Format, Size
from depixel.files.indexed import indices_of
from depixel.files.limits import Limits
from depixel.files.pillow_writing import image_of, saved
from depixel.picture import Picture

_VERSIONS, _DEPTHS = (0, 2, 3, 4, 5), (1, 2, 4, 8)
_PALETTE = 769  # bytes at the end


def recognise(data: bytes) -> bool:
    """Whether the header has the values of a PCX; the signature alone is a single byte."""
    return len(data) > 128 and data[0] == 10 and data[1] in _VERSIONS and data[2] <= 1 and data[3] in _DEPTHS


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """Decode. Raises PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError."""
    version, bits, planes = data[1], data[3], data[65]
    if (version, bits, planes) == (5, 8, 1) and data[-_PALETTE:][:1] != b"\x0c":  # Pillow would read it as grey
        raise UnreadablePictureError(f"{name} is cut short: its palette is missing.")
    return pillow_reading.read(data, "PCX", name, limits)


def encode(picture: Picture) -> bytes:
    """A PCX of 1 bit, with a palette, grey or RGB, like the picture."""
    indices = indices_of(picture) if picture.mode == "P" else None
    options = {"dpi": tuple(round(dots) for dots in picture.details["dpi"])} if "dpi" in picture.details else {}
    if indices is not None and picture.palette is not None:
        image = Image.fromarray(indices[0])
        image.putpalette(picture.palette[:, :3].tobytes(), "RGB")
        return saved(image, "PCX", **options)
    image = image_of(picture.frames[0][..., :1] if picture.channels <= 2 else picture.frames[0][..., :3])
    if picture.mode == "1" and bool(np.isin(picture.frames[0], (0, 255)).all()):
        image = image.convert("1", dither=Image.Dither.NONE)
    return saved(image, "PCX", **options)


def _size(head: bytes) -> Size | None:
    left, top, right, bottom = struct.unpack_from("<4H", head, 4)
    return max(0, right - left + 1), max(0, bottom - top + 1)


FORMAT = Format(
    name="PCX",
    label="PCX",
    endings=(".pcx",),
    recognise=recognise,
    media_type="image/x-pcx",
    read=read,
    encode=encode,
    indexed=True,
    most_side=65535,
    alpha=False,
    size=_size,
)
