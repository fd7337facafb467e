"""Learning-rate schedules of a search: factors in (0, 1] of the highest rate."""

from __future__ import annotations

import math

WARM_UP = 2  # steps until the full rate: before that, the optimiser's second moment is unreliable
FLOOR = 0.05  # factor of the last step


def warm_cosine(step: int, steps: int) -> float:
    """
    Rise over the first steps, then fall along a cosine. The search starts at the encoder's answer, so the long rise of
    PULSE's schedule, meant for a random start, would only waste steps.

    Args:
        step: 0 ... steps - 1.
    """
    rise = min(1.0, (step + 1) / min(WARM_UP, max(steps, 1)))
    fall = FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * step / max(steps, 1)))
    return rise * fall


def one_cycle_drop(step: int, steps: int) -> float:
    """PULSE's schedule, for comparison: from 0.1 to 1 and back over nine tenths of the steps, then down to 0.001."""
    turn = 0.9 * steps
    if step < turn:
        return 0.1 + 0.9 * (1 - abs(2 * step / turn - 1))
    return 0.1 + (step - turn) / (steps - turn) * (0.001 - 0.1)
