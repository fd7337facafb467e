"""
The record of what was done to which content. SQLite's write-ahead mode keeps it consistent if the process is killed at
any moment.

A row goes from `writing` to `done` (or `failed`; `left` = left alone on purpose). `writing` is committed, with the
digest of the new output, before that output gets its name. After a crash, a file at that path is ours if it has the
digest of the new or the previous output; otherwise it is not ours.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from depixel.errors import DepixelError
from depixel_watch.folder.stamps import Stamp

BLOCKED = "blocked"
"""Stored instead of a digest in a failed row: a file that is not ours is at the output's path."""

LEDGER_NAME = ".depixel-ledger.sqlite"

NOTHING = Stamp(0, 0)

_TABLES = """
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, key TEXT NOT NULL, recipe TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', out_size INTEGER NOT NULL DEFAULT 0,
    out_mtime_ns INTEGER NOT NULL DEFAULT 0, made TEXT NOT NULL DEFAULT '', target TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_key ON files (key, state);
CREATE TABLE IF NOT EXISTS kinds (family TEXT PRIMARY KEY, kind TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mounts (folder TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unreadable (folder TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_ADDED = {  # since the first ledgers
    "made": "TEXT NOT NULL DEFAULT ''",
    "target": "TEXT NOT NULL DEFAULT ''",
    "ctime_ns": "INTEGER NOT NULL DEFAULT 0",
    "inode": "INTEGER NOT NULL DEFAULT 0",
    "out_ctime_ns": "INTEGER NOT NULL DEFAULT 0",
    "out_inode": "INTEGER NOT NULL DEFAULT 0",
    "prior": "TEXT NOT NULL DEFAULT ''",
    "answer": "INTEGER NOT NULL DEFAULT 1",
}
_COLUMNS = (
    *("path", "size", "mtime_ns", "ctime_ns", "inode", "key", "recipe", "state", "reason"),
    *("out_size", "out_mtime_ns", "out_ctime_ns", "out_inode", "made", "target", "prior", "answer"),
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM files"


@dataclass(frozen=True)
class Row:
    """A source file as it was last processed."""

    path: str  # relative to the watched folder, with forward slashes
    stamp: Stamp  # of the source
    key: str  # content and request: equal keys have equal outputs
    recipe: str  # settings + model + engine version of the whole run
    state: str  # writing, done, failed, left (left alone on purpose)
    reason: str  # why it failed or was left alone, or a remark
    out: Stamp = NOTHING  # of the output as written; while `writing`, of the previous one
    digest: str = ""  # of the output's bytes
    target: str = ""  # the output's path, if it differs from the source's
    prior: str = ""  # digest of the previous output, while `writing`
    answer: bool = True  # the output is an answer of the engine, not a copy of its source

    @property
    def output(self) -> str:
        return self.target or self.path


_MESSAGES_OF_DAMAGE = ("decode to UTF-8", "no such table", "no such column", "malformed", "unsupported file format")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite's error means a damaged file, rather than a missing or locked one, or a full disk."""
    if isinstance(error, sqlite3.OperationalError):
        return any(words in str(error) for words in _MESSAGES_OF_DAMAGE)
    return isinstance(error, sqlite3.DatabaseError)


def is_inside(path: str) -> bool:
    """Whether a path from the ledger stays below the folder that it is relative to."""
    if os.name != "nt" and ".." not in path and not path.startswith("/"):
        return True
    pure = PurePosixPath(path)
    return not (pure.is_absolute() or ".." in pure.parts or (os.name == "nt" and (":" in path or "\\" in path)))


class DamagedLedgerError(DepixelError):
    """The ledger's file is damaged."""


def identity_of(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file, which differ for a new file with the same name. None if it is not accessible."""
    with contextlib.suppress(OSError):
        about = path.stat()
        return about.st_dev, about.st_ino
    return None


class Ledger:
    """
    The ledger of an output folder; it is created if necessary.

    Raises:
        DamagedLedgerError: the file is damaged.
        sqlite3.OperationalError: it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        if not path.exists():  # files that remained when its file alone was deleted
            for left in ("-wal", "-shm"):
                path.with_name(path.name + left).unlink(missing_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None)
        try:
            self._set_up()
        except BaseException as error:
            self._base.close()
            if isinstance(error, UnicodeDecodeError) or (isinstance(error, sqlite3.Error) and is_damage(error)):
                raise DamagedLedgerError(f"The ledger {path} is damaged ({error}).") from error
            raise
        self._file = identity_of(path)

    def is_in_place(self) -> bool:
        """False if its file was deleted or replaced, so that records would be lost."""
        return self._file == identity_of(self.path)

    def _set_up(self) -> None:
        self._base.execute("PRAGMA trusted_schema=OFF")
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.executescript(_TABLES)
        present = {column[1] for column in self._base.execute("PRAGMA table_info(files)")}
        for column, kind in _ADDED.items():
            if column not in present:
                self._base.execute(f"ALTER TABLE files ADD COLUMN {column} {kind}")
        self._base.execute("CREATE INDEX IF NOT EXISTS by_made ON files (made) WHERE made != ''")

    def close(self) -> None:
        """Write everything to the file and close it."""
        self._base.close()

    def get(self, path: str) -> Row | None:
        """The row of one source."""
        values = self._base.execute(f"{_SELECT} WHERE path = ?", (_stored(path),)).fetchone()
        return None if values is None else _row(values)

    def record(self, rows: Iterable[Row]) -> None:
        """Store rows, all or none; they are on the disk when this returns."""
        marks = ", ".join("?" * len(_COLUMNS))
        self._base.execute("BEGIN IMMEDIATE")
        try:
            self._base.executemany(
                f"INSERT OR REPLACE INTO files ({', '.join(_COLUMNS)}) VALUES ({marks})", map(_values, rows)
            )
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def done_with(self, key: str) -> list[Row]:
        """Finished files with the same content and request, whose output can be copied."""
        rows = self._base.execute(f"{_SELECT} WHERE key = ? AND state = 'done' LIMIT 4", (key,))
        return [_row(values) for values in rows]

    def was_made(self, content: str) -> bool:
        """Whether these bytes are one of our answers, which is never an input, wherever it was copied."""
        rows = self._base.execute(
            "SELECT 1 FROM files WHERE made = ? AND made != '' AND answer = 1 LIMIT 1", (content,)
        )
        return rows.fetchone() is not None

    def remove(self, path: str) -> None:
        """Remove the row of a source that no longer exists."""
        self._base.execute("DELETE FROM files WHERE path = ?", (_stored(path),))

    def ask_again(self, state: str) -> None:
        """Process the files in a state again; the record of our outputs is kept."""
        self._base.execute("UPDATE files SET recipe = '' WHERE state = ?", (state,))

    def rows(self, state: str | None = None, folder: str | None = None) -> Iterator[Row]:
        """
        Rows by path, a thousand at a time, so that they may be changed during the iteration.

        Args:
            state: only rows in this state.
            folder: only those in and below this folder ("" = all).
        """
        last: str | bytes = f"{folder}/" if folder else ""
        end = f"{folder}0" if folder else None  # "0" is the character after "/"
        while True:
            values = self._base.execute(
                f"{_SELECT} WHERE path > ? AND (? IS NULL OR path < ?) AND (? IS NULL OR state = ?) "
                "ORDER BY path LIMIT 1000",
                (last, end, end, state, state),
            ).fetchall()
            if not values:
                return
            yield from (_row(one) for one in values)
            last = values[-1][0]

    def rows_in(self, folder: str, is_there: Callable[[str], bool]) -> Iterator[Row]:
        """
        Rows of the files in a folder, and of the files in deleted folders below it.

        Args:
            is_there: whether a folder below it still exists.
        """
        prefix = f"{folder}/" if folder else ""
        last, end = prefix, f"{folder}0" if folder else None
        while True:
            values = self._base.execute(
                f"{_SELECT} WHERE path > ? AND (? IS NULL OR path < ?) ORDER BY path LIMIT 100", (last, end, end)
            ).fetchall()
            for value in values:
                row = _row(value)
                inner, below, _ = row.path.removeprefix(prefix).partition("/")
                last = row.path
                if below and is_there(prefix + inner):
                    last = f"{prefix}{inner}0"  # past everything below it
                    break
                yield row
            if not values:
                return

    def answers(self) -> Iterator[Row]:
        """
        Finished answers of the engine, one for each key, in the order of the keys, which depend on contents and
        settings. Rows must not change meanwhile.
        """
        rows = self._base.execute(f"{_SELECT} WHERE state = 'done' AND answer = 1 ORDER BY key")
        last = None
        for values in rows:
            row = _row(values)
            if row.key != last:
                yield row
            last = row.key

    def remarkable(self, most: int) -> tuple[list[Row], int]:
        """The first rows that failed, were left alone or have a remark, in this order; and how many there are."""
        which = "WHERE state IN ('failed', 'left') OR (state = 'done' AND reason != '')"
        order = "ORDER BY CASE state WHEN 'failed' THEN 0 WHEN 'left' THEN 1 ELSE 2 END, path"
        rows = [_row(values) for values in self._base.execute(f"{_SELECT} {which} {order} LIMIT ?", (most,))]
        (count,) = self._base.execute(f"SELECT count(*) FROM files {which}").fetchone()
        return rows, count

    def can_be_read(self) -> bool:
        """Whether SQLite can read the rows and their indexes. Cheap: pages are not compared with each other."""
        try:
            self._base.execute("SELECT count(*) FROM files").fetchone()
            self._base.execute(f"{_SELECT} LIMIT 1").fetchone()
            for table in ("kinds", "mounts", "unreadable", "facts"):
                self._base.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()
            return True
        except UnicodeDecodeError:  # the name of a column
            return False
        except sqlite3.Error as error:
            if is_damage(error):
                return False
            raise

    def kinds(self) -> dict[str, str]:
        """Family of textures => the kind of all its members."""
        return {_read(family): _read(kind) for family, kind in self._base.execute("SELECT * FROM kinds")}

    def counts(self) -> dict[str, int]:
        """State => files."""
        rows = self._base.execute("SELECT state, count(*) FROM files GROUP BY state").fetchall()
        return {_read(state): count for state, count in rows}

    def is_whole(self) -> bool:
        """SQLite's own check of the file."""
        return bool(self._base.execute("PRAGMA integrity_check").fetchone()[0] == "ok")

    def decide(self, family: str, kind: str) -> None:
        """Set the kind of all members of a family, including later ones."""
        self._base.execute("INSERT OR REPLACE INTO kinds VALUES (?, ?)", (_stored(family), kind))

    def mounts(self) -> set[str]:
        """Folders that were mount points at the last scan."""
        return {_read(value[0]) for value in self._base.execute("SELECT folder FROM mounts")}

    def note_mounts(self, folders: Iterable[str]) -> None:
        """Remember folders that are mount points."""
        self._base.executemany("INSERT OR IGNORE INTO mounts VALUES (?)", [(_stored(folder),) for folder in folders])

    def unreadable(self) -> dict[str, str]:
        """Folders that could not be read in the last pass, with the reason."""
        return {_read(folder): _read(reason) for folder, reason in self._base.execute("SELECT * FROM unreadable")}

    def note_unreadable(self, folders: dict[str, str]) -> None:
        """Replace the result of `unreadable`."""
        if folders != self.unreadable():
            self._base.execute("DELETE FROM unreadable")
            self._base.executemany(
                "INSERT INTO unreadable VALUES (?, ?)", [(_stored(folder), why) for folder, why in folders.items()]
            )

    def fact(self, name: str) -> str:
        """A stored fact about the whole folder; empty if there is none."""
        value = self._base.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return "" if value is None else str(value[0])

    def note_fact(self, name: str, value: str) -> None:
        """Store a fact about the whole folder."""
        self._base.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def salvaged(self) -> list[Row]:
        """All rows that are still readable in a damaged file, read from the start and from the end."""
        rows: dict[str, Row] = {}
        for order in ("ASC", "DESC"):
            with contextlib.suppress(sqlite3.Error):
                for values in self._base.execute(f"{_SELECT} ORDER BY path {order}"):
                    with contextlib.suppress(sqlite3.DatabaseError):
                        row = _row(values)
                        rows[row.path] = row
        return list(rows.values())


def _values(row: Row) -> tuple[str | bytes | int, ...]:
    reason, target = _stored(row.reason), _stored(row.target)
    return (
        *(_stored(row.path), *row.stamp, row.key, row.recipe, row.state, reason, *row.out, row.digest, target),
        *(row.prior, int(row.answer)),
    )


# SQLite's columns accept values of any type, and a damaged page may hold some. The output folder, including its ledger,
# may have been prepared by somebody else: no row may lead outside the two folders.
def _row(values: tuple[Any, ...]) -> Row:
    if not all(isinstance(value, int) for value in (*values[1:5], *values[9:13], values[16])):
        raise sqlite3.DatabaseError("a stamp is not a number")
    path, target = _read(values[0]), _read(values[14])
    if not (is_inside(path) and is_inside(target)):
        raise sqlite3.DatabaseError("a path leads outside the folder")
    return Row(
        path=path,
        stamp=Stamp(*values[1:5]),
        key=_read(values[5]),
        recipe=_read(values[6]),
        state=_read(values[7]),
        reason=_read(values[8]),
        out=Stamp(*values[9:13]),
        digest=_read(values[13]),
        target=target,
        prior=_read(values[15]),
        answer=bool(values[16]),
    )


# A name from an old archive may not be valid Unicode, which SQLite requires for texts: it is stored as bytes.
def _stored(text: str) -> str | bytes:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _read(stored: object) -> str:
    if isinstance(stored, str):
        return stored
    try:
        if isinstance(stored, bytes):
            return stored.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        pass
    raise sqlite3.DatabaseError("a text is not valid")
