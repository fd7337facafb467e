"""Every kind of picture in a real GIMP: the plug-in's pixels equal the engine's, or a sentence says why not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.hosts.gimp.conftest import ROOT, Gimp

from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

pytestmark = pytest.mark.host

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@pytest.fixture(scope="module")
def seen(gimp: Gimp) -> dict[str, Any]:
    """The results of all cases from GIMP's side, in one run."""
    return gimp.cases("kinds.py")


def array(values: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Samples of a dumped layer, [H, W, C]."""
    kind = "<u2" if values["depth"] == 16 else "u1"
    flat = np.frombuffer(bytes.fromhex(values["data"]), kind)
    return flat.reshape(values["height"], values["width"], values["channels"])


def expected(upsampler: Upsampler, values: dict[str, Any], palette: object = None, **settings: Any) -> list[Any]:
    """The engine's answers to a dumped layer, best first."""
    frame = array(values)
    frame = frame.astype(np.uint16 if values["depth"] == 16 else np.uint8)
    mode = MODES[values["channels"]] + (";16" if values["depth"] == 16 else "")
    if mode == "L;16":
        mode = "I;16"
    picture = Picture((frame,), mode="P" if palette is not None else mode, palette=palette, name=values["name"])  # type: ignore[arg-type]
    report = upsampler.upsample(picture, Request(**{"scale": 3, "domain": "art", **settings}))
    return [candidate.picture.frames[0] for candidate in report.candidates]


def test_menu_entries_and_typed_arguments(seen: dict[str, Any]) -> None:
    """Three entries below Filters > Depixel, each a procedure that scripts can call."""
    facts = seen["registered"]

    assert {name: values["menus"] for name, values in facts.items()} == {
        name: ["<Image>/Filters/Depixel"] for name in ("upscale", "imagine-face", "anonymise-face")
    }
    wanted = {"scale", "domain", "degradation", "candidates", "imagination", "seed", "steps", "output"}
    assert wanted <= set(facts["upscale"]["arguments"])


@pytest.mark.parametrize(
    ("case", "tolerance"),
    [
        ("rgba", 0),
        ("rgb", 0),
        ("grey", 0),
        ("grey_alpha", 0),
        ("rgba_16", 0),
        ("rgba_8_linear", 0),
        ("rgba_16_linear", 700),  # GIMP stores the answer in 16 bits of linear light: dark values have few codes
        ("rgb_float_linear", 1),
        ("rgba_half", 40),  # half floats have 11 bits
    ],
)
def test_pixels_are_the_engine_s(seen: dict[str, Any], upsampler: Upsampler, case: str, tolerance: int) -> None:
    """A new image with the engine's exact pixels; the source keeps its pixels and is not marked as changed."""
    facts = seen[case]
    answer = array(facts["answer"]).astype(np.int64)
    visible = answer[..., -1:] > 0 if facts["answer"]["channels"] in (2, 4) else True
    difference = np.abs(answer - expected(upsampler, facts["before"])[0].astype(np.int64)) * visible

    assert facts["status"] == "success"
    assert difference.max() <= tolerance
    assert facts["before"] == facts["after"]
    assert not facts["dirty"]
    assert facts["another"] and facts["undo"] and facts["layers"] == 1
    assert facts["size"] == [27, 21]
    assert facts["answer"]["name"] == "hero x3, seed 0, exact"
    assert "Depixel" in facts["comment"] and "art-small" in facts["comment"]


def test_a_profile_is_kept_and_nothing_is_converted(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """The engine sees the stored samples, and new images and layers are in the picture's own colour space."""
    facts = seen["profile"]

    assert (facts["status"], facts["status2"], facts["kept"], facts["dirty"]) == ("success", "success", True, False)
    assert facts["answer"]["data"] == facts["layer"]["data"] == seen["rgba"]["answer"]["data"]
    grey = seen["undo_of_profile_is_clean"]
    assert (grey["status"], grey["dirty"], grey["same"], grey["label"]) == ("success", False, True, True)


def test_indexed_becomes_rgb_when_new_colours_may_appear(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """Like `depixel upscale`: free colours no longer fit the palette."""
    facts = seen["indexed_free"]

    assert facts["base"] == "rgb"
    assert len(np.unique(array(facts["answer"]).reshape(-1, 4), axis=0)) > 7


def test_indexed_stays_indexed_with_its_own_colours(seen: dict[str, Any]) -> None:
    """Colours: only those of the picture; GIMP replaces none on the way."""
    facts = seen["indexed_keep"]
    colours = {tuple(pixel) for pixel in array(facts["before"]).reshape(-1, 4) if pixel[3]}
    answered = {tuple(pixel) for pixel in array(facts["answer"]).reshape(-1, 4) if pixel[3]}

    assert (facts["status"], facts["status2"], facts["base"]) == ("success", "success", "indexed")
    assert answered <= colours
    assert facts["answer"]["data"] == facts["layer"]["data"]


def test_indexed_with_new_colours_is_refused(seen: dict[str, Any]) -> None:
    """A layer of an indexed image cannot take new colours: a sentence with three ways out, and nothing changes."""
    facts = seen["indexed_new_colours_refused"]

    assert (facts["status"], facts["layers"]) == ("execution-error", 1)
    assert "indexed" in facts["error"] and "Image > Mode > RGB" in facts["error"]


def test_filters_on_a_layer_are_part_of_what_is_seen(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """A new image shows the filtered pixels; replaced pixels are those under the filter, which stays."""
    facts = seen["filters"]

    assert (facts["status"], facts["status2"], facts["kept"]) == ("success", "success", 1), facts["error"]
    assert facts["seen"]["data"] != facts["before"]["data"]
    assert np.array_equal(array(facts["answer"]), expected(upsampler, facts["seen"])[0])
    assert np.array_equal(array(facts["replaced"]), expected(upsampler, facts["before"])[0])


def test_a_cmyk_soft_proof_is_kept(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """Profile, intent and black point of the proof are copied to the new image; the pixels stay RGB and exact."""
    facts = seen["soft_proof"]

    assert (facts["status"], facts["cmyk"], facts["kept"], facts["intent"], facts["bpc"]) == ("success", *(True,) * 4)
    assert np.array_equal(array(facts["answer"]), expected(upsampler, facts["before"])[0])


def test_a_mask_is_part_of_what_is_seen(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """The mask becomes alpha; when pixels are replaced it stays a mask and is scaled with the layer."""
    facts, replaced = seen["mask"], seen["mask_stays_when_replaced"]

    assert np.array_equal(array(facts["answer"]), expected(upsampler, facts["before"])[0])
    assert np.array_equal(array(replaced["answer"]), expected(upsampler, replaced["before"], scale=2)[0])
    assert replaced["mask"] == [18, 14]
    assert facts["as_gimp"] <= 1  # alpha as from GIMP's own Apply Layer Mask
    assert "mask is selected" in facts["error2"]


def test_groups(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """A group is answered as it looks; it cannot be replaced; new layers appear next to their source, in its group."""
    facts = seen["group"]

    assert np.array_equal(array(facts["answer"]), expected(upsampler, facts["before"])[0])
    assert "layer group and cannot be replaced" in facts["error2"]
    assert facts["together"] == [["G x3, seed 0, exact"], ""]  # with a layer inside it
    assert facts["inside"] == ["in x2, seed 0, exact", "in"]


def test_several_layers_keep_their_places(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """Two selected layers become two layers of one new image, at their positions times the scale."""
    facts = seen["several"]

    assert facts["size"] == [27, 21]
    for before, answer in zip(facts["before"], facts["answers"], strict=True):
        assert np.array_equal(array(answer), expected(upsampler, before)[0])
        assert answer["offsets"] == [3 * value for value in before["offsets"]]


def test_candidates_are_a_group(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """The best is on top and alone visible; seed and exactness are in the names."""
    facts = seen["candidates"]
    wanted = expected(upsampler, facts["before"], candidates=3, imagination=0.8, seed=5)

    assert (facts["group"], facts["is_group"]) == ("hero x3: 3 answers", True)
    assert [answer["visible"] for answer in facts["answers"]] == [True, False, False]
    assert all(np.array_equal(array(a), b) for a, b in zip(facts["answers"], wanted, strict=True))
    best, other = facts["chosen"]  # the best is selected
    assert (best, other) == ([facts["answers"][0]["name"]], ["hero x2, seed 0, imagination 0.8, exact"])
    assert all("seed" in answer["name"] and "exact" in answer["name"] for answer in facts["answers"])


def test_replace_scales_the_image(seen: dict[str, Any], upsampler: Upsampler) -> None:
    """The layer has the answer; the others are enlarged by repetition."""
    facts = seen["replace"]

    assert (facts["same"], facts["size"], facts["other"]) == (True, [27, 21], [27, 21])
    assert np.array_equal(array(facts["answer"]), expected(upsampler, facts["before"])[0])
    assert "Replace can take only one answer" in facts["refused"]


def test_text_layers(seen: dict[str, Any]) -> None:
    """Text can be a source, and is never silently turned into pixels."""
    assert seen["text_layer"]["status"] == "success"
    assert "text layer" in seen["text_layer"]["refused"]


def test_links_and_vectors_of_gimp_3_2_are_answered_and_never_replaced(seen: dict[str, Any]) -> None:
    """GIMP 3.0 has neither: nothing is tested there."""
    for kind, (status, error, width, source_width, refused) in seen["layers_of_gimp_3_2"].items():
        assert (status, width) == ("success", 2 * source_width), (kind, error)
        assert "cannot be replaced by pixels" in refused and kind in refused


def test_frames_are_one_job(seen: dict[str, Any]) -> None:
    """All layers as frames: each on the whole canvas, in order, in a new image."""
    facts = seen["frames"]

    assert (facts["size"], len(facts["answers"])) == ([27, 21], 3)
    assert [answer["name"] for answer in facts["answers"]] == ["walk 1", "walk 2 (80ms)", "walk 3 (80ms)"]  # for GIF
    assert "choose New image" in facts["refused"]
    assert "upscaled as a whole" in facts["refused2"]  # with a selection
    assert array(facts["answers"][1])[:, :3, 3].max() == 0  # the second layer begins one pixel further right


def test_wrong_arguments_are_refused_by_name(seen: dict[str, Any]) -> None:
    """GIMP would warn and use the default."""
    for name, (status, error) in seen["wrong_arguments"].items():
        assert status == "execution-error", name
        assert error.startswith(name), error


def test_new_layers_lie_above_their_source(seen: dict[str, Any]) -> None:
    """In the same image, at the same position."""
    facts = seen["layers_in_place"]

    assert facts["same"]
    assert facts["names"] == ["above", "hero x2: 2 answers", "hero"]
    assert facts["offsets"] == [[2, 1], [2, 1]]


def test_the_exported_png_is_that_of_the_command_line(seen: dict[str, Any], gimp: Gimp, tmp_path: Path) -> None:
    """GIMP and `depixel upscale` give the same pixels for the same settings."""
    assert seen["exported"]["status"] == "success", seen["exported"]
    assert seen["exported"]["names"] == ["hero-x4.xcf", "hero-x4.xcf", "hero-x4-2.xcf"]  # never over another file
    assert seen["exported"]["dirty"]  # it was not saved
    source, ours = gimp.host.work / "out" / "hero.png", gimp.host.work / "out" / "hero-gimp.png"
    options = ["--scale", "4", "--seed", "7", "-o", str(tmp_path / "cli.png")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core")}

    subprocess.run([sys.executable, "-m", "depixel", "upscale", str(source), *options], check=True, env=environment)

    with Image.open(ours) as a, Image.open(tmp_path / "cli.png") as b:
        assert a.mode == b.mode == "RGBA"
        assert np.array_equal(np.asarray(a), np.asarray(b))
