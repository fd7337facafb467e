"""Least squares on the parameters of a person, without drawing one."""

from __future__ import annotations

import pytest
import torch

from depixel.faces.drawn.least_squares import Comparison, closest, movable
from depixel.portrait.parameters import Parameters, layout, width
from depixel.portrait.sampling import sample

FREE = torch.ones(width(), dtype=torch.bool)
STEPS = {"yaw": 4.0, "tone": 0.1}


def _compared(people: Parameters) -> Comparison:
    """A tenth of a degree and a thousandth of tone are one standard deviation."""
    residuals = torch.stack([(people["yaw"] - 6.0) / 0.1, (people["tone"] - 0.4) / 0.001], 1)
    return Comparison(residuals, residuals.square().sum(1))


def test_parameters_reach_the_target_and_the_others_stay() -> None:
    """The residuals are linear, so one round is enough; the error is that of the result."""
    start = sample([1]).replaced({"yaw": 0.0, "tone": 0.5})

    person, error = closest(start, movable(FREE, STEPS, {}), _compared, 1)

    assert float(person["yaw"]) == pytest.approx(6.0, abs=0.1)
    assert float(person["tone"]) == pytest.approx(0.4, abs=0.001)
    assert error == pytest.approx(float(_compared(person).errors[0]), abs=0.01)
    assert torch.equal(person["features"], start["features"])


def test_rounds_end_without_a_gain() -> None:
    """Each round begins with the error so far."""
    start = sample([1]).replaced({"yaw": 6.0, "tone": 0.4})
    begun: list[tuple[int, float]] = []

    person, _ = closest(start, movable(FREE, STEPS, {}), _compared, 5, lambda *round_: begun.append(round_))

    assert [number for number, _ in begun] == [0]
    assert begun[0][1] == pytest.approx(0, abs=1e-6)
    assert torch.equal(person.values, start.values)


def test_only_free_parameters_move() -> None:
    """Parameters and features of the head that the user fixed are left out."""
    free = FREE.clone()
    free[layout()["yaw"]] = False
    free[layout()["features"]] = False

    parameters = movable(free, STEPS, {"eye-scale-decr-incr": 0.1})

    assert parameters.columns.tolist() == [layout()["tone"].start]
    assert parameters.steps.tolist() == pytest.approx([0.1])
