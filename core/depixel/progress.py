"""
Progress of a batch for a person: a bar with the time left on a terminal, otherwise one line per picture.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TextIO

from depixel.client.rates import duration_text
from depixel.pace import Pace

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


class ProgressDisplay(Protocol):
    """The calls that a batch makes while it works."""

    def doing(self, label: str, work: float = 0.0) -> None:
        """The current work: a label, and its amount (see `depixel.pace.work_of`)."""

    def part(self, share: float) -> None:
        """The share of the current group of pictures that is done, 0 ... 1."""

    def advance(self, line: str, *, remarkable: bool = False, work: float = 1.0) -> None:
        """One more picture is finished; `line` describes it. `remarkable`: it failed or was skipped."""


class LineProgress:
    """
    Plain lines, each flushed immediately: for pipes, logs and continuous integration.

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

    def doing(self, label: str, work: float = 0.0) -> None:
        """Of no use in a log."""

    def part(self, share: float) -> None:
        """Of no use in a log."""

    def advance(self, line: str, *, remarkable: bool = False, work: float = 1.0) -> None:
        """Write the line with the count in front."""
        del remarkable, work
        self._done += 1
        if self._stream is not None:
            width = len(str(self._total))
            self._stream.write(f"[{self._done:>{width}}/{self._total}] {line}\n")
            self._stream.flush()


class BarProgress:
    """
    A bar on standard error with the count and the time left; failed and skipped pictures are named above it. The bar
    shows the work done rather than the pictures, so that an icon and a photograph do not count the same.

    Args:
        total: pictures in the batch.
        work: total work, in the units of `depixel.pace.work_of`; 0 = every picture counts the same.
    """

    def __init__(self, total: int, work: float = 0.0) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        self._progress: RichProgress = Progress(
            BarColumn(bar_width=28),
            TextColumn("{task.fields[count]}"),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True)),
            console=Console(stderr=True),
            transient=True,
            expand=True,
        )
        self._total, self._work = total, work or float(total)
        self._each = not work
        self._task = self._progress.add_task("", total=self._work, count=f"0/{total}", left="")
        self._pictures, self._done, self._group = 0, 0.0, 0.0
        self._pace = Pace()

    def __enter__(self) -> BarProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def doing(self, label: str, work: float = 0.0) -> None:
        """Show the label after the bar."""
        self._group = work
        if work:  # the time for loading the engine says nothing about its speed
            self._pace.reach(self._done)
        self._progress.update(self._task, description=label)

    def part(self, share: float) -> None:
        """Move the bar within the group."""
        self._show(self._done + min(share, 0.99) * (1.0 if self._each else self._group))

    def advance(self, line: str, *, remarkable: bool = False, work: float = 1.0) -> None:
        """Move the bar to the next picture; show the line above it when it is remarkable."""
        self._pictures += 1
        self._done += 1.0 if self._each else work
        self._show(self._done)
        if remarkable:
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _show(self, done: float) -> None:
        self._pace.reach(done)
        left = self._pace.seconds_left(self._work)
        self._progress.update(
            self._task,
            completed=done,
            count=f"{self._pictures}/{self._total}",
            left="" if left is None or done >= self._work else f"{duration_text(left)} left",
        )
