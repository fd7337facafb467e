"""File events as hints: they say when to look, never what happened. Where there are none, the folder is polled."""

from __future__ import annotations

import threading
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

_CHANGES = {"created", "modified", "moved", "deleted", "closed"}


class Hints(FileSystemEventHandler):
    """Wakes who waits when something under a folder changes. Reading a file is no change."""

    def __init__(self, folder: Path) -> None:
        self._changed = threading.Event()
        self._observer = Observer()
        self.problem = ""
        """Why there are no events; empty when there are."""
        try:
            self._observer.schedule(self, str(folder), recursive=True)
            self._observer.start()
        except (OSError, RuntimeError) as error:
            self.problem = f"File events are not to be had here ({error}): the folder is looked through regularly."

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog, in its own thread."""
        if event.event_type in _CHANGES:
            self._changed.set()

    def wait(self, seconds: float) -> bool:
        """Wait so long at most; true when something changed since the last call."""
        changed = self._changed.wait(seconds)
        self._changed.clear()
        return changed

    def close(self) -> None:
        """Stop listening."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()
