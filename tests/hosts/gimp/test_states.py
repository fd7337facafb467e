"""The states of the dialogs in a real GIMP, operated by real clicks: candidates, settings, dials, sizes, refusals."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

import pytest
from tests.hosts.conftest import finish
from tests.hosts.gimp.conftest import HERE, ROOT, Gimp
from tests.hosts.gimp.test_window import keep_screenshots

pytestmark = pytest.mark.host

SAMPLES = {"SPRITE": "sprites/mage.png", "FACE": "faces/portrait.png", "FACE2": "faces/portrait-2.png",
           "TEXTURE": "textures/wall.png"}  # fmt: skip


def in_a_window(gimp: Gimp, script: str) -> dict[str, Any]:
    """
    The results of a script in `inside`, run in a GIMP with windows; screenshots go to DEPIXEL_HOST_SHOTS.

    To run only some cases, or with another colour scheme of GIMP: CASES=plain,four SCHEME=light.
    """
    out = gimp.host.work / "out"
    for name, sample in SAMPLES.items():
        shutil.copy(ROOT / "samples" / sample, out / f"{name}.png")
    process = gimp.host.start(
        *("bash", str(HERE / "inside" / "display.sh")),
        GIMP3_DIRECTORY=str(gimp.profile),
        INSIDE=str(HERE / "inside"),
        OUT=str(out),
        PICTURE=str(out / "SPRITE.png"),
        **{name: str(out / f"{name}.png") for name in SAMPLES},
        SCRIPT=script,
        SCHEME=os.environ.get("SCHEME", "dark"),
        CASES=os.environ.get("CASES", ""),
    )
    try:
        finish(process, 800)
    finally:
        keep_screenshots(gimp)
    log = (out / f"{script}.log").read_text("utf-8", "replace")
    assert (out / f"{script}.json").is_file(), log[-4000:]
    return dict(json.loads((out / f"{script}.json").read_text("utf-8")))


def cases_in_a_window(gimp: Gimp, script: str) -> dict[str, Any]:
    """The results of the cases of a script that operates dialogs; fails if one of them was broken off."""
    results = in_a_window(gimp, script)
    results.pop("facts")
    broken = {name: facts["error"] or facts.get("raised") for name, facts in results.items()}
    assert not any(broken.values()), broken
    return results


@pytest.fixture(scope="module")
def seen(gimp: Gimp) -> dict[str, Any]:
    """The results of all cases from GIMP's side, in one run; a third-party filter is installed too."""
    folder = gimp.profile / "plug-ins" / "old-fashioned"
    folder.mkdir(exist_ok=True)
    shutil.copy(HERE / "inside" / "old-fashioned.py", folder)
    (folder / "old-fashioned.py").chmod(0o755)
    for name in ("gimpfu_compat.py", "gimpfu_gimp3.py"):
        shutil.copy(ROOT / "plugins" / "gimp" / "depixel-gimp" / name, folder)
    return cases_in_a_window(gimp, "states.py")


def answers_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The layers of a result, or those of its only group."""
    ((_, layers),) = result["layers"]
    return layers if isinstance(layers, list) else [layers]


def test_menu_and_ok_give_an_unsaved_image(seen: dict[str, Any]) -> None:
    """The whole dialog fits a screen of 768 pixels, folded or not; its rows are complete."""
    facts = seen["plain"]

    words, scales = facts["rows"]
    assert {"Target size", "Kind of picture", "Quality", "Result goes to"} <= set(words)
    assert scales == 4  # scale, answers, imagination, and the search steps among the folded rows
    assert {"Scales back by", "Read as", "Outlines"} <= set(facts["more"])
    letters = [letter for letter, _ in facts["mnemonics"]] + ["i", "f"]  # the last two: GIMP's own menu below Reset
    assert len(letters) > 15 and len(set(letters)) == len(letters), facts["mnemonics"]

    assert (facts["result"]["size"], facts["result"]["dirty"]) == ([128, 128], True)
    assert facts["fits"][2] and facts["fits-more"][2]


def test_candidates_side_by_side_are_what_ok_makes(seen: dict[str, Any]) -> None:
    """Each is labelled by what distinguishes it; the ticked ones, and no others, become layers."""
    facts = seen["four"]

    assert facts["ticks"] == ["smooth contours", "crisp corners", "soft shading", "thin outlines"]
    assert "OK makes the 2 ticked answers." in facts["says"] and facts["fits"][2]
    assert [pick["reading"] for pick in facts["picked"]] == ["crisp", "thin"]
    names = [layer["name"] for layer in answers_of(facts["result"])]
    assert [name.split(", ")[1:] for name in names] == [["crisp corners", "exact"], ["thin outlines", "exact"]]
    first, second = (layer["data"] for layer in answers_of(facts["result"]))
    assert first != second


def test_one_answer_is_kept_by_one_click(seen: dict[str, Any]) -> None:
    """Three clicks in the open dialog: the answers, the one, OK."""
    facts = seen["keep_one"]

    (layer,) = answers_of(facts["result"])
    assert "soft shading" in layer["name"] and facts["clicks"] == 3


def test_a_change_makes_answers_old_and_takes_ticks_away(seen: dict[str, Any]) -> None:
    """
    A small picture is updated automatically; the size of the result does not affect ticks; older answers stay visible.
    """
    facts = seen["changed"]

    assert facts["stale"] and "have changed" not in facts["followed"]
    assert facts["all"] == 3
    assert facts["picked"] == facts["after-size"] != "" and not facts["after-quality"]


def test_a_target_size_is_said_and_checked_before_ok(seen: dict[str, Any]) -> None:
    """An impossible size is refused in the dialog, which stays open."""
    facts = seen["sized"]

    assert "Result: 48 × 48 pixels" in facts["says"] and "approximately" in facts["says"]
    assert "A result of 40% would be smaller" in facts["refused"]
    assert facts["result"]["size"] == [48, 48]
    assert answers_of(facts["result"])[0]["name"].split(" ")[1] == "48px,"


def test_a_refusal_of_the_engine_loses_no_values(seen: dict[str, Any]) -> None:
    """The dialog returns with its sentence; after Cancel the next dialog still has the values."""
    facts = seen["refused"]

    assert "The face has no dial 'sparkle'" in facts["says"]
    assert facts["values"] == seen["unanswered"]["values"] == ["sparkle=3", 5, "drawn"]


def test_dials_write_the_text_of_the_person(seen: dict[str, Any]) -> None:
    """A slider and a choice; the engine understands both."""
    facts = seen["dials"]

    assert (facts["face"], facts["glasses"]) == ("age=+20", "age=+20, glasses=round")
    assert facts["fits"][2] and facts["result"] is not None


def test_more_like_one_face_keeps_the_others(seen: dict[str, Any]) -> None:
    """Four and four; OK makes the ticked one."""
    facts = seen["people"]

    assert facts["all"] == 8 and len(facts["ticked"]) == 1
    (layer,) = answers_of(facts["result"])
    assert f"seed {facts['ticked'][0]['seed']}" in layer["name"]


def test_presets_and_earlier_requests(seen: dict[str, Any]) -> None:
    """Depixel's, the user's own, and recent requests, in one menu."""
    facts = seen["presets"]

    assert "Pixel art, crisp corners" in facts["items"] and facts["own"] == "My sprites"
    assert any("150%" in line for line in facts["earlier"])
    assert any("crisp corners" in line for line in facts["earlier"])  # ticked answers, each separately
    assert any("thin outlines" in line for line in facts["earlier"])
    assert (facts["scale"], facts["default"]) == ([6, "pixel-art"], [4, "auto"])


def test_a_hidden_face_is_previewed_as_ok_makes_it(seen: dict[str, Any]) -> None:
    """The whole dialog fits a screen of 768 pixels, with all its text."""
    assert seen["anonymise"]["fits"][2]


def test_another_part_of_a_large_layer_is_previewed_by_a_click(seen: dict[str, Any]) -> None:
    """First the middle; then, on the whole layer, the part around the click."""
    facts = seen["large"]

    left, top, right, bottom = facts["middle"]
    assert abs(left - 128) <= 2 and abs(top - 128) <= 2 and (right - left, bottom - top) == (64, 64)
    assert facts["whole"] == [0, 0, 320, 320] and "Click on the part" in facts["says"]
    left, top, right, bottom = facts["corner"]
    assert abs(left + 32 - 64) <= 4 and abs(top + 32 - 64) <= 4 and (right - left, bottom - top) == (64, 64)


def test_the_dialog_of_a_command_stays_open_too(seen: dict[str, Any]) -> None:
    """A size below that of the source is refused, and the next one is made."""
    facts = seen["larger"]

    assert "choose 100% or more" in facts["says"]
    assert facts["result"]["size"] == [100, 100]


def test_a_filter_in_gimpfu_s_way_has_a_row_for_each_parameter(seen: dict[str, Any]) -> None:
    """Numbers, texts, a colour, files, switches and choices."""
    facts = seen["every_kind"]

    rows = set(facts["says"].split("\n"))
    assert {"Share", "Name", "Tone", "Flip", "Way", "Kind", "File", "Folder"} <= rows
    assert sorted(facts["scales"]) == [0.25, 50.0]  # sliders contain their label


@pytest.mark.parametrize(
    ("task", "clicks", "layers"),
    [
        ("task_sprite", 3, 1),
        ("task_keep_one_of_four", 8, 1),
        ("task_all_layers", 5, 2),
        ("task_faces", 3, 4),
        ("task_anonymise_and_share", 5, 1),
    ],
)
def test_clicks_from_the_menu_to_the_result(seen: dict[str, Any], task: str, clicks: int, layers: int) -> None:
    """As docs/gimp.md says; two of them open the dialog from the menu."""
    facts = seen[task]

    assert facts["clicks"] + 2 == clicks, facts
    assert sum(len(one) if isinstance(one, list) else 1 for _, one in facts["result"]["layers"]) == layers
