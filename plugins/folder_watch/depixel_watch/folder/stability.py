"""When is a dropped file complete? When its size and time have stood still for a quiet period."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Stamp(NamedTuple):
    """What a directory tells of a file without opening it."""

    size: int  # bytes
    mtime_ns: int


class StabilityTracker:
    """
    Remembers since when each file has looked the same.

    Args:
        quiet: seconds that a file must stand still.
        clock: seconds that never go back; tests bring their own.
    """

    def __init__(self, quiet: float, clock: Callable[[], float]) -> None:
        self._quiet = quiet
        self._clock = clock
        self._seen: dict[str, tuple[Stamp, float]] = {}

    def is_still(self, path: str, stamp: Stamp) -> bool:
        """Note what the file looks like now; true when it has looked so for the quiet period."""
        now = self._clock()
        known = self._seen.get(path)
        if known is None or known[0] != stamp:
            self._seen[path] = (stamp, now)
            return self._quiet <= 0
        return now - known[1] >= self._quiet

    def forget(self, path: str) -> None:
        """The file is dealt with, or gone."""
        self._seen.pop(path, None)

    def keep_only(self, paths: Iterable[str]) -> None:
        """Forget every file that is not among these."""
        kept = set(paths)
        for path in [p for p in self._seen if p not in kept]:
            del self._seen[path]

    @property
    def waiting(self) -> int:
        """Files that are not complete yet."""
        return len(self._seen)
