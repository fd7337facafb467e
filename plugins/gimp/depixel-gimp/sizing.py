"""
The size of the results: the meaning of the dialog's target size for one layer, several layers, or the whole image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import depixel_client as client
from host import Source

_OF_THE_IMAGE = (*client.COPIES, "larger-image", "replace")  # outputs for which the whole image grows


@dataclass(frozen=True)
class Sizing:
    """
    values: those of the dialog, with a scale or size that applies to each source. canvas: width and height to which the
    image with the answers is scaled afterwards, or None. Layers in register can only be answered at whole scales.
    """

    values: dict[str, Any]
    canvas: tuple[int, int] | None = None


def reference(image: Any, sources: list[Source], output: str) -> tuple[int, int]:
    """Width and height that a percentage refers to: those of the only layer, or of the image if all of it grows."""
    if len(sources) == 1 and output not in _OF_THE_IMAGE:
        return sources[0].width, sources[0].height
    return image.get_width(), image.get_height()


def sizing(action: client.Action, image: Any, sources: list[Source], values: dict[str, Any]) -> Sizing:
    """
    Raises:
        EngineError: the size is invalid or out of range, or colours must be kept at a size that mixes them.
    """
    if not values.get("size", "").strip() or values["output"] == "new-layers":
        return Sizing(values)  # new layers are not in register anyway: each gets the size that its own pixels imply
    whole = reference(image, sources, values["output"])
    settings = client.settings_of(action, values, picture_size=whole)
    if "scale" in settings or "size" not in settings:
        return Sizing({**values, "size": "", "scale": settings.get("scale", client.whole_scale({}, *whole))})
    if len(sources) == 1 and values["output"] not in _OF_THE_IMAGE:
        return Sizing(values)  # the engine reduces it, and measures how closely it scales back
    scale = client.whole_scale(settings, *whole)
    return Sizing({**values, "size": "", "scale": scale}, client.result_size(settings, *whole))
