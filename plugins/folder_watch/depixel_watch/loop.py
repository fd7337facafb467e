"""The loop of a watcher: scan the folder, wait for a change or for the next scan, scan again."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from depixel.batch.engines import open_engine
from depixel.errors import CancelledError, UnwritableOutputError
from depixel.request import Request
from depixel.terminal.printable import counted
from depixel.terminal.stopping import Stop, stop_on_interrupt
from depixel_watch.display.log import LOG_NAME, Log
from depixel_watch.display.notify import Notifier
from depixel_watch.display.show import Announcer, JsonLines, PlainLines, Show, Table
from depixel_watch.folder.events import POLL_SECONDS, ChangeHints
from depixel_watch.folder.scan import Changes
from depixel_watch.folder.stamps import StabilityTracker
from depixel_watch.ledger.ledger import LEDGER_NAME
from depixel_watch.ledger.lock import Lock, only_one
from depixel_watch.ledger.repair import reading
from depixel_watch.ledger.watched import remember
from depixel_watch.packs.profiles import load
from depixel_watch.upscaler import EngineUpscaler
from depixel_watch.work.limits import SizeLimits
from depixel_watch.work.pauses import OutputAwayError, OutputDeletedError
from depixel_watch.work.watcher import Announcement, PassCounts, PauseError, Watcher

EVERY_SECONDS = 30.0
"""The longest interval between two scans of the whole folder, unless scans cost too much."""

_PAUSE_SECONDS = 10.0
_WHOLE_SHARE = 250  # with events, scans of the whole folder take at most 1/250 of the time
_POLL_SHARE = 20  # and 1/20 without events
_CHANGES_SHARE = 60  # checking changes takes at most 1/60 of the time
_SLICE = 0.5 if os.name == "nt" else 3600.0  # seconds; on Windows, Ctrl-C does not end a wait


def watch(args: argparse.Namespace, request: Request, source: Path, out: Path) -> int:
    """Keep the outputs up to date until stopped, or once; returns the exit code."""
    profiles = load(own=source)
    with stop_on_interrupt() as stop, only_one(out) as lock:
        remember(out)
        show = _show(args, source, out)
        log = Log(args.log.resolve() if args.log else out / LOG_NAME)
        announcer = Announcer(show, log, Notifier() if args.notify else None)
        try:
            worker = EngineUpscaler(open_engine(args), request, stop, shared=args.engine != "local")

            def begin() -> Watcher:
                return Watcher(
                    source,
                    out,
                    worker,
                    StabilityTracker(args.quiet_period, time.monotonic),
                    profiles,
                    profiles.get(args.profile),
                    complete=args.complete_pack,
                    retry=args.retry_failed,
                    verify=args.verify,
                    limits=SizeLimits(args.only_below, args.most),
                    tell=announcer.tell,
                    cancelled=stop,
                )

            return _Loop(_Options.of(args, out), begin, lock, source, out, stop, announcer, show).run(worker.device)
        finally:
            announcer.close()


def _show(args: argparse.Namespace, source: Path, out: Path) -> Show:
    if args.json:
        return JsonLines()
    terminal = sys.stdout is not None and sys.stdout.isatty()
    return Table(f"{source} -> {out}") if terminal else PlainLines()


@dataclass(frozen=True)
class _Options:
    """Options of the loop."""

    once: bool
    poll: bool
    every: float | None  # seconds between scans of the whole folder; None = depends on the cost of a scan
    quiet_period: float
    log: Path

    @classmethod
    def of(cls, args: argparse.Namespace, out: Path) -> _Options:
        return cls(args.once, args.poll, args.every, args.quiet_period, args.log or out / LOG_NAME)


class _Loop:
    """The running loop, as set up by `watch`."""

    def __init__(
        self,
        options: _Options,
        begin: Callable[[], Watcher],
        lock: Lock,
        source: Path,
        out: Path,
        stop: Stop,
        announcer: Announcer,
        show: Show,
    ) -> None:
        self._options, self._begin, self._lock, self._source, self._out = options, begin, lock, source, out
        self._stop, self._announcer, self._show = stop, announcer, show
        self._watcher: Watcher | None = None
        self._hints: ChangeHints | None = None
        self._wake = threading.Event()  # set when the user asks to stop
        self._total = PassCounts()  # over all passes until nothing is waiting for the first time
        self._spoken = False
        self._whole_seconds = 0.0  # of the last scan of the whole folder, without processing
        self._next_whole = 0.0
        self._problem = ""  # with file events, once announced

    def run(self, device: str) -> int:
        """Run until stopped; with --once until nothing is left to do."""
        options = self._options
        if not options.once:
            self._hints = ChangeHints(self._source, poll=options.poll, cares=self._cares)
            self._stop.listeners.append(self._hints.wake)
        self._stop.listeners.append(self._wake.set)
        try:
            self._introduce(device)
            changes: Changes | None = None
            while not self._stop():
                outcome = self._look(changes)
                if outcome is None:
                    changes = None
                    continue
                if outcome.waiting:
                    self._doze(self._until_complete(), wake=False)
                    changes = self._next_changes()
                elif options.once:
                    return self._finish()
                else:
                    changes = self._rest(outcome)
        except CancelledError:
            pass
        finally:
            if self._hints is not None:
                self._hints.close()
            if self._watcher is not None:
                self._watcher.close()
        return 130 if options.once else 0

    def _introduce(self, device: str) -> None:
        what = "Looking through" if self._options.once else "Watching"
        where = f"{what} {self._source}; outputs go to {self._out}, computed on {device}. Log: {self._options.log}."
        self._announcer.tell(Announcement("note", "", where))
        self._announcer.troubles()

    # The reason why there are no events, or no more events.
    def _tell_of_events(self) -> None:
        if self._hints is not None and self._hints.problem != self._problem:
            self._problem = self._hints.problem
            self._announcer.tell(
                Announcement("note", "", f"{self._problem} The folder is scanned every {self._every:g} s.")
            )

    def _cares(self, path: str) -> bool:
        return self._watcher is None or self._watcher.cares_for(path)

    @property
    def _polls(self) -> bool:
        return self._hints is None or bool(self._hints.problem)

    @property
    def _every(self) -> float:
        if self._options.every is not None:
            return min(self._options.every, POLL_SECONDS) if self._polls else self._options.every
        if self._polls:
            return max(POLL_SECONDS, _POLL_SHARE * self._whole_seconds)
        return max(EVERY_SECONDS, _WHOLE_SHARE * self._whole_seconds)

    # One pass; None while the work pauses.
    def _look(self, changes: Changes | None) -> PassCounts | None:
        started, spent = time.monotonic(), time.thread_time()
        self._tell_of_events()
        try:
            self._hold()
            watcher = self._watcher = self._watcher or self._begin()
            if isinstance(self._show, Table):
                self._show.tally = lambda: watcher.tally
            counts = watcher.reconcile(changes)
        except PauseError as error:
            deleted = isinstance(error, OutputDeletedError)
            if self._options.once and not deleted:
                raise
            self._announcer.pause(str(error))
            self._doze(min(self._every, 1.0 if deleted else _PAUSE_SECONDS), wake=False)
            return None
        if counts.whole:
            self._whole_seconds = time.thread_time() - spent
            self._next_whole = time.monotonic() + self._every
        self._announcer.sum_up(counts, time.monotonic() - started)
        self._first_words(counts)
        return counts

    # Deleting the output folder also deletes the lock, so it is taken again first.
    def _hold(self) -> None:
        try:
            self._lock.hold()
        except UnwritableOutputError as error:
            raise OutputAwayError(str(error)) from error

    # Wait until something changes, or a scan of the whole folder is due.
    def _rest(self, counts: PassCounts) -> Changes | None:
        started = time.thread_time()
        while not self._stop():
            left = self._next_whole - time.monotonic()
            if left <= 0:
                return None
            if self._doze(left) and (changes := self._next_changes()) is not None and changes:
                if not counts.whole:  # limits the cost of a folder that changes all the time
                    self._doze(min(5.0, _CHANGES_SHARE * (time.thread_time() - started)), wake=False)
                return changes
        return None

    # A file that is being written is checked once per quiet period.
    def _until_complete(self) -> float:
        rest = self._watcher.rest if self._watcher is not None else 0.0
        return min(self._options.quiet_period, max(0.05, rest)) if rest else max(0.05, self._options.quiet_period / 2)

    # What is waiting, and what has changed; None = everything.
    def _next_changes(self) -> Changes | None:
        if self._polls or self._hints is None or self._watcher is None or time.monotonic() >= self._next_whole:
            return None
        changes = self._hints.take()
        if changes is not None:
            pending = self._watcher.pending()
            changes.add(pending.files, pending.folders)
        return changes

    # True if something changed.
    def _doze(self, seconds: float, wake: bool = True) -> bool:
        end = time.monotonic() + seconds
        while not self._stop() and (left := end - time.monotonic()) > 0:
            if wake and self._hints is not None:
                if self._hints.wait(min(left, _SLICE)):
                    return True
            else:
                self._wake.wait(min(left, _SLICE))
        return False

    # Announced only if a run found nothing new.
    def _first_words(self, counts: PassCounts) -> None:
        if self._spoken:
            return
        for name in ("done", "copied", "left", "failed", "removed"):
            setattr(self._total, name, getattr(self._total, name) + getattr(counts, name))
        if counts.waiting:
            return
        self._spoken = True
        states = self._states()
        if self._options.once and not (self._total.finished or self._total.removed):
            done = states.get("done", 0)
            current = f"{counted(done, 'output is', 'outputs are')} up to date"
            state = current if states else "the folder has no textures"
            self._announcer.tell(Announcement("note", "", f"Nothing to do: {state}."))
        before = states.get("failed", 0) - self._total.failed
        if before > 0:
            which = counted(before, "file that failed before is", "files that failed before are")
            why = "not retried until changed: --status says why, --retry-failed retries them"
            self._announcer.tell(Announcement("note", "", f"{which} {why}."))

    # The summary of --once.
    def _finish(self) -> int:
        states = self._states()
        done, failed = states.get("done", 0), states.get("failed", 0)
        if isinstance(self._show, Table):
            self._show.last_words = "finished; some files failed" if failed else "finished"
        if self._total.finished or self._total.removed:
            which = counted(done, "file")
            bad = f"{failed} failed: `depixel watch {self._source} -o {self._out} --status` says why" if failed else ""
            self._announcer.tell(
                Announcement("note", "", f"Finished: {which} in {self._out}; {bad or 'nothing failed'}.")
            )
        if done and self._watcher is not None and self._watcher.destination:
            self._announcer.tell(Announcement("note", "", self._watcher.destination))
        return 1 if failed else 0

    def _states(self) -> dict[str, int]:
        with reading(self._out / LEDGER_NAME) as ledger:
            states = ledger.counts()
            if unreadable := len(ledger.unreadable()):
                states["failed"] = states.get("failed", 0) + unreadable
            return states
