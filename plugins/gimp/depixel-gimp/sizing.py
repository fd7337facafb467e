"""How large the results become: what the target size of the dialog means for one layer, several, or the whole image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import depixel_client as client
import gi
from host import Source

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402

_OF_THE_IMAGE = ("document", "larger-image", "replace")  # outputs in which all of the image grows


@dataclass(frozen=True)
class Sizing:
    """
    values: those of the dialog, with a scale or a size that holds for each source. canvas: width and height to which
    the image with the answers is scaled afterwards, or None: layers in register can only be answered at whole scales.
    """

    values: dict[str, Any]
    canvas: tuple[int, int] | None = None


def reference(image: Any, sources: list[Source], output: str) -> tuple[int, int]:
    """Width and height that a percentage refers to: those of the only layer, or of the image where all of it grows."""
    if len(sources) == 1 and output not in _OF_THE_IMAGE:
        return sources[0].width, sources[0].height
    return image.get_width(), image.get_height()


def sizing(action: client.Action, image: Any, sources: list[Source], values: dict[str, Any]) -> Sizing:
    """
    Raises:
        EngineError: the size cannot be read or reached, or colours are to be kept at a size that mixes them.
    """
    if not values.get("size", "").strip() or values["output"] == "new-layers":
        return Sizing(values)  # new layers are not in register anyway: each has the size that its own pixels say
    whole = reference(image, sources, values["output"])
    settings = client.settings_of(action, values, picture_size=whole)
    if "scale" in settings or "size" not in settings:
        return Sizing({**values, "size": "", "scale": settings.get("scale", client.whole_scale({}, *whole))})
    if len(sources) == 1 and values["output"] not in _OF_THE_IMAGE:
        return Sizing(values)  # the engine reduces it, and measures how nearly it scales back
    scale = client.whole_scale(settings, *whole)
    return Sizing({**values, "size": "", "scale": scale}, client.result_size(settings, *whole))


def reduce(image: Any, canvas: tuple[int, int] | None) -> None:
    """Scale an image that holds answers at a whole scale to its final size; None leaves it."""
    if canvas is None or canvas == (image.get_width(), image.get_height()):
        return
    Gimp.context_push()
    try:
        Gimp.context_set_interpolation(Gimp.InterpolationType.CUBIC)
        image.scale(*canvas)
    finally:
        Gimp.context_pop()
