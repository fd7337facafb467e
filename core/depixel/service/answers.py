"""Answers as picture files, for programs that would rather not unpack raw samples."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def as_png(meta: dict[str, Any], data: bytes) -> bytes:
    """The first frame of an answer as PNG; 16-bit colour is rounded to 8 bits, 16-bit grey is kept."""
    depth, channels = meta["depth"], meta["channels"]
    samples = np.frombuffer(data, "<u2" if depth == 16 else "u1")
    frame = samples.reshape(meta["frames"], meta["height"], meta["width"], channels)[0]
    if depth == 16 and channels == 1:
        image = Image.fromarray(frame[..., 0].astype(np.uint16))
    else:
        if depth == 16:
            frame = ((frame.astype(np.uint32) + 128) // 257).astype(np.uint8)
        image = Image.fromarray(np.ascontiguousarray(frame[..., 0] if channels == 1 else frame), _MODES[channels])
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
