"""One watcher an output folder. The lock is SQLite's: it works everywhere and ends with its process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from depixel.errors import BadUsageError
from depixel_watch.ledger import LEDGER_NAME

_LOCK_NAME = ".depixel-lock.sqlite"


@contextmanager
def only_one(out: Path) -> Iterator[None]:
    """
    Hold the output folder.

    Raises:
        BadUsageError: another watcher holds it.
    """
    out.mkdir(parents=True, exist_ok=True)
    base = sqlite3.connect(out / _LOCK_NAME, timeout=0, isolation_level=None)
    try:
        try:
            base.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise BadUsageError(f"Another `depixel watch` is writing to {out}; stop it first.") from error
        yield
    finally:
        base.close()


def is_held(out: Path) -> bool:
    """Whether a watcher is running on this output folder."""
    if not (out / LEDGER_NAME).exists():
        return False
    try:
        with only_one(out):
            return False
    except BadUsageError:
        return True
