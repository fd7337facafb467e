"""The map of differences between answers."""

from __future__ import annotations

import numpy as np
import pytest

from depixel.disagreement import FULL_HEAT, deviations, disagreement_of, heat_map
from depixel.picture import Picture


def flat(value: int, channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
    return np.full((4, 6, channels), value, dtype)


def test_only_what_differs_is_hot() -> None:
    """Deviation is the standard deviation in levels; where answers agree it is 0 and the map is grey."""
    other = flat(100)
    other[0, 0] = (100, 100, 120)
    answers = [Picture((flat(100),)), Picture((other,))]

    (deviation,) = deviations(answers)
    heat = heat_map(answers).frames[0]

    assert deviation[0, 0] == pytest.approx(10.0)
    assert deviation.sum() == pytest.approx(10.0)
    assert (heat[1:, :, 0] == heat[1:, :, 2]).all()
    assert heat[0, 0, 0] > heat[0, 0, 2] + 50


def test_more_disagreement_is_brighter_and_the_scale_is_the_same_for_all() -> None:
    """Brightness grows up to FULL_HEAT levels and has the same meaning in every picture."""
    brightness = []
    for apart in (4, 16, 2 * int(FULL_HEAT), 200):
        heat = heat_map([Picture((flat(20),)), Picture((flat(20 + apart),))]).frames[0][0, 0]
        brightness.append(int(heat.sum()))
    assert brightness[0] < brightness[1] < brightness[2] == brightness[3]


def test_colour_under_transparency_is_no_disagreement() -> None:
    """Invisible differences do not count; alpha itself counts."""
    hidden = [flat(0, 4), flat(255, 4)]
    hidden[1][..., 3] = 0
    seen = hidden[1].copy()
    seen[1, 1] = (0, 0, 0, 100)

    assert deviations([Picture((p,)) for p in hidden])[0].max() == 0
    assert deviations([Picture((hidden[1],)), Picture((seen,))])[0][1, 1] == pytest.approx(50.0)


def test_depth_and_frames() -> None:
    """16 bits are reported in the same levels, and every frame has its map."""
    answers = [Picture((flat(0, 3, np.uint16), flat(v, 3, np.uint16)), durations=(50.0, 50.0)) for v in (0, 257 * 40)]

    first, second = deviations(answers)
    heat = heat_map(answers)

    assert (first.max(), second.max()) == (0, pytest.approx(20.0))
    assert len(heat.frames) == 2
    assert heat.durations == (50.0, 50.0)
    assert heat.frames[0].dtype == np.uint8
    assert disagreement_of(answers) == {"mean": 10.0, "maximum": 20.0, "share": 0.5}


def test_one_answer_cannot_disagree() -> None:
    """There is no map, and nothing to report."""
    assert disagreement_of([Picture((flat(1),))]) is None
    with pytest.raises(ValueError, match="at least two answers"):
        heat_map([Picture((flat(1),))])


def test_a_difference_of_one_level_is_not_counted() -> None:
    """`share` counts deviations above one level; a smaller one leaves the map grey."""
    answers = [Picture((flat(100),)), Picture((flat(102),))]  # a deviation of exactly 1
    larger = [Picture((flat(100),)), Picture((flat(103),))]

    assert disagreement_of(answers) == {"mean": 1.0, "maximum": 1.0, "share": 0.0}
    assert disagreement_of(larger) == {"mean": 1.5, "maximum": 1.5, "share": 1.0}
    assert len(set(heat_map(answers).frames[0][0, 0].tolist())) == 1
    assert len(set(heat_map(larger).frames[0][0, 0].tolist())) > 1


def test_small_deviations_are_rounded_to_four_digits() -> None:
    """Reports stay short."""
    other = flat(100)
    other[0, 0, 0] = 103

    values = disagreement_of([Picture((flat(100),)), Picture((other,))])

    assert values == {"mean": 0.0625, "maximum": 1.5, "share": 0.0417}
