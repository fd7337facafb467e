"""The six kinds as values."""

from __future__ import annotations

import dataclasses

import pytest

from depixel.client.option_table import OPTIONS
from depixel.domain import ART, BY_NAME, DATA, FACES, NORMALS, PIXEL_ART, TEXTURES, is_imagined, requested


def test_every_kind_that_can_be_requested_is_a_value() -> None:
    """The table of options and the kinds name the same six; a name leads to its kind, "auto" to none."""
    names = next(option.values for option in OPTIONS if option.name == "domain")

    assert set(names) == {"auto", *BY_NAME}
    assert len(BY_NAME) == 6
    assert all(requested(name) is domain and domain.name == name for name, domain in BY_NAME.items())
    assert requested("auto") is None


def test_only_faces_are_imagined_and_say_so() -> None:
    """Their sentence accompanies every answer; a request for them is recognised by its name alone."""
    assert [domain for domain in BY_NAME.values() if domain.imagined] == [FACES]
    assert "does not show a real person" in FACES.disclosure
    assert is_imagined("faces") and not is_imagined("auto") and not is_imagined("art")


@pytest.mark.parametrize(("side", "scale"), [(16, 8), (17, 8), (15, 9), (128, 2), (1000, 2), (1, 64)])
def test_faces_reach_128_pixels(side: int, scale: int) -> None:
    """Rounded up, at least twice and at most the limit; other kinds have one scale for any size."""
    assert FACES.scale_for(side, 64) == scale
    assert ART.scale_for(side, 64) == 4


def test_what_the_kinds_differ_by() -> None:
    """The rules in one place: what wraps, what is a vector, what is separate, the meaning of alpha, the degradation."""

    def having(field: str) -> set[str]:
        return {name for name, domain in BY_NAME.items() if getattr(domain, field)}

    assert having("vectors") == {NORMALS.name}
    assert having("separate") == {DATA.name}
    assert having("data_alpha") == {NORMALS.name, DATA.name}
    assert having("repeats") == {TEXTURES.name, PIXEL_ART.name, NORMALS.name, DATA.name}
    assert having("drawn") == {PIXEL_ART.name}
    assert having("gridded") == {PIXEL_ART.name, FACES.name}
    assert having("sheets") == set(BY_NAME) - {FACES.name}
    assert {d.name for d in BY_NAME.values() if d.degradation == "point"} == {PIXEL_ART.name}
    assert {d.weights for d in BY_NAME.values() if d is not FACES} == {"art"}
    assert FACES.weights == "faces"


def test_a_kind_cannot_be_changed() -> None:
    """It is shared by everybody."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        ART.scale = 8  # type: ignore[misc]
