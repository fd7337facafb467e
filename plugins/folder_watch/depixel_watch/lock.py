"""One watcher an output folder. The lock is SQLite's: it works everywhere and ends with its process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from depixel.errors import BadUsageError, UnwritableOutputError
from depixel_watch.ledger import LEDGER_NAME

_LOCK_NAME = ".depixel-lock.sqlite"


@contextmanager
def only_one(out: Path) -> Iterator[None]:
    """
    Hold the output folder.

    Raises:
        BadUsageError: another watcher holds it.
        UnwritableOutputError: it cannot be made, or not be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        base = sqlite3.connect(out / _LOCK_NAME, timeout=0, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise _unusable(out, error) from error
    try:
        try:
            base.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise _unusable(out, error) from error
            raise BadUsageError(f"Another `depixel watch` is writing to {out}; stop it first.") from error
        yield
    finally:
        base.close()


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
