"""The expected size of a request's result, and the expected time on this machine, before the button is pressed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._client import UPSCALE, Action, BadOptionError, Rates, duration_text, read_target, result_size
from .host import Target
from .sizes import sized


def outlook(rates: Rates, action: Action, values: Mapping[str, Any], target: Target) -> str:
    """`192 × 192 pixels, about 2 s`; without the time before the first request; empty if the values are invalid."""
    part = target.chosen() if action.name == UPSCALE.name else target  # a face is answered in its whole picture
    width, height = part.width, part.height
    if action.wire == "upscale":
        try:
            values = sized(action, values, target)
            settings = read_target(values.get("size", ""), width, height) or {"scale": values["scale"]}
        except BadOptionError:
            return ""
        width, height = result_size(settings, width, height)
    words = f"{width} × {height} pixels"
    pixels = width * height * values.get("candidates", 1) * max(1, len(target.times))
    seconds = rates.estimate(action, values, pixels)
    return words if seconds is None else f"{words}, about {duration_text(seconds)}"
