"""The time left: it starts near the truth, decreases, and accounts for unequal files."""

from __future__ import annotations

import pytest

from depixel.pace import Pace, work_of


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_foretold_before_anything_was_measured() -> None:
    """No speed, no time left."""
    pace = Pace(_Clock())
    pace.reach(0)

    assert pace.seconds_left(10) is None


def test_at_a_steady_speed_the_time_left_is_the_truth_and_falls() -> None:
    """Also between two groups, when there is no news."""
    clock = _Clock()
    pace = Pace(clock)
    said = []
    for second in range(101):
        clock.now = float(second)
        if second % 5 == 0:
            pace.reach(10 * second)
        if (left := pace.seconds_left(1000)) is not None:
            assert left == pytest.approx(100 - second)
            said.append(left)

    assert said == sorted(said, reverse=True)
    assert len(said) == 96


def test_a_slow_start_is_forgotten() -> None:
    """After a while the speed of the last half of the run counts, not that of its beginning."""
    clock = _Clock()
    pace = Pace(clock)
    for moment, done in ((0, 0), (60, 10), (70, 110), (80, 210), (90, 310), (100, 410), (110, 510)):
        clock.now = float(moment)
        pace.reach(done)

    assert pace.seconds_left(1010) == pytest.approx(50, rel=0.05)


def test_another_run_starts_anew() -> None:
    """Less work than before means another archive."""
    clock = _Clock()
    pace = Pace(clock)
    pace.reach(0)
    clock.now = 10.0
    pace.reach(100)
    pace.reach(0)

    assert pace.seconds_left(100) is None


def test_work_goes_by_pixels_but_no_file_is_free() -> None:
    """Sixteen icons are less work than a photograph; copies cost next to nothing."""
    assert work_of(0) < work_of(16 * 16) / 100
    assert 16 * work_of(32 * 32) < work_of(512 * 512)
