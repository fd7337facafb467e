"""Draws a reading over the generator's answer to a picture."""

from __future__ import annotations

from torch import Tensor

from depixel.readings.blocks import crisp
from depixel.readings.facets import facets
from depixel.readings.outlines import thin
from depixel.readings.paint import HARD, held, painted, steepened
from depixel.readings.shades import dithered, shaded


def draw(reading: str, large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Args:
        reading: one of depixel.client.readings.NAMES or SOFT_NAMES (detail of materials is not drawn).
        large: [B, 4, h*f, w*f] premultiplied RGBA in [0, 1], the smooth or calm reading.
        small: [B, 4, h, w] likewise, with MARGIN pixels of surroundings where the picture has some.

    Returns:
        [B, 4, h*f, w*f]; the constraint of the small picture is imposed afterwards (depixel.consistency).
    """
    if reading in ("smooth", "calm"):
        return large
    if reading == "sharp":
        return held(steepened(large, factor), small, factor)
    if reading == "hard":
        return held(steepened(large, factor, HARD), small, factor)
    if reading == "painted":
        return held(painted(large, factor), small, factor)
    if reading == "crisp":
        return crisp(small, factor)
    over = {"shaded": shaded, "thin": thin, "lines": facets, "palette": dithered}[reading]
    return over(large, small, factor)


MARGIN = 5  # small pixels: more than the reach of any reading
