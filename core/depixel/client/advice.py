"""Advice of a dialog about its values: which rows have no effect, and whether the answer will scale back exactly."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Tuple

from .dialogs import AUTO_STEPS, COPIES, UPSCALE, Action
from .errors import BadOptionError
from .option import described
from .readings import MATERIAL_NAMES, NAMES, SOFT_NAMES
from .target import read_target

ENLARGED_KINDS = ("pixel-art", "faces")
"""Kinds of picture for which the engine first undoes an enlargement by nearest neighbour (`Domain.gridded`)."""


def idle_options(action: Action, values: Mapping[str, Any]) -> Dict[str, str]:
    """
    Options that have no effect with these values, each with the reason as a sentence: a dialog hides their rows.

    While the engine decides the kind of picture ("auto"), every kind counts as possible.
    """
    kind = values.get("domain", "auto") if action.name == UPSCALE.name else "faces"
    idle = {}
    for option in action.options:
        if option.domains and kind != "auto" and kind not in option.domains:
            idle[option.name] = described(option).rpartition(". ")[2]
    if values.get("size", "").strip():
        idle["scale"] = "The size decides how many times larger the result is."
    if values.get("output") in COPIES:
        idle["candidates"] = "A copy of the whole picture has one answer for each layer."
    if action.name == UPSCALE.name and "seed" not in idle:
        calm = not values.get("imagination") and values.get("steps", AUTO_STEPS) in (0, AUTO_STEPS)
        most = {"pixel-art": len(NAMES), "art": len(SOFT_NAMES)}.get(str(kind), 1)
        if calm and values.get("candidates", 1) <= most and values.get("reading") not in MATERIAL_NAMES:
            idle["seed"] = "At imagination 0 the seed has no effect."
    return idle


def exactness(action: Action, values: Mapping[str, Any], picture_size: Optional[Tuple[int, int]] = None) -> str:
    """
    Whether the answer to this request scales back exactly, as one sentence that does not promise too much.

    Args:
        picture_size: width and height of the picture that is sent; needed for the value `size`.
    """
    if _is_reduced(values, picture_size):
        return "At this size the answer scales back approximately: only whole multiples of 200% or more are exact."
    if action.wire == "anonymise":
        return "Only the kept pixels are those of the original."
    if values.get("palette") == "keep" and values.get("domain") != "faces":
        return "With only the colours of the picture, the answer scales back approximately: its name says how closely."
    if values.get("exact") == "never":
        return "The answer is the best match, unchanged: it does not scale back exactly."
    if action.name != UPSCALE.name and values.get("exact", "auto") == "auto":
        return "It scales back to exactly your pixels if they look like a face."
    return "Scaled down again, it gives exactly your pixels%s." % _which_pixels(action, values)


# The engine decides which of these hold once it has seen the picture; the summary of its answers names them.
def _which_pixels(action: Action, values: Mapping[str, Any]) -> str:
    kind = values.get("domain", "auto") if action.name == UPSCALE.name else "faces"
    degradation = values.get("degradation", "auto")
    centres = degradation == "point" or (degradation == "auto" and kind == "pixel-art")
    at = " at the centre of each block" if centres else ""
    if kind in ENLARGED_KINDS:
        return at + "; repeated pixels count once"
    if kind == "auto" and degradation == "auto":
        return " (pixel art: at the centre of each block; repeated pixels count once)"
    return at + (" (pixel art: repeated pixels count once)" if kind == "auto" else "")


def _is_reduced(values: Mapping[str, Any], picture_size: Optional[Tuple[int, int]]) -> bool:
    text = values.get("size", "")
    if not text.strip() or picture_size is None:
        return False
    try:
        return "size" in read_target(text, *picture_size)
    except BadOptionError:
        return False
