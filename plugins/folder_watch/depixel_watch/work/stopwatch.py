"""The time during which at least one of several threads works."""

from __future__ import annotations

import threading
import time
from types import TracebackType


class Stopwatch:
    """Runs while at least one thread is inside its `with` block."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside, self._since, self._seconds = 0, 0.0, 0.0

    @property
    def seconds(self) -> float:
        """The time so far."""
        with self._lock:
            return self._seconds + (time.perf_counter() - self._since if self._inside else 0.0)

    def __enter__(self) -> Stopwatch:
        with self._lock:
            if self._inside == 0:
                self._since = time.perf_counter()
            self._inside += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._seconds += time.perf_counter() - self._since
