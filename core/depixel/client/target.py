"""The size of a result as people write it ("300%", "1024 px", "640x480", "4x"), parsed into `scale` or `size`."""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, Tuple

from .errors import BadOptionError
from .option_table import DEFAULT_SCALE, MAX_SCALE

PATTERN = (
    r"|\d{1,5}(\.\d{1,4})? ?%|[1-9]\d{0,4}( ?px)?|[1-9]\d{0,4} ?[x×] ?[1-9]\d{0,4}( ?px)?|[x×]\d{1,2}|\d{1,2} ?[x×]"
)
"""Regular expression for the whole text; white space around it is ignored."""

EXPECTED = (
    "empty, a longer side such as 1024 px, a percentage such as 300%, a frame such as 640x480, or a scale such as 4x"
)
LARGEST_SIDE = 65535
MAX_ANSWER_PIXELS = 2**30
"""Pixels of all frames of an answer together; the engine refuses more."""


def read_target(text: str, width: int, height: int) -> Dict[str, int]:
    """
    The settings of a submission for a result of this size from a picture of width x height pixels.

    Returns {"scale": N} if the size is a whole multiple (2 or more) of the picture, because the result then scales back
    exactly; {"size": PIXELS}, the longer side of the result, if it is not; {} for an empty text. A frame such as
    640x480 means the largest result that fits into it.

    Raises:
        BadOptionError: the text cannot be read, or the size is smaller than the picture or more than 64 times as large.
    """
    text = text.strip().lower().replace("×", "x")
    if not text:
        return {}
    side = _longer_side(text, width, height)
    source = max(width, height)
    if side < source:
        raise BadOptionError(
            "A result of %s would be smaller than the picture, which has %d x %d pixels: choose 100%% or more."
            % (text, width, height)
        )
    if side > min(LARGEST_SIDE, MAX_SCALE * source):
        raise BadOptionError(
            "A result of %s would be too large: a picture of %d x %d pixels can have at most %d along its longer side."
            % (text, width, height, min(LARGEST_SIDE, MAX_SCALE * source))
        )
    if side >= 2 * source and side % source == 0:
        return {"scale": side // source}
    return {"size": side}


def result_size(settings: Mapping[str, Any], width: int, height: int) -> Tuple[int, int]:
    """Width and height of the result for the settings that `read_target` returned."""
    size = settings.get("size")
    if size is None:
        scale = int(settings.get("scale", DEFAULT_SCALE))
        return width * scale, height * scale
    source = max(width, height)
    return max(1, round(width * size / source)), max(1, round(height * size / source))


def whole_scale(settings: Mapping[str, Any], width: int, height: int) -> int:
    """The whole scale at which the engine makes the result before reducing it to `size`."""
    size = settings.get("size")
    if size is None:
        return int(settings.get("scale", DEFAULT_SCALE))
    return min(MAX_SCALE, max(2, -(-int(size) // max(width, height))))


def too_large(pixels: int, frames: int = 1) -> str:
    """Why an answer with this many pixels in total cannot be made, as a sentence; empty if it can."""
    if pixels <= MAX_ANSWER_PIXELS:
        return ""
    return "The answer would have %d megapixels%s, more than %d: choose a smaller scale." % (
        round(pixels / 1e6),
        " in %d frames" % frames if frames > 1 else "",
        round(MAX_ANSWER_PIXELS / 1e6),
    )


def _longer_side(text: str, width: int, height: int) -> int:
    source = max(width, height)
    if not re.fullmatch(PATTERN, text):
        raise BadOptionError("size must be %s, not %r." % (EXPECTED, text))
    if text.endswith("%"):
        return round(source * float(text[:-1]) / 100)
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if len(numbers) == 2:
        return int(source * min(numbers[0] / width, numbers[1] / height) + 1e-9)
    return numbers[0] * source if "x" in text.replace("px", "") else numbers[0]
