from __future__ import annotations

import pytest

from depixel.errors import BadUsageError
from depixel.request import Request


def test_defaults_travel_as_nothing() -> None:
    """Only what differs from the defaults is sent, and comes back as it was."""
    wishes = Request(scale=3, seed=0, candidates=4, imagination=0.5, box=(1, 2, 3, 4), steps=0)

    assert Request().to_dict() == {}
    assert wishes.to_dict() == {"scale": 3, "candidates": 4, "imagination": 0.5, "box": [1, 2, 3, 4], "steps": 0}
    assert Request.from_dict(wishes.to_dict()) == wishes


def test_peers_of_other_versions_understand_each_other() -> None:
    """Unknown keys are ignored, missing ones take defaults, whole numbers serve where numbers are asked for."""
    assert Request.from_dict({"scale": 2, "from_the_future": 1, "imagination": 1}) == Request(scale=2, imagination=1.0)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"scale": 1}, "scale"),
        ({"scale": 4.0}, "scale"),
        ({"scale": True}, "scale"),
        ({"candidates": 0}, "candidates"),
        ({"steps": -1}, "steps"),
        ({"seed": -1}, "seed"),
        ({"imagination": 1.5}, "imagination"),
        ({"imagination": "much"}, "imagination"),
        ({"domain": "photos"}, "domain"),
        ({"degradation": None}, "degradation"),
        ({"wrap": "z"}, "wrap"),
        ({"palette": "some"}, "palette"),
        ({"alpha": "maybe"}, "alpha"),
        ({"iterate": 11}, "iterate"),
        ({"ensemble": 3}, "ensemble must be one of 1, 2, 4, 8"),
        ({"ensemble": True}, "ensemble"),
        ({"box": [5, 5, 5, 9]}, "box"),
        ({"box": [1, 2, 3]}, "box"),
        ({"box": "all"}, "box"),
    ],
)
def test_what_is_out_of_range_is_named(values: dict[str, object], named: str) -> None:
    """A bad value is one sentence that names the setting and what is allowed."""
    with pytest.raises(BadUsageError, match=named):
        Request.from_dict(values)


def test_the_old_name_still_works_and_says_what_it_is_called_now() -> None:
    """Programs written for version 0.1 go on working; their authors read the new name."""
    import depixel

    with pytest.warns(DeprecationWarning, match=r"depixel\.SearchSettings is now called depixel\.Request"):
        old = depixel.SearchSettings

    assert old is Request
