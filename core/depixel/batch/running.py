"""
Reads, answers and writes many pictures in a stream of groups, so that small ones share one pass through the network and
ten thousand are never in memory together. A picture that fails is reported and does not stop the others.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depixel import files
from depixel.batch.caps import NO_CAPS, SizeCaps
from depixel.batch.engines import PictureEngine
from depixel.batch.outputs import may_change_pixels
from depixel.batch.plan import PlannedPicture, Problem, problem_of
from depixel.batch.reading import ReadPicture, read_planned
from depixel.domain import is_imagined
from depixel.errors import CancelledError, DepixelError
from depixel.labels import label_disagreement, label_picture
from depixel.lossy import as_written
from depixel.monitor import Monitor
from depixel.pace import work_of
from depixel.picture import Picture
from depixel.progress import ProgressDisplay
from depixel.request import Request
from depixel.terminal.printable import one_line

if TYPE_CHECKING:
    from depixel.batch.beside import SidesBeside
    from depixel.batch.sets import PictureSets
    from depixel.monitor import SearchStep
    from depixel.report import Report

_GROUP_PIXELS = 64 * 1024  # most input pixels of a group per core, over frames and candidates, at scale 4
_MOST_CORES = 8  # that make a group larger
_MOST_AT_ONCE = 2048  # groups
_GROUP_COUNT = 256
_WRITERS = max(4, os.cpu_count() or 1)  # compressing PNG takes a fifth of the time that the network takes


Read = Callable[[Path], Picture]
Write = Callable[[Path, Picture], None]


@dataclass(frozen=True)
class Outcome:
    """The outcome of one picture."""

    planned: PlannedPicture
    problem: Problem | None = None  # None = done
    small: Picture | None = None
    report: Report | None = None
    written: tuple[Path, ...] = ()  # the best candidate first
    disagreement: Path | None = None  # the map of where the candidates differ, if requested

    @property
    def status(self) -> str:
        """done, failed, skipped or stopped."""
        return self.problem.status if self.problem else "done"

    def to_dict(self) -> dict[str, Any]:
        """JSON values for scripts."""
        values: dict[str, Any] = {"name": self.planned.name, "source": str(self.planned.source), "status": self.status}
        if self.problem is not None:
            return {**values, "code": self.problem.code, "reason": self.problem.reason}
        if self.small is not None and self.report is not None:
            values.update(width=self.small.width, height=self.small.height, frames=len(self.small.frames))
            facts = self.report.to_dict()
            for candidate, path in zip(facts["candidates"], self.written, strict=True):
                candidate["path"] = str(path)
            if self.disagreement is not None:
                facts["disagreement"]["path"] = str(self.disagreement)
            facts.pop("settings", None)  # the same for the whole batch: reported once
            values.update(facts)
        return values


class Batch:
    """
    Runs planned pictures through an engine.

    Args:
        read, write: the only two functions that touch files.
        cancelled: called between pictures and between steps; once it returns True, the rest is "stopped".
        disagreement: also write a map of where the candidates differ (`PlannedPicture.disagreement`).
        watch: called with every step of every search.
        caps: which pictures are too large, and how large the answers to the others may become.
        sides: the side files of the inputs; None = they are ignored.
        sets: decides the kind of pictures that belong together; None = each is decided alone.
    """

    def __init__(
        self,
        engine: PictureEngine,
        settings: Request,
        read: Read,
        write: Write,
        progress: ProgressDisplay,
        cancelled: Callable[[], bool],
        *,
        disagreement: bool = False,
        watch: Callable[[SearchStep], None] | None = None,
        caps: SizeCaps = NO_CAPS,
        sides: SidesBeside | None = None,
        sets: PictureSets | None = None,
    ) -> None:
        self._watch, self._caps, self._sides, self._sets = watch, caps, sides, sets
        self._engine = engine
        self._settings = settings
        self._read = read
        self._write = write
        self._progress = progress
        self._cancelled = cancelled
        self._disagreement = disagreement
        self._is_local = hasattr(engine, "cores")  # computes in this process
        scale, cores = settings.scale or 4, min(_MOST_CORES, int(getattr(engine, "cores", 1)))
        self._limit = max(1, int(_GROUP_PIXELS * cores * 16 / scale**2 / settings.answers))

    def run(self, all_planned: Iterable[PlannedPicture]) -> Iterator[Outcome]:
        """
        One outcome per picture; those of a group come together and in order. An engine of several cores or machines
        works on `at_once` groups at a time; one more is read. A picture as large as a group, or a search, runs alone.
        """
        with ThreadPoolExecutor(_WRITERS) as self._writers:  # several files are written in the time of one
            if self._at_once() > 1:
                yield from self._run_together(all_planned)
                return
            before: list[Future[Outcome]] = []
            for item in self._groups(all_planned):
                now = [_settled(item)] if isinstance(item, Outcome) else self._answer(item)
                yield from (one.result() for one in before)  # written while the engine answered the current group
                before = now
            yield from (one.result() for one in before)

    # Machines may join a cluster during the work.
    def _at_once(self) -> int:
        searches = self._watch is not None or bool(self._settings.steps) or is_imagined(self._settings.domain)
        if searches and self._is_local:  # a search takes all cores of this machine
            return 1
        return int(getattr(self._engine, "at_once", 1))

    def _run_together(self, all_planned: Iterable[PlannedPicture]) -> Iterator[Outcome]:
        with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
            waiting: deque[Outcome | Future[list[Outcome]]] = deque()
            under_way, is_alone = 0, False
            for item in self._groups(all_planned):
                large = not isinstance(item, Outcome) and self._takes_all(item)
                while under_way >= (1 if is_alone or large else min(self._at_once(), _MOST_AT_ONCE)):
                    first = waiting.popleft()
                    under_way -= not isinstance(first, Outcome)
                    yield from _outcomes_of(first)
                if isinstance(item, Outcome):
                    waiting.append(item)
                else:
                    waiting.append(pool.submit(lambda group: [one.result() for one in self._answer(group)], item))
                    under_way, is_alone = under_way + 1, large
            for left in waiting:
                yield from _outcomes_of(left)

    # Whether a group takes all cores of this machine and much of its memory.
    def _takes_all(self, group: list[ReadPicture]) -> bool:
        return self._is_local and sum(member.picture.pixel_count for member in group) > self._limit

    # Groups of pictures with one request, and outcomes of pictures that do not reach the engine.
    def _groups(self, all_planned: Iterable[PlannedPicture]) -> Iterator[Outcome | list[ReadPicture]]:
        group: list[ReadPicture] = []
        pixels = 0
        for planned in all_planned:
            if self._cancelled():
                yield from (_stopped(member.planned) for member in group)
                group, pixels = [], 0
                yield _stopped(planned)
                continue
            if planned.problem is not None:
                yield Outcome(planned, planned.problem)
                continue
            try:
                member = read_planned(planned, self._settings, self._read, self._caps, self._sets)
                if isinstance(member, ReadPicture) and self._sides is not None:
                    member = replace(member, picture=self._sides.tell(planned.source, member.picture))
            except Exception as error:  # noqa: BLE001 (one bad file must not stop the others)
                yield _failed(planned, error)
                continue
            if isinstance(member, Problem):
                yield Outcome(planned, member)
                continue
            size = member.picture.pixel_count
            if group and (pixels + size > self._limit or member.request != group[0].request):
                yield group
                group, pixels = [], 0
            group.append(member)
            pixels += size
            if pixels >= self._limit or len(group) >= _GROUP_COUNT:
                yield group
                group, pixels = [], 0
        if group:
            yield group

    # Other threads write the answers.
    def _answer(self, group: list[ReadPicture]) -> list[Future[Outcome]]:
        first = one_line(group[0].planned.name)
        work = float(sum(work_of(member.picture.pixel_count) for member in group))
        self._progress.doing(first if len(group) == 1 else f"{first} and {len(group) - 1} more", work)
        try:
            monitor = Monitor(self._step, self._cancelled)
            upsample = getattr(self._engine, "upsample_group", self._engine.upsample_many)
            answers = upsample([member.picture for member in group], group[0].request, monitor)
        except CancelledError:
            return [_settled(_stopped(member.planned)) for member in group]
        except Exception as error:  # noqa: BLE001 (a fault with one picture must not affect the others)
            if len(group) == 1:
                return [_settled(_failed(group[0].planned, error))]
            return [one for member in group for one in self._answer([member])]
        return [self._writers.submit(self._finish, *pair) for pair in zip(group, answers, strict=True)]

    def _finish(self, member: ReadPicture, answer: Report | DepixelError) -> Outcome:
        return _failed(member.planned, answer) if isinstance(answer, DepixelError) else self._save(member, answer)

    # The best candidate is written last: if it exists, so do all others.
    def _save(self, member: ReadPicture, report: Report) -> Outcome:
        planned, small = member.planned, member.picture
        paths = planned.targets(len(report.candidates))
        lossy = may_change_pixels(paths[0])
        drawn = planned.disagreement if self._disagreement and len(report.candidates) > 1 else None
        try:
            if drawn is not None:
                self._write(drawn, label_disagreement(report.disagreement()))
            for path, candidate in reversed(list(zip(paths, report.candidates, strict=True))):
                self._write(path, label_picture(candidate, report, lossy=lossy))
            if lossy:
                report = as_written(report, small, [self._read(path) for path in paths])
        except Exception as error:  # noqa: BLE001 (one file that cannot be written must not stop the others)
            return _failed(planned, error)
        if remark := files.remark(small, files.kind_of(paths[0])):
            report = replace(report, notes=(*report.notes, remark))
        remarks = [str(small.details[key]) for key in ("wrong_ending", "left_out") if key in small.details]
        if member.note:
            remarks.insert(0, member.note)
        if remarks:
            report = replace(report, notes=(*report.notes, *remarks))
        return Outcome(planned, None, small, report, tuple(paths), drawn)

    def _step(self, step: SearchStep) -> None:
        if self._watch is not None:
            self._watch(step)
        self._progress.part(step.share)


def _settled(outcome: Outcome) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future


def _outcomes_of(item: Outcome | Future[list[Outcome]]) -> list[Outcome]:
    return [item] if isinstance(item, Outcome) else item.result()


def _failed(planned: PlannedPicture, error: Exception) -> Outcome:
    return Outcome(planned, problem_of(error))


def _stopped(planned: PlannedPicture) -> Outcome:
    return Outcome(planned, Problem("stopped", "cancelled", "Stopped before its turn."))
