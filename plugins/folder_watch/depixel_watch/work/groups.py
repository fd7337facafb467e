"""Groups of files: small textures share a pass through the network, and large ones do not exhaust memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from depixel.errors import DepixelError
from depixel.picture import Picture
from depixel_watch.folder.stamps import Stamp
from depixel_watch.work.attempts import MOST_DEATHS
from depixel_watch.work.publication import Part
from depixel_watch.work.task import LoadedTask, Task, pixels_of

GROUP = 128  # files
GROUP_PIXELS = 2**20  # of their pictures at scale 4, approximately
_FIRST_PIXELS = (
    2**14
)  # of the first group; each is twice the previous one, so that outputs and a measured speed come soon

Answers = list["Picture | DepixelError"]


@dataclass
class Group:
    """Some files that are processed together."""

    tasks: list[Task]
    pixels: int
    alone: bool = False  # a suspect: nothing else is processed at the same time
    loading: list[Future[tuple[LoadedTask, float]]] = field(default_factory=list)
    ready: list[LoadedTask] = field(default_factory=list)  # tasks for the engine
    future: Future[Answers] | None = None
    writing: list[tuple[LoadedTask, Future[Part]]] = field(default_factory=list)


def groups_of(
    tasks: Iterable[Task],
    source: Path,
    scale: int,
    deaths: Callable[[str, Stamp], int],
    set_aside: Callable[[Task, int], None],
) -> Iterator[Group]:
    """
    Tasks in order, limited by files and pixels; suspects come last, each alone.

    Args:
        deaths: how often the process died while it worked on a file.
        set_aside: called for a file during which it died too often.
    """
    most = GROUP_PIXELS * 16 // scale**2
    bound = min(most, _FIRST_PIXELS)
    group: list[Task] = []
    pixels = 0
    suspects: list[Task] = []
    for task in tasks:
        if count := deaths(task.path, task.stamp):
            if count >= MOST_DEATHS:
                set_aside(task, count)
            else:
                suspects.append(task)
            continue
        size = _pixels(task, source)
        if group and (len(group) == GROUP or pixels + size > bound):
            yield Group(group, pixels * scale**2 // 16)
            bound = min(most, 2 * bound)
            group, pixels = [], 0
        group.append(task)
        pixels += size
    if group:
        yield Group(group, pixels * scale**2 // 16)
    for task in suspects:
        yield Group([task], _pixels(task, source) * scale**2 // 16, alone=True)


def _pixels(task: Task, source: Path) -> int:
    if task.action == "upscale":
        return pixels_of(source / task.path, task.stamp.size)
    return task.stamp.size if task.action == "pack" else 1  # copies are never held in memory
