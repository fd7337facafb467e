"""
Decides whether a file is up to date, that is, whether its output fits its content and the request. Checked for every
file in every pass.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from depixel.errors import DepixelError
from depixel_watch.folder.stamps import Stamp, digest_of, stamp_if_seen
from depixel_watch.ledger.ledger import BLOCKED, Ledger, Row
from depixel_watch.work.task import Task


class InStep:
    """
    Whether a file's output is up to date.

    Args:
        complete: files that are left alone must be copied.
        verify: read every file again.
    """

    def __init__(self, out: Path, ledger: Ledger, *, complete: bool, verify: bool) -> None:
        self._out, self._ledger, self._complete, self._verify = out, ledger, complete, verify

    def __call__(self, task: Task, row: Row | None) -> bool:
        """Whether nothing needs to be done; a new stamp of an unchanged output is recorded in the ledger."""
        if row is None or row.stamp != task.stamp or row.recipe != task.recipe or row.state == "writing":
            return False
        # As far as this is known; whether it can be written turns out later.
        there = stamp_if_seen(self._out / task.output)
        if row.digest == BLOCKED and there is None:
            return False
        if row.state == "failed" or (row.state == "left" and (not self._complete or task.action == "name")):
            return True
        if row.state == "left" or there is None:
            return False
        if self._verify:
            return False
        if there != row.out:
            self._look_closer(row, there)
        return True

    # Its stamp differs from the recorded one: it was copied to another disk, or changed by somebody, whose change is
    # kept.
    def _look_closer(self, row: Row, there: Stamp) -> None:
        if row.out.size == there.size and row.digest:
            try:
                if digest_of(self._out / row.output) != row.digest:
                    return
            except (OSError, DepixelError):
                return
            self._ledger.record([replace(row, out=there)])
