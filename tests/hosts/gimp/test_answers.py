"""Answers in a real GIMP: unsaved until saved, uniquely named, reproduced from recipes, in whole images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.hosts.gimp.conftest import Gimp
from tests.hosts.gimp.test_kinds import array, expected

from depixel.upsampler import Upsampler

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def seen(gimp: Gimp) -> dict[str, Any]:
    """The results of all cases from GIMP's side, in one run."""
    return gimp.cases("answers.py")


def test_a_new_image_is_unsaved_work_with_a_name_of_its_own(seen: dict[str, Any]) -> None:
    """GIMP asks before it closes it, and saving both answers to one picture keeps both."""
    facts = seen["unsaved_and_named"]

    assert facts["dirty"] == [True, True]
    assert facts["names"] == ["twice-x2.xcf", "twice-x2-2.xcf"]


@pytest.mark.parametrize("domain", ["pixel-art", "art"])
def test_each_candidate_comes_back_by_one_command(seen: dict[str, Any], domain: str) -> None:
    """The exact samples and name, although the source image is gone; more of its kind keep the others."""
    facts = seen["again_and_more"][domain]

    for first, (status, error, again) in zip(facts["first"], facts["remade"], strict=True):
        assert status == "success", error
        assert again["data"] == first["data"], first["name"]
        assert again["name"].startswith(first["name"])
    assert len({one["data"] for one in facts["first"]}) == 3
    assert facts["more"] == ["success", ""] and facts["added"] == 4


def test_a_chosen_face_comes_back_and_can_be_remade_larger(seen: dict[str, Any]) -> None:
    """A size below that of its source is refused with a sentence."""
    facts = seen["face_again_and_larger"]

    assert facts["again"]["data"] == facts["first"]["data"]
    assert (facts["status"], facts["size"], facts["dirty"]) == ("success", [128, 128], True), facts["error"]
    assert "imagined x8, seed" in facts["name"] and facts["odd"] == 100
    assert facts["refused"][0] == "execution-error" and "choose 100% or more" in facts["refused"][1]


def test_an_anonymised_face_is_remade_without_carrying_the_real_one(seen: dict[str, Any]) -> None:
    """The recipe finds the layer below; a flattened copy has neither that layer nor the recipe."""
    facts = seen["anonymised_again_and_flat"]

    assert (facts["status"], facts["holds_source"]) == ("success", False), facts["error"]
    assert facts["again"] == ["success", ""]
    assert facts["remade"]["data"] == facts["first"]["data"]
    assert facts["flat"] == [1, True, True]
    assert facts["direct"] == ["success", "", 1]


def test_a_recipe_is_saved_with_the_image(seen: dict[str, Any]) -> None:
    """After saving and loading an .xcf the same answer is made again."""
    facts = seen["recipe_survives_saving"]

    assert facts["status"] == "success", facts["error"]
    assert facts["again"]["data"] == facts["before"]["data"]


def test_an_answer_that_was_painted_on_is_made_exact_again(seen: dict[str, Any]) -> None:
    """It shrinks to its source within half a level, and changes only in blocks that were painted on."""
    facts = seen["painted_and_exact"]
    assert (facts["status"], facts["same"], facts["layers"]) == ("success", True, 1), facts["error"]

    source, now = array(facts["given"]), array(facts["now"]).astype(float)
    height, width = source.shape[:2]
    shrunk = now.reshape(height, 3, width, 3, 3).mean((1, 3))
    painted = np.frombuffer(bytes.fromhex(facts["painted"]), np.uint8).reshape(now.shape)
    assert np.abs(shrunk - source).max() <= 0.5
    changed = np.argwhere((now != painted).any(2))
    assert changed.min(0).tolist() >= [6, 9] and (changed.max(0) < [12, 15]).all()
    assert facts["selected"] == [0, 0, 4, 4]
    assert facts["refused"][0] == "execution-error" and "has no recipe" in facts["refused"][1]


def test_whole_images_have_the_target_size_in_register(seen: dict[str, Any]) -> None:
    """Layers and positions at 150%; at 100% a cleaned picture has the size of its source; mixed colours are refused."""
    facts = seen["sized_document"]
    assert facts["status"] == "success", facts["error"]

    width, height, offsets = facts["document"]
    assert [width, height] == [30, 24] and sorted(offsets) == [[0, 0], [6, 6]]
    assert facts["several"] == ["", 30, 24] and facts["larger"] == ["", 30, 24]
    assert facts["clean"] == ["", 9, 7]
    *reduced, above, below = facts["names"]
    assert [name.split(", ")[-1] for name in reduced] == ["reduced"] * 3 and (above, below) == ("above", "below")
    assert "scaled back: exact before the reduction." in facts["comment"]
    error, name, is_new, is_equal = facts["again"]
    assert not error and "reduced" in name and is_new and is_equal
    assert facts["kept"][0] == "execution-error" and "mixes colours" in facts["kept"][1]


def test_copies_of_visible_or_selected_layers(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """With the groups that they are in; a selected group has everything in it, shown or hidden."""
    facts = seen["partial_documents"]
    visible, chosen, group = facts["names"]

    assert facts["errors"] == ["", "", ""]
    assert visible == ["below", "outer", "seen"]
    assert chosen == ["off", "outer", "seen"] and group == ["outer", "seen", "unseen"]
    assert facts["size"] == [40, 32] and facts["left"] == 7
    assert np.array_equal(array(facts["below"]), expected(upsampler, facts["given"], scale=2)[0])
    assert facts["none"] == ["execution-error", "The image has no visible layer with pixels."]
    assert facts["twice"] == group  # a group and a layer inside it are both selected


def test_what_cannot_be_done_is_said_and_nothing_changes(seen: dict[str, Any]) -> None:
    """Locked alpha with Replace, layers without a recipe, two layers at once."""
    status, error, dirty, width = seen["locked_alpha"]
    assert (status, dirty, width) == ("execution-error", False, 9) and "alpha channel of hero is locked" in error
    (one, two) = seen["no_recipe"]
    assert one[0] == "execution-error" and "has no recipe" in one[1]
    assert two[0] == "execution-error" and "2 layers are selected" in two[1]


def test_an_enlarged_image_hides_the_source(seen: dict[str, Any]) -> None:
    """Its pixels would be visible wherever the answer is transparent."""
    facts = seen["larger_image"]

    assert (facts["status"], facts["size"]) == ("success", [27, 21]), facts["error"]
    (answer, source) = facts["seen"]
    assert answer[1:] == [True, 27] and source == ["hero", False, 27]


def test_a_whole_image_keeps_its_structure_in_register(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """Every layer has the engine's answer; groups, mode, opacity, lock, mask, offsets, guide and path are preserved."""
    facts = seen["document"]

    assert facts["status"] == "success", facts["error"]
    assert facts["tree"] == ["outer", "hidden", "inner", "deep"]
    for name in ("deep", "hidden"):
        answer = expected(upsampler, facts["given"][name], scale=2)[0]
        assert np.array_equal(array(facts[name]), answer), name
        assert facts[name]["offsets"] == [2 * value for value in facts["given"][name]["offsets"]]
        assert facts[name]["visible"] == facts["given"][name]["visible"]
    assert (facts["mode"], facts["opacity"], facts["lock"]) == (True, 60.0, True)
    mask = np.frombuffer(bytes.fromhex(facts["mask"]), np.uint8).reshape(14, 18)
    assert mask[:, :6].max() == 40 and mask[:, 10:].min() == 255
    assert len(np.unique(mask)) > 2  # enlarged smoothly, without steps of two pixels
    assert (facts["size"], facts["guide"]) == ([40, 32], 10)
    assert facts["untouched"] == [False, 20, True] and facts["dirty"]
    assert facts["refused"][0] == "execution-error" and "set Answers to 1" in facts["refused"][1]
