"""A search refuses inconsistent arguments before it computes anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from depixel.degradation import AreaDegradation
from depixel.errors import BadUsageError
from depixel.search.question import Question, batch_of


def _question(count: int = 2, **more: Any) -> Question:
    return replace(Question(torch.rand(count, 4, 3, 3), AreaDegradation(2)), **more)


def test_what_fits_is_accepted() -> None:
    """One entry for each picture; latents for each picture or for each row."""
    for rows in (2, 6):
        _question(
            weight=torch.ones(2, 1, 3, 3),
            palettes=torch.ones(2, 5, 4),
            animations=(0, 0),
            start={"z": torch.ones(rows, 3)},
        ).check(3)


@pytest.mark.parametrize("shape", [(4, 3, 3), (1, 3, 3, 3), (0, 4, 3, 3), (1, 4, 3, 3, 1), (1, 5, 3, 3)])
def test_only_pictures_of_four_channels_are_searched(shape: tuple[int, ...]) -> None:
    """[B, 4, h, w] with at least one picture."""
    with pytest.raises(BadUsageError, match=r"takes pictures \[B, 4, h, w\]"):
        Question(torch.zeros(shape), AreaDegradation(2)).check(1)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_must_be_numbers(value: float) -> None:
    """One value that is not a number would spread to all."""
    question = _question()
    question.small[1, 2, 0, 0] = value
    with pytest.raises(BadUsageError, match="not finite numbers"):
        question.check(1)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", ["weight", "palettes", "animations"])
def test_one_entry_for_each_picture(name: str, count: int) -> None:
    """The sentence names what is wrong and both numbers."""
    values: dict[str, Any] = {
        "weight": torch.ones(count, 1, 3, 3),
        "palettes": torch.ones(count, 5, 4),
        "animations": (0,) * count,
    }
    with pytest.raises(BadUsageError, match=f"{name} must have one entry for each of the 2 pictures, not {count}"):
        _question(**{name: values[name]}).check(1)


@pytest.mark.parametrize("rows", [1, 3, 4, 5])
def test_latents_for_pictures_or_rows(rows: int) -> None:
    """Two pictures with three candidates have 2 or 6."""
    with pytest.raises(BadUsageError, match=f"for 2 or 6 rows, not {rows}"):
        _question(start={"z": torch.ones(rows, 3)}).check(3)
    assert batch_of({"z": torch.ones(rows, 3)}) == rows
