"""
The mod folder's keeper. `reconcile` compares the whole folder with the ledger and brings the outputs in step; events
only say when that is worth while.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from depixel.errors import CancelledError, DepixelError, OutputExistsError, UnwritableOutputError
from depixel.files.writing import place
from depixel_watch.jobs import Job, Loaded, load, plan
from depixel_watch.ledger import LEDGER_NAME, Ledger, Row
from depixel_watch.packs import rewrite
from depixel_watch.page import PAGE_NAME, write_page
from depixel_watch.profiles import Profile, names_in, recognise
from depixel_watch.scan import OURS, Found, stamp_of, walk
from depixel_watch.stability import StabilityTracker, Stamp
from depixel_watch.work import UpscaleWorker, answer_all

_GROUP = 128
_GROUP_BYTES = 2**25  # of files, as they are stored
_NOTHING = Stamp(0, 0)


class DiskFullError(UnwritableOutputError):
    """There is no room for outputs: the watcher waits and goes on when there is."""


@dataclass
class Tally:
    """What one pass over the folder did, in files."""

    done: int = 0
    copied: int = 0  # same content as another: computed once
    skipped: int = 0  # in step already
    failed: int = 0  # newly
    waiting: int = 0  # not complete yet
    removed: int = 0  # source gone, so is the output


@dataclass(frozen=True)
class Event:
    """Something worth a line."""

    what: str  # done, copied, failed, removed, note
    path: str
    sentence: str = ""


Tell = Callable[[Event], None]


class Watcher:
    """
    Keeps `out` in step with `source` (both as `layout.checked` gave them).

    Args:
        profile: None = recognised from the folder at each pass.
        complete: also copy what is no texture.
    """

    def __init__(
        self,
        source: Path,
        out: Path,
        worker: UpscaleWorker,
        tracker: StabilityTracker,
        profiles: dict[str, Profile],
        profile: Profile | None = None,
        *,
        complete: bool = False,
        tell: Tell = lambda event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source, self._out, self._worker = source, out, worker
        self._tracker, self._profiles, self._profile = tracker, profiles, profile
        self._complete, self._tell, self._cancelled = complete, tell, cancelled
        self._tally = Tally()
        self._pool = ThreadPoolExecutor(4)
        self._ledger = Ledger(out / LEDGER_NAME)
        self._sweep()

    def close(self) -> None:
        """Let go of threads and ledger."""
        self._pool.shutdown()
        self._ledger.close()

    def reconcile(self) -> Tally:
        """
        One pass over the whole folder.

        Raises:
            DiskFullError: what was finished is kept; call again when there is room.
        """
        self._tally = tally = Tally()
        if not self._source.is_dir():
            self._tell(Event("note", str(self._source), "The watched folder is not there; nothing is removed."))
            return tally
        if not self._ledger.path.exists():  # somebody reverted by deleting the output folder
            self._ledger.close()
            self._ledger = Ledger(self._out / LEDGER_NAME)
        try:
            self._process(self._todo())
            if not tally.waiting:  # a renamed file waits: it shall find its old output to copy
                self._remove_gone()
            if tally.done or tally.failed or tally.removed or tally.copied:
                write_page(self._out / PAGE_NAME, self._source, self._ledger)
        except OSError as error:
            raise _as_full(error) or error from error
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise DiskFullError(_FULL.format(self._out)) from error
            raise
        return tally

    # Files that need work, complete ones only.
    def _todo(self) -> Iterator[Job]:
        profile = self._profile or self._recognised()
        waiting: list[str] = []
        for found in walk(self._source, lambda s: self._tell(Event("note", "", s))):
            if self._cancelled():
                return
            job = plan(found, self._source, profile, self._worker.recipe, self._complete, self._worker.scale)
            if job is None:
                continue
            if self._in_step(found, job):
                self._tracker.forget(found.path)
                self._tally.skipped += 1
            elif self._tracker.is_still(found.path, found.stamp):
                waiting.append(found.path)
                yield job
            else:
                waiting.append(found.path)
                self._tally.waiting += 1
        self._tracker.keep_only(waiting)

    def _recognised(self) -> Profile:
        return recognise(self._profiles, names_in(self._source))

    def _in_step(self, found: Found, job: Job) -> bool:
        row = self._ledger.get(found.path)
        if row is None or row.stamp != found.stamp or row.recipe != job.recipe or row.state == "writing":
            return False
        return row.state == "failed" or (self._out / found.path).exists()

    # While the worker answers one group, the next is read and decoded.
    def _process(self, jobs: Iterable[Job]) -> None:
        groups = _groups(jobs)
        coming = self._load(next(groups, []))
        try:
            while coming and not self._cancelled():
                loaded = [future.result() for future in coming]
                coming = self._load(next(groups, []))
                ready = self._prepare(loaded)
                answers = answer_all(self._worker, [item.texture for item in ready if item.texture is not None])
                writes: list[tuple[Loaded, Future[Stamp]]] = []
                for item, answer in zip(ready, answers, strict=True):
                    if isinstance(answer, DepixelError):
                        self._fail(item, answer)
                    else:
                        item.data = answer
                        writes.append((item, self._pool.submit(self._place, item.job.path, answer)))
                self._settle(writes)  # twins in the next group find these in the ledger
        finally:
            for future in coming:
                future.cancel()

    def _load(self, jobs: list[Job]) -> list[Future[Loaded]]:
        return [self._pool.submit(load, job, self._source) for job in jobs]

    # Deal with all that needs no worker; the rest is announced in the ledger and comes back.
    def _prepare(self, loaded: list[Loaded]) -> list[Loaded]:
        ready: dict[str, Loaded] = {}
        twins: list[Loaded] = []
        whole: list[Loaded] = []
        for item in loaded:
            if item.moved:
                self._tally.waiting += 1
                continue
            problem = item.problem or self._foreign(item.job)
            if problem is not None:
                self._fail(item, problem)
            elif item.key in ready:
                twins.append(item)
            elif self._guarded(self._copy_twin, item):
                continue
            elif item.job.action == "upscale":
                ready[item.key] = item
            else:
                whole.append(item)
        self._ledger.record(_row(item, "writing") for item in ready.values())
        for item in whole:
            self._guarded(self._whole_file, item)
        # Twins inside a group are met again in the next pass, when there is something to copy.
        self._tally.waiting += len(twins)
        return list(ready.values())

    # An output that is not as we left it belongs to somebody else.
    def _foreign(self, job: Job) -> DepixelError | None:
        there = stamp_of(self._out / job.path)
        row = self._ledger.get(job.path)
        if there is None or (row is not None and (row.state == "writing" or row.out == there)):
            return None
        return OutputExistsError(f"{self._out / job.path} was not made by Depixel, or was changed; move it away.")

    # What goes wrong with one file is told of that file; true when it is dealt with.
    def _guarded(self, work: Callable[[Loaded], bool], item: Loaded) -> bool:
        try:
            return work(item)
        except CancelledError:
            raise
        except (DepixelError, OSError) as error:
            self._fail(item, error)
            return True

    def _copy_twin(self, item: Loaded) -> bool:
        for row in self._ledger.done_with(item.key):
            made = self._out / row.path
            if row.path != item.job.path and stamp_of(made) == row.out:
                self._ledger.record([_row(item, "writing")])
                self._finish(item, self._place(item.job.path, made.read_bytes()), "copied")
                return True
        return False

    def _whole_file(self, item: Loaded) -> bool:
        self._ledger.record([_row(item, "writing")])
        if item.job.action == "copy":
            self._finish(item, self._place(item.job.path, item.data), "copied")
            return True
        target = self._out / item.job.path
        part = target.with_name(f"{OURS}{secrets.token_hex(6)}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                notes = rewrite(self._source / item.job.path, file, self._worker, self._profiles)
                file.flush()
                os.fsync(file.fileno())
            if stamp_of(self._source / item.job.path) != item.job.stamp:
                self._tally.waiting += 1
                return True
            part.replace(target)
            self._finish(item, stamp_of(target) or _NOTHING, "done", " ".join(notes[:20]))
            return True
        finally:
            part.unlink(missing_ok=True)

    def _place(self, path: str, data: bytes) -> Stamp:
        target = self._out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        place(target, data, overwrite=True)
        return stamp_of(target) or _NOTHING

    def _settle(self, writes: list[tuple[Loaded, Future[Stamp]]]) -> None:
        rows: list[tuple[Loaded, Row]] = []
        full: DiskFullError | None = None
        for item, future in writes:
            try:
                rows.append((item, _row(item, "done", item.texture.remark if item.texture else "", future.result())))
            except (DepixelError, OSError) as error:
                full = full or _as_full(error)
                if full is None:
                    self._fail(item, error)
        self._ledger.record(row for _, row in rows)
        for item, row in rows:
            self._tally.done += 1
            self._tracker.forget(item.job.path)
            self._tell(Event("done", item.job.path, row.reason))
        if full is not None:
            raise full

    def _finish(self, item: Loaded, out: Stamp, what: str, remark: str = "") -> None:
        self._ledger.record([_row(item, "done", remark, out)])
        self._tracker.forget(item.job.path)
        self._tally.copied += what == "copied"
        self._tally.done += what == "done"
        self._tell(Event(what, item.job.path, remark))

    def _fail(self, item: Loaded, error: Exception) -> None:
        if full := _as_full(error):
            raise full
        before = self._ledger.get(item.job.path)
        kept = before.out if before is not None else _NOTHING
        self._ledger.record([_row(item, "failed", str(error), kept)])
        self._tracker.forget(item.job.path)
        self._tally.failed += 1
        self._tell(Event("failed", item.job.path, str(error)))

    def _remove_gone(self) -> None:
        if not any(True for _ in walk(self._source, lambda _: None)):
            if any(True for _ in self._ledger.rows()):
                self._tell(Event("note", "", "The watched folder is empty (unmounted?); outputs are kept."))
            return
        for row in self._ledger.rows():
            if self._cancelled():
                return
            try:
                if stamp_of(self._source / row.path) is not None:
                    continue
                self._remove(row)
            except OSError as error:
                self._tell(Event("note", row.path, f"{row.path} cannot be looked at: {error.strerror}."))

    def _remove(self, row: Row) -> None:
        target = self._out / row.path
        if target.exists() and stamp_of(target) == row.out and not self._renamed_case(row.path):
            target.unlink()
            for folder in target.relative_to(self._out).parents[:-1]:
                with contextlib.suppress(OSError):
                    (self._out / folder).rmdir()
        self._ledger.remove(row.path)
        self._tracker.forget(row.path)
        self._tally.removed += 1
        self._tell(Event("removed", row.path))

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


_FULL = "The disk of {} is full: waiting for room; nothing is lost."


def _as_full(error: BaseException | None) -> DiskFullError | None:
    while error is not None:
        if isinstance(error, DiskFullError):
            return error
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DiskFullError(_FULL.format("the output folder"))
        error = error.__cause__
    return None


def _row(item: Loaded, state: str, reason: str = "", out: Stamp = _NOTHING) -> Row:
    return Row(item.job.path, item.job.stamp, item.key, item.job.recipe, state, reason, out)


def _groups(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    group: list[Job] = []
    for job in jobs:
        if group and (len(group) == _GROUP or sum(j.stamp.size for j in group) + job.stamp.size > _GROUP_BYTES):
            yield group
            group = []
        group.append(job)
    if group:
        yield group
