"""
Brings a drawn person closer to something in the sense of least squares: Levenberg-Marquardt (Levenberg 1944, Marquardt
1963) on some of its parameters, with finite differences, because the rasteriser is not differentiable where edges move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from depixel.portrait.head import released_head
from depixel.portrait.parameters import Parameters, layout

LENGTHS = (0.35, 0.7, 1.0)
"""Lengths of the step that are tried in each round, as fractions of the whole step."""


class Comparison(NamedTuple):
    """How B people differ from the target."""

    residuals: Tensor
    """[B, K], each divided by its standard deviation."""
    errors: Tensor
    """[B]."""


class Movable(NamedTuple):
    """Parameters that may move."""

    columns: Tensor
    """[C] int64."""
    steps: Tensor
    """[C], the step for each derivative, which is also how far a parameter usually moves."""

    def moved(self, person: Parameters, u: Tensor) -> Parameters:
        """The person, a table of one, moved by each row of u [B, C], in steps."""
        return Parameters(person.values.expand(len(u), -1).index_add(1, self.columns, u * self.steps)).clamped()


def movable(free: Tensor, steps: Mapping[str, float], shape: Mapping[str, float]) -> Movable:
    """
    Those of the named parameters that are free.

    Args:
        free: [D] bool, the columns of the parameters that may change.
        steps: parameter => step.
        shape: feature of the head => step.
    """
    places = [(column, step) for name, step in steps.items() for column in _columns(name)]
    places += [(feature_column(name, free.device), step) for name, step in shape.items()]
    places = [(column, step) for column, step in places if bool(free[column])]
    return Movable(torch.tensor([column for column, _ in places]), torch.tensor([step for _, step in places]))


def feature_column(name: str, device: torch.device) -> int:
    """The column of a feature of the head."""
    features: int = layout()["features"].start
    return features + released_head(str(device)).feature_names.index(name)


def closest(
    person: Parameters,
    parameters: Movable,
    compared: Callable[[Parameters], Comparison],
    rounds: int,
    begin: Callable[[int, float], None] = lambda number, error: None,
) -> tuple[Parameters, float]:
    """
    The person with moved parameters, and its error.

    Args:
        person: a table of one.
        compared: B people with the target.
        rounds: in each, people are compared for all derivatives and for all LENGTHS; the first without a gain is the
            last.
        begin: called before each round with its number and the error so far.
    """
    u = torch.zeros(1, len(parameters.columns))
    identity = torch.eye(len(parameters.columns))
    current = compared(person)
    for number in range(rounds):
        begin(number, float(current.errors[0]))
        shifted = compared(parameters.moved(person, u + identity)).residuals
        jacobian = (shifted - current.residuals).T  # [K, C]
        slope = jacobian.T @ current.residuals[0] + u[0]
        step = torch.linalg.solve(jacobian.T @ jacobian + identity, slope)
        tries = torch.cat([u - length * step for length in LENGTHS])
        results = compared(parameters.moved(person, tries))
        costs = results.residuals.square().sum(1) + tries.square().sum(1)
        best = int(costs.argmin())
        if float(costs[best]) >= float(current.residuals.square().sum() + u.square().sum()):
            break
        u, current = tries[best : best + 1], Comparison(*(part[best : best + 1] for part in results))
    return parameters.moved(person, u), float(current.errors[0])


def _columns(name: str) -> range:
    place = layout()[name]
    return range(place.start, place.stop)
