"""Who owns the file in an output's place, and which other source has the same output."""

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
"""Fact in a ledger that was made anew from a damaged one: outputs that it does not know may be ours."""

_FOREIGN = "{} was not made by Depixel, or was changed since; move it away."


def foreign(target: Path) -> OutputExistsError:
    """The error for a file in an output's place that Depixel did not make."""
    return OutputExistsError(_FOREIGN.format(target))


def owns(row: Row | None, target: Path, there: Stamp) -> bool:
    """
    Whether the file at `target`, which looks like `there`, is the output on record: by its stamp, else by its bytes.
    A link is never an output.
    """
    if row is None or target.is_symlink():
        return False
    if row.out == there:
        return True
    digests = {row.made, row.prior} - {"", BLOCKED}
    if not digests:  # from a ledger that did not keep all digests
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
        Why this output is not to be written: what lies there is somebody else's, or another source's. Asked before the
        engine works in vain; publication looks again.
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
                one = f"{target} is the output of {rival}, whose name is the same to this disk"
                return OutputExistsError(f"{one}; rename one of them.")
        if not ours:
            return foreign(target)
        folder = next(parent for parent in target.parents if parent.exists())
        if not os.access(folder, os.W_OK):
            return _unwritable(f"{folder} cannot be written: no permission.", PermissionError(errno.EACCES, ""))
        return None

    def settle(self) -> None:
        """The run is over: what was renamed is known under its new name alone."""
        with contextlib.suppress(sqlite3.Error):
            for path in self._renamed:
                self._ledger.remove(path)
        self._renamed.clear()

    # Whose the file in this place is by the ledger, and whether it may be replaced for this task: what was made of a
    # source that has only another case now goes over to its new name.
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
        # The record goes along, so that publication knows the file for ours.
        before = self._ledger.get(task.path)
        if before is None or before.state not in ("done", "writing"):
            self._ledger.record([_moved(row, task)])
        self._renamed.append(row.path)
        return task.path, True


def _moved(row: Row, task: Task) -> Row:
    return Row(
        task.path, task.stamp, "", "", "writing", "", row.out, row.made, task.target, row.prior or row.made, row.answer
    )


# As disks compare names that do not heed case: Windows', macOS's (which take composed letters for the same, too).
def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _unwritable(sentence: str, error: OSError) -> DepixelError:
    problem = UnwritableOutputError(sentence)
    problem.__cause__ = error  # whether it may pass is told by that
    return problem
