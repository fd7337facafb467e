"""The log of a watcher: one line per event, in the output folder, limited to a few megabytes."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

LOG_NAME = "depixel-watch.log"
_MOST_BYTES = 2**22


def _now() -> datetime:
    return datetime.now().astimezone()


# In a folder where others write too, a link would lead our lines into another file of ours.
def _open_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o666)


class Log:
    """
    Appends lines. A log that cannot be written, or is a link, is ignored.

    Args:
        now: the wall clock; tests pass their own.
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = _now, most_bytes: int = _MOST_BYTES) -> None:
        self.path = path
        self._now, self._most = now, most_bytes
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Append a line with the time; once the log exceeds its limit, it becomes NAME.1."""
        # Opened anew each time: the folder may be deleted meanwhile, which is how outputs are reverted.
        with self._lock, contextlib.suppress(OSError):
            if self.path.parent.is_dir():
                with open(self.path, "a", encoding="utf-8", errors="replace", opener=_open_no_link) as file:
                    file.write(f"{self._now().isoformat(timespec='seconds')} {line}\n".replace("\r", " "))
                    size = file.tell()
                if size > self._most:
                    self.path.replace(self.path.with_name(self.path.name + ".1"))
