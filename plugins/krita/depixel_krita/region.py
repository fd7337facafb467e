"""The part of a layer that a preview answers, and how its pixels look on the screen."""

from __future__ import annotations

from ._client import Preview
from .host import Target
from .pixels import reduced, swapped

SIDE = 64
"""Pixels of the longer side of the part."""


def middle(target: Target) -> Target:
    """A part around the middle of the selection, or of the layer."""
    left, top, right, bottom = target.selection or (0, 0, target.width, target.height)
    width, height = min(SIDE, right - left), min(SIDE, bottom - top)
    x, y = (left + right - width) // 2, (top + bottom - height) // 2
    return target.part((x, y, x + width, y + height), moving=False)


def shown(part: Target, samples: bytes) -> Preview | None:
    """The pixels of a part for the screen; None where Krita would have to convert their colours."""
    colours = part.colours
    if colours != colours.travels:
        return None
    width, height, rgba = reduced(samples, part.width, part.height, colours.channels, colours.bits, SIDE)
    return Preview(width, height, bytes(swapped(rgba, 8)) if colours.is_swapped else rgba)
