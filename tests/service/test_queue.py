"""The queue: order, limits, and what is kept for how long."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from depixel.consistency import Residual
from depixel.domain import ART
from depixel.errors import CancelledError, OutOfMemoryError
from depixel.monitor import Monitor, SearchStep
from depixel.picture import Picture
from depixel.report import Candidate, Report
from depixel.request import Request
from depixel.service.errands import Errand, FileOutcome
from depixel.service.jobs import BusyError, Job, Jobs
from depixel.service.limits import ServiceLimits
from depixel.service.wire import JobSpec

PICTURE = Picture((np.zeros((2, 2, 4), np.uint8),))


class Gate:
    """A worker that holds each job until it is released, like a slow search."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.seen: list[int] = []
        self.problem: Exception | None = None

    def warm(self) -> None:
        """Nothing to load."""

    def answer(self, picture: Picture | Errand, spec: JobSpec, monitor: Monitor) -> Report:
        """Wait; then be cancelled, fail, or return an empty answer."""
        self.seen.append(spec.settings.seed)
        while not self.open.wait(0.01):
            if monitor.is_cancelled:
                raise CancelledError("Cancelled.")
        if self.problem is not None:
            raise self.problem
        return Report((), spec.settings, 4, ART, "area", "none", "cpu", (False, False), 0, 0.0)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def jobs(gate: Gate) -> Iterator[Jobs]:
    loop = asyncio.new_event_loop()
    limits = dataclasses.replace(ServiceLimits(), waiting=3, waiting_bytes=1000, kept_seconds=0.0)
    jobs = Jobs(gate, limits, loop)
    jobs.start()
    yield jobs
    gate.open.set()
    jobs.close(drain=False)
    assert jobs.join(60)
    loop.close()


def add(jobs: Jobs, seed: int = 0, size: int = 10) -> Job:
    return jobs.add(JobSpec(Request(seed=seed)), PICTURE, size)


def until(condition: Callable[[], bool]) -> None:
    for _ in range(6000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("waited in vain")


def test_jobs_run_in_the_order_they_came(jobs: Jobs, gate: Gate) -> None:
    """First come, first served; each knows how many are before it."""
    first = add(jobs, 1)
    until(lambda: first.state == "running")
    others = [add(jobs, seed) for seed in (2, 3)]

    assert [jobs.position(job) for job in (first, *others)] == [0, 1, 2]
    gate.open.set()
    until(lambda: all(job.finished for job in others))
    assert gate.seen == [1, 2, 3]


def test_a_full_queue_says_so(jobs: Jobs) -> None:
    """Neither too many jobs nor too much memory may wait."""
    first = add(jobs)
    until(lambda: first.state == "running")
    add(jobs, size=900)
    with pytest.raises(BusyError, match="wait"):
        add(jobs, size=200)
    add(jobs), add(jobs)
    with pytest.raises(BusyError, match="3 pictures are already waiting"):
        add(jobs)


def test_a_waiting_job_is_cancelled_at_once(jobs: Jobs, gate: Gate) -> None:
    """... without being started; the running one is not affected."""
    first, second = add(jobs, 1), add(jobs, 2)
    until(lambda: first.state == "running")

    jobs.cancel(second)

    assert (first.state, second.state) == ("running", "cancelled")
    gate.open.set()
    until(lambda: first.finished)
    assert gate.seen == [1]


def test_problems_become_sentences(jobs: Jobs, gate: Gate) -> None:
    """An expected error in its own words; an unexpected one is named, and the engine keeps running."""
    gate.open.set()
    for problem, code in (
        (OutOfMemoryError("No memory."), "memory"),
        (MemoryError(), "memory"),
        (KeyError("x"), "bug"),
    ):
        gate.problem = problem
        job = add(jobs)
        until(lambda job=job: job.finished)  # type: ignore[misc]
        assert job.end is not None
        assert (job.end["event"], job.end["code"]) == ("failed", code)
        assert job.end["sentence"].endswith((".", ")."))


def test_answers_are_not_kept_for_ever(jobs: Jobs, gate: Gate) -> None:
    """Memory stays bounded even if nothing is fetched."""
    gate.open.set()
    job = add(jobs)
    until(lambda: job.finished)
    assert jobs.get(job.id) is job

    jobs.sweep()

    assert jobs.get(job.id) is None


class Painter(Gate):
    """Answers at once, with one picture whose number of bytes is the request's seed."""

    def answer(self, picture: Picture | Errand, spec: JobSpec, monitor: Monitor) -> Report:
        """A grey line."""
        line = Picture((np.zeros((1, spec.settings.seed, 1), np.uint8),), mode="L")
        candidate = Candidate(line, Residual(0.0, 0.0, 0.0), 0.0, 0)
        return Report((candidate,), spec.settings, 4, ART, "area", "none", "cpu", (False, False), 0, 0.0)


def test_answers_that_nobody_fetches_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above this many bytes the oldest are dropped, the newest stay; a waiting or running one is never dropped."""
    painter = Painter()
    loop = asyncio.new_event_loop()
    limits = ServiceLimits(kept_bytes=1035, kept_seconds=1e6)  # the pictures that were sent count 10 each
    jobs = Jobs(painter, limits, loop)
    jobs.start()
    try:
        done = [add(jobs, size) for size in (500, 300, 400, 300)]
        until(lambda: all(job.finished for job in done))
        assert [job.answer_bytes for job in done] == [500, 300, 400, 300]
        waiting = Job(JobSpec(Request()), PICTURE, 10, ServiceLimits(), lambda job: None)
        jobs._jobs[waiting.id] = waiting

        jobs.sweep()

        assert [jobs.get(job.id) is job for job in done] == [False, True, True, True]
        assert jobs.get(waiting.id) is waiting
        jobs.forget(done[1])
        jobs.sweep()
        assert [jobs.get(job.id) is job for job in done] == [False, False, True, True]
        newest = add(jobs, 1030)
        until(lambda: newest.finished)
        jobs.sweep()
        assert [jobs.get(job.id) for job in (*done, newest)] == [None] * 5
    finally:
        jobs.close(drain=False)
        assert jobs.join(60)
        loop.close()


def test_a_job_without_answers_goes_sooner(jobs: Jobs, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute is enough to read why it failed; an answer is kept longer."""
    object.__setattr__(jobs._limits, "kept_seconds", 600.0)
    gate.problem, gate.open = OutOfMemoryError("No memory."), gate.open
    gate.open.set()
    job = add(jobs)
    until(lambda: job.finished)

    jobs.sweep()
    assert jobs.get(job.id) is job
    job.ended -= 31
    jobs.sweep()
    assert jobs.get(job.id) is None


def test_what_waits_and_runs_is_counted(jobs: Jobs, gate: Gate) -> None:
    """`count` and `position` take the running job into account."""
    assert (jobs.count, jobs.started) == (0, True)
    first = add(jobs, 1)
    until(lambda: first.state == "running")
    second = add(jobs, 2)

    assert jobs.count == 2
    assert jobs.position(second) == 1
    gate.open.set()
    until(lambda: second.finished)
    until(lambda: jobs.count == 0)


def test_closing_cancels_what_runs_and_what_waits(jobs: Jobs, gate: Gate) -> None:
    """Without `drain` nothing more is answered, and the thread ends; later jobs are refused."""
    first, second = add(jobs, 1), add(jobs, 2)
    until(lambda: first.state == "running")

    jobs.close(drain=False)

    assert jobs.join(30)
    assert (first.state, second.state) == ("cancelled", "cancelled")
    assert gate.seen == [1]
    with pytest.raises(BusyError, match="stopping"):
        add(jobs)


def test_draining_answers_what_waits(jobs: Jobs, gate: Gate) -> None:
    """With `drain` the queue is finished first."""
    both = [add(jobs, 1), add(jobs, 2)]
    until(lambda: both[0].state == "running")

    jobs.close(drain=True)
    gate.open.set()

    assert jobs.join(30)
    assert [job.state for job in both] == ["done", "done"]


def test_a_running_job_is_cancelled_between_steps(jobs: Jobs, gate: Gate) -> None:
    """Its last line is "cancelled", and the next job runs."""
    first, second = add(jobs, 1), add(jobs, 2)
    until(lambda: first.state == "running")

    jobs.cancel(first)

    until(lambda: first.finished)
    assert first.end == {"event": "cancelled"}
    until(lambda: second.state == "running")
    gate.open.set()
    until(lambda: second.finished)
    jobs.cancel(second)
    assert second.state == "done"


def test_a_job_that_is_cancelled_in_its_last_step_has_no_answer(jobs: Jobs, gate: Gate) -> None:
    """A worker may finish after a cancel: the cancel counts."""

    def answer(picture: Picture | Errand, spec: JobSpec, monitor: Monitor) -> Report:
        job.cancelled.set()
        return Report((), spec.settings, 4, ART, "area", "none", "cpu", (False, False), 0, 0.0)

    blocker = add(jobs, 1)
    until(lambda: blocker.state == "running")
    job = add(jobs, 2)
    gate.answer = answer  # type: ignore[method-assign]
    gate.open.set()
    until(lambda: job.finished)

    assert (job.state, job.report) == ("cancelled", None)


def test_forgetting_cancels_first(jobs: Jobs, gate: Gate) -> None:
    """A running job is cancelled and stays for its listener; a finished one is dropped at once."""
    job = add(jobs)
    until(lambda: job.state == "running")

    jobs.forget(job)
    until(lambda: job.finished)
    assert jobs.get(job.id) is job
    jobs.forget(job)
    assert jobs.get(job.id) is None


def test_activity_is_noted(jobs: Jobs, gate: Gate) -> None:
    """An engine in use is not idle: adding, asking and finishing count as use."""
    gate.open.set()
    for action in (lambda: add(jobs), lambda: jobs.get("none")):
        jobs.active = 0.0
        action()
        assert jobs.active > 0
    until(lambda: jobs.count == 0)
    jobs.active = 0.0
    job = add(jobs)
    until(lambda: job.finished and jobs.count == 0)
    assert jobs.active > 0


def test_progress_has_a_preview_now_and_then() -> None:
    """Only if the request wants previews, and not more often than the limit."""
    limits = dataclasses.replace(ServiceLimits(), preview_seconds=1000.0)
    step = SearchStep(step=2, steps=5, error=0.25, preview=torch.zeros(4, 2, 2), stage="searching")
    lines = []
    for wanted in (True, False):
        changes: list[Job] = []
        job = Job(JobSpec(Request(), previews=wanted), PICTURE, 10, limits, changes.append)
        job._shown = -10_000.0
        for _ in range(2):
            job.on_step(step)
            lines.append(job.progress or {})
        assert (job.state, job.version, len(changes)) == ("running", 2, 2)

    assert ["preview" in line for line in lines] == [True, False, False, False]
    assert {key: lines[0][key] for key in ("event", "step", "steps", "error", "stage", "share")} == {
        "event": "progress", "step": 2, "steps": 5, "error": 0.25, "stage": "searching", "share": 0.4
    }  # fmt: skip


def test_an_errand_ends_with_facts_and_perhaps_a_file() -> None:
    """Its last line says whether there is a file to fetch."""
    for file in (None, io.BytesIO(b"zip")):
        job = Job(JobSpec(Request()), PICTURE, 10, ServiceLimits(), lambda job: None)
        job.finish_errand(FileOutcome({"files": 3}, file))

        assert job.end == {"event": "done", "candidates": [], "facts": {"files": 3}, "file": file is not None}
        assert (job.state, job.answer_bytes) == ("done", 1)
