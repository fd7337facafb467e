"""
Files are decoded, answered and written at the same time: readers work ahead, the engine has a thread of its own and
always a group waiting for it, writers encode and wait for the disk. The books are kept by the calling thread alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from depixel.errors import CancelledError, DepixelError, UnwritableOutputError
from depixel.files.writing import place
from depixel.picture import Picture
from depixel_watch.folder.scan import OURS, stamp_of
from depixel_watch.folder.stability import Stamp
from depixel_watch.ledger.claims import Claims
from depixel_watch.ledger.recorder import NOTHING, Output, Recorder
from depixel_watch.packs.archive import rewrite
from depixel_watch.packs.profiles import PackProfile
from depixel_watch.work.pauses import DELETED, OutputDeletedError, PauseError, as_pause
from depixel_watch.work.task import LoadedTask, Task, fault, load, pixels_of
from depixel_watch.work.texture import Texture, Upscaler, ask, finish

OWN = "An output of Depixel that was copied here: left alone."

GROUP = 128  # files
GROUP_PIXELS = 2**20  # of their pictures at scale 4, about
_FIRST_PIXELS = 2**14  # of the first group, each twice the one before: soon there are outputs, and a measured speed
_AHEAD = 2  # groups that are read before their turn
_AT_ENGINE = 2  # groups: one being answered, one ready
_BEHIND = 3  # groups being written
_READERS = 3
_WRITERS = 4

Answers = list["Picture | DepixelError"]


@dataclass
class _Group:
    """Some files on their way."""

    pixels: int
    loading: list[Future[tuple[LoadedTask, float]]]
    ready: list[LoadedTask] = field(default_factory=list)  # what the engine is asked
    asked: Future[Answers] | None = None
    writing: list[tuple[LoadedTask, Future[Output]]] = field(default_factory=list)


class Pipeline:
    """
    Brings files to their outputs.

    Args:
        complete: what is left alone is copied, and outputs take the times of their sources.
        cancelled: asked between groups; what is finished is kept.
    """

    def __init__(
        self,
        source: Path,
        out: Path,
        worker: Upscaler,
        profiles: dict[str, PackProfile],
        *,
        complete: bool,
        cancelled: Callable[[], bool],
    ) -> None:
        self._source, self._out, self._worker, self._profiles = source, out, worker, profiles
        self._complete, self._cancelled = complete, cancelled
        self._readers = ThreadPoolExecutor(_READERS, "read")
        self._engine = ThreadPoolExecutor(1, "engine")
        self._writers = ThreadPoolExecutor(_WRITERS, "write")
        self._busy = 0.0  # seconds of the engine in this run; its thread alone adds to it

    def close(self) -> None:
        """Let go of the threads."""
        for pool in (self._readers, self._engine, self._writers):
            pool.shutdown(cancel_futures=True)

    def run(self, jobs: Iterable[Task], books: Recorder) -> None:
        """
        Deal with all files.

        Raises:
            PauseError: what was finished is in the books; the rest comes again.
            CancelledError: likewise.
        """
        self._books = books
        self._claims = Claims(self._source, self._out, books.ledger)
        self._twins: dict[str, list[LoadedTask]] = {}  # key on its way => files that will have the same output
        self._busy, started = 0.0, time.perf_counter()
        groups = self._groups(jobs)
        coming: deque[_Group] = deque()
        asked: deque[_Group] = deque()
        behind: deque[_Group] = deque()
        try:
            while not self._cancelled():
                while len(coming) < _AHEAD and (group := next(groups, None)) is not None:
                    coming.append(group)
                if coming and len(asked) < _AT_ENGINE and self._room(coming[0], (*asked, *behind)):
                    self._prepare(group := coming.popleft())
                    asked.append(group)
                elif asked:
                    behind.append(asked.popleft())
                    self._answered(behind[-1])
                elif behind:
                    self._settle(behind.popleft())
                else:
                    break
                while behind and (len(behind) > _BEHIND or _is_written(behind[0])):
                    self._settle(behind.popleft())
        finally:
            books.tally.times.wall += time.perf_counter() - started
            self._drain(coming, asked, behind)
            self._claims.settle()
            books.tally.times.engine += self._busy

    # A few large answers must not lie in memory together.
    def _room(self, group: _Group, others: Iterable[_Group]) -> bool:
        held = sum(other.pixels for other in others)
        return held == 0 or held + group.pixels <= 4 * GROUP_PIXELS

    # Whatever ended the run: answers that are written already count, and nobody is left working.
    def _drain(self, coming: Iterable[_Group], asked: Iterable[_Group], behind: Iterable[_Group]) -> None:
        for group in coming:
            for future in group.loading:
                future.cancel()
        for group in (*asked, *behind):
            if group.asked is not None and not group.asked.cancel():
                group.asked.exception()
            for item, writing in group.writing:
                if item.job.action == "pack":
                    writing.cancel()
            group.writing = [(item, writing) for item, writing in group.writing if not writing.cancelled()]
            with contextlib.suppress(DepixelError, sqlite3.Error):
                self._settle(group)

    def _groups(self, jobs: Iterable[Task]) -> Iterator[_Group]:
        most = GROUP_PIXELS * 16 // self._worker.scale**2
        bound = min(most, _FIRST_PIXELS)
        group: list[Task] = []
        pixels = 0
        for job in jobs:
            size = pixels_of(self._source / job.path, job.stamp.size) if job.action == "upscale" else job.stamp.size
            if group and (len(group) == GROUP or pixels + size > bound):
                yield self._loading(group, pixels)
                bound = min(most, 2 * bound)
                group, pixels = [], 0
            group.append(job)
            pixels += size
        if group:
            yield self._loading(group, pixels)

    def _loading(self, jobs: list[Task], pixels: int) -> _Group:
        return _Group(
            pixels * self._worker.scale**2 // 16, [self._readers.submit(_timed_load, job, self._source) for job in jobs]
        )

    # Decide what is to be done with each file; the engine gets what only it can do.
    def _prepare(self, group: _Group) -> None:
        books = self._books
        copies: list[tuple[LoadedTask, str, str]] = []
        whole: list[LoadedTask] = []
        for future in group.loading:
            item, seconds = future.result()
            books.tally.times.decode += seconds
            if item.moved:
                books.wait()
                continue
            problem = item.problem or self._claims.refused(item.job)
            if problem is not None:
                books.fail(item, problem)
                continue
            if item.job.action != "copy" and books.ledger.was_made(item.content):
                books.leave(item, OWN, item.content)
            elif item.left and not self._complete:
                (self._out / item.job.output).unlink(missing_ok=True)  # ours, of what the file was before
                books.leave(item, item.left)
            elif item.left or item.job.action == "copy":
                whole.append(item)
            elif item.key in self._twins:
                item.data, item.texture = b"", None
                self._twins[item.key].append(item)
            elif (twin := self._twin(item)) is not None:
                copies.append((item, *twin))
            else:
                self._twins[item.key] = []
                group.ready.append(item)
        books.announce([*group.ready, *whole, *(item for item, _, _ in copies)])
        group.writing += [(item, self._writers.submit(self._copy, item)) for item in whole]
        group.writing += [(i, self._writers.submit(self._copy_twin, i, path, made)) for i, path, made in copies]
        group.writing += [(i, self._engine.submit(self._pack, i)) for i in group.ready if i.job.action == "pack"]
        group.ready = [item for item in group.ready if item.job.action == "upscale"]
        if group.ready:
            group.asked = self._engine.submit(self._ask, group.ready)

    # Path and digest of an output that is this one's too.
    def _twin(self, item: LoadedTask) -> tuple[str, str] | None:
        for row in self._books.ledger.done_with(item.key):
            if row.path != item.job.path and stamp_of(self._out / row.output) == row.out:
                return row.output, row.made
        return None

    # In the engine's thread.
    def _ask(self, items: list[LoadedTask]) -> Answers:
        started = time.perf_counter()
        try:
            return self._ask_all([item.texture for item in items if item.texture is not None])
        finally:
            self._busy += time.perf_counter() - started

    # A fault that one picture brings about must not take the others along.
    def _ask_all(self, textures: list[Texture]) -> Answers:
        try:
            return ask(self._worker, textures)
        except (CancelledError, PauseError):
            raise
        except Exception as error:  # noqa: BLE001 (see above)
            if len(textures) > 1:
                return [answer for texture in textures for answer in self._ask_all([texture])]
            return [error if isinstance(error, DepixelError) else fault(textures[0].name, error)]

    def _answered(self, group: _Group) -> None:
        if group.asked is None:
            return
        asked, group.asked = group.asked, None
        for item, answer in zip(group.ready, asked.result(), strict=True):
            if isinstance(answer, DepixelError):
                for same in (item, *self._twins.pop(item.key, [])):
                    self._books.fail(same, answer)
            else:
                group.writing.append((item, self._writers.submit(self._write, item, answer)))

    def _settle(self, group: _Group) -> None:
        outcomes: list[tuple[LoadedTask, Output]] = []
        wrong: list[tuple[LoadedTask, Exception]] = []
        for item, future in group.writing:
            try:
                outcomes.append((item, future.result()))
            except Exception as error:  # noqa: BLE001 (one file must not stop the others)
                wrong.append((item, error))
        self._books.finish(outcomes)
        self._books.tally.times.write += sum(made.seconds for _, made in outcomes)
        for _, problem in wrong:
            if (pause := as_pause(problem)) is not None or isinstance(problem, CancelledError):
                raise pause or problem
        for item, problem in wrong:
            if item.job.action == "pack" and stamp_of(self._source / item.job.path) != item.job.stamp:
                self._books.wait()  # it was changed or renamed while it was read
                continue
            known = isinstance(problem, (DepixelError, OSError))
            self._books.fail(item, problem if known else fault(item.job.path, problem))
        for item, _ in group.writing:
            self._release(item.key)

    # Files of the same content that came while this one was on its way.
    def _release(self, key: str) -> None:
        twins = self._twins.pop(key, [])
        copies = [(item, found) for item in twins if (found := self._twin(item)) is not None]
        self._books.announce(item for item, _ in copies)
        futures = [(item, self._writers.submit(self._copy_twin, item, *found)) for item, found in copies]
        if futures:
            self._settle(_Group(0, [], writing=futures))
        self._books.wait(len(twins) - len(copies))

    # From here on: in the writers' threads.
    def _write(self, item: LoadedTask, answer: Picture) -> Output:
        started = time.perf_counter()
        assert item.texture is not None
        made = self._place(item, finish(item.texture, answer), "done", item.texture.remark)
        return replace(made, seconds=time.perf_counter() - started)

    def _copy_twin(self, item: LoadedTask, path: str, digest: str) -> Output:
        made = self._place(item, (self._out / path).read_bytes(), "copied")
        return replace(made, digest=digest)

    def _copy(self, item: LoadedTask) -> Output:
        return replace(self._place(item, item.data, "copied", item.left), digest="")

    def _place(self, item: LoadedTask, data: bytes, what: str, remark: str = "") -> Output:
        target = self._out / item.job.output
        self._check_ledger()
        _make_folder(target.parent)
        place(target, data, overwrite=True)
        return Output(self._stamped(item, target), hashlib.sha256(data).hexdigest()[:32], what, remark)

    def _stamped(self, item: LoadedTask, target: Path) -> Stamp:
        if self._complete:
            os.utime(target, ns=(item.job.stamp.mtime_ns, item.job.stamp.mtime_ns))
        return stamp_of(target) or NOTHING

    # What no ledger knows would be somebody else's from then on.
    def _check_ledger(self) -> None:
        if not self._books.ledger.path.exists():
            raise OutputDeletedError(DELETED.format(self._out))

    # In the engine's thread, for it asks the engine.
    def _pack(self, item: LoadedTask) -> Output:
        started = time.perf_counter()
        target = self._out / item.job.output
        part = target.with_name(f"{OURS}{secrets.token_hex(6)}.part")
        self._check_ledger()
        _make_folder(part.parent)
        try:
            with part.open("w+b") as file:
                notes = rewrite(self._source / item.job.path, file, self._worker, self._profiles)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                content = hashlib.sha256()
                while block := file.read(2**20):
                    content.update(block)
            self._check_ledger()
            part.replace(target)
            return Output(self._stamped(item, target), content.hexdigest()[:32], "done", " ".join(notes[:20]))
        finally:
            part.unlink(missing_ok=True)
            self._busy += time.perf_counter() - started


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnwritableOutputError(f"The folder {folder} cannot be made: {reason}.") from error


def _is_written(group: _Group) -> bool:
    return all(future.done() for _, future in group.writing)


def _timed_load(job: Task, root: Path) -> tuple[LoadedTask, float]:
    started = time.perf_counter()
    return load(job, root), time.perf_counter() - started
