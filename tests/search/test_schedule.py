"""Mirrors depixel/search/schedule.py."""

from __future__ import annotations

import pytest

from depixel.search.schedule import FLOOR, one_cycle_drop, warm_cosine


@pytest.mark.parametrize("schedule", [warm_cosine, one_cycle_drop])
@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_factors_are_positive_and_at_most_one(schedule, steps: int) -> None:
    """No step goes backwards or farther than the rate, however short the search."""
    assert all(0 < schedule(step, steps) <= 1 for step in range(steps))


def test_warm_cosine_starts_fast_and_ends_slow() -> None:
    """From an encoder's answer a long warm-up gains nothing; the last steps refine."""
    factors = [warm_cosine(step, 40) for step in range(40)]

    assert factors.index(max(factors)) <= 2
    assert factors[-1] < 2 * FLOOR


def test_one_cycle_drop_is_pulses() -> None:
    """Peak in the middle of the first nine tenths, a thousandth at the end."""
    factors = [one_cycle_drop(step, 100) for step in range(100)]

    assert factors.index(max(factors)) == 45
    assert factors[0] == pytest.approx(0.1)
    assert factors[-1] < 0.02
