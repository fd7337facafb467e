from __future__ import annotations

from typing import Any

import pytest

from depixel.domain import BY_NAME
from depixel.errors import BadUsageError
from depixel.request import Request


def test_defaults_travel_as_nothing() -> None:
    """Only differences from the defaults are sent, and they are restored."""
    wishes = Request(scale=3, seed=0, candidates=4, imagination=0.5, box=(1, 2, 3, 4), steps=0)

    assert Request().to_dict() == {}
    assert wishes.to_dict() == {"scale": 3, "candidates": 4, "imagination": 0.5, "box": [1, 2, 3, 4], "steps": 0}
    assert Request.from_dict(wishes.to_dict()) == wishes


def test_peers_of_other_versions_understand_each_other() -> None:
    """Unknown keys are ignored, missing ones get defaults, whole numbers are accepted as numbers."""
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
    """A bad value gives one sentence that names the setting and the allowed values."""
    with pytest.raises(BadUsageError, match=named):
        Request.from_dict(values)


def test_the_old_name_still_works_and_says_what_it_is_called_now() -> None:
    """Programs written for version 0.1 still work; a warning names the new class."""
    import depixel

    with pytest.warns(DeprecationWarning, match=r"depixel\.SearchSettings is now called depixel\.Request"):
        old = depixel.SearchSettings

    assert old is Request


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [("frames", "none", "4x2"), ("domain", "auto", "normals"), ("wrap", "auto", "xy"), ("alpha", "auto", "data"),
     ("palette", "free", "keep"), ("imagination", 0.0, 0.5), ("scale", 4, 2)],
)  # fmt: skip
def test_typed_beats_profile_beats_default(name: str, value: object, other: object) -> None:
    """A typed value takes precedence over a profile's, even if it is the default; others do not."""
    profile = {name: other, "candidates": 2}

    assert getattr(Request.from_typed({name: value}).over(profile), name) == value
    assert getattr(Request().over(profile), name) == other
    assert Request.from_typed({name: value}).over(profile).candidates == 2


def test_what_differs_from_the_default_counts_as_typed() -> None:
    """A program that only sets some fields is taken literally."""
    assert Request(wrap="x").over({"wrap": "xy"}).wrap == "x"


def test_a_size_replaces_a_profile_s_scale() -> None:
    """The two have the same meaning, and the typed value takes precedence."""
    assert Request.from_typed({"size": 500}).over({"scale": 2}) == Request(size=500)


@pytest.mark.parametrize(("name", "meant"), [("wrapp", "wrap"), ("Scale", "scale"), ("pre-blur", "pre_blur")])
def test_an_unknown_name_is_answered_with_the_nearest(name: str, meant: str) -> None:
    """A typing error in a profile is reported."""
    with pytest.raises(BadUsageError, match=f"{name}'; did you mean {meant}"):
        Request().over({name: "xy"})


def test_equal_requests_are_equal_whoever_typed_them() -> None:
    """The ledger sees the same request, and repeats no work because of it."""
    typed = Request.from_typed({"wrap": "auto"})

    assert typed == Request() and hash(typed) == hash(Request())
    assert typed.to_dict() == {}


@pytest.mark.parametrize(
    ("request_", "domain", "size", "scale"),
    [
        (Request(), "art", (16, 16), 4),
        (Request(), "faces", (16, 12), 8),
        (Request(), "faces", (500, 500), 2),
        (Request(), "faces", (1, 1), 64),
        (Request(box=(0, 0, 32, 20)), "faces", (500, 500), 4),
        (Request(scale=3), "faces", (16, 16), 3),
        (Request(size=1024), "art", (250, 100), 5),
        (Request(size=1024), "faces", (16, 16), 64),
        (Request(size=1024), "art", (256, 256), 4),
        (Request(size=300), "art", (256, 256), 2),
        (Request(size=65535), "art", (4, 4), 64),
    ],
)
def test_the_scale_is_decided_in_one_place(request_: Request, domain: str, size: tuple[int, int], scale: int) -> None:
    """Requested, implied by a size, or the default of the kind of picture."""
    assert request_.scale_for(BY_NAME[domain], *size) == scale


def test_quality_chooses_the_model_unless_one_is_named() -> None:
    """Best means the medium art model, and so do bicubic inputs; an explicitly named model stays."""
    assert Request().art_model == "auto"
    assert Request(quality="best").art_model == "medium"
    assert Request(degradation="bicubic").art_model == "medium"
    assert Request(degradation="bicubic", model="small").art_model == "small"
    assert Request(quality="best", model="small").art_model == "small"


def test_one_scale_for_a_folder() -> None:
    """The scale of the request, or the default; a size is dropped."""
    assert Request(scale=7).with_one_scale() == (Request(scale=7), 7)
    assert Request(size=900).with_one_scale() == (Request(scale=4), 4)


def test_the_size_of_an_answer() -> None:
    """The scale decides; `size` only reduces, keeps the proportions, and leaves at least one pixel."""
    assert Request().answer_size(20, 10, 4) == (80, 40)
    assert Request(size=80).answer_size(20, 10, 4) == (80, 40)
    assert Request(size=200).answer_size(20, 10, 4) == (80, 40)
    assert Request(size=50).answer_size(20, 10, 4) == (50, 25)
    assert Request(size=16).answer_size(64, 1, 4) == (16, 1)


def test_the_scale_of_a_request() -> None:
    """The requested scale, otherwise enough for `size`, otherwise what the kind of picture needs for its box."""
    art, faces = BY_NAME["art"], BY_NAME["faces"]

    assert Request(scale=5, size=None).scale_for(faces, 10, 10) == 5
    assert [Request(size=size).scale_for(art, 10, 20) for size in (16, 41, 80, 2000)] == [2, 3, 4, 64]
    assert Request().scale_for(art, 3, 3) == 4
    assert Request().scale_for(faces, 32, 16) == 4
    assert Request(box=(0, 0, 32, 32)).scale_for(faces, 300, 200) == 4
    assert Request(box=(10, 20, 20, 36)).scale_for(faces, 300, 200) == 8


@pytest.mark.parametrize(
    ("values", "most"),
    [
        ({}, 2),
        ({"candidates": 3}, 4),
        ({"detail": "drawn"}, 2),
        ({"detail": "calm"}, 1),
        ({"imagination": 0.0}, 1),  # the calm answer
        ({"exact": "never"}, 1),
        ({"exact": "always"}, 1),
        ({"model": "one,two"}, 2),  # one answer each
        ({"domain": "auto"}, 1),
    ],
)
def test_the_most_answers_of_a_face(values: dict[str, Any], most: int) -> None:
    """One more than requested where a face may be shown as found, with its exact version."""
    assert Request.from_typed({"domain": "faces", **values}).most_answers == most
