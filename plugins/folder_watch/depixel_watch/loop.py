"""The life of a watcher: look through the folder, wait for a hint or for the time, look again."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from depixel.commands.engines import open_engine
from depixel.commands.stopping import stop_on_interrupt
from depixel.errors import CancelledError, UnwritableOutputError
from depixel.request import Request
from depixel_watch.display.log import LOG_NAME, Log
from depixel_watch.display.notify import Notifier
from depixel_watch.display.show import Announcer, JsonLines, Lines, Show, Table
from depixel_watch.folder.events import POLL_SECONDS, ChangeHints
from depixel_watch.folder.stability import StabilityTracker
from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger
from depixel_watch.ledger.lock import Lock, only_one
from depixel_watch.ledger.watched import remember
from depixel_watch.packs.profiles import load
from depixel_watch.upscaler import EngineUpscaler
from depixel_watch.work.pauses import OutputAwayError, OutputDeletedError
from depixel_watch.work.watcher import Event, PassCounts, PauseError, Watcher

_PAUSE_SECONDS = 10.0


def watch(args: argparse.Namespace, settings: Request, source: Path, out: Path) -> int:
    """Keep the outputs in step until stopped, or once; returns the exit code."""
    profiles = load(own=source)
    with stop_on_interrupt() as stop, only_one(out) as lock:
        remember(out)
        show = _show(args, source, out)
        told = Announcer(show, Log(args.log or out / LOG_NAME), Notifier() if args.notify else None)
        try:
            worker = EngineUpscaler(open_engine(args), settings, stop, shared=args.engine != "local")
            watcher = Watcher(
                source,
                out,
                worker,
                StabilityTracker(args.quiet_period, time.monotonic),
                profiles,
                profiles.get(args.profile),
                complete=args.complete_pack,
                retry=args.retry_failed,
                tell=told.tell,
                cancelled=stop,
            )
            try:
                if isinstance(show, Table):
                    show.tally = lambda: watcher.tally
                return _Loop(args, watcher, lock, source, out, stop, told, show).run(worker.device)
            finally:
                watcher.close()
        finally:
            told.close()


def _show(args: argparse.Namespace, source: Path, out: Path) -> Show:
    if args.json:
        return JsonLines()
    terminal = sys.stdout is not None and sys.stdout.isatty()
    return Table(f"{source} -> {out}") if terminal else Lines()


class _Loop:
    """What `watch` set up, running."""

    def __init__(
        self,
        args: argparse.Namespace,
        watcher: Watcher,
        lock: Lock,
        source: Path,
        out: Path,
        stop: Callable[[], bool],
        told: Announcer,
        show: Show,
    ) -> None:
        self._args, self._watcher, self._lock, self._source, self._out = args, watcher, lock, source, out
        self._stop, self._told, self._show = stop, told, show
        self._total = PassCounts()  # of all passes until nothing waits for the first time
        self._spoken = False

    def run(self, device: str) -> int:
        """Until stopped; with --once until nothing is left to do."""
        args = self._args
        log = args.log or self._out / LOG_NAME
        hints = None if args.once else ChangeHints(self._source, poll=args.poll)
        every = args.every
        try:
            what = "Looking through" if args.once else "Watching"
            where = f"{what} {self._source}; larger textures go to {self._out}, made on {device}. Log: {log}."
            self._told.tell(Event("note", "", where))
            self._told.troubles()
            if hints is not None and hints.problem:
                every = min(every, POLL_SECONDS)
                self._told.tell(Event("note", "", f"{hints.problem} It is looked through every {every:g} s."))
            wait = _sleep if hints is None else hints.wait
            while not self._stop():
                started = time.monotonic()
                if isinstance(self._show, Table):
                    self._show.tally = lambda: self._watcher.tally
                try:
                    tally = self._look()
                except CancelledError:
                    break
                except PauseError as error:
                    deleted = isinstance(error, OutputDeletedError)
                    if args.once and not deleted:
                        raise
                    self._told.pause(str(error))
                    self._doze(wait, min(every, 1.0 if deleted else _PAUSE_SECONDS), wake=False)
                    continue
                took = time.monotonic() - started
                self._told.sum_up(tally, took)
                self._first_words(tally)
                if tally.waiting:
                    self._doze(wait, max(0.05, args.quiet_period / 2), wake=False)
                elif args.once:
                    return self._once_code()
                else:
                    self._doze(wait, every)
                    self._doze(_sleep, min(5.0, took))  # at most half the time is spent on looking
        finally:
            if hints is not None:
                hints.close()
        return 130 if args.once else 0

    # One pass. Who deletes the output folder takes the lock along, too: first of all it is taken again.
    def _look(self) -> PassCounts:
        try:
            self._lock.hold()
        except UnwritableOutputError as error:
            raise OutputAwayError(str(error)) from error
        return self._watcher.reconcile()

    def _doze(self, wait: Callable[[float], bool], seconds: float, wake: bool = True) -> None:
        end = time.monotonic() + seconds
        while not self._stop() and (left := end - time.monotonic()) > 0:
            if wait(min(left, 0.5)) and wake:
                return

    # What a run that found nothing new leaves unsaid.
    def _first_words(self, tally: PassCounts) -> None:
        if self._spoken:
            return
        for name in ("done", "copied", "left", "failed", "removed"):
            setattr(self._total, name, getattr(self._total, name) + getattr(tally, name))
        if tally.waiting:
            return
        self._spoken = True
        counts = self._counts()
        if self._args.once and not (self._total.finished or self._total.removed):
            done = counts.get("done", 0)
            known = f"{done} output{' is' if done == 1 else 's are'} in step" if counts else "it holds no textures"
            self._told.tell(Event("note", "", f"Nothing to do: {known}."))
        before = counts.get("failed", 0) - self._total.failed
        if before > 0:
            which = "1 file that failed before is" if before == 1 else f"{before} files that failed before are"
            why = "not tried again until changed: --status says why, --retry-failed tries again"
            self._told.tell(Event("note", "", f"{which} {why}."))

    def _once_code(self) -> int:
        return 1 if self._counts().get("failed") else 0

    def _counts(self) -> dict[str, int]:
        ledger = Ledger(self._out / LEDGER_NAME)
        try:
            return ledger.counts()
        finally:
            ledger.close()


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False
