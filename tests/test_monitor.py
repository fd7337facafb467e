from __future__ import annotations

from dataclasses import replace

import pytest

from depixel.errors import CancelledError
from depixel.monitor import SILENT, Monitor, SearchStep

STEP = SearchStep(1, 3, 0.25)


def test_steps_arrive_and_cancelling_raises() -> None:
    """Each report is received once; a caller who wants to stop gets the sentence."""
    heard: list[SearchStep] = []
    wants = iter([False, True])
    monitor = Monitor(heard.append, lambda: next(wants))

    monitor.step(STEP)
    monitor.check("Not now.")
    with pytest.raises(CancelledError, match="Stopped here"):
        monitor.check("Stopped here.")

    assert heard == [STEP]


def test_silence_is_fine() -> None:
    """Without listeners nothing is called and nothing stops."""
    SILENT.step(STEP)
    SILENT.check("Never.")
    assert not SILENT.is_cancelled
    assert SILENT.through(lambda step: step) is SILENT


def test_a_step_can_be_changed_on_its_way() -> None:
    """`through` changes what is reported, and keeps the stop request; `without_steps` keeps only that."""
    heard: list[SearchStep] = []
    monitor = Monitor(heard.append, lambda: True)

    monitor.through(lambda step: replace(step, stage="tiles")).step(STEP)
    monitor.without_steps().step(STEP)

    assert [step.stage for step in heard] == ["tiles"]
    assert monitor.through(lambda step: step).is_cancelled
    assert monitor.without_steps().is_cancelled
