"""Imagine face and Anonymise face in a real GIMP with the released weights."""

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
    """The results from GIMP's side."""
    return gimp.cases("faces.py")


def test_imagined_faces_say_so(seen: dict[str, Any]) -> None:
    """The engine's exact pixels, as a group of candidates whose names say that they are imagined."""
    facts = seen["imagine"]
    assert facts["status"] == "success", facts["error"]
    wanted = expected(
        Upsampler("cpu"), facts["before"], scale=8, domain="faces", candidates=2, steps=3, seed=4, imagination=0.5
    )

    assert len(wanted) >= 2  # the exact version may come in addition
    assert facts["group"] == f"hero imagined x8: {len(wanted)} answers"
    assert "invented" in facts["comment"]
    for answer, frame in zip(facts["answers"], wanted, strict=True):
        assert "imagined" in answer["name"] and "seed" in answer["name"]
        assert np.array_equal(array(answer), frame)


def test_a_selection_is_the_face_s_box(seen: dict[str, Any]) -> None:
    """The whole layer is answered, with the face where the selection is."""
    facts = seen["imagine_in_a_selection"]
    assert facts["status"] == "success", facts["error"]
    settings = {"scale": 4, "domain": "faces", "steps": 3, "imagination": 0.5, "box": (8, 4, 24, 20)}

    wanted = expected(Upsampler("cpu"), facts["before"], **settings)[0]

    assert np.array_equal(array(facts["answers"][0]), wanted)


def test_anonymised_faces_keep_a_few_pixels_and_all_around(seen: dict[str, Any]) -> None:
    """New layers of the same size in the same image; nothing outside the box changes; each seed gives another face."""
    facts = seen["anonymise"]
    assert (facts["status"], facts["same"]) == ("success", True), facts["error"]
    before = array(facts["before"]).astype(int)

    assert len(facts["answers"]) == 2
    first, second = (array(answer).astype(int) for answer in facts["answers"])
    for answer in (first, second):
        changed = np.argwhere((answer != before).any(2))
        assert changed.min(0).tolist() >= [10, 20] and changed.max(0).tolist() <= [57, 67]
        face, original = answer[10:58, 20:68], before[10:58, 20:68]
        means = [part.reshape(12, 4, 12, 4, 3).mean((1, 3)) for part in (face, original)]
        assert np.abs(means[0] - means[1]).max() <= 1.0
    assert not np.array_equal(first, second)
    assert "x4" not in facts["group"]


def test_the_shape_of_a_selection_limits_the_other_face(seen: dict[str, Any]) -> None:
    """An ellipse: as a mask of the new layer; in the layer itself with Replace, mixed where it is partly selected."""
    layered, replaced = seen["anonymise_an_ellipse_new_layers"], seen["anonymise_an_ellipse_replace"]
    assert (layered["status"], replaced["status"]) == ("success", "success"), layered["error"] + replaced["error"]
    shape = np.frombuffer(bytes.fromhex(layered["shape"]), np.uint8).reshape(80, 96)
    answer, before = array(layered["answer"]).astype(float), array(layered["before"]).astype(float)
    weight = shape[..., None] / 255.0

    assert layered["mask"] == layered["shape"]
    assert (answer[10:20, 20:26] != before[10:20, 20:26]).any()  # the engine answers the whole box
    got = array(replaced["answer"]).astype(float)
    assert np.array_equal(got[shape == 0], before[shape == 0])
    assert np.array_equal(got[shape == 255], answer[shape == 255])
    lowest, highest = np.minimum(answer, before) - 1, np.maximum(answer, before) + 1
    assert ((got >= lowest) & (got <= highest)).all()  # GIMP mixes in linear light
    assert ((weight > 0) & (weight < 1)).any()


SETTINGS = {"scale": 4, "domain": "faces", "steps": 3, "imagination": 0.5}


def test_an_imagined_face_replaces_the_picture(seen: dict[str, Any]) -> None:
    """The image grows; a selection is the face's box and hides nothing; it stays, and nothing else is left behind."""
    facts = seen["imagine_and_replace"]
    assert facts["status"] == "success", facts["error"]

    wanted = expected(Upsampler("cpu"), facts["before"], **SETTINGS, box=(1, 1, 15, 15))[0]

    assert np.array_equal(array(facts["answer"]), wanted)
    assert (facts["selected"], facts["channels"]) == ([4, 4, 60, 60], 0)


def test_a_grey_face_of_16_bits_stays_grey(seen: dict[str, Any]) -> None:
    """The engine's exact samples."""
    facts = seen["imagine_in_grey_16"]
    assert facts["status"] == "success", facts["error"]

    assert np.array_equal(array(facts["answer"]), expected(Upsampler("cpu"), facts["before"], **SETTINGS)[0])


def test_another_face_in_a_new_image(seen: dict[str, Any]) -> None:
    """The whole picture with another face in the box; the source keeps its own."""
    facts = seen["anonymise_to_a_new_image"]
    assert (facts["status"], facts["another"]) == ("success", True), facts["error"]
    before, answer = array(facts["before"]), array(facts["answer"])

    inside = np.zeros((48, 48), bool)
    inside[4:44, 4:44] = True
    assert np.array_equal(answer[~inside], before[~inside])
    assert (answer[inside] != before[inside]).any()


def test_faces_in_indexed_pictures(seen: dict[str, Any]) -> None:
    """Imagined in a new RGB image; another face in the same image is refused, and only possible ways out are named."""
    facts = seen["indexed"]

    assert facts["refused"][0] == "execution-error"
    assert "choose New image, or convert it" in facts["refused"][1]
    assert (facts["status"], facts["base"]) == ("success", "rgb"), facts["error"]
    assert array(facts["answer"]).shape == (64, 64, 3)
