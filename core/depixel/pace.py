"""Estimates of the work for a picture and of the time left for a run."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_OVERHEAD = 300  # work that every file costs, however small, in pixels
_TURNED_PIXELS = 64 * 64  # up to this size an answer is the mean of at least two views of the picture
_RECENT_SECONDS = 30.0


def work_of(pixels: int) -> int:
    """The work for a picture with this many pixels over all frames, in units that can be added; 0 pixels = a copy."""
    return 1 if pixels <= 0 else (pixels + _OVERHEAD) * (2 if pixels <= _TURNED_PIXELS else 1)


class Pace:
    """
    The time left for a run whose total work is known.

    The speed is measured over the last half of the run, or over the last half minute if that is longer, so that a slow
    start is forgotten and a single large picture does not distort the estimate.

    Args:
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, float]] = deque()

    def reach(self, done: float) -> None:
        """Report the work done so far. The first call starts the clock; less work than before restarts it."""
        if self._marks and done < self._marks[-1][1]:
            self._marks.clear()
        if not self._marks or done > self._marks[-1][1]:
            self._marks.append((self._clock(), done))

    def seconds_left(self, total: float) -> float | None:
        """Until `total` work is done; None if nothing has been measured yet."""
        if len(self._marks) < 2:
            return None
        now = self._clock()
        (begin, _), (last, done) = self._marks[0], self._marks[-1]
        since = last - max(_RECENT_SECONDS, (last - begin) / 2)
        start, before = next((mark for mark in self._marks if since <= mark[0] < last), self._marks[-2])
        if last - start <= 0 or done <= before:
            return None
        return max(0.0, (total - done) * (last - start) / (done - before) - (now - last))
