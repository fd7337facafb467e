"""
What was done to which content: SQLite in write-ahead mode, so that a kill at any moment leaves it consistent.

A row goes `writing` -> `done` (or `failed`; `left` = alone, on purpose). `writing` is committed before the output gets
its name: after a crash the row says that a file at that place is our own and may be replaced.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from depixel.errors import DepixelError
from depixel_watch.folder.stability import Stamp

BLOCKED = "blocked"
"""In place of a digest in a failed row: somebody else's file lies where the output belongs."""

LEDGER_NAME = ".depixel-ledger.sqlite"

_TABLE = """
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, key TEXT NOT NULL, recipe TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', out_size INTEGER NOT NULL DEFAULT 0,
    out_mtime_ns INTEGER NOT NULL DEFAULT 0, made TEXT NOT NULL DEFAULT '', target TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_key ON files (key, state);
"""


class Row(NamedTuple):
    """One source file as it was last dealt with."""

    path: str  # relative to the watched folder, with forward slashes
    stamp: Stamp  # of the source
    key: str  # content + what was asked of it: equal keys have equal outputs
    recipe: str  # settings + model + engine version of the whole run
    state: str  # writing, done, failed, left (alone, on purpose)
    reason: str  # why it failed or was left alone; or a remark
    out: Stamp  # of the output as we wrote it
    made: str = ""  # digest of the output's bytes, where they are an answer of ours
    target: str = ""  # the output's path, where it is not the source's

    @property
    def output(self) -> str:
        return self.target or self.path

    def made_this(self, there: Stamp) -> bool:
        """Whether the file that lies where the output belongs, of that stamp, is ours."""
        return self.state == "writing" or self.out == there


def identity_of(path: Path) -> tuple[int, int] | None:
    """Device and number of a file: another one under the same name differs. None when it cannot be looked at."""
    with contextlib.suppress(OSError):
        about = path.stat()
        return about.st_dev, about.st_ino
    return None


class Ledger:
    """
    The one table, opened or made.

    Raises:
        DepixelError: the file is damaged.
        sqlite3.OperationalError: it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        if not path.exists():  # what its file left behind when it was deleted alone
            for left in ("-wal", "-shm"):
                path.with_name(path.name + left).unlink(missing_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None)
        try:
            self._set_up()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            remedy = f"delete the folder {path.parent}, and all is made again"
            raise DepixelError(f"The ledger {path} is damaged ({error}): {remedy}.") from error
        self._file = identity_of(path)

    def is_in_place(self) -> bool:
        """False when its file was deleted or replaced: what is written down here will be read by nobody."""
        return self._file == identity_of(self.path)

    def _set_up(self) -> None:
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.executescript(_TABLE)
        there = {column[1] for column in self._base.execute("PRAGMA table_info(files)")}
        for column in ("made", "target"):  # since the first ledgers
            if column not in there:
                self._base.execute(f"ALTER TABLE files ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
        self._base.execute("CREATE INDEX IF NOT EXISTS by_made ON files (made) WHERE made != ''")

    def close(self) -> None:
        """Write everything down and let go of the file."""
        self._base.close()

    def get(self, path: str) -> Row | None:
        """What is known of one source."""
        found = self._base.execute("SELECT * FROM files WHERE path = ?", (_stored(path),)).fetchone()
        return None if found is None else _row(found)

    def record(self, rows: Iterable[Row]) -> None:
        """Put rows in, all of them or none, and on the disk when this returns."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            self._base.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                map(_values, rows),
            )
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def done_with(self, key: str) -> list[Row]:
        """Finished files of the same content that were asked the same: their output is this one's too."""
        found = self._base.execute("SELECT * FROM files WHERE key = ? AND state = 'done' LIMIT 4", (key,))
        return [_row(r) for r in found]

    def was_made(self, content: str) -> bool:
        """Whether these bytes are an output of ours: such a file is no input, wherever it was copied to."""
        found = self._base.execute("SELECT 1 FROM files WHERE made = ? AND made != '' LIMIT 1", (content,))
        return found.fetchone() is not None

    def remove(self, path: str) -> None:
        """The source is gone, and so is its output."""
        self._base.execute("DELETE FROM files WHERE path = ?", (_stored(path),))

    def ask_again(self, state: str) -> None:
        """Files in a state are dealt with anew; which of the outputs are ours is not forgotten."""
        self._base.execute("UPDATE files SET recipe = '' WHERE state = ?", (state,))

    def rows(self, state: str | None = None) -> Iterator[Row]:
        """All rows by path, a thousand at a time: they may be changed meanwhile."""
        last: str | bytes = ""
        while True:
            found = self._base.execute(
                "SELECT * FROM files WHERE path > ? AND (? IS NULL OR state = ?) ORDER BY path LIMIT 1000",
                (last, state, state),
            ).fetchall()
            if not found:
                return
            yield from (_row(r) for r in found)
            last = found[-1][0]

    def counts(self) -> dict[str, int]:
        """State => files."""
        return dict(self._base.execute("SELECT state, count(*) FROM files GROUP BY state").fetchall())

    def is_whole(self) -> bool:
        """SQLite's own check of the file."""
        return bool(self._base.execute("PRAGMA integrity_check").fetchone()[0] == "ok")


def _values(row: Row) -> tuple[str | bytes | int, ...]:
    reason, target = _stored(row.reason), _stored(row.target)
    return (_stored(row.path), *row.stamp, row.key, row.recipe, row.state, reason, *row.out, row.made, target)


def _row(r: tuple[Any, ...]) -> Row:
    path, reason, target = _read(r[0]), _read(r[6]), _read(r[10])
    return Row(path, Stamp(r[1], r[2]), r[3], r[4], r[5], reason, Stamp(r[7], r[8]), r[9], target)


# A name from an old archive may not be Unicode, which SQLite's texts must be: it is kept as bytes.
def _stored(text: str) -> str | bytes:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _read(kept: str | bytes) -> str:
    return kept if isinstance(kept, str) else kept.decode("utf-8", "surrogatepass")
