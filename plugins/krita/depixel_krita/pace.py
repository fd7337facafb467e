"""What a request will give, before the button is pressed: the size of the result, and how long it takes here."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from ._client import UPSCALE, Action, BadOptionError, EngineError, Place, result_size, stored
from .host import Target
from .sizes import sized
from .work import OrderResult

_COUNTED = ("domain", "quality", "steps", "detail", "imagination")
"""Options on which the time depends, beside size and number of the answers."""

_LEAST = 64 * 64  # pixels; smaller answers take as long
_FILE = "pace-krita.json"


class Pace:
    """
    Seconds that answers took, by kind of request.

    Args:
        place: the folder where they are kept.
    """

    def __init__(self, place: Place) -> None:
        self._file = stored.JsonFile(_FILE, place)
        self._rates: dict[str, float] = {}
        with contextlib.suppress(EngineError, TypeError, ValueError):  # an estimate less
            self._rates = {name: float(rate) for name, rate in self._file.read().items()}

    def note(self, result: OrderResult) -> None:
        """Remember how long the answers to one layer took."""
        answers, seconds = result.finished.result.answers, result.finished.result.seconds
        pixels = sum(answer.width * answer.height * len(answer.frames) for answer in answers)
        if seconds <= 0:
            return
        key, rate = _key(result.order.action, result.order.values), seconds / max(pixels, _LEAST)
        self._rates[key] = rate
        with contextlib.suppress(EngineError), self._file.changing() as rates:
            rates[key] = rate

    def outlook(self, action: Action, values: Mapping[str, Any], target: Target) -> str:
        """`192 × 192 pixels, about 2 s`, as far as it is known; empty where the values cannot be used."""
        left, top, right, bottom = target.selection or (0, 0, target.width, target.height)
        width, height = right - left, bottom - top
        if action.wire == "upscale":
            try:
                values = sized(values, target)
            except BadOptionError:
                return ""
            if action.name != UPSCALE.name:
                width, height = target.width, target.height
            settings = {"size": int(values["size"].split()[0])} if values.get("size") else {"scale": values["scale"]}
            width, height = result_size(settings, width, height)
        words = f"{width} × {height} pixels"
        rate = self._rates.get(_key(action, values))
        if rate is None:
            return words
        pixels = width * height * values.get("candidates", 1) * max(1, len(target.times))
        return f"{words}, about {_in_words(rate * max(pixels, _LEAST))}"


def _key(action: Action, values: Mapping[str, Any]) -> str:
    words = [str(bool(values[name]) if name == "imagination" else values[name]) for name in _COUNTED if name in values]
    return " ".join([action.name, *words])


def _in_words(seconds: float) -> str:
    if seconds < 1:
        return "1 s"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
