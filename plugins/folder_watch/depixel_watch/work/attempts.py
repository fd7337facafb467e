"""
Records which files the process was working on when it died. A file that was in progress at three deaths, the last two
times alone, is set aside, so that one file cannot stop the others at each start.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

from depixel.client.json_text import parse_json
from depixel_watch.folder.stamps import Stamp

ATTEMPTS_NAME = ".depixel-attempts.json"
MOST_DEATHS = 3  # the first with others, the rest alone: a kill from outside is not the file's fault

SET_ASIDE = (
    "Depixel died {} times while it worked on {}: the file is set aside. It is tried again when it changes, or with "
    "--retry-failed."
)


class Attempts:
    """
    The record of files in progress; used from one thread. A record that cannot be written is ignored.

    Args:
        path: of the record; one left by a dead process is read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._deaths = _read(path)  # file and stamp => how often the process died while it worked on it
        self._at_work: set[str] = set()

    def deaths(self, path: str, stamp: Stamp) -> int:
        """How often the process died while it worked on this content."""
        return self._deaths.get(_key(path, stamp), 0)

    def begin(self, files: Iterable[tuple[str, Stamp]]) -> None:
        """Work on these files begins: if the process dies now, they are suspects."""
        self._at_work.update(_key(path, stamp) for path, stamp in files)
        self._write()

    def end(self, files: Iterable[tuple[str, Stamp]]) -> None:
        """Work on these files is over, with any result."""
        for path, stamp in files:
            self._at_work.discard(_key(path, stamp))
            self._deaths.pop(_key(path, stamp), None)

    def rest(self) -> None:
        """The run ends normally: unfinished files are not suspects."""
        self._at_work.clear()
        self._write()

    def finish(self) -> None:
        """All files were processed: no file is a suspect any more."""
        self._deaths.clear()
        self.rest()

    def _write(self) -> None:
        counts = {**self._deaths, **{key: self._deaths.get(key, 0) + 1 for key in self._at_work}}
        part = self._path.with_suffix(".part")
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)  # of an earlier write that failed, for example on a full disk
            if not counts:
                self._path.unlink(missing_ok=True)
                return
            with part.open("x", encoding="utf-8") as file:  # never through a link
                json.dump(counts, file)
            part.replace(self._path)


def _key(path: str, stamp: Stamp) -> str:
    return f"{stamp.size}:{stamp.mtime_ns}:{path}"


def _read(path: Path) -> dict[str, int]:
    try:
        counts = parse_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(counts, dict):
        return {}
    return {key: count for key, count in counts.items() if isinstance(key, str) and isinstance(count, int)}
