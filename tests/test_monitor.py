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


def test_parts_of_parts_add_up_to_the_whole() -> None:
    """A part's own steps lead from one share of the whole to another; a part can have parts of its own."""
    heard: list[SearchStep] = []
    monitor = Monitor(heard.append)

    monitor.part(0.0, 0.2).step(SearchStep(1, 2, 0.0))
    second = monitor.part(0.2, 1.0)
    for k in range(2):
        for step in (1, 2):
            second.equal_part(k, 2).step(SearchStep(step, 2, 0.0, stage="tiles"))

    assert [round(step.share, 9) for step in heard] == [0.1, 0.4, 0.6, 0.8, 1.0]
    assert [step.step for step in heard] == [1, 1, 2, 1, 2]
    assert STEP.share == pytest.approx(1 / 3)
    assert SearchStep(0, 0, 0.0).share == 0.0
