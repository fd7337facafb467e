"""The time during which at least one thread works."""

from __future__ import annotations

import pytest

from depixel_watch.work import stopwatch
from depixel_watch.work.stopwatch import Stopwatch


def test_two_threads_at_once_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause between two does not count."""
    now = [0.0]
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: now[0])
    watch = Stopwatch()
    with watch:
        now[0] = 2.0
        with watch:
            now[0] = 3.0
            assert watch.seconds == 3.0
        now[0] = 4.0
    now[0] = 10.0
    assert watch.seconds == 4.0
    with watch:
        now[0] = 11.0
    assert watch.seconds == 5.0
