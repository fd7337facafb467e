"""What an artist meets in a real GIMP: its canvas, large dialogs, odd selections, names and images."""

from __future__ import annotations

from typing import Any

import pytest
from tests.hosts.gimp.conftest import Gimp
from tests.hosts.gimp.test_states import cases_in_a_window

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def seen(gimp: Gimp) -> dict[str, Any]:
    """The results of all cases from GIMP's side, in one run."""
    return cases_in_a_window(gimp, "artist.py")


def test_the_canvas_shows_a_preview_that_leaves_no_trace(seen: dict[str, Any]) -> None:
    """A layer above the source; gone when it is outdated, switched off or cancelled; the image stays unchanged."""
    facts = seen["canvas"]

    alone, both = [["Background"], False], [["Depixel preview", "Background"], False]
    assert [facts[name] for name in ("before", "shown", "stale", "again", "off")] == [alone, both, alone, both, alone]
    assert facts["selected"] == ["Background"] and facts["pixels"]
    assert facts["after removal"] == ["Depixel preview", "Background"]
    assert seen["swept"]["cancelled"] == [["Background"], True]  # changed, because a layer was deleted by hand


def test_a_preview_on_the_canvas_is_not_in_the_history(seen: dict[str, Any]) -> None:
    """Steps before and during the preview are undone in their order."""
    facts = seen["canvas_and_undo"]

    assert facts["shown"] == [["Depixel preview", "Background"], True, 20, [3, 2]]
    assert facts["hidden"] == [["Background"], True, 20, [3, 2]]
    assert facts["one"] == [["Background"], 20, [0, 0]]
    assert facts["two"] == [["Background"], 16, [0, 0]]


def test_a_left_over_preview_is_removed(seen: dict[str, Any]) -> None:
    """After a plug-in was killed: by the next dialog."""
    assert seen["swept"]["before"][0] == ["Depixel preview", "Background"]
    assert seen["swept"]["after"] == [["Background"], False]


def test_a_larger_dialog_shows_a_larger_picture(seen: dict[str, Any]) -> None:
    """Until the user zooms; the line is dragged in the picture."""
    facts = seen["resized"]

    assert facts["small"] < facts["large"] and facts["zoomed"] == 2 * facts["large"]
    assert 40 < facts["line"] < 60


def test_tiles_have_their_whole_labels(seen: dict[str, Any]) -> None:
    """Three answers to a texture, after an automatic one: the labels name what differs."""
    assert seen["texture"]["cut"] == []


def test_all_layers_may_be_selected(seen: dict[str, Any]) -> None:
    """A layer inside a selected group belongs to the group."""
    facts = seen["all_selected"]

    assert "1 selected layer of the image, 32 × 32 pixels." in facts["copy"]
    assert "Hat and coat, 32 × 32 pixels." in facts["one"]
    assert len(facts["result"]["layers"]) == 1


def test_everything_selected_is_like_nothing_selected(seen: dict[str, Any]) -> None:
    """Select > All, and Replace."""
    assert "Background, 32 × 32 pixels." in seen["select_all"]["says"]
    assert seen["select_all"]["result"]["size"] == [64, 64]


def test_what_cannot_be_done_is_said_in_the_open_dialog(seen: dict[str, Any]) -> None:
    """A channel, new colours in an indexed image, an answer that is too large: before anything is sent."""
    assert "A channel is selected" in seen["channel"]["says"] and seen["channel"]["open"]
    assert "cannot take new colours" in seen["indexed_refused"]["says"]
    assert "more than 1074: choose a smaller scale" in seen["large_canvas"]["says"]
    assert "1 answer in" in seen["large_canvas"]["preview"]


def test_long_names_and_texts_fit_the_screen(seen: dict[str, Any]) -> None:
    """A name without spaces; a sentence for each face of a group picture. Every row is as wide as the others."""
    assert seen["long"]["fits"][2], seen["long"]["fits"]
    assert seen["group_picture"]["fits"][2], seen["group_picture"]["fits"]
    assert len(set(seen["group_picture"]["widths"])) == 1


def test_a_closed_image_and_a_deleted_layer_are_noticed(seen: dict[str, Any]) -> None:
    """Preview still works on what was read; OK does nothing, and the dialog says why."""
    facts = seen["closed"]

    assert not facts["valid"] and "1 answer in" in facts["preview"]
    assert "The image was closed" in facts["says"] and facts["result"] is None
    deleted = seen["deleted"]
    assert "A layer was deleted" in deleted["says"] and deleted["open"] and deleted["result"] is None
