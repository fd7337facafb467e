"""Bytes of the wire: previews and picture files."""

from __future__ import annotations

import base64

import numpy as np
import torch

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
