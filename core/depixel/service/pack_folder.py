"""The temporary folder for packs that clients send. If an engine is killed, the next one deletes its folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from pathlib import Path

from depixel.client.place import Place

_RECORD = "packs.txt"
_PREFIX = "depixel-packs-"


class PackFolder:
    """
    A folder below the system's folder for temporary files, created when a pack arrives. Its path is recorded among the
    engine's files, which only one engine at a time holds.

    Args:
        place: the folder of the engine's files; None = the path is not recorded.
    """

    def __init__(self, place: Place | None = None) -> None:
        self._place = place
        self._path: Path | None = None
        self._lock = threading.Lock()

    def new(self) -> tempfile.TemporaryDirectory[str]:
        """An empty folder for one pack. Raises OSError."""
        with self._lock:
            if self._path is None or not self._path.is_dir():
                self._path = Path(tempfile.mkdtemp(prefix=_PREFIX))
                if self._place is not None:
                    self._place.write(_RECORD, os.fsencode(self._path))
            return tempfile.TemporaryDirectory(prefix="pack-", dir=self._path, ignore_cleanup_errors=True)

    def delete(self) -> None:
        """Delete the recorded folder with all packs in it."""
        with self._lock:
            path, self._path = self._path, None
            if self._place is not None:
                record = Path(self._place.path(_RECORD))
                with contextlib.suppress(OSError, ValueError):
                    path = path or Path(os.fsdecode(record.read_bytes()))
                with contextlib.suppress(OSError):
                    record.unlink()
            if path is not None and path.name.startswith(_PREFIX) and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
