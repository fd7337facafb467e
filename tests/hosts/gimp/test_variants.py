"""Every kind of image with every output and selection in a real GIMP: an answer or a sentence, and no damage."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.hosts.gimp.conftest import Gimp

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def seen(gimp: Gimp) -> dict[str, Any]:
    """The results of all cases in one run; EVERY=1 tries all combinations, some hundreds."""
    results = gimp.cases("variants.py", 900, EVERY=os.environ.get("EVERY", ""), CASES=os.environ.get("CASES", ""))
    kept = os.environ.get("DEPIXEL_HOST_SHOTS")
    if kept:
        Path(kept, "variants.json").write_text(json.dumps(results, indent=1), "utf-8")
    return results


def test_each_kind_of_image_is_answered_or_refused_in_a_sentence(seen: dict[str, Any]) -> None:
    """
    Kinds of image, actions, outputs and selections; neither a refusal nor an answer in a new image changes the source.
    """
    for kind, action, output, selection, facts in seen["grid"]:
        case = (kind, action, output, selection, facts)
        if facts["status"] != "success":
            assert facts["status"] == "execution-error" and facts["unchanged"], case
            assert facts["error"].endswith(".") and "Error" not in facts["error"], case
            continue
        elsewhere = output not in ("new-layers", "larger-image", "replace")
        assert facts["dirty"] and facts["same"] is not elsewhere and facts["unchanged"] is elsewhere, case
        if action == "upscale" and selection in ("none", "all", "nothing at all") and output != "new-layers":
            assert facts["size"] == [2 * side for side in facts["before"]], case
        if elsewhere:
            assert facts["base"] == ("gray" if kind.startswith("grey") else "rgb"), case


def test_pictures_of_one_pixel(seen: dict[str, Any]) -> None:
    """Enlarged like any other; too small to hide a face in."""
    for name, (status, error, size) in seen["tiny"].items():
        width, height = map(int, name.split(" ")[0].split("x"))
        if "anonymise" in name:
            assert status == "execution-error" and "too small to hide a face" in error, name
        else:
            assert (status, size) == ("success", [2 * width, 2 * height]), (name, error)


def test_layers_of_any_name(seen: dict[str, Any]) -> None:
    """The name is in the names of the answers as it is; two layers of one name get two answers."""
    for status, error, names in seen["names"]:
        assert status == "success" and len(set(names)) == 2, (error, names)
    assert any("(100ms) (replace)" in name for _, _, names in seen["names"] for name in names)


def test_results_of_one_file_have_different_names(seen: dict[str, Any]) -> None:
    """Three images of one file, each answered twice: six names, none of them that of the file."""
    names = seen["one_file_open_twice"]
    assert len(set(names)) == 6 and all(name.startswith("same-x2") for name in names), names


def test_three_of_four_layers(seen: dict[str, Any]) -> None:
    """A locked one, one beyond the canvas and a group with a mask; only what would lose something is refused."""
    facts = seen["three_of_four"]

    status, error, _ = facts.pop("replace")
    assert status == "execution-error" and "locked is locked" in error
    assert all(status == "success" for status, _, _ in facts.values()), facts
    assert [len(state[2]) for _, _, state in facts.values()] == [3, 4, 4, 3, 7, 7]
    far = {name: next(x for x in state[2] if "far" in x[0]) for name, (_, _, state) in facts.items()}
    assert far["document"][2:4] == far["new-image"][2:4] == [-40, 10]
    assert far["new-layers"][2:4] == [-20, 5]


def test_too_large_an_answer_is_refused_at_once(seen: dict[str, Any]) -> None:
    """Before 4096 x 4096 pixels are read and sent; a part of that canvas is answered."""
    facts = seen["large"]

    assert "more than 1074: choose a smaller scale" in facts["error"] and facts["seconds"] < 10
    assert facts["part"] == ["success", "", 240]
