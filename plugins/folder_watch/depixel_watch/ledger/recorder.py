"""Records the outcome of each file of a pass in the ledger and the counts, and announces it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from depixel.errors import DepixelError, OutputExistsError
from depixel_watch.folder.stamps import StabilityTracker, Stamp, digest_of
from depixel_watch.ledger.ledger import BLOCKED, NOTHING, Ledger, Row
from depixel_watch.work.pauses import as_pause, may_pass
from depixel_watch.work.task import LoadedTask


@dataclass
class Times:
    """How the time of a pass was spent. Decoding and writing are sums over parallel threads."""

    wall: float = 0.0  # from the first file to the last
    decode: float = 0.0  # read, hash, decode
    engine: float = 0.0  # while the engine answered
    write: float = 0.0  # encode, write, wait for the disk

    @property
    def idle(self) -> float:
        """Share of the wall time in which the engine had nothing to do, 0 ... 1."""
        return max(0.0, 1 - self.engine / self.wall) if self.wall else 0.0


@dataclass
class PassCounts:
    """The result of one pass over the folder, in numbers of files."""

    total: int = 0  # files that need work in this pass
    done: int = 0
    copied: int = 0  # same content as another: computed once
    skipped: int = 0  # already up to date
    left: int = 0  # newly left alone
    failed: int = 0  # newly
    waiting: int = 0  # not complete yet
    removed: int = 0  # outputs removed because their source is gone
    whole: bool = True  # the whole folder was scanned, not only changes
    inside: tuple[str, int, int] = ("", 0, 0)  # the archive in progress: path, work done, total work
    times: Times = field(default_factory=Times)

    @property
    def finished(self) -> int:
        """The number of those files that were processed."""
        return self.done + self.copied + self.left + self.failed


@dataclass(frozen=True)
class Announcement:
    """Something to be announced: a file's outcome, or a note."""

    what: str  # done, copied, failed, left, removed, progress, note, profile
    path: str
    sentence: str = ""


Listener = Callable[[Announcement], None]


@dataclass(frozen=True)
class Output:
    """An output under its final name."""

    stamp: Stamp
    digest: str  # of its bytes
    what: str = "done"  # or copied
    remark: str = ""
    answer: bool = True  # of the engine, not a copy of the source


class Recorder:
    """
    Records the outcome of each file of one pass in the ledger, and counts them; used from one thread.

    Args:
        out: the output folder.
    """

    def __init__(
        self, ledger: Ledger, tracker: StabilityTracker, counts: PassCounts, listener: Listener, out: Path
    ) -> None:
        self.ledger, self.counts = ledger, counts
        self._tracker, self._listener, self._out = tracker, listener, out

    def announce(self, outputs: Iterable[tuple[LoadedTask, str, bool]]) -> None:
        """
        Record digests before outputs get their names: files with these digests are ours from now on.

        Args:
            outputs: task, digest of the new output, whether it is an answer of the engine.
        """
        rows = []
        for item, digest, answer in outputs:
            before = self.ledger.get(item.task.path)
            row = self._row(item, "writing", self._reason(before), self._out_of(before), digest)
            rows.append(replace(row, prior=self._prior(before), answer=answer))
        if rows:
            self.ledger.record(rows)

    def advance(self, path: str, done: int, total: int) -> None:
        """Count the work done inside an archive, and announce each tenth of it."""
        before, count, whole = self.counts.inside
        last = 10 * count // max(whole, 1) if before == path else 0
        self.counts.inside = (path, done, total)
        tenth = 10 * done // max(total, 1)
        if last < tenth < 10:
            self._listener(Announcement("progress", path, f"{10 * tenth}% of the textures inside"))

    def finish(self, outcomes: Iterable[tuple[LoadedTask, Output]]) -> None:
        """Record outputs that have their final names."""
        pairs = list(outcomes)
        if pairs:
            self.ledger.record(
                replace(self._row(item, "done", one.remark, one.stamp, one.digest), answer=one.answer)
                for item, one in pairs
            )
        for item, one in pairs:
            self._tracker.forget(item.task.path)
            self.counts.done += one.what == "done"
            self.counts.copied += one.what == "copied"
            self._listener(Announcement(one.what, item.task.path, one.remark))

    def unchanged(self, items: Iterable[LoadedTask]) -> None:
        """Record new stamps of files whose content and output have not changed."""
        rows = []
        for item in items:
            before = self.ledger.get(item.task.path)
            if before is not None:
                rows.append(replace(before, stamp=item.task.stamp, out=item.out, state="done"))
            self._tracker.forget(item.task.path)
            self.counts.skipped += 1
            self.counts.total -= 1
        if rows:
            self.ledger.record(rows)

    def fail(self, item: LoadedTask, error: Exception) -> None:
        """
        Record that one file failed. Files that cannot be opened or written are retried in each pass and announced once;
        if a file that is not ours is in the way, the source is retried when that file is gone.

        Raises:
            PauseError: the file is not at fault.
        """
        if pause := as_pause(error):
            raise pause
        before = self.ledger.get(item.task.path)
        if isinstance(error, OutputExistsError):
            digest = BLOCKED
        else:
            digest = "" if before is None or before.digest == BLOCKED else before.digest
        row = replace(
            self._row(item, "failed", str(error), self._out_of(before), digest),
            prior="" if before is None else before.prior,
            answer=before is None or before.answer,
        )
        self._tracker.forget(item.task.path)
        if item.unreadable or may_pass(error):
            row = replace(row, recipe="")
            if before is not None and before.state != "done" and before.reason == row.reason:
                self.counts.skipped += 1
                self.counts.total -= 1
                return
        self.ledger.record([row])
        self.counts.failed += 1
        self._listener(Announcement("failed", item.task.path, str(error)))

    def leave(self, item: LoadedTask, reason: str, digest: str = "") -> None:
        """Record that a file is left alone on purpose. `digest`: its content is one of our outputs."""
        before = self.ledger.get(item.task.path)
        self.ledger.record([self._row(item, "left", reason, self._out_of(before), digest)])
        self._tracker.forget(item.task.path)
        self.counts.left += 1
        self._listener(Announcement("left", item.task.path, reason))

    def wait(self, count: int = 1) -> None:
        """Count files that wait for another pass."""
        self.counts.waiting += count
        self.counts.total -= count

    # The reason of its last failure, which need not be announced again.
    def _reason(self, before: Row | None) -> str:
        return before.reason if before is not None and before.state in ("failed", "writing") else ""

    def _out_of(self, before: Row | None) -> Stamp:
        return NOTHING if before is None else before.out

    # Digest of the previous output. A run that was killed while writing may have left the new one or the previous one.
    def _prior(self, before: Row | None) -> str:
        if before is None or before.digest == BLOCKED:
            return ""
        if not before.prior:
            return before.digest
        try:
            digest = digest_of(self._out / before.output)
        except (OSError, DepixelError):
            return before.prior
        return digest if digest in (before.digest, before.prior) else before.prior

    def _row(self, item: LoadedTask, state: str, reason: str, out: Stamp, digest: str) -> Row:
        task = item.task
        return Row(task.path, task.stamp, item.key, task.recipe, state, reason, out, digest, task.target)
