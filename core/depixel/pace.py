"""How much work a picture is, and how long the rest of a run takes at the speed so far."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_OVERHEAD = 300  # pixels' worth of work that each file costs, however small it is
_TURNED_PIXELS = 64 * 64  # up to here an answer is the mean of at least two turns of the picture
_RECENT_SECONDS = 30.0


def work_of(pixels: int) -> int:
    """The work of one picture of that many pixels over all its frames, in units that add up; 0 pixels = a copy."""
    return 1 if pixels <= 0 else (pixels + _OVERHEAD) * (2 if pixels <= _TURNED_PIXELS else 1)


class Pace:
    """
    The time left of a run whose whole work is known.

    The speed is that of the last half of the run, or of the last half minute where that is longer, so that a slow start
    is forgotten and a single large picture does not distort the estimate.

    Args:
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, float]] = deque()

    def reach(self, done: float) -> None:
        """So much work is done now. The first call starts the watch; less work than before starts it anew."""
        if self._marks and done < self._marks[-1][1]:
            self._marks.clear()
        if not self._marks or done > self._marks[-1][1]:
            self._marks.append((self._clock(), done))

    def seconds_left(self, total: float) -> float | None:
        """Until `total` work is done; None while nothing was measured."""
        if len(self._marks) < 2:
            return None
        now = self._clock()
        (begin, _), (last, done) = self._marks[0], self._marks[-1]
        since = last - max(_RECENT_SECONDS, (last - begin) / 2)
        start, before = next((mark for mark in self._marks if since <= mark[0] < last), self._marks[-2])
        if last - start <= 0 or done <= before:
            return None
        return max(0.0, (total - done) * (last - start) / (done - before) - (now - last))


def spoken(seconds: float) -> str:
    """A time left as people say it: "8 s", "3 min", "1 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
