"""One watcher per output folder. The lock is SQLite's, which works everywhere and ends with its process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from depixel.errors import BadUsageError, UnwritableOutputError
from depixel_watch.ledger.ledger import LEDGER_NAME, identity_of

_LOCK_NAME = ".depixel-lock.sqlite"
_OWN_FILES = [name + end for name in (_LOCK_NAME, LEDGER_NAME) for end in ("", "-journal", "-wal", "-shm")]


class Lock:
    """One watcher's lock on its output folder."""

    def __init__(self, out: Path) -> None:
        self._out, self._path = out, out / _LOCK_NAME
        self._base: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # see `identity_of`
        self._held = False  # whether it was ever held

    def hold(self) -> None:
        """
        Take the lock, or confirm that it is still held. If somebody deletes the folder while a watcher runs, the lock
        is deleted too, and is taken again in the new folder.

        Raises:
            BadUsageError: another watcher holds it; the watcher's own files are links.
            UnwritableOutputError: it cannot be created or written.
        """
        if self._base is not None and self._file == identity_of(self._path):
            return
        self.release()
        for name in _OWN_FILES:  # in a folder where others write, a link could lead us to another file of ours
            if (self._out / name).is_symlink():
                raise BadUsageError(f"{self._out / name} is a link: delete it, or choose another folder with -o.")
        try:
            self._out.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(self._path, timeout=0, isolation_level=None)
            self._base.execute("BEGIN EXCLUSIVE")
        except (OSError, sqlite3.OperationalError) as error:
            self.release()
            if "locked" not in str(error):
                raise _unusable(self._out, error) from error
            sentence = f"{self._out} was deleted, and another `depixel watch` writes to it now: this one stops."
            busy = f"Another `depixel watch` is writing to {self._out}; stop it first."
            raise BadUsageError(sentence if self._held else busy) from error
        self._file, self._held = identity_of(self._path), True

    def release(self) -> None:
        """Release it."""
        if self._base is not None:
            self._base.close()
        self._base = None


@contextmanager
def only_one(out: Path) -> Iterator[Lock]:
    """Hold the output folder. Raises as `Lock.hold` does."""
    lock = Lock(out)
    try:
        lock.hold()
        yield lock
    finally:
        lock.release()


def _unusable(out: Path, error: Exception) -> UnwritableOutputError:
    reason = getattr(error, "strerror", None) or str(error)
    return UnwritableOutputError(f"The output folder {out} cannot be used ({reason.lower()}); choose another with -o.")


def is_held(out: Path) -> bool:
    """Whether a watcher is running on this output folder."""
    if not (out / LEDGER_NAME).exists():
        return False
    try:
        with only_one(out):
            return False
    except BadUsageError:
        return True
