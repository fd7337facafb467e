"""Bytes of the wire: previews and picture files."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from depixel.service.answers import as_png
from depixel.service.wire import pack_preview


def test_a_preview_is_straight_rgba_and_small() -> None:
    """Premultiplied floats of any size become 8-bit pixels that a toolkit can show."""
    preview = torch.zeros(4, 600, 400)
    preview[:, 0, 0] = torch.tensor([0.25, 0.5, 0.0, 0.5])  # half-transparent (0.5, 1, 0)

    packed = pack_preview(preview, 256)
    pixels = np.frombuffer(base64.b64decode(packed["rgba"]), np.uint8).reshape(packed["height"], packed["width"], 4)

    assert (packed["width"], packed["height"]) == (134, 200)
    assert pixels[0, 0].tolist() == [128, 255, 0, 128]
    assert pixels[1, 1].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("channels", "depth", "mode"), [(1, 16, "I;16"), (4, 16, "RGBA"), (2, 8, "LA"), (3, 8, "RGB")])
def test_answers_as_png(channels: int, depth: int, mode: str) -> None:
    """Every kind of answer can be fetched as a file; 16-bit grey keeps its depth."""
    kind = np.uint16 if depth == 16 else np.uint8
    samples = np.arange(3 * 5 * channels, dtype=kind).reshape(3, 5, channels) * (1000 if depth == 16 else 4)
    meta = {"depth": depth, "channels": channels, "frames": 1, "width": 5, "height": 3}

    with Image.open(io.BytesIO(as_png(meta, samples.tobytes()))) as image:
        found = np.asarray(image).reshape(3, 5, channels)

    assert image.mode == mode
    wanted = samples if depth == 8 or channels == 1 else (samples.astype(int) + 128) // 257
    assert np.array_equal(found, wanted)
