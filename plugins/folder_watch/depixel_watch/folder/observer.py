"""File events on macOS, Windows and the BSDs, by watchdog."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

_CHANGES = {"created", "modified", "moved", "deleted", "closed"}  # reading a file is not a change


class Observed(FileSystemEventHandler):
    """
    Reports changes in a folder and all folders below it.

    Args:
        tell: called in watchdog's thread with a relative path ("" = the folder itself) and whether it is a folder.

    Raises:
        OSError: the system does not support events.
    """

    def __init__(self, folder: Path, tell: Callable[[str, bool], None]) -> None:
        self._folder, self._tell = folder, tell
        self._observer = Observer()
        self._observer.schedule(self, str(folder), recursive=True)
        self._observer.start()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog."""
        if event.event_type not in _CHANGES or (event.is_directory and event.event_type in ("modified", "closed")):
            return
        for name in (event.src_path, event.dest_path):
            path = self._relative(os.fsdecode(name)) if name else None
            if path is not None:
                self._tell(path, event.is_directory)

    def _relative(self, name: str) -> str | None:
        try:
            path = Path(name).relative_to(self._folder).as_posix()
        except ValueError:
            return None
        return "" if path == "." else path

    def close(self) -> None:
        """Stop listening."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()
