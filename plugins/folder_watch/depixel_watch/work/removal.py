"""Removes outputs whose sources are deleted, unless somebody changed them, or a disk with the sources disappeared."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from depixel_watch.folder.scan import Findings, vanished_mount, walk
from depixel_watch.folder.stamps import StabilityTracker, stamp_of
from depixel_watch.ledger.claims import owns
from depixel_watch.ledger.ledger import Ledger, Row
from depixel_watch.ledger.recorder import Announcement, Listener, PassCounts
from depixel_watch.work.pauses import reason_of


class Removal:
    """
    Removes outputs whose sources are gone, for one watcher; used from one thread.

    Args:
        trouble: called with a sentence for outputs that are kept.
    """

    def __init__(
        self, source: Path, out: Path, tracker: StabilityTracker, tell: Listener, trouble: Callable[[str], None]
    ) -> None:
        self._source, self._out, self._tracker = source, out, tracker
        self._tell, self._trouble = tell, trouble
        self.gone: set[str] = set()
        """Sources that were missing in the last pass; an output is removed if its source is missing in two passes."""

    def run(
        self,
        ledger: Ledger,
        counts: PassCounts,
        looked_at: Findings | None,
        cancelled: Callable[[], bool],
    ) -> None:
        """
        Remove outputs of deleted sources in two passes: a file that was renamed during the walk may have been missed
        under both names, and its old output must still be there to copy.

        Args:
            looked_at: the scanned folders and files; None = all.
        """
        missing = list(self._missing(ledger, looked_at))
        if missing and not any(True for _ in walk(self._source, Findings(lambda _: None))):
            self._trouble("The watched folder is empty (unmounted?); outputs are kept.")
            return
        mounts = ledger.mounts() if missing else set()
        gone: set[str] = set()
        for row in missing:
            if cancelled():
                return
            if (disk := vanished_mount(self._source, row.path, mounts)) is not None:
                self._trouble(f"The disk that was mounted at {disk} is gone; its outputs are kept.")
            elif row.path not in self.gone or self._may_be_renamed(row) or not self.remove(ledger, counts, row):
                gone.add(row.path)
        new = len(gone - self.gone)
        if looked_at is not None:  # what was not scanned counts as still missing
            gone |= {path for path in self.gone if not looked_at.covers(path)}
        self.gone = gone
        counts.waiting += new

    def remove(self, ledger: Ledger, counts: PassCounts, row: Row) -> bool:
        """Remove the output and its row. False if another program holds the output open, so it must be repeated."""
        target = self._out / row.output
        there = stamp_of(target)
        if there is not None and owns(row, target, there) and not self._renamed_case(row.output):
            try:
                target.unlink()
            except OSError as error:
                self._trouble(f"{target} cannot be removed: {reason_of(error)}.")
                return False
            for folder in target.relative_to(self._out).parents[:-1]:
                with contextlib.suppress(OSError):
                    (self._out / folder).rmdir()
        ledger.remove(row.path)
        self._tracker.forget(row.path)
        counts.removed += 1
        self._tell(Announcement("removed", row.path))
        return True

    def _missing(self, ledger: Ledger, looked_at: Findings | None) -> Iterator[Row]:
        rows = ledger.rows() if looked_at is None else self._rows_of(ledger, looked_at)
        for row in rows:
            try:
                source = self._source / row.path
                if stamp_of(source) is None or source.is_dir():  # a folder may have taken the name
                    yield row
            except OSError as error:
                self._trouble(f"{row.path} cannot be checked: {reason_of(error)}.")

    def _rows_of(self, ledger: Ledger, looked_at: Findings) -> Iterator[Row]:
        folders = {folder for folder in looked_at.folders if folder != "."}
        for folder in folders:
            yield from ledger.rows_in(folder, lambda inner: (self._source / inner).is_dir())
        for path in looked_at.files:
            if path.rpartition("/")[0] not in folders and (row := ledger.get(path)) is not None:
                yield row

    # A file that is not complete or not done yet may be this one under a new name.
    def _may_be_renamed(self, row: Row) -> bool:
        return any(stamp.looks_like(row.stamp) for stamp in self._tracker.stamps())

    # Where a file system ignores case, the output's old name is also its new one.
    def _renamed_case(self, path: str) -> bool:
        target = self._out / path
        return all(there.name != target.name for there in target.parent.iterdir())
