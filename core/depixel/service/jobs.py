"""Jobs: they run one after the other on the device, and report events to their listeners."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from depixel.errors import CancelledError, DepixelError
from depixel.monitor import Monitor, SearchStep
from depixel.service.errands import Errand, FileOutcome
from depixel.service.limits import ServiceLimits
from depixel.service.wire import JobSpec, describe, pack_preview

if TYPE_CHECKING:
    from depixel.picture import Picture
    from depixel.report import Report

log = logging.getLogger(__name__)

FINISHED = ("done", "failed", "cancelled")
NO_MEMORY = "There is not enough memory for this picture: use a smaller scale, fewer answers, or a part of it."


class BusyError(DepixelError):
    """The queue is full, or the engine is about to exit."""

    code = "busy"


class Worker(Protocol):
    """Does the computing. `warm` loads slow parts in advance; both methods are called only on the jobs' thread."""

    def warm(self) -> None: ...

    def answer(self, picture: Picture | Errand, spec: JobSpec, monitor: Monitor) -> Report | FileOutcome: ...


class Job:
    """
    One request in the engine. The jobs' thread writes, listeners on the event loop read; `version` counts the changes.
    """

    def __init__(
        self, spec: JobSpec, picture: Picture | Errand, size: int, limits: ServiceLimits, wake: Callable[[Job], None]
    ) -> None:
        self.id = secrets.token_hex(8)
        self.spec = spec
        self.picture: Picture | Errand | None = picture
        self.size = size
        self.state = "queued"
        self.ended = 0.0
        self.version = 0
        self.progress: dict[str, Any] | None = None
        self.end: dict[str, Any] | None = None  # the last line: done, failed or cancelled
        self.answer_bytes = 0
        self.report: Report | None = None  # of a job that is done, with its pictures
        self.source: Picture | None = None  # of a job that is done: the input
        self.file: FileOutcome | None = None  # of an errand that is done
        self.is_errand = isinstance(picture, Errand)
        self.changed = asyncio.Event()  # set by the loop on each change, replaced by the listener that noticed it
        self.cancelled = threading.Event()
        self._limits = limits
        self._wake = wake
        self._shown = 0.0

    @property
    def finished(self) -> bool:
        return self.state in FINISHED

    def tell(self, state: str) -> None:
        self.state = state
        if self.finished:
            self.ended = time.monotonic()
            self.picture = None
        self.version += 1
        self._wake(self)

    def on_step(self, step: SearchStep) -> None:
        """Called by the search after each step, on the jobs' thread."""
        line: dict[str, Any] = {
            "event": "progress",
            "step": int(step.step),
            "steps": int(step.steps),
            "error": float(step.error),
            "stage": step.stage,
            "share": round(step.share, 4),
        }
        now = time.monotonic()
        if self.spec.previews and step.preview is not None and now - self._shown > self._limits.preview_seconds:
            self._shown = now
            line["preview"] = pack_preview(step.preview, self._limits.preview_side)
        self.progress = line
        self.tell("running")

    def finish_errand(self, outcome: FileOutcome) -> None:
        self.file, self.answer_bytes = outcome, 1  # its file is kept as long as the job
        self.end = {"event": "done", "candidates": [], "facts": outcome.facts, "file": outcome.file is not None}
        self.tell("done")

    def finish(self, report: Report) -> None:
        lines = [describe(candidate) for candidate in report.candidates]
        self.answer_bytes = sum(line["bytes"] for line in lines)
        self.report = report
        self.source = self.picture.original if isinstance(self.picture, Errand) else self.picture
        self.end = {
            "event": "done",
            "scale": report.scale,
            "candidates": lines,
            "report": report.to_dict(),
        }
        self.tell("done")

    def fail(self, code: str, sentence: str) -> None:
        self.end = {"event": "failed", "code": code, "sentence": sentence}
        self.tell("failed")

    def stop(self) -> None:
        self.end = {"event": "cancelled"}
        self.tell("cancelled")


class Jobs:
    """
    The queue and its one thread.

    Args:
        worker: does the computing.
        loop: the event loop of the listeners.
    """

    def __init__(self, worker: Worker, limits: ServiceLimits, loop: asyncio.AbstractEventLoop) -> None:
        self._worker = worker
        self._limits = limits
        self._loop = loop
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._closing = False
        self.ready = False
        self.active = time.monotonic()  # time of the last activity
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def started(self) -> bool:
        return self._thread.ident is not None

    @property
    def count(self) -> int:
        """Jobs waiting or running."""
        with self._lock:
            return len(self._waiting) + (self._running is not None)

    def add(self, spec: JobSpec, picture: Picture | Errand, size: int) -> Job:
        """
        Put a job in the queue.

        Raises:
            BusyError: the queue is full.
        """
        job = Job(spec, picture, size, self._limits, self._wake)
        with self._work:
            if self._closing:
                raise BusyError("The Depixel engine is stopping; try again in a moment.")
            waiting = sum(other.size for other in self._waiting)
            if len(self._waiting) >= self._limits.waiting or waiting + size > self._limits.waiting_bytes:
                raise BusyError(
                    f"{len(self._waiting)} pictures are already waiting for the Depixel engine; try again later."
                )
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._work.notify()
        self._touch()
        return job

    def get(self, name: str) -> Job | None:
        self._touch()
        return self._jobs.get(name)

    def position(self, job: Job) -> int:
        """The number of jobs before it."""
        with self._lock:
            if job not in self._waiting:
                return 0
            return self._waiting.index(job) + (self._running is not None)

    def cancel(self, job: Job) -> None:
        """Stop a waiting or running job; a finished one does not change."""
        job.cancelled.set()
        with self._lock:
            if job in self._waiting:
                self._waiting.remove(job)
                queued = True
            else:
                queued = False
        if queued:
            job.stop()

    def forget(self, job: Job) -> None:
        """Cancel it if necessary, and drop its answers."""
        if not job.finished:
            self.cancel(job)
            return  # its listener still waits for the last line; `sweep` drops it later
        with self._lock:
            self._jobs.pop(job.id, None)

    def sweep(self) -> None:
        """Drop finished jobs that were not fetched: old ones, and the oldest if they use too much memory."""
        now = time.monotonic()
        with self._lock:
            total = 0
            for name, job in reversed(list(self._jobs.items())):
                if not job.finished:
                    continue
                total += job.answer_bytes + (job.size if job.source is not None else 0)
                old = now - job.ended > self._limits.kept_seconds or (not job.answer_bytes and now - job.ended > 30.0)
                if old or total > self._limits.kept_bytes:
                    del self._jobs[name]

    def close(self, drain: bool) -> None:
        """Accept no more jobs; finish those that are queued (`drain`), or cancel them."""
        with self._work:
            self._closing = True
            dropped = [] if drain else list(self._waiting)
            running = None if drain else self._running
            self._work.notify_all()
        for job in dropped:
            self.cancel(job)
        if running is not None:
            running.cancelled.set()

    def join(self, seconds: float) -> bool:
        """Wait for the thread to end after `close`; False if it has not ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _touch(self) -> None:
        self.active = time.monotonic()

    def _wake(self, job: Job) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(job.changed.set)

    def _run(self) -> None:
        try:
            self._worker.warm()
        except Exception:  # the first job will report what is wrong
            log.exception("the engine could not warm up")
        self.ready = True
        while True:
            with self._work:
                while not self._waiting and not self._closing:
                    self._work.wait()
                if not self._waiting:
                    return
                job = self._running = self._waiting.popleft()
            try:
                self._answer(job)
            finally:
                with self._lock:
                    self._running = None
                self._touch()

    def _answer(self, job: Job) -> None:
        began = time.monotonic()
        if job.cancelled.is_set() or job.picture is None:
            job.stop()
            return
        job.tell("running")
        try:
            report = self._worker.answer(job.picture, job.spec, Monitor(job.on_step, job.cancelled.is_set))
        except CancelledError:
            job.stop()
        except DepixelError as error:
            job.fail(error.code, str(error))
        except Exception as error:
            if _is_memory(error):
                job.fail("memory", NO_MEMORY)
            else:
                log.exception("job %s failed", job.id)
                job.fail("bug", f"The Depixel engine met an unexpected problem ({type(error).__name__}: {error}).")
        else:
            if job.cancelled.is_set():
                job.stop()
            elif isinstance(report, FileOutcome):
                job.finish_errand(report)
            else:
                job.finish(report)
        log.info(
            "%s for %s: %s in %.2f s",
            job.spec.action,
            job.spec.program or "a program",
            job.state,
            time.monotonic() - began,
        )


def _is_memory(error: Exception) -> bool:
    # Imported here because it needs torch, which must not be loaded before the first answer to `hello`.
    from depixel.devices import is_out_of_memory

    return is_out_of_memory(error)
