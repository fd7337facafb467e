"""Whose is the file that lies where an output belongs, and which other source means the same place?"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import unicodedata
from pathlib import Path

from depixel.errors import DepixelError, OutputExistsError, UnwritableOutputError
from depixel_watch.folder.scan import stamp_of
from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger, Row
from depixel_watch.work.task import Task


class Claims:
    """
    Of one run over the folder; used from one thread.

    Args:
        folds: whether the disk of the outputs takes Hero.png and hero.png for one name; None = it is tried.
    """

    def __init__(self, source: Path, out: Path, ledger: Ledger, folds: bool | None = None) -> None:
        self._source, self._out, self._ledger = source, out, ledger
        self._folds = (out / LEDGER_NAME.upper()).exists() if folds is None else folds
        self._claimed: dict[str, str] = {}  # folded output => source
        self._owners: dict[str, Row] | None = None  # folded output => what the ledger has of it
        self._renamed: list[str] = []  # sources whose output is another's now

    def refused(self, job: Task) -> DepixelError | None:
        """
        Why this output is not to be written: what lies there is somebody else's, or another source's. Asked before the
        engine works in vain.
        """
        target = self._out / job.output
        try:
            there = stamp_of(target)
        except OSError as error:
            return _unwritable(f"{target} cannot be looked at: {(error.strerror or str(error)).lower()}.", error)
        row = self._ledger.get(job.path)
        ours = there is None or (row is not None and row.made_this(there))
        if self._folds:
            rival = self._claimed.setdefault(_folded(job.output), job.path)
            if rival == job.path and not ours:
                rival, ours = self._owner(job)
            if rival != job.path:
                self._claimed[_folded(job.output)] = rival
                one = f"{target} is the output of {rival}, whose name is the same to this disk"
                return OutputExistsError(f"{one}; rename one of them.")
        if not ours:
            return OutputExistsError(f"{target} was not made by Depixel, or was changed; move it away.")
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

    # Whose the file in this place is by the ledger, and whether it may be replaced for this job: what was made of a
    # source that has only another case now goes over to its new name.
    def _owner(self, job: Task) -> tuple[str, bool]:
        if self._owners is None:
            made = (row for row in self._ledger.rows() if row.state in ("done", "writing"))
            self._owners = {_folded(row.output): row for row in made}
        row = self._owners.get(_folded(job.output))
        if row is None or row.path == job.path or row.out != stamp_of(self._out / job.output):
            return job.path, False
        with contextlib.suppress(OSError):
            if not (self._source / row.path).samefile(self._source / job.path):
                return row.path, False
        with contextlib.suppress(OSError):  # it is replaced in any case
            (self._out / row.output).rename(self._out / job.output)
        self._renamed.append(row.path)
        return job.path, True


# As disks compare names that do not heed case: Windows', macOS's (which take composed letters for the same, too).
def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _unwritable(sentence: str, error: OSError) -> DepixelError:
    problem = UnwritableOutputError(sentence)
    problem.__cause__ = error  # whether it may pass is told by that
    return problem
