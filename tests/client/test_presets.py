"""Presets: Depixel's own are valid and have an effect, a user's own are kept and never replaced silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from depixel.client import (
    ACTIONS,
    UPSCALE,
    Action,
    EngineError,
    Place,
    Preset,
    Presets,
    action_named,
    check,
    idle_options,
    in_words,
    with_output,
)
from depixel.client.presets import SHIPPED


@pytest.fixture
def presets(tmp_path: Path) -> Presets:
    """The presets of a user who has none yet."""
    return Presets(Place(str(tmp_path / "place")))


@pytest.mark.parametrize("preset", SHIPPED, ids=lambda preset: preset.name)
@pytest.mark.parametrize("program", ["gimp", "krita"])
def test_presets_of_depixel_are_valid(preset: Preset, program: str) -> None:
    """In both programs; each value differs from the default and changes the answer."""
    action = with_output(action_named(preset.action), program)
    values = preset.applied(action)

    assert check(action, values) == values
    assert all(values[name] == value != action.defaults()[name] for name, value in preset.values.items())
    assert not set(preset.values) & set(idle_options(action, values))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_each_dialog_has_presets_with_names_of_their_own(action: Action, presets: Presets) -> None:
    """Names differ, ignoring case."""
    names = [preset.name.lower() for preset in presets.of(action)]

    assert len(names) >= 2 and len(set(names)) == len(names)


def test_own_presets_are_kept_in_front(presets: Presets) -> None:
    """Only differences from the defaults are written; values from another program or version are harmless."""
    gimp, krita = with_output(UPSCALE, "gimp"), with_output(UPSCALE, "krita")
    saved = presets.save(gimp, "  My   icons ", {**gimp.defaults(), "scale": 6, "output": "new-layers"})

    assert saved.values == {"scale": 6, "output": "new-layers"}
    assert presets.of(gimp)[0] == saved and saved.own
    assert saved.applied(krita) == {**krita.defaults(), "scale": 6}
    assert Preset("x", "upscale", {"scale": 999, "sparkle": 1}).applied(gimp) == gimp.defaults()


def test_presets_of_depixel_leave_the_size_of_the_result_alone() -> None:
    """A user's own preset restores all values as they were saved."""
    action = with_output(UPSCALE, "gimp")
    values = {**action.defaults(), "scale": 6, "output": "replace", "seed": 5}

    assert SHIPPED[0].applied(action, values) == {
        **action.defaults(),
        **SHIPPED[0].values,
        "scale": 6,
        "output": "replace",
    }
    assert Preset("Mine", "upscale", {"seed": 7}, own=True).applied(action, values) == {**action.defaults(), "seed": 7}


def test_a_preset_is_replaced_only_when_told_to(presets: Presets) -> None:
    """Case is ignored."""
    presets.save(UPSCALE, "Mine", {"scale": 3})
    with pytest.raises(EngineError, match="The preset Mine already exists") as refused:
        presets.save(UPSCALE, "MINE", {"scale": 5})
    assert refused.value.code == "exists"

    presets.save(UPSCALE, "MINE", {"scale": 5}, replace=True)

    assert [(p.name, p.values) for p in presets.of(UPSCALE) if p.own] == [("MINE", {"scale": 5})]
    presets.remove(UPSCALE, "MINE")
    presets.remove(UPSCALE, "MINE")
    assert not any(preset.own for preset in presets.of(UPSCALE))


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, SHIPPED[0].name.upper(), "a\x07b"])
def test_names_that_cannot_be_are_refused(name: str, presets: Presets) -> None:
    """A sentence, and nothing is written."""
    with pytest.raises(EngineError):
        presets.save(UPSCALE, name, {"scale": 3})
    assert not any(preset.own for preset in presets.of(UPSCALE))


def test_values_in_words() -> None:
    """The differences from the defaults, in the dialog's words."""
    action = with_output(UPSCALE, "gimp")
    values = {**action.defaults(), "scale": 8, "domain": "pixel-art", "imagination": 0.5, "seed": 1_234_567}

    assert in_words(action, values) == "times larger 8, pixel art, imagination 0.5, seed 1234567"
    assert in_words(action, action.defaults()) == ""
    assert in_words(action, {"size": "150%", "output": "replace"}) == "150%, result goes to: replace"
