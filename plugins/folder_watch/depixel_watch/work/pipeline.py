"""
Decodes, answers and writes files in parallel: readers work ahead, the engine has a thread or two and always a group
waiting, writers encode and wait for the disk. Only the calling thread uses the ledger and gives outputs their names.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from depixel.errors import CancelledError, DepixelError
from depixel.picture import Picture
from depixel_watch.folder.stamps import read_regular, stamp_of
from depixel_watch.ledger.claims import Claims
from depixel_watch.ledger.ledger import Row
from depixel_watch.ledger.recorder import Output, Recorder
from depixel_watch.packs.archive import PackOptions, rewrite
from depixel_watch.packs.profiles import PackProfile
from depixel_watch.work import groups, publication
from depixel_watch.work.attempts import SET_ASIDE, Attempts
from depixel_watch.work.groups import Answers, Group, groups_of
from depixel_watch.work.pauses import DELETED, OutputDeletedError, PauseError, as_pause
from depixel_watch.work.publication import Part
from depixel_watch.work.stopwatch import Stopwatch
from depixel_watch.work.task import Bench, LoadedTask, Task, fault, load
from depixel_watch.work.texture import Texture, Upscaler, ask, finish, remark_on

OWN = "An output of Depixel that was copied here: left alone."

_AHEAD = 2  # groups that are read before their turn
_MOST_AT_ONCE = 2  # groups that the engine answers at once: one may be prepared, or its last machine may still work
_READY = 1  # groups that are ready for the engine
_BEHIND = 3  # groups being written
_READERS = 3
_WRITERS = 4


class Pipeline:
    """
    Makes the outputs of files.

    Args:
        profile: of archives; None = each is detected from its contents.
        complete: also copy files that are left alone, and give outputs the timestamps of their sources.
        cancelled: called between groups; what is finished is kept.
    """

    def __init__(
        self,
        worker: Upscaler,
        profiles: dict[str, PackProfile],
        profile: PackProfile | None,
        attempts: Attempts,
        *,
        complete: bool,
        cancelled: Callable[[], bool],
    ) -> None:
        self._worker, self._profiles, self._profile, self._attempts = worker, profiles, profile, attempts
        self._complete, self._cancelled = complete, cancelled
        self._readers = ThreadPoolExecutor(_READERS, "read")
        self._at_once = min(_MOST_AT_ONCE, worker.at_once)
        self._engine = ThreadPoolExecutor(self._at_once, "engine")
        self._writers = ThreadPoolExecutor(_WRITERS, "write")
        self._busy = Stopwatch()  # time in which the engine works in this run

    def close(self) -> None:
        """End the threads."""
        for pool in (self._readers, self._engine, self._writers):
            pool.shutdown(cancel_futures=True)

    def run(self, tasks: Iterable[Task], recorder: Recorder, bench: Bench) -> None:
        """
        Process all files.

        Raises:
            PauseError: what was finished is in the ledger; the rest is processed again later.
            CancelledError: likewise.
        """
        self._recorder, self._bench = recorder, bench
        self._claims = Claims(bench.source, bench.out, recorder.ledger)
        self._twins: dict[str, list[LoadedTask]] = {}  # key being processed => files that will have the same output
        self._busy, started = Stopwatch(), time.perf_counter()
        line = self._groups(tasks)
        coming: deque[Group] = deque()
        submitted: deque[Group] = deque()
        behind: deque[Group] = deque()
        try:
            while not self._cancelled():
                self._read_ahead(line, coming, (*submitted, *behind))
                if self._may_ask(coming, submitted, behind):
                    self._prepare(group := coming.popleft())
                    submitted.append(group)
                elif submitted:
                    behind.append(submitted.popleft())
                    self._answered(behind[-1])
                elif behind:
                    self._settle(behind.popleft())
                elif not coming:
                    self._attempts.finish()
                    break
                while behind and (len(behind) > _BEHIND or _is_written(behind[0])):
                    self._settle(behind.popleft())
        finally:
            recorder.counts.times.wall += time.perf_counter() - started
            self._drain(coming, submitted, behind)
            self._claims.settle()
            self._attempts.rest()
            recorder.counts.times.engine += self._busy.seconds

    # A suspect is read, answered and written alone.
    def _read_ahead(self, line: Iterator[Group], coming: deque[Group], at_work: tuple[Group, ...]) -> None:
        while len(coming) < _AHEAD and (group := next(line, None)) is not None:
            coming.append(group)
        for index, group in enumerate(coming):
            others = (*at_work, *(other for other in coming if other.loading and other is not group))
            if group.loading:
                continue
            if any(other.alone for other in others) or (group.alone and others) or (index and coming[0].alone):
                return
            self._attempts.begin((task.path, task.stamp) for task in group.tasks)
            rows = [self._recorder.ledger.get(task.path) for task in group.tasks]
            group.loading = [
                self._readers.submit(self._timed_load, task, row) for task, row in zip(group.tasks, rows, strict=True)
            ]

    # Limits the number of large answers in memory.
    def _may_ask(self, coming: deque[Group], submitted: deque[Group], behind: deque[Group]) -> bool:
        if not coming or not coming[0].loading or len(submitted) >= self._at_once + _READY:
            return False
        held = sum(other.pixels for other in (*submitted, *behind))
        return held == 0 or held + coming[0].pixels <= 4 * groups.GROUP_PIXELS

    # However the run ended: outputs already written count, and no thread is left working.
    def _drain(self, coming: Iterable[Group], submitted: Iterable[Group], behind: Iterable[Group]) -> None:
        for group in coming:
            for future in group.loading:
                future.cancel()
        for group in (*submitted, *behind):
            if group.future is not None and not group.future.cancel():
                group.future.exception()
            for item, writing in group.writing:
                if item.task.action == "pack":
                    writing.cancel()
            group.writing = [(item, writing) for item, writing in group.writing if not writing.cancelled()]
            with contextlib.suppress(DepixelError, sqlite3.Error):
                self._settle(group)

    def _groups(self, tasks: Iterable[Task]) -> Iterator[Group]:
        return groups_of(tasks, self._bench.source, self._worker.scale, self._attempts.deaths, self._set_aside)

    def _set_aside(self, task: Task, deaths: int) -> None:
        self._recorder.fail(LoadedTask(task), DepixelError(SET_ASIDE.format(deaths, task.path)))
        self._attempts.end([(task.path, task.stamp)])

    # Decides what to do with each file; the engine gets only what needs it.
    def _prepare(self, group: Group) -> None:
        recorder = self._recorder
        whole: list[LoadedTask] = []
        unchanged: list[LoadedTask] = []
        for future in group.loading:
            item, seconds = future.result()
            recorder.counts.times.decode += seconds
            if item.moved:
                recorder.wait()
            elif item.unchanged:
                unchanged.append(item)
            elif (problem := item.problem or self._claims.refused(item.task)) is not None:
                recorder.fail(item, problem)
            elif item.task.action != "copy" and recorder.ledger.was_made(item.content):
                recorder.leave(item, OWN, item.content)
            elif item.left and not self._complete:
                (self._bench.out / item.task.output).unlink(missing_ok=True)  # ours, of the earlier content
                recorder.leave(item, item.left)
            elif item.left or item.task.action == "copy":
                whole.append(item)
            elif item.key in self._twins:
                item.data, item.texture = b"", None
                self._twins[item.key].append(item)
            elif (twin := self._twin(item)) is not None:
                group.writing.append((item, self._writers.submit(self._write_bytes, item, twin)))
            else:
                self._twins[item.key] = []
                group.ready.append(item)
        recorder.unchanged(unchanged)
        self._take_down_kinds()
        group.writing += [(item, self._writers.submit(self._copy, item)) for item in whole]
        group.writing += [(i, self._engine.submit(self._pack, i)) for i in group.ready if i.task.action == "pack"]
        group.ready = [item for item in group.ready if item.task.action == "upscale"]
        if group.ready:
            group.future = self._engine.submit(self._ask, group.ready)

    def _take_down_kinds(self) -> None:
        families = self._bench.families
        if families is not None and families.news:
            for family, kind in families.take_news().items():
                self._recorder.ledger.decide(family, kind)

    # An output that this file can share. It is read at once, and only used if it still has the recorded digest: another
    # output may be about to get that name.
    def _twin(self, item: LoadedTask) -> bytes | None:
        for row in self._recorder.ledger.done_with(item.key):
            if row.path != item.task.path and row.digest:
                with contextlib.suppress(OSError, DepixelError):
                    data = read_regular(self._bench.out / row.output)
                    if hashlib.sha256(data).hexdigest()[:32] == row.digest:
                        return data
        return None

    # In a thread of the engine.
    def _ask(self, items: list[LoadedTask]) -> Answers:
        with self._busy:
            return self._ask_all([item.texture for item in items if item.texture is not None])

    # A fault with one picture must not affect the others.
    def _ask_all(self, textures: list[Texture]) -> Answers:
        try:
            return ask(self._worker, textures)
        except (CancelledError, PauseError):
            raise
        except Exception as error:  # noqa: BLE001 (see above)
            if len(textures) > 1:
                return [answer for texture in textures for answer in self._ask_all([texture])]
            return [error if isinstance(error, DepixelError) else fault(textures[0].name, error)]

    def _answered(self, group: Group) -> None:
        if group.future is None:
            return
        future, group.future = group.future, None
        for item, answer in zip(group.ready, future.result(), strict=True):
            if isinstance(answer, DepixelError):
                for same in (item, *self._twins.pop(item.key, [])):
                    self._recorder.fail(same, answer)
            else:
                group.writing.append((item, self._writers.submit(self._write, item, answer)))

    # Gives written outputs their names, and announces failures.
    def _settle(self, group: Group) -> None:
        parts: list[tuple[LoadedTask, Part]] = []
        wrong: list[tuple[LoadedTask, Exception]] = []
        for item, future in group.writing:
            try:
                parts.append((item, future.result()))
            except Exception as error:  # noqa: BLE001 (one file must not stop the others)
                wrong.append((item, error))
        wrong += self._publish(parts)
        self._recorder.counts.times.write += sum(part.seconds for _, part in parts)
        for _, problem in wrong:
            if (pause := as_pause(problem)) is not None or isinstance(problem, CancelledError):
                raise pause or problem
        for item, problem in wrong:
            if item.task.action == "pack" and stamp_of(self._bench.source / item.task.path) != item.task.stamp:
                self._recorder.wait()  # it was changed or renamed while it was read
                continue
            expected = isinstance(problem, (DepixelError, OSError))
            self._recorder.fail(item, problem if expected else fault(item.task.path, problem))
        for item, _ in group.writing:
            self._release(item.key)
        self._attempts.end((task.path, task.stamp) for task in group.tasks)

    # Announce, rename, flush, record: a kill between any two steps leaves nothing wrong behind.
    def _publish(self, parts: list[tuple[LoadedTask, Part]]) -> list[tuple[LoadedTask, Exception]]:
        if not parts:
            return []
        ledger, out = self._recorder.ledger, self._bench.out
        wrong: list[tuple[LoadedTask, Exception]] = []
        done: list[tuple[LoadedTask, Output]] = []
        try:
            self._check_ledger()
            before = {item.task.path: ledger.get(item.task.path) for item, _ in parts}
            self._recorder.announce((item, part.digest, part.answer) for item, part in parts)
            publication.reached("announced")
        except BaseException:
            for _, part in parts:
                part.path.unlink(missing_ok=True)
            raise
        for item, part in parts:
            try:
                stamp = publication.publish(part, out / item.task.output, before[item.task.path])
            except DepixelError as error:
                wrong.append((item, error))
                continue
            done.append((item, Output(stamp, part.digest, part.what, part.remark, part.answer)))
        publication.flush_folders((out / item.task.output).parent for item, _ in done)
        self._recorder.finish(done)
        publication.reached("recorded")
        return wrong

    # Files with the same content that came while this one was in progress.
    def _release(self, key: str) -> None:
        twins = self._twins.pop(key, [])
        copies: list[tuple[LoadedTask, Future[Part]]] = []
        for item in twins:
            if (data := self._twin(item)) is not None:
                copies.append((item, self._writers.submit(self._write_bytes, item, data)))
        if copies:
            self._settle(Group([], 0, writing=copies))
        self._recorder.wait(len(twins) - len(copies))

    # From then on, a file that no ledger records would not count as ours.
    def _check_ledger(self) -> None:
        if not self._recorder.ledger.path.exists():
            raise OutputDeletedError(DELETED.format(self._bench.out))

    def _timed_load(self, task: Task, row: Row | None) -> tuple[LoadedTask, float]:
        started = time.perf_counter()
        return load(task, self._bench, row), time.perf_counter() - started

    # From here on: in the writers' threads.
    def _write(self, item: LoadedTask, answer: Picture) -> Part:
        started = time.perf_counter()
        assert item.texture is not None
        data = finish(item.texture, answer)
        part = self._write_bytes(item, data, "done", remark_on(item.texture, answer, data, self._worker))
        return replace(part, seconds=time.perf_counter() - started)

    def _write_bytes(self, item: LoadedTask, data: bytes, what: str = "copied", remark: str = "") -> Part:
        path, digest = publication.write_part(self._bench.out / item.task.output, data, self._time(item))
        return Part(path, digest, what, remark)

    def _copy(self, item: LoadedTask) -> Part:
        target = self._bench.out / item.task.output
        if item.data:
            path, digest = publication.write_part(target, item.data, self._time(item))
        else:
            path, digest = publication.copy_part(self._bench.source / item.task.path, target, self._time(item))
        return Part(path, digest, "copied", item.left, answer=False)

    def _time(self, item: LoadedTask) -> int | None:
        return (self._bench.source / item.task.path).stat().st_mtime_ns if self._complete else None

    def _pack_options(self, task: Task) -> PackOptions:
        def progress(done: int, total: int) -> None:
            self._recorder.advance(task.path, done, total)

        return PackOptions(self._profile, self._bench.limits, progress)

    # In a thread of the engine, because it asks the engine.
    def _pack(self, item: LoadedTask) -> Part:
        with self._busy:
            return self._packed(item)

    def _packed(self, item: LoadedTask) -> Part:
        path, file = publication.new_part(self._bench.out / item.task.output)
        try:
            with file:
                source = self._bench.source / item.task.path
                notes = rewrite(source, file, self._worker, self._profiles, self._pack_options(item.task))
                publication.seal(path, file, self._time(item))
                file.seek(0)
                content = hashlib.sha256()
                while block := file.read(2**20):
                    content.update(block)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Part(path, content.hexdigest()[:32], "done", " ".join(notes[:20]), seconds=0.0)


def _is_written(group: Group) -> bool:
    return all(future.done() for _, future in group.writing)
