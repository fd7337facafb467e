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

_FLAT = 0.3
"""
The same share between brows and chin, above which a face counts as a drawing. Measured: at most 0.17 in held-out
portraits of 16 to 64 pixels, 0.44 to 0.75 in emoji, emotes, sprites and block heads.
"""
_MIDDLE = ((0.3, 0.85), (0.28, 0.72))
"""Rows and columns between brows and chin, as fractions of the side."""


def looks_photographed(small: Tensor) -> bool:
    """
    Whether hardly any two neighbouring pixels of an opaque picture have the same colour, as in a photograph.

    Args:
        small: [F, 4, h, w] premultiplied, on [0, 1]. Only the first frame counts.
    """
    frame = small[0]
    if min(frame.shape[1:]) < 2 or bool((frame[3] < 1).any()):
        return False
    return _equal_neighbours(frame) < _MOST_EQUAL


def looks_flat(square: Tensor) -> bool:
    """
    Whether many neighbouring pixels of a face have the same colour, as in emoji, emotes and pixel art.

    Args:
        square: [F, 4, n, n], on [0, 1], filled by the face. Only the first frame counts.
    """
    side = square.shape[2]
    (top, bottom), (left, right) = ((round(a * side), round(b * side)) for a, b in _MIDDLE)
    middle = square[0, :, top:bottom, left:right]
    return min(middle.shape[1:]) >= 2 and _equal_neighbours(middle) > _FLAT


# Share of neighbouring pixels [4, h, w] with about the same colour.
def _equal_neighbours(frame: Tensor) -> float:
    across = (frame[:3, :, 1:] - frame[:3, :, :-1]).abs().amax(0).flatten()
    down = (frame[:3, 1:] - frame[:3, :-1]).abs().amax(0).flatten()
    return float((torch.cat([across, down]) < _LEVEL).float().mean())
