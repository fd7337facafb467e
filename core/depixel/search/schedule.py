"""How far a step goes, over the course of a search: factors in (0, 1] of the highest rate."""

from __future__ import annotations

import math

WARM_UP = 2  # steps until the full rate: the second moment of the optimiser is a guess before that
FLOOR = 0.05  # factor of the last step


def warm_cosine(step: int, steps: int) -> float:
    """
    Rise over the first steps, then fall along a cosine. The search starts where the encoder says, so the long rise
    of PULSE's schedule, made for a random start, would only lose steps.

    Args:
        step: 0 ... steps - 1.
    """
    rise = min(1.0, (step + 1) / min(WARM_UP, max(steps, 1)))
    fall = FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * step / max(steps, 1)))
    return rise * fall


def one_cycle_drop(step: int, steps: int) -> float:
    """PULSE's schedule, kept for comparison: 0.1 up to 1 and back over nine tenths, then down to 0.001."""
    turn = 0.9 * steps
    if step < turn:
        return 0.1 + 0.9 * (1 - abs(2 * step / turn - 1))
    return 0.1 + (step - turn) / (steps - turn) * (0.001 - 0.1)
