"""The books of a pass: what became of each file goes into the ledger, the tally, and a line for who listens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from depixel.errors import OutputExistsError
from depixel_watch.folder.scan import stamp_of
from depixel_watch.folder.stability import StabilityTracker, Stamp
from depixel_watch.ledger.ledger import BLOCKED, Ledger, Row
from depixel_watch.work.pauses import as_pause, may_pass
from depixel_watch.work.task import LoadedTask

NOTHING = Stamp(0, 0)


@dataclass
class Times:
    """Where the seconds of a pass went. Decoding and writing are sums over threads that work side by side."""

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
    """What one pass over the folder did, in files."""

    found: int = 0  # that need work in this pass
    done: int = 0
    copied: int = 0  # same content as another: computed once
    skipped: int = 0  # in step already
    left: int = 0  # newly left alone
    failed: int = 0  # newly
    waiting: int = 0  # not complete yet
    removed: int = 0  # source gone, so is the output
    times: Times = field(default_factory=Times)

    @property
    def finished(self) -> int:
        """How many of `found` are dealt with."""
        return self.done + self.copied + self.left + self.failed


@dataclass(frozen=True)
class Event:
    """Something worth a line."""

    what: str  # done, copied, failed, left, removed, note
    path: str
    sentence: str = ""


Listener = Callable[[Event], None]


@dataclass(frozen=True)
class Output:
    """An output that has its name."""

    stamp: Stamp
    digest: str = ""  # of its bytes, where they are an answer of ours
    what: str = "done"  # or copied
    remark: str = ""
    seconds: float = 0.0  # that encoding and writing took


class Recorder:
    """
    One a pass; used from one thread.

    Args:
        out: the output folder.
    """

    def __init__(self, ledger: Ledger, tracker: StabilityTracker, tally: PassCounts, tell: Listener, out: Path) -> None:
        self.ledger, self.tally = ledger, tally
        self._tracker, self._tell, self._out = tracker, tell, out

    def announce(self, items: Iterable[LoadedTask]) -> None:
        """Before an output gets its name: whatever is at that place from now on is ours."""
        rows = [_row(item, "writing", self._reason(item), self._kept(item)) for item in items]
        if rows:
            self.ledger.record(rows)

    def finish(self, outcomes: Iterable[tuple[LoadedTask, Output]]) -> None:
        """Outputs that are in place."""
        pairs = list(outcomes)
        if pairs:
            self.ledger.record(_row(item, "done", made.remark, made.stamp, made.digest) for item, made in pairs)
        for item, made in pairs:
            self._tracker.forget(item.job.path)
            self.tally.done += made.what == "done"
            self.tally.copied += made.what == "copied"
            self._tell(Event(made.what, item.job.path, made.remark))

    def fail(self, item: LoadedTask, error: Exception) -> None:
        """
        One file failed. What cannot be opened, or not written, is tried again in each pass, and told of once; what
        somebody else's file is in the way of, when that is gone.

        Raises:
            PauseError: it was not the file's fault.
        """
        if pause := as_pause(error):
            raise pause
        before = self.ledger.get(item.job.path)
        blocked = BLOCKED if isinstance(error, OutputExistsError) else ""
        row = _row(item, "failed", str(error), self._kept(item), blocked)
        self._tracker.forget(item.job.path)
        if item.unreadable or may_pass(error):
            row = row._replace(recipe="")
            if before is not None and before.state != "done" and before.reason == row.reason:
                self.tally.skipped += 1
                self.tally.found -= 1
                return
        self.ledger.record([row])
        self.tally.failed += 1
        self._tell(Event("failed", item.job.path, str(error)))

    def leave(self, item: LoadedTask, reason: str, digest: str = "") -> None:
        """One file is left alone, on purpose. `digest`: its content is an output of ours."""
        self.ledger.record([_row(item, "left", reason, self._kept(item), digest)])
        self._tracker.forget(item.job.path)
        self.tally.left += 1
        self._tell(Event("left", item.job.path, reason))

    # Why it failed the last time: need not be told again.
    def _reason(self, item: LoadedTask) -> str:
        before = self.ledger.get(item.job.path)
        return before.reason if before is not None and before.state in ("failed", "writing") else ""

    # The last output of this path, as we left it. Whatever lies there while its row says `writing` is ours: a run that
    # was killed then may have given it its name, and this one may fail before it does so again.
    def _kept(self, item: LoadedTask) -> Stamp:
        before = self.ledger.get(item.job.path)
        if before is not None and before.state == "writing":
            return stamp_of(self._out / before.output) or NOTHING
        return NOTHING if before is None else before.out

    def wait(self, count: int = 1) -> None:
        """Files for another pass."""
        self.tally.waiting += count
        self.tally.found -= count


def _row(item: LoadedTask, state: str, reason: str = "", out: Stamp = NOTHING, digest: str = "") -> Row:
    return Row(item.job.path, item.job.stamp, item.key, item.job.recipe, state, reason, out, digest, item.job.target)
