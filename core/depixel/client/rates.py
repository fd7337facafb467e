"""
Speed of answers on this machine, measured on earlier requests (GIMP and Krita share the measurements), and durations
in words.
"""

from __future__ import annotations

import contextlib
from typing import Any, Mapping, Optional, Sequence

from .dialogs import Action
from .errors import EngineError
from .place import Place
from .protocol import Result
from .stored import JsonFile

_COUNTED = ("domain", "quality", "steps", "detail", "imagination")
"""Options that affect the time, besides the size and the number of the answers."""

_LEAST = 64 * 64  # pixels; smaller answers take as long
_FILE = "rates.json"


class Rates:
    """
    Seconds per pixel of the answers to earlier requests, by kind of request.

    Only estimates depend on them, so a file that cannot be read or written is not an error.

    Args:
        place: the folder of the file; None = this user's.
    """

    def __init__(self, place: Optional[Place] = None) -> None:
        self._file = JsonFile(_FILE, place)
        self._rates = {}
        with contextlib.suppress(EngineError):
            self._rates = {key: rate for key, rate in self._file.read().items() if isinstance(rate, float)}

    def note(self, action: Action, values: Mapping[str, Any], results: Sequence[Result]) -> None:
        """Record how long the answers to a request took."""
        seconds = sum(result.seconds for result in results)
        if seconds <= 0:
            return
        answers = [answer for result in results for answer in result.answers]
        pixels = sum(answer.width * answer.height * len(answer.frames) for answer in answers)
        rate = seconds / max(pixels, _LEAST)
        self._rates[_key(action, values)] = rate
        with contextlib.suppress(EngineError), self._file.changing() as rates:
            rates[_key(action, values)] = rate

    def estimate(self, action: Action, values: Mapping[str, Any], pixels: int) -> Optional[float]:
        """Seconds for answers with this many pixels in total; None before the first request of this kind."""
        rate = self._rates.get(_key(action, values))
        return None if rate is None else rate * max(pixels, _LEAST)


def duration_text(seconds: float) -> str:
    """A duration in words: "8 s", "3 min", "1 h 20 min", "6 days"."""
    if seconds < 90:
        return "%d s" % max(1, round(seconds))
    minutes = round(seconds / 60)
    if minutes < 90:
        return "%d min" % minutes
    return "%d h %d min" % divmod(minutes, 60) if minutes < 48 * 60 else "%d days" % round(minutes / (24 * 60))


# Imagination takes longer than none; its amount does not matter.
def _key(action: Action, values: Mapping[str, Any]) -> str:
    words = [str(bool(values[name]) if name == "imagination" else values[name]) for name in _COUNTED if name in values]
    return " ".join([action.name, *words])
