"""The queue: order, limits, what is kept and for how long."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from depixel.domain import ART
from depixel.errors import CancelledError, OutOfMemoryError
from depixel.monitor import Monitor
from depixel.picture import Picture
from depixel.report import Report
from depixel.request import Request
from depixel.service.jobs import BusyError, Job, Jobs
from depixel.service.limits import ServiceLimits
from depixel.service.wire import JobSpec

PICTURE = Picture((np.zeros((2, 2, 4), np.uint8),))


class Gate:
    """A worker that holds each job until it is let go; what a slow search looks like to the queue."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.seen: list[int] = []
        self.problem: Exception | None = None

    def warm(self) -> None:
        """Nothing to load."""

    def answer(self, picture: Picture, asked: JobSpec, monitor: Monitor) -> Report:
        """Wait; then be cancelled, fail, or have nothing."""
        self.seen.append(asked.settings.seed)
        while not self.open.wait(0.01):
            if monitor.is_cancelled:
                raise CancelledError("Cancelled.")
        if self.problem is not None:
            raise self.problem
        return Report((), asked.settings, 4, ART, "area", "none", "cpu", (False, False), 0, 0.0)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def jobs(gate: Gate) -> Iterator[Jobs]:
    loop = asyncio.new_event_loop()
    limits = dataclasses.replace(ServiceLimits(), waiting=3, waiting_bytes=1000, kept_seconds=0.0)
    found = Jobs(gate, limits, loop)
    found.start()
    yield found
    gate.open.set()
    found.close(drain=False)
    assert found.join(60)
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
    """Neither too many jobs nor too much memory wait."""
    first = add(jobs)
    until(lambda: first.state == "running")
    add(jobs, size=900)
    with pytest.raises(BusyError, match="wait"):
        add(jobs, size=200)
    add(jobs), add(jobs)
    with pytest.raises(BusyError, match="3 pictures wait"):
        add(jobs)


def test_a_waiting_job_is_cancelled_at_once(jobs: Jobs, gate: Gate) -> None:
    """... without being started; the running one is not disturbed."""
    first, second = add(jobs, 1), add(jobs, 2)
    until(lambda: first.state == "running")

    jobs.cancel(second)

    assert (first.state, second.state) == ("running", "cancelled")
    gate.open.set()
    until(lambda: first.finished)
    assert gate.seen == [1]


def test_problems_become_sentences(jobs: Jobs, gate: Gate) -> None:
    """A known problem in its own words; an unknown one named, and the engine lives on."""
    gate.open.set()
    for problem, code in (
        (OutOfMemoryError("No memory."), "memory"),
        (MemoryError(), "memory"),
        (KeyError("x"), "bug"),
    ):
        gate.problem = problem
        job = add(jobs)
        until(lambda job=job: job.finished)
        assert job.end is not None
        assert (job.end["event"], job.end["code"]) == ("failed", code)
        assert job.end["sentence"].endswith((".", ")."))


def test_answers_are_not_kept_for_ever(jobs: Jobs, gate: Gate) -> None:
    """Memory stays flat even when nobody fetches."""
    gate.open.set()
    job = add(jobs)
    until(lambda: job.finished)
    assert jobs.get(job.id) is job

    jobs.sweep()

    assert jobs.get(job.id) is None
