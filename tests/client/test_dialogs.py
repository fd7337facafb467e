"""A dialog's values are checked, and mean the same as on the command line."""

from __future__ import annotations

import pytest

from depixel import client
from depixel.request import DEGRADATIONS, DOMAINS, Request


@pytest.mark.parametrize("action", client.ACTIONS, ids=lambda action: action.name)
def test_defaults_are_a_valid_request(action: client.Action) -> None:
    """A dialog accepted unchanged makes a request that the engine accepts."""
    settings = Request.from_dict(client.settings_of(action, action.defaults()))

    assert settings.validated() == settings
    assert (settings.domain == "faces") == (action.name != "upscale")


def test_unset_values_mean_the_engine_s_own_defaults() -> None:
    """Unchanged values mean the same as `depixel upscale` without options."""
    settings = Request.from_dict(client.settings_of(client.UPSCALE, {"scale": 4}))

    assert Request(scale=4) == settings


def test_every_value_arrives() -> None:
    """No option of the dialog is lost."""
    values = {
        "scale": 3,
        "domain": "textures",
        "degradation": "bicubic",
        "candidates": 5,
        "imagination": 0.25,
        "seed": 9,
        "steps": 0,
    }

    settings = Request.from_dict(client.settings_of(client.UPSCALE, values, box=(1, 2, 3, 4)))

    assert Request(**values, box=(1, 2, 3, 4)) == settings  # type: ignore[arg-type]


def test_choices_are_those_of_the_engine() -> None:
    """A dialog offers nothing that the engine refuses."""
    assert set(DOMAINS) == set(client.UPSCALE.option("domain").values)
    assert set(DEGRADATIONS) == set(client.UPSCALE.option("degradation").values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scale", 1),
        ("scale", 65),
        ("scale", 2.5),
        ("scale", True),
        ("scale", "4"),
        ("domain", "nope"),
        ("imagination", 1.01),
        ("imagination", float("nan")),
        ("steps", -2),
        ("seed", -1),
        ("output", "away"),
    ],
)
def test_wrong_values_are_named(name: str, value: object) -> None:
    """GIMP only warns about wrong arguments and uses the default; here they are refused by name."""
    action = client.with_output(client.UPSCALE, "gimp")

    with pytest.raises(client.BadOptionError, match=name):
        client.check(action, {name: value})


def test_an_empty_selection_is_refused() -> None:
    """A selection outside the layer gives a sentence, not a crash in the engine."""
    with pytest.raises(client.BadOptionError, match="selection"):
        client.settings_of(client.UPSCALE, {}, box=(5, 5, 5, 9))
