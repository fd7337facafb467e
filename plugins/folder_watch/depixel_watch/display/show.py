"""Output of `depixel watch`: a live table on a terminal, otherwise one line per event, or JSON for scripts."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from depixel.client.rates import duration_text
from depixel.pace import Pace
from depixel.terminal.printable import counted, one_line
from depixel_watch.display.log import Log
from depixel_watch.display.notify import Notifier
from depixel_watch.ledger.recorder import Announcement, PassCounts

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

_WINDOW = 10.0  # seconds over which the speed is measured


class Show(Protocol):
    """A display of the watcher's work, for a person or a script."""

    def tell(self, event: Announcement) -> None:
        """Show an announcement."""

    def sum_up(self, tally: PassCounts, seconds: float) -> None:
        """Show the result of a pass."""

    def close(self) -> None:
        """End the display."""


def sentence_of(event: Announcement) -> str:
    """One line for people."""
    return one_line(f"{event.what + ' ':8}{event.path}{': ' if event.path and event.sentence else ''}{event.sentence}")


def summary_of(tally: PassCounts, seconds: float) -> str:
    """The result of a pass in one line; empty if nothing was done."""
    if not (tally.finished or tally.removed):
        return ""
    alone = f", {tally.left} left alone" if tally.left else ""
    text = (
        f"{tally.done} done, {tally.copied} copied{alone}, {tally.skipped} up to date, {tally.failed} failed, "
        f"{tally.removed} removed, {tally.waiting} waiting; {seconds:.1f} s"
    )
    if not tally.times.wall:
        return text
    return (
        f"{text} (decoding {tally.times.decode:.1f}, engine {tally.times.engine:.1f}, writing {tally.times.write:.1f})"
    )


class PlainLines:
    """One plain line per announcement."""

    def tell(self, event: Announcement) -> None:
        """Print the line at once, for pipes and logs."""
        _write(sentence_of(event))

    def sum_up(self, tally: PassCounts, seconds: float) -> None:
        """One line, unless nothing was done."""
        if line := summary_of(tally, seconds):
            _write(line)

    def close(self) -> None:
        """Do nothing."""


class JsonLines:
    """One JSON object per line."""

    def tell(self, event: Announcement) -> None:
        """{"what", "path", "sentence"}."""
        _write(json.dumps(asdict(event)))

    def sum_up(self, tally: PassCounts, seconds: float) -> None:
        """{"what": "pass", ...}: the counts and the times."""
        values: dict[str, Any] = asdict(tally)
        values = {"found": values.pop("total"), **values}
        values["times"] = {name: round(value, 3) for name, value in values["times"].items()}
        values["times"]["idle"] = round(tally.times.idle, 3)
        _write(json.dumps({"what": "pass", "seconds": round(seconds, 3), **values}))

    def close(self) -> None:
        """Do nothing."""


class Table:
    """
    A table that stays at the bottom of the terminal; failures scroll by above it.

    Args:
        title: the watched folder and the output folder.
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console
        from rich.live import Live

        self._title, self._clock = one_line(title), clock
        self.tally: Callable[[], PassCounts] = PassCounts
        """The pass in progress; set by the owner of the watcher."""
        self._total = PassCounts()
        self._last = ""
        self._state = "starting"
        self._archive, self._pace = "", Pace(clock)
        self.last_words = "stopped"
        """The state that remains on the screen at the end."""
        self._marks: deque[tuple[float, int]] = deque()  # times and numbers of answered files in this pass
        self._live = Live(
            console=Console(), get_renderable=self.drawn, refresh_per_second=4, transient=False, redirect_stdout=False
        )
        self._live.start()

    def tell(self, event: Announcement) -> None:
        """Failures and notes become lines above the table; everything else is counted."""
        if event.what in ("done", "copied", "left"):
            self._last = one_line(event.path)
        elif event.what != "progress":  # the table shows it itself
            self._live.console.print(sentence_of(event), markup=False, highlight=False, soft_wrap=True)

    def sum_up(self, tally: PassCounts, seconds: float) -> None:
        """Add the counts to the totals."""
        for name in ("done", "copied", "left", "failed", "removed"):
            setattr(self._total, name, getattr(self._total, name) + getattr(tally, name))
        self._total.skipped, self._total.waiting = tally.skipped + tally.finished, tally.waiting
        self.tally = PassCounts
        self._marks.clear()
        self._state = "waiting for files to be complete" if tally.waiting else "up to date; waiting for changes"

    def close(self) -> None:
        """Leave the last state of the table on the screen."""
        self._state = self.last_words
        self._live.stop()

    def drawn(self) -> Group:
        """The current table."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table as Grid
        from rich.text import Text

        now = self.tally()
        counts = Grid(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        rows = [
            ("done", self._total.done + now.done, "green"),
            ("copied", self._total.copied + now.copied, ""),
            ("skipped", now.skipped or self._total.skipped, ""),
            ("left alone", self._total.left + now.left, ""),
            ("failed", self._total.failed + now.failed, "red" if self._total.failed + now.failed else ""),
            ("waiting", now.waiting or self._total.waiting, ""),
        ]
        for name, _, style in rows:
            counts.add_column(name, justify="right", style=style, header_style="dim")
        counts.add_row(*(f"{count:,}" for _, count, _ in rows))
        lines: list[Any] = [Text(self._title, style="bold", no_wrap=True, overflow="ellipsis"), counts]
        if now.total > now.finished:
            speed, since = self._speed(now.done or now.copied)
            rest = max(0.0, (now.total - now.finished) / speed - since) if speed else 0.0
            left = f"{_duration(rest)} left" if speed else "measuring"
            bar = Grid.grid(padding=(0, 2, 0, 0))
            bar.add_row(
                ProgressBar(now.total, now.finished, width=28),
                Text(f"{now.finished:,}/{now.total:,}"),
                Text(f"{speed:.1f} files/s" if speed else ""),
                Text(left),
            )
            lines += [bar, *self._inside(now), Text(self._last, style="dim", no_wrap=True, overflow="ellipsis")]
        else:
            lines.append(Text("scanning the folder" if self.tally is not PassCounts else self._state, style="dim"))
        return Group(*lines)

    # The progress of the archive that is being rewritten.
    def _inside(self, now: PassCounts) -> list[Text]:
        from rich.text import Text

        path, count, whole = now.inside
        if not path or count >= whole:
            return []
        if path != self._archive:
            self._archive, self._pace = path, Pace(self._clock)
        self._pace.reach(count)
        left = self._pace.seconds_left(whole)
        rest = "measuring" if left is None else f"{duration_text(left)} left"
        line = one_line(f"{PurePosixPath(path).name}: {100 * count // whole}% of the textures inside, {rest}")
        return [Text(line, no_wrap=True, overflow="ellipsis")]

    # Recent files per second, 0 = unknown; and the time since the last file: files come in groups. Failures are not
    # counted.
    def _speed(self, answered: int) -> tuple[float, float]:
        now = self._clock()
        if not self._marks or answered != self._marks[-1][1]:
            self._marks.append((now, answered))
        while len(self._marks) > 2 and self._marks[-1][0] - self._marks[1][0] > _WINDOW:
            self._marks.popleft()
        (start, before), (last, _) = self._marks[0], self._marks[-1]
        seconds, files = last - start, answered - before
        return (files / seconds if seconds > 0.2 and files > 0 else 0.0), now - last


def _duration(seconds: float) -> str:
    whole = int(seconds + 0.5)
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Announcer:
    """
    Sends announcements to the screen, the log and the desktop.

    Args:
        notifier: None = no desktop notifications.
    """

    def __init__(self, show: Show, log: Log, notifier: Notifier | None) -> None:
        self._show, self._log, self._notifier = show, log, notifier
        self._since = PassCounts()  # the last notification
        self._resting = ""  # the reason

    def troubles(self) -> None:
        """Announce what will not work although it was requested."""
        if self._notifier is not None and self._notifier.problem:
            self.tell(Announcement("note", "", self._notifier.problem))

    def tell(self, event: Announcement) -> None:
        """One event."""
        self._show.tell(event)
        self._log.write(sentence_of(event))

    def pause(self, sentence: str) -> None:
        """Announce, once, that the work pauses for a reason that no file caused."""
        if sentence == self._resting:
            return
        self._resting = sentence
        self.tell(Announcement("note", "", sentence))
        if self._notifier is not None:
            self._notifier.show("Depixel waits", sentence)

    def sum_up(self, tally: PassCounts, seconds: float) -> None:
        """Show the result of a pass; the desktop is notified once no more files are waiting."""
        self._resting = ""
        self._show.sum_up(tally, seconds)
        if line := summary_of(tally, seconds):
            self._log.write(line)
        self._since.done += tally.done + tally.copied
        self._since.failed += tally.failed
        if tally.waiting or not (self._since.done or self._since.failed):
            return
        if self._notifier is not None:
            failed = f", {self._since.failed} failed" if self._since.failed else ""
            self._notifier.show("Depixel", f"{counted(self._since.done, 'texture is', 'textures are')} ready{failed}.")
        self._since = PassCounts()

    def close(self) -> None:
        """End all displays."""
        self._show.close()
        if self._notifier is not None:
            self._notifier.close()


def _write(line: str) -> None:
    if sys.stdout is None:  # a Windows service without a window
        return
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
