"""
The mod folder's keeper. `reconcile` compares the whole folder with the ledger and brings the outputs in step; events
only say when that is worth while.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from depixel.errors import UnwritableOutputError
from depixel_watch.display.page import PAGE_NAME, write_page
from depixel_watch.folder.scan import OURS, FileEntry, stamp_if_seen, stamp_of, walk
from depixel_watch.folder.stability import StabilityTracker
from depixel_watch.ledger.ledger import BLOCKED, LEDGER_NAME, Ledger, Row
from depixel_watch.ledger.recorder import Event, Listener, PassCounts, Recorder
from depixel_watch.packs.profiles import PackProfile, is_archive, recognise_folder
from depixel_watch.work.pauses import AWAY, FULL, DiskFullError, OutputAwayError, PauseError, as_pause
from depixel_watch.work.pipeline import Pipeline
from depixel_watch.work.task import Task, plan
from depixel_watch.work.texture import Upscaler

__all__ = ["DiskFullError", "Event", "Listener", "PassCounts", "PauseError", "Watcher"]


class Watcher:
    """
    Keeps `out` in step with `source` (both as `layout.checked` gave them).

    Args:
        profile: None = recognised from the folder at each pass.
        complete: also copy what is no texture, and give outputs the times of their sources.
        retry: what failed in other runs is tried again once, though it has not changed.
    """

    def __init__(
        self,
        source: Path,
        out: Path,
        worker: Upscaler,
        tracker: StabilityTracker,
        profiles: dict[str, PackProfile],
        profile: PackProfile | None = None,
        *,
        complete: bool = False,
        retry: bool = False,
        tell: Listener = lambda event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source, self._out, self._worker = source, out, worker
        self._tracker, self._profiles, self._profile = tracker, profiles, profile
        self._complete, self._tell, self._cancelled = complete, tell, cancelled
        self.tally = PassCounts()
        """Of the pass that is going on, or of the last one; may be looked at from other threads."""
        self._stale = False  # the page
        self._away = False  # the ledger's file was not to be used
        self._gone: set[str] = set()  # sources that were missing in the last pass
        self._troubles: set[str] = set()  # sentences of this pass
        self._told: set[str] = set()  # and of the last one: no need to say them again
        self._rules = hashlib.sha256(repr(profiles).encode()).hexdigest()  # by which archives are dealt with
        self._pipeline = Pipeline(source, out, worker, profiles, complete=complete, cancelled=cancelled)
        self._ledger = Ledger(out / LEDGER_NAME)
        if retry:
            self._ledger.ask_again("failed")
        self._sweep()

    def close(self) -> None:
        """Let go of threads and ledger."""
        self._pipeline.close()
        self._ledger.close()

    def reconcile(self) -> PassCounts:
        """
        One pass over the whole folder.

        Raises:
            PauseError: what was finished is kept; call again when there is room, or the engine is back.
        """
        self.tally = tally = PassCounts()
        if not self._source.is_dir():
            self._trouble(f"{self._source} is not there; its outputs are kept.")
            self._told, self._troubles = self._troubles, set()
            return tally
        try:
            if self._away or not self._ledger.is_in_place():  # somebody reverted by deleting the output folder
                self._open_again()
            profile = self._profile or recognise_folder(self._profiles, self._source)
            still = self._still(profile)
            tally.found = len(still)
            if still:
                jobs = (job for found in still if (job := self._plan(found, profile)) is not None)
                self._pipeline.run(jobs, Recorder(self._ledger, self._tracker, tally, self._tell, self._out))
            if self._cancelled():
                return tally
            if not tally.waiting:  # a renamed file waits: it shall find its old output to copy
                self._remove_gone()
            if tally.finished or tally.removed or self._stale:
                self._write_page()
            self._told, self._troubles = self._troubles, set()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise as_pause(error) or OutputAwayError(AWAY.format(self._out, reason)) from error
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise DiskFullError(FULL.format(self._out)) from error
            self._away = True
            raise OutputAwayError(AWAY.format(self._out, error)) from error
        return tally

    def _write_page(self) -> None:
        self._stale = True
        try:
            write_page(self._out / PAGE_NAME, self._source, self._ledger)
            self._stale = False
        except UnwritableOutputError as error:
            if pause := as_pause(error):
                raise pause from error
            self._trouble(str(error))

    # Who deletes the folder in the middle of the work may have to leave outputs behind that came meanwhile; the old
    # ledger can still be read, and tells which are ours.
    def _open_again(self) -> None:
        ours: list[Row] = []
        if not self._away and not self._ledger.path.exists():  # else some file systems number files anew at will
            with contextlib.suppress(sqlite3.Error):
                ours = [row for row in self._ledger.rows() if self._is_ours(row)]
        self._away = True
        self._ledger.close()
        self._ledger = Ledger(self._out / LEDGER_NAME)
        if not self._ledger.counts():
            self._ledger.record(ours)
        self._away = False

    def _is_ours(self, row: Row) -> bool:
        there = stamp_of(self._out / row.output)
        return there is not None and row.made_this(there)

    # Files that need work and stand still. Planned again when their turn comes: that takes less memory than the plans.
    def _still(self, profile: PackProfile) -> list[FileEntry]:
        still: list[FileEntry] = []
        waiting: list[str] = []
        for found in walk(self._source, self._trouble):
            if self._cancelled():
                return []
            job = self._plan(found, profile)
            if job is None:
                continue
            if self._in_step(found, job):
                self._tracker.forget(found.path)
                self.tally.skipped += 1
                continue
            waiting.append(found.path)
            if self._tracker.is_still(found.path, found.stamp):
                still.append(found)
            else:
                self.tally.waiting += 1
        self._tracker.keep_only(waiting)
        return still

    def _plan(self, found: FileEntry, profile: PackProfile) -> Task | None:
        recipe = self._worker.recipe
        if is_archive(found.path):
            recipe += self._rules
        return plan(found, self._source, profile, recipe, self._complete, self._worker.scale)

    # What is wrong with the folder is told once, until it is mended.
    def _trouble(self, sentence: str) -> None:
        if sentence not in self._told and sentence not in self._troubles:
            self._tell(Event("note", "", sentence))
        self._troubles.add(sentence)

    def _in_step(self, found: FileEntry, job: Task) -> bool:
        row = self._ledger.get(found.path)
        if row is not None and row.output != job.output:
            self._remove(row)  # a rule gives it another name now
            return False
        if row is None or row.stamp != found.stamp or row.recipe != job.recipe or row.state == "writing":
            return False
        # As far as can be seen: when it is to be written it will turn out why it cannot be.
        is_there = stamp_if_seen(self._out / job.output) is not None
        if row.made == BLOCKED and not is_there:
            return False
        if row.state == "failed" or (row.state == "left" and not self._complete):
            return True
        return row.state != "left" and is_there

    # What is gone in two passes: a file that was renamed while the folder was walked may have been seen under neither
    # name, and shall find its old output to copy.
    def _remove_gone(self) -> None:
        if not any(True for _ in walk(self._source, lambda _: None)):
            if any(True for _ in self._ledger.rows()):
                self._trouble("The watched folder is empty (unmounted?); outputs are kept.")
            return
        gone: set[str] = set()
        held: set[str] = set()
        for row in self._ledger.rows():
            if self._cancelled():
                return
            try:
                source = self._source / row.path
                if stamp_of(source) is not None and not source.is_dir():  # a folder may have taken the name
                    continue
                if row.path not in self._gone:
                    gone.add(row.path)
                elif not self._remove(row):
                    held.add(row.path)
            except OSError as error:
                self._trouble(f"{row.path} cannot be looked at: {(error.strerror or str(error)).lower()}.")
        self._gone = gone | held
        self.tally.waiting += len(gone)

    # False when another program holds the output: another time.
    def _remove(self, row: Row) -> bool:
        target = self._out / row.output
        if self._is_ours(row) and not self._renamed_case(row.output):
            try:
                target.unlink()
            except OSError as error:
                self._trouble(f"{target} cannot be removed: {(error.strerror or str(error)).lower()}.")
                return False
            for folder in target.relative_to(self._out).parents[:-1]:
                with contextlib.suppress(OSError):
                    (self._out / folder).rmdir()
        self._ledger.remove(row.path)
        self._tracker.forget(row.path)
        self.tally.removed += 1
        self._tell(Event("removed", row.path))
        return True

    # Where a file system ignores case, the output's old name is also its new one.
    def _renamed_case(self, path: str) -> bool:
        target = self._out / path
        return all(there.name != target.name for there in target.parent.iterdir())

    # What a killed run left half written.
    def _sweep(self) -> None:
        for folder, _, names in os.walk(self._out):
            for name in names:
                if name.startswith(OURS) and name.endswith(".part"):
                    (Path(folder) / name).unlink(missing_ok=True)
