"""What people are proposed to wear."""

from __future__ import annotations

import pytest

from depixel.faces.drawn.proposals import RARE, worn_as
from depixel.faces.reader import BEARDS, HAIR
from depixel.portrait.parameters import by_name


@pytest.mark.parametrize("dial", ["hair", "beard"])
def test_every_kind_can_be_worn(dial: str) -> None:
    """For each kind that the reader distinguishes, the drawn head has options, and none of them is rare."""
    for kind in HAIR if dial == "hair" else BEARDS:
        names = worn_as(kind)
        assert names
        assert set(names) <= set(by_name()[dial].options) - RARE
