"""Who owns the file at an output's path, and which other source has the same output."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import unicodedata
from pathlib import Path

from depixel.errors import DepixelError, OutputExistsError, UnwritableOutputError
from depixel_watch.folder.stamps import Stamp, digest_of, stamp_of
from depixel_watch.ledger.ledger import BLOCKED, LEDGER_NAME, NOTHING, Ledger, Row
from depixel_watch.work.task import Task

REBUILT = "rebuilt"
"""Fact in a ledger that was rebuilt from a damaged one: outputs missing from it may be ours."""

_FOREIGN = "{} was not made by Depixel, or was changed since; move it away."


def foreign(target: Path) -> OutputExistsError:
    """The error for a file at an output's path that Depixel did not make."""
    return OutputExistsError(_FOREIGN.format(target))


def owns(row: Row | None, target: Path, there: Stamp) -> bool:
    """
    Whether the file at `target`, with stamp `there`, is the recorded output: by its stamp, otherwise by its bytes. A
    link is never an output.
    """
    if row is None or target.is_symlink():
        return False
    if row.out == there:
        return True
    digests = {row.digest, row.prior} - {"", BLOCKED}
    if not digests:  # from an old ledger without all digests
        return row.out != NOTHING and row.out.looks_like(there)
    try:
        return digest_of(target) in digests
    except (OSError, DepixelError):
        return False


class Claims:
    """
    Who owns which output name, for one run over the folder; used from one thread.

    Args:
        folds: whether the output disk treats Hero.png and hero.png as the same name; None = find out.
    """

    def __init__(self, source: Path, out: Path, ledger: Ledger, folds: bool | None = None) -> None:
        self._source, self._out, self._ledger = source, out, ledger
        self._folds = (out / LEDGER_NAME.upper()).exists() if folds is None else folds
        self._claimed: dict[str, str] = {}  # folded output => source
        self._owners: dict[str, Row] | None = None  # folded output => its row in the ledger
        self._renamed: list[str] = []  # sources whose output now belongs to another
        self._rebuilt = bool(ledger.fact(REBUILT))

    def refused(self, task: Task) -> DepixelError | None:
        """
        Why this output must not be written: a file at its path is not ours, or is another source's output. Checked
        before the engine works for nothing; publication checks again.
        """
        target = self._out / task.output
        try:
            there = stamp_of(target)
        except OSError as error:
            return _unwritable(f"{target} cannot be checked: {(error.strerror or str(error)).lower()}.", error)
        row = self._ledger.get(task.path)
        ours = there is None or owns(row, target, there) or (row is None and self._rebuilt)
        if self._folds:
            rival = self._claimed.setdefault(_folded(task.output), task.path)
            if rival == task.path and not ours:
                rival, ours = self._owner(task)
            if rival != task.path:
                self._claimed[_folded(task.output)] = rival
                one = f"{target} is the output of {rival}, whose name is the same on this disk"
                return OutputExistsError(f"{one}; rename one of them.")
        if not ours:
            return foreign(target)
        folder = next(parent for parent in target.parents if parent.exists())
        if not os.access(folder, os.W_OK):
            return _unwritable(f"{folder} cannot be written: no permission.", PermissionError(errno.EACCES, ""))
        return None

    def settle(self) -> None:
        """End the run: renamed outputs are now recorded only under their new names."""
        with contextlib.suppress(sqlite3.Error):
            for path in self._renamed:
                self._ledger.remove(path)
        self._renamed.clear()

    # The owner, by the ledger, of the file at this path, and whether it may be replaced for this task: the output of a
    # source that was renamed only in case gets the new name.
    def _owner(self, task: Task) -> tuple[str, bool]:
        if self._owners is None:
            owners = (row for row in self._ledger.rows() if row.state in ("done", "writing"))
            self._owners = {_folded(row.output): row for row in owners}
        row = self._owners.get(_folded(task.output))
        if row is None or row.path == task.path or row.out != stamp_of(self._out / task.output):
            return task.path, False
        with contextlib.suppress(OSError):
            if not (self._source / row.path).samefile(self._source / task.path):
                return row.path, False
        with contextlib.suppress(OSError):  # it is replaced in any case
            (self._out / row.output).rename(self._out / task.output)
        # The record is renamed too, so that publication recognises the file as ours.
        before = self._ledger.get(task.path)
        if before is None or before.state not in ("done", "writing"):
            self._ledger.record([_moved(row, task)])
        self._renamed.append(row.path)
        return task.path, True


def _moved(row: Row, task: Task) -> Row:
    return Row(
        task.path,
        task.stamp,
        "",
        "",
        "writing",
        "",
        row.out,
        row.digest,
        task.target,
        row.prior or row.digest,
        row.answer,
    )


# Folds names like disks that ignore case: those of Windows and macOS (which also treats composed letters as equal).
def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _unwritable(sentence: str, error: OSError) -> DepixelError:
    problem = UnwritableOutputError(sentence)
    problem.__cause__ = error  # the cause says whether it may resolve itself
    return problem
