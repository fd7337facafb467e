"""Encodes with Pillow: pixels to images, images to bytes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from depixel.picture import Pixels


def image_of(frame: Pixels) -> Image.Image:
    """[H, W, 1 ... 4] uint8 as an image of mode L, LA, RGB or RGBA."""
    return Image.fromarray(np.ascontiguousarray(frame[..., 0] if frame.shape[2] == 1 else frame))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The file that Pillow writes; `kind` is Pillow's name of the format."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
