"""Properties of layers besides their pixels in a real GIMP: typed arguments, opacity, mode, depth, text, frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.hosts.gimp.conftest import Gimp
from tests.hosts.gimp.test_kinds import array, expected

from depixel.client import ACTIONS, with_output
from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

pytestmark = pytest.mark.host

TYPES = {"int": "gint", "float": "gdouble", "choice": "gchararray", "bool": "gboolean", "text": "gchararray"}


@pytest.fixture(scope="module")
def seen(gimp: Gimp) -> dict[str, Any]:
    """The results of all cases from GIMP's side, in one run."""
    return gimp.cases("layers.py")


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_every_option_is_a_typed_argument(seen: dict[str, Any], action: Any) -> None:
    """Scripts find each option of the dialog by name, with type and default; and nothing else but the image."""
    facts = seen["arguments"][action.name]
    output = {"upscale": "new-image", "imagine-face": "new-image", "anonymise-face": "new-layers"}[action.name]
    options = with_output(action, "gimp", output).options

    for option in options:
        kind, default = facts[option.name]
        assert kind == TYPES[option.kind], option.name
        assert (default or "") == option.default if option.kind == "text" else default == pytest.approx(option.default)
    extra = {"frames"} if action.name == "upscale" else set()
    rest = set(facts) - {option.name for option in options} - extra - {"picked"}
    assert rest == {"run-mode", "image", "drawables"}


def test_a_new_image_looks_as_its_source_did(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """Opacity and mode of a layer are copied, to the group if there are several answers; pixels are the engine's."""
    facts = seen["opacity_and_mode"]

    assert facts["looks"] == [[40.0, True], [100.0, False]]
    assert (facts["group"], facts["inside"]) == ([40.0, True], [100.0, False])
    assert np.array_equal(array(facts["answer"]), expected(upsampler, facts["before"], scale=2)[0])


def test_a_group_that_lets_through_and_is_masked(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """Its mask is part of what is visible; the answer is a plain layer."""
    facts = seen["group_that_lets_through"]
    answer, wanted = array(facts["answer"]), expected(upsampler, facts["before"])[0]

    assert (facts["status"], facts["normal"]) == ("success", True), facts["error"]
    visible = wanted[..., 3:] > 0
    assert np.array_equal(answer[..., 3], wanted[..., 3])
    assert np.array_equal(answer * visible, wanted * visible)


@pytest.mark.parametrize("case", ["whole_32", "float_32", "double_64"])
def test_32_and_64_bits_are_answered_in_16_and_stay(seen: dict[str, Any], upsampler: Upsampler, case: str) -> None:
    """The new image has the precision of the source, and the engine's 16-bit samples."""
    facts = seen[case]
    difference = array(facts["answer"]).astype(int) - expected(upsampler, facts["before"])[0].astype(int)

    assert (facts["status"], facts["kept"], facts["after"]) == ("success", True, facts["before"]), facts["error"]
    assert np.abs(difference).max() <= 1


def test_light_beyond_white_is_cut_off(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """Values outside 0 ... 1 are answered as 0 and 1."""
    facts = seen["float_beyond"]
    difference = array(facts["answer"]).astype(int) - expected(upsampler, facts["before"], scale=2)[0].astype(int)

    assert np.abs(difference).max() <= 1, facts["error"]


def test_text_is_answered_as_it_looks(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """The engine's exact pixels, from GIMP's rendering of the text."""
    facts = seen["text"]
    wanted = expected(upsampler, facts["before"], scale=2)[0]

    assert np.array_equal(array(facts["answer"]), wanted), facts["error"]
    assert wanted[..., 3].any()


def test_frames_are_the_engine_s_animation(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """Every layer on the whole canvas, cropped to it, answered as the frames of one animation."""
    facts = seen["frames"]
    canvas = []
    for layer in facts["given"]:
        frame = np.zeros((7, 9, 4), np.uint8)
        left, top = layer["offsets"]
        for y, row in enumerate(array(layer)):
            for x, pixel in enumerate(row):
                if 0 <= y + top < 7 and 0 <= x + left < 9:
                    frame[y + top, x + left] = pixel
        canvas.append(frame)
    picture = Picture(tuple(canvas), name="walk 1")
    wanted = upsampler.upsample(picture, Request(scale=3, domain="art")).candidates[0].picture.frames

    assert [answer["name"] for answer in facts["answers"]] == ["walk 1", "walk 2", "walk 3"]
    for answer, frame in zip(facts["answers"], wanted, strict=True):
        visible = frame[..., 3:] > 0
        assert np.array_equal(array(answer) * visible, frame * visible)
    assert facts["groups"][0] == ["walk 1", "walk 2", "walk 3"], facts["error"]
    assert [name.partition(" #")[0] for name in facts["groups"][1]] == facts["groups"][0]  # GIMP numbers equal names


def test_layers_beyond_the_canvas(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """Answered whole, at their positions times the scale."""
    facts = seen["beyond_the_canvas"]

    assert (facts["status"], facts["size"]) == ("success", [18, 14]), facts["error"]
    by_name = {answer["name"].partition(" x2")[0]: answer for answer in facts["answers"]}
    for before in facts["before"]:
        answer, wanted = by_name[before["name"]], expected(upsampler, before, scale=2)[0]
        visible = wanted[..., 1:] > 0
        assert np.array_equal(array(answer) * visible, wanted * visible)
        assert answer["offsets"] == [2 * value for value in before["offsets"]]


def test_several_layers_are_replaced_under_a_profile(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """Each has the engine's answer to its own stored samples; the profile does not change."""
    facts = seen["two_replaced_under_a_profile"]

    assert (facts["status"], facts["kept"]) == ("success", True), facts["error"]
    for before, answer in zip(facts["before"], facts["answers"], strict=True):
        assert np.array_equal(array(answer), expected(upsampler, before, scale=2)[0])
        assert answer["offsets"] == [2 * value for value in before["offsets"]]


def test_what_cannot_be_answered_is_refused_in_a_sentence(seen: dict[str, Any]) -> None:
    """Channels, empty groups, and locked pixels that would be replaced; nothing changes."""
    facts = seen["refusals"]

    assert facts["channel"] == ["execution-error", "A channel is selected: click on a layer and try again."]
    assert facts["empty"][0] == "execution-error" and "is empty" in facts["empty"][1]
    assert facts["locked"][0] == "execution-error" and "locked: unlock them" in facts["locked"][1]
    assert not facts["dirty"]
    assert facts["read"] == ["success", ""]  # locked pixels can be read
