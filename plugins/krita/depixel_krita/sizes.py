"""Applies a target size to the pixels that are sent: it refers to the canvas, or to the selected part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._client import UPSCALE, Action, BadOptionError, read_target
from .host import Target, find_document


def sized(action: Action, values: Mapping[str, Any], target: Target, together: bool = False) -> dict[str, Any]:
    """
    The values of a form with a scale, or with a size in pixels, for one layer.

    Args:
        together: the layer is one of several that must stay in register; then only whole scales and 100% are possible.

    Raises:
        BadOptionError: the size cannot be read, or does not fit the picture.
    """
    text = str(values.get("size", "")).strip()
    if not text:
        return dict(values)
    if action.name == UPSCALE.name:  # of a selected part, nothing else is sent
        target = target.chosen()
    width, height = _measured(target)
    settings = read_target(text, width, height)
    if "scale" in settings:
        return {**values, "scale": settings["scale"], "size": ""}
    side, longer = settings["size"], max(width, height)
    if together and side != longer:
        raise BadOptionError(
            f"Layers stay in register only at 100% or at whole multiples of {longer} pixels, and {text} is neither: "
            f"choose 200%, 300% and so on."
        )
    return {**values, "size": f"{max(1, round(max(target.width, target.height) * side / longer))} px"}


def _measured(target: Target) -> tuple[int, int]:
    if target.selection is not None:
        left, top, right, bottom = target.selection
        return right - left, bottom - top
    document = find_document(target.document)
    if document is None or not target.covers(document):
        return target.width, target.height
    return document.width(), document.height()
