"""The log of a watcher: a line for each event, beside the outputs, never more than a few megabytes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

LOG_NAME = "depixel-watch.log"
_MOST_BYTES = 2**22


def _now() -> datetime:
    return datetime.now().astimezone()


class Log:
    """
    Appends lines. A log that cannot be written stops nobody.

    Args:
        now: the wall clock; tests bring their own.
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = _now, most_bytes: int = _MOST_BYTES) -> None:
        self.path = path
        self._now, self._most = now, most_bytes
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """One line with the time in front; beyond the limit, the log so far becomes NAME.1."""
        # Opened anew each time: the folder may be deleted meanwhile, which is how outputs are reverted.
        with self._lock, contextlib.suppress(OSError):
            if self.path.parent.is_dir():
                with self.path.open("a", encoding="utf-8", errors="replace") as file:
                    file.write(f"{self._now().isoformat(timespec='seconds')} {line}\n".replace("\r", " "))
                    size = file.tell()
                if size > self._most:
                    self.path.replace(self.path.with_name(self.path.name + ".1"))
