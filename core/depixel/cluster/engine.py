"""
`ClusterEngine`: an engine like any other, whose pictures are answered on the machines of a Ray cluster.

Pictures travel as pixels and come back as reports; this process alone reads and writes files. So a machine needs no
shared folder, a machine that dies leaves nothing half-written, and answers are written as without a cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from depixel.cluster.workers import Setup, Workers
from depixel.errors import CancelledError, DepixelError
from depixel.monitor import SILENT, Monitor
from depixel.picture import Picture
from depixel.report import Report
from depixel.request import Request
from depixel.service.remote import EngineProblemError

_ATTEMPTS = 3  # engines that may die on one group before its pictures are tried one by one
_GROUP_PIXELS = 64 * 1024  # small pixels of one group: the engines' own batches
_POLL = 0.2  # seconds between two checks whether to stop

Outcomes = list[Report | DepixelError]


class ClusterEngine:
    """The machines of a cluster as one engine for batches. Opening it raises the errors of `Workers`."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._workers: Workers | None = Workers(setup)

    @property
    def at_once(self) -> int:
        """Groups worth having in progress now: one for each engine, including those that joined later, and one more."""
        return 1 + (len(self._workers) if self._workers else 1)

    def close(self) -> None:
        """End the engines."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def upsample_many(self, pictures: Sequence[Picture], request: Request, monitor: Monitor = SILENT) -> Outcomes:
        """Like `Upsampler.upsample_many`, but distributed over the engines. Raises CancelledError."""
        groups = _groups(pictures, self.at_once)
        if len(groups) == 1:
            return self.upsample_group(pictures, request, monitor)
        with ThreadPoolExecutor(min(len(groups), self.at_once)) as pool:
            parts = pool.map(lambda group: self.upsample_group(group, request, monitor), groups)
            return [outcome for part in parts for outcome in part]

    def upsample_group(self, pictures: Sequence[Picture], request: Request, monitor: Monitor = SILENT) -> Outcomes:
        """
        The same by one engine, or by another one if that one dies. Any thread may call it.

        If several engines die while they work on a picture, it is refused; the others of its group are answered.
        """
        request = request.validated()
        for _ in range(_ATTEMPTS):
            try:
                return self._answered(pictures, request, monitor)
            except _LostError:
                continue
            except EngineProblemError as error:
                return [error for _ in pictures]
        if len(pictures) > 1:
            return [outcome for one in pictures for outcome in self.upsample_group([one], request, monitor)]
        return [EngineProblemError(f"{_ATTEMPTS} engines of the cluster died while they worked on it.", "error")]

    def _answered(self, pictures: Sequence[Picture], request: Request, monitor: Monitor) -> Outcomes:
        import ray

        if self._workers is None:
            self._workers = Workers(self._setup)
        workers = self._workers
        with workers.borrow(monitor.cancelled) as engine:
            try:
                reference: Any = engine.answer.remote(list(pictures), request)
                while not ray.wait([reference], timeout=_POLL)[0]:
                    monitor.check("Stopped before the cluster had answered; nothing was written for it.")
                outcomes: Outcomes = ray.get(reference)
                return outcomes
            except CancelledError:
                raise
            except ray.exceptions.RayTaskError as error:  # the work itself failed, not the machine
                cause = error.cause if isinstance(error.cause, Exception) else error
                if isinstance(cause, DepixelError):
                    return [cause for _ in pictures]
                raise cause from None
            except ray.exceptions.RayError as error:
                workers.lose(engine)
                raise _LostError from error
            except (ConnectionError, OSError, RuntimeError) as error:
                self._workers = None  # the head node is gone; the next call connects again
                reason = " ".join(str(error).split())[:160]
                raise EngineProblemError(
                    f"The connection to the Ray cluster is lost ({reason}); what is finished is kept.", "died"
                ) from error


class _LostError(Exception):
    """The engine died before it answered."""


# Runs of pictures, none larger than an engine's batch, and at least as many as there are engines.
def _groups(pictures: Sequence[Picture], engines: int) -> list[list[Picture]]:
    sizes = [picture.pixel_count for picture in pictures]
    limit = min(_GROUP_PIXELS, -(-sum(sizes) // max(1, engines)))
    groups: list[list[Picture]] = []
    filled = 0
    for picture, size in zip(pictures, sizes, strict=True):
        if groups and filled + size <= limit:
            groups[-1].append(picture)
            filled += size
        else:
            groups.append([picture])
            filled = size
    return groups
