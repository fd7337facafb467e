"""A person as a row of numbers: the name, meaning and range of each number, and a table of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from depixel.errors import BadUsageError


class Uniform(NamedTuple):
    """Uniform between two values."""

    low: float
    high: float


class Normal(NamedTuple):
    """Normal with mean and deviation, clipped to the parameter's range."""

    mean: float
    deviation: float


class Sometimes(NamedTuple):
    """Zero, except with a chance: then uniform between two values."""

    chance: float
    low: float
    high: float


class Choice(NamedTuple):
    """One of the options, with weights."""

    weights: tuple[float, ...]


class Simplex(NamedTuple):
    """Parts of a whole (they sum to 1), uniformly distributed; a power above 1 favours the corners."""

    power: float = 1.0


Prior = Uniform | Normal | Sometimes | Choice | Simplex


@dataclass(frozen=True)
class Parameter:
    """One dial of the drawn person."""

    name: str
    meaning: str
    low: float
    high: float
    prior: Prior
    unit: str = ""
    size: int = 1
    """How many numbers it has; a colour has three (red, green, blue in sRGB, 0 to 1)."""
    options: tuple[str, ...] = ()
    """Names of the values 0, 1, 2 ... if it is a choice."""


@lru_cache(maxsize=1)
def table() -> tuple[Parameter, ...]:
    """All parameters, in the order of the columns."""
    from depixel.portrait import parameter_tables

    return parameter_tables.ALL


@lru_cache(maxsize=1)
def layout() -> dict[str, slice]:
    """Name => columns of a row of parameters."""
    places, column = {}, 0
    for parameter in table():
        places[parameter.name] = slice(column, column + parameter.size)
        column += parameter.size
    return places


@lru_cache(maxsize=1)
def by_name() -> dict[str, Parameter]:
    """Name => parameter."""
    return {parameter.name: parameter for parameter in table()}


def width() -> int:
    """Numbers in a row."""
    return sum(parameter.size for parameter in table())


@dataclass(frozen=True)
class Parameters:
    """People: one row of numbers each. `people["age"]` is [B]; a parameter with several numbers is [B, size]."""

    values: Tensor
    """[B, D] float32, columns as in `layout()`; differentiable where the picture is (lights and colours)."""

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> Tensor:
        place = layout()[name]
        column = self.values[:, place]
        return column[:, 0] if place.stop - place.start == 1 else column

    def choice(self, name: str) -> Tensor:
        """A choice as whole numbers [B] int64."""
        return self[name].detach().round().long().clamp(0, len(by_name()[name].options) - 1)

    def is_option(self, name: str, option: str) -> Tensor:
        """Whether a choice is this option: [B] bool."""
        return self.choice(name) == by_name()[name].options.index(option)

    def person(self, index: int) -> Parameters:
        """One row as a table of one."""
        return Parameters(self.values[index : index + 1])

    def replaced(self, changes: Mapping[str, Tensor | float | str]) -> Parameters:
        """A copy with some parameters set for everybody; a choice may be given by name. Raises BadUsageError."""
        values = self.values.clone()
        for name, value in changes.items():
            parameter = by_name().get(name)
            if parameter is None:
                raise BadUsageError(f"The drawn face has no parameter {name!r}.")
            if isinstance(value, str) and value not in parameter.options:
                raise BadUsageError(f"{name} is one of {', '.join(parameter.options)}; not {value!r}.")
            plain = parameter.options.index(value) if isinstance(value, str) else value
            number = torch.as_tensor(plain, dtype=values.dtype, device=values.device)
            values[:, layout()[name]] = number.reshape(-1, parameter.size) if number.dim() else number
        return Parameters(values)

    def clamped(self) -> Parameters:
        """A copy with every number within its parameter's range."""
        low, high = ranges(self.values.device)
        return Parameters(torch.minimum(torch.maximum(self.values, low), high))

    def named(self, index: int = 0) -> dict[str, float | str | list[float]]:
        """One person as a dictionary for JSON."""
        row: dict[str, float | str | list[float]] = {}
        for parameter in table():
            numbers = [float(x) for x in self.values[index, layout()[parameter.name]].detach()]
            if parameter.options:
                row[parameter.name] = parameter.options[int(self.choice(parameter.name)[index])]
            else:
                row[parameter.name] = [round(x, 5) for x in numbers] if parameter.size > 1 else round(numbers[0], 5)
        return row

    @staticmethod
    def from_named(row: Mapping[str, float | str | list[float]]) -> Parameters:
        """The reverse of `named`; parameters without a name take the middle of their prior."""
        changes = {name: value if isinstance(value, str) else torch.tensor(value) for name, value in row.items()}
        return middle(1).replaced(changes)

    @staticmethod
    def joined(people: list[Parameters]) -> Parameters:
        """Several tables as one."""
        return Parameters(torch.cat([one.values for one in people]))


def ranges(device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Lowest and highest value of each column: two tensors [D]."""
    low = [parameter.low for parameter in table() for _ in range(parameter.size)]
    high = [parameter.high for parameter in table() for _ in range(parameter.size)]
    return torch.tensor(low, device=device), torch.tensor(high, device=device)


def middle(count: int) -> Parameters:
    """The person in the middle of every prior, `count` times."""
    row = [_middle_of(parameter) for parameter in table() for _ in range(parameter.size)]
    return Parameters(torch.tensor(row).repeat(count, 1))


def _middle_of(parameter: Parameter) -> float:
    prior = parameter.prior
    if isinstance(prior, Uniform):
        return (prior.low + prior.high) / 2
    if isinstance(prior, Normal):
        return prior.mean
    if isinstance(prior, Simplex):
        return 1 / parameter.size
    if isinstance(prior, Choice):
        return float(max(range(len(prior.weights)), key=prior.weights.__getitem__))
    return 0.0
