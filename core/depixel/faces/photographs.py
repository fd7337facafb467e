"""Distinguishes photographs from emoji, sprites and other drawings with flat areas by their pixels alone."""

from __future__ import annotations

import torch
from torch import Tensor

_LEVEL = 1.5 / 255
_MOST_EQUAL = 0.2
"""
Share of neighbouring pixels with about the same colour. Measured: 0.01 to 0.18 in photographs of faces with 16 to 32
pixels per side, 0.58 to 0.80 in emoji, emotes and block heads.
"""


def looks_photographed(small: Tensor) -> bool:
    """
    Whether hardly any two neighbouring pixels of an opaque picture have the same colour, as in a photograph.

    Args:
        small: [F, 4, h, w] premultiplied, on [0, 1]. Only the first frame counts.
    """
    frame = small[0]
    if min(frame.shape[1:]) < 2 or bool((frame[3] < 1).any()):
        return False
    across = (frame[:3, :, 1:] - frame[:3, :, :-1]).abs().amax(0).flatten()
    down = (frame[:3, 1:] - frame[:3, :-1]).abs().amax(0).flatten()
    equal = torch.cat([across, down]) < _LEVEL
    return float(equal.float().mean()) < _MOST_EQUAL
