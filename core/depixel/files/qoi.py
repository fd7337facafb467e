"""QOI ("Quite OK Image"): read and written by Pillow."""

from __future__ import annotations

import struct

from PIL import Image

from depixel.errors import UnreadablePictureError
from depixel.files import pillow_reading
from depixel.files.format import Format, Size, starts_with
from depixel.files.limits import Limits
from depixel.files.pillow_writing import image_of, saved
from depixel.picture import Picture

_HEADER, _MOST_RUN = 14, 62  # bytes; most pixels that one byte stands for


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """Decode. Raises PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError."""
    size = _size(data)
    if size is None or not all(size):
        raise UnreadablePictureError(f"{name} is cut short: its QOI header is incomplete.")
    limits.check(name, *size)
    if size[0] * size[1] > _MOST_RUN * len(data):  # Pillow would fill in missing pixels
        raise UnreadablePictureError(
            f"{name} is damaged or cut short: it holds fewer pixels than the {size[0]}x{size[1]} that it claims."
        )
    return pillow_reading.read(data, "QOI", name, limits)


def encode(picture: Picture) -> bytes:
    """RGB or RGBA; grey is spread over RGB."""
    rgba = picture.rgba()
    return saved(image_of(rgba if picture.has_alpha else rgba[..., :3]), "QOI")


def _size(head: bytes) -> Size | None:
    return struct.unpack_from(">II", head, 4) if len(head) >= _HEADER else None


def _refuses(_: Picture, __: Size) -> str:
    Image.init()
    return "" if "QOI" in Image.SAVE else "This version of Pillow cannot write QOI files; update it or choose PNG."


FORMAT = Format(
    name="QOI",
    label="QOI",
    endings=(".qoi",),
    recognise=starts_with(b"qoif"),
    media_type="image/x-qoi",
    read=read,
    encode=encode,
    size=_size,
    refuses=_refuses,
)
