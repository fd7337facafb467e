"""
How a batch tells a person where it is: a bar with the time left on a terminal, one line a picture otherwise.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


class ProgressDisplay(Protocol):
    """What a batch calls while it works."""

    def doing(self, label: str, pictures: int = 1) -> None:
        """What is being worked on now, and how many pictures that is."""

    def part(self, share: float) -> None:
        """How much of the present group of pictures is done, 0 ... 1."""

    def advance(self, line: str, *, remarkable: bool = False) -> None:
        """One picture more is finished; `line` says how. `remarkable`: it failed or was skipped."""


class LineProgress:
    """
    Plain lines, each flushed at once: for pipes, logs and continuous integration.

    Args:
        total: pictures in the batch.
        stream: where lines go; None = nowhere.
    """

    def __init__(self, total: int, stream: TextIO | None) -> None:
        self._total = total
        self._done = 0
        self._stream = stream

    def __enter__(self) -> LineProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def doing(self, label: str, pictures: int = 1) -> None:
        """Of no use in a log."""

    def part(self, share: float) -> None:
        """Of no use in a log."""

    def advance(self, line: str, *, remarkable: bool = False) -> None:
        """Write the line with the count in front."""
        del remarkable
        self._done += 1
        if self._stream is not None:
            width = len(str(self._total))
            self._stream.write(f"[{self._done:>{width}}/{self._total}] {line}\n")
            self._stream.flush()


class BarProgress:
    """
    A bar on standard error, with the count and the time left; failed and skipped pictures are named above it.

    Args:
        total: pictures in the batch.
    """

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        self._progress: RichProgress = Progress(
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True)),
            console=Console(stderr=True),
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task("", total=total)
        self._done = 0
        self._group = 1

    def __enter__(self) -> BarProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def doing(self, label: str, pictures: int = 1) -> None:
        """Show the label behind the bar."""
        self._group = pictures
        self._progress.update(self._task, description=label)

    def part(self, share: float) -> None:
        """Move the bar within the group."""
        self._progress.update(self._task, completed=self._done + min(share, 0.99) * self._group)

    def advance(self, line: str, *, remarkable: bool = False) -> None:
        """Move the bar to the next picture; show the line above it when it is remarkable."""
        self._done += 1
        self._progress.update(self._task, completed=self._done)
        if remarkable:
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
