"""Recent requests: to repeat one, and to restore the values of one that was not answered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional

from .dialogs import Action
from .errors import EngineError
from .place import Place
from .presets import different, in_words, with_defaults
from .stored import JsonFile

MOST = 20
"""Number of requests remembered for each action."""

_FILE = "recent.json"


@dataclass(frozen=True)
class PastRequest:
    """Values of a dialog that was accepted. No pixels are remembered, only the name of the picture."""

    action: str  # name of the `Action`
    picture: str
    values: Mapping[str, Any]  # those that differ from the defaults
    time: float  # seconds since 1970
    answered: bool  # False: refused, cancelled, or the program was closed

    def applied(self, action: Action) -> Dict[str, Any]:
        """All values of the dialog. Values that this program or version does not know or allow are left out."""
        return with_defaults(action, self.values)

    def title(self, action: Action, now: Optional[float] = None) -> str:
        """One line for a menu: `14:05 hero.png: times larger 8, pixel art`."""
        then, today = time.localtime(self.time), time.localtime(now)
        same_day = then[:3] == today[:3]
        when = time.strftime("%H:%M" if same_day else "%d %b %H:%M", then)
        return "%s %s: %s" % (when, self.picture or "picture", in_words(action, self.values) or "default values")


class History:
    """
    The newest requests of each action; equal ones count once.

    Args:
        place: the folder where they are kept; None = this user's.
    """

    def __init__(self, place: Optional[Place] = None) -> None:
        self._file = JsonFile(_FILE, place)

    def of(self, action: Action) -> List[PastRequest]:
        """The newest first; empty if the file cannot be read, because the history is only a convenience."""
        try:
            lines = self._file.read().get(action.name, [])
        except EngineError:
            return []
        requests = (_request(action, line) for line in (lines if isinstance(lines, list) else []))
        return [request for request in requests if request is not None]

    def begin(self, action: Action, picture: str, values: Mapping[str, Any]) -> None:
        """Remember a request before it is sent, so that its values can be restored whatever happens."""
        kept = different(action, values)
        line = {"picture": picture[:200], "values": kept, "time": time.time(), "answered": False}
        self._change(action, lambda lines: [line, *(x for x in lines if x.get("values") != kept)][:MOST])

    def finish(self, action: Action) -> None:
        """Mark the most recent request as answered."""
        self._change(action, lambda lines: [{**line, "answered": True} for line in lines[:1]] + lines[1:])

    def unanswered(self, action: Action) -> Optional[PastRequest]:
        """The last request if it was not answered: a dialog starts with its values."""
        newest = self.of(action)[:1]
        return newest[0] if newest and not newest[0].answered else None

    def _change(self, action: Action, change: Any) -> None:
        try:
            with self._file.changing() as values:
                lines = values.get(action.name)
                values[action.name] = change(
                    [x for x in lines if isinstance(x, dict)] if isinstance(lines, list) else []
                )
        except EngineError:
            pass  # the history is a convenience: it never makes a request fail


def _request(action: Action, line: Any) -> Optional[PastRequest]:
    try:
        return PastRequest(
            action.name, str(line["picture"]), dict(line["values"]), float(line["time"]), bool(line["answered"])
        )
    except (KeyError, TypeError, ValueError):
        return None
