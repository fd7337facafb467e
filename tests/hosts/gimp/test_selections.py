"""Selections in a real GIMP: the area to work on, in its own shape."""

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
    return gimp.cases("selections.py")


def test_a_selection_is_the_area_to_work_on(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """Only the selected part is answered; the selection stays."""
    facts = seen["selection"]

    assert np.array_equal(array(facts["answer"]), expected(upsampler, facts["before"])[0])
    assert (facts["still"], facts["dirty"]) == ([2, 1, 7, 5], True)  # changed by the selection itself
    assert seen["selection_new_layers"]["layer"]["offsets"] == [2, 1]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("selection_and_replace_refused", "cannot grow in place"),
        ("selection_beside_the_layer_refused", "does not touch the layer corner"),
    ],
)
def test_selections_that_make_no_sense_are_refused(seen: dict[str, Any], case: str, words: str) -> None:
    """A sentence, and the image does not change."""
    assert seen[case]["status"] == "execution-error"
    assert words in seen[case]["error"]
    assert seen[case].get("size", [9, 7]) == [9, 7]


@pytest.mark.parametrize("case", ["ellipse_to_a_new_image", "ellipse_to_new_layers", "soft_to_new_layers"])
def test_the_shape_of_a_selection_is_kept(seen: dict[str, Any], upsampler: Upsampler, case: str) -> None:
    """The bounds are answered with the engine's exact pixels, and a smooth mask shows only what was selected."""
    facts = seen[case]
    wanted = expected(upsampler, facts["before"], scale=4, candidates=2)[0]
    left, top, right, bottom = facts["bounds"]
    height, width = bottom - top, right - left
    shape = np.frombuffer(bytes.fromhex(facts["shape"]), np.uint8).reshape(height, width)
    mask = array(facts["mask"])[..., 0]
    back = mask.reshape(height, 4, width, 4).mean((1, 3))
    inner = np.abs(back - shape)[1:-1, 1:-1]

    assert facts["status"] == "success", facts["error"]
    assert np.array_equal(array(facts["answer"]), wanted)
    assert facts["masks"] == [True, True] and facts["still"] == facts["bounds"]
    assert len(np.unique(shape)) > 3
    assert inner.size == 0 or inner.mean() < 12
    assert np.abs(back - shape).max() < 80  # transparent corners, opaque middle
    assert mask[0, 0] <= shape[0, 0] + 2
    assert len(np.unique(mask)) > len(np.unique(shape))


def test_a_plain_rectangle_needs_no_mask(seen: dict[str, Any]) -> None:
    """The layer itself ends where the selection does; indexed layers get a mask as well."""
    assert (seen["rectangle_needs_no_mask"]["status"], seen["rectangle_needs_no_mask"]["mask"]) == ("success", False)
    assert (seen["ellipse_in_indexed"]["status"], seen["ellipse_in_indexed"]["mask"]) == ("success", True)


def test_a_floating_selection_is_refused(seen: dict[str, Any]) -> None:
    """GIMP itself accepts no new layer then: a sentence says what to do before anything is sent."""
    facts = seen["floating"]

    assert (facts["status"], facts["same"]) == ("execution-error", True)
    assert "anchor it" in facts["error"]
