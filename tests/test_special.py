"""Special pictures are answered by calls for ordinary ones, which share one progress."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from depixel.errors import DepixelError
from depixel.keying import with_keys
from depixel.meeting import with_neighbours
from depixel.monitor import Monitor, SearchStep
from depixel.picture import REGIONS, Picture
from depixel.regions import with_regions
from depixel.report import Answer, Report
from depixel.request import Request
from depixel.special import Special, answer_special

PLAIN = Picture((np.zeros((8, 8, 3), np.uint8),))


def refuse(pictures: Sequence[Picture], request: Request, monitor: Monitor) -> list[Report | DepixelError]:
    """An engine that takes one step and refuses every picture."""
    monitor.step(SearchStep(1, 1, 0.0))
    return [DepixelError("No.") for _ in pictures]


def test_ordinary_pictures_are_left_to_the_caller() -> None:
    """If no kind applies, nothing is answered and no step is taken."""
    heard: list[SearchStep] = []

    assert answer_special((with_neighbours, with_regions), [PLAIN], Request(), refuse, Monitor(heard.append)) is None

    assert heard == []


def test_the_first_kind_that_applies_answers() -> None:
    """Later kinds are not tried: the engine meets them again in its calls for ordinary pictures."""

    def fail(pictures: Sequence[Picture], request: Request, answer: Answer) -> list[Report | DepixelError] | None:
        raise AssertionError("not reached")

    outcomes = answer_special((with_neighbours, with_keys, fail), [PLAIN], Request(), refuse, Monitor())

    assert [str(outcome) for outcome in outcomes or ()] == ["No."]


@pytest.mark.parametrize(("special", "share"), [(with_keys, 1.0), (with_regions, 0.5)])
def test_a_second_call_has_its_share_of_the_progress(special: Special, share: float) -> None:
    """The first call for a sheet with known frames is half of the work: the frames follow."""
    heard: list[float] = []
    sheet = PLAIN.replace(details={REGIONS: ((0, 0, 4, 4), (4, 4, 4, 4))})

    answer_special([special], [sheet], Request(), refuse, Monitor(lambda step: heard.append(step.share)))

    assert heard == [share]
