"""The one door to Pillow's decoders and encoders."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from depixel.picture import Pixels


def decode(plugin: type[ImageFile.ImageFile], data: bytes) -> Image.Image:
    """
    Decode the first frame.

    The plug-in is called directly, not through `Image.open`: the size was checked against our limits already, the content
    already says the format, and no other decoder may have a try at a damaged file.
    """
    image = plugin(io.BytesIO(data))
    image.load()
    return image


def samples(image: Image.Image) -> Pixels:
    """[H, W, C] of the image's own samples: palette indices for P, 0 and 255 for 1, uint16 for I;16."""
    array = np.asarray(image)
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * 255
    return array[..., None] if array.ndim == 2 else array


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a file of Pillow's format `kind`."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def dots_per_inch(image: Image.Image) -> tuple[float, float] | None:
    """What the file says, when it is a positive number."""
    try:
        x, y = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if 0 < x < math.inf and 0 < y < math.inf else None


def eight_bits(pixels: Pixels) -> Pixels:
    """uint8 of uint8 or uint16 samples, rounded, for formats that hold no more."""
    if pixels.dtype == np.uint8:
        return pixels
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
