"""A real GIMP window: the dialog opens, is accepted, and one Ctrl+Z reverts everything."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.hosts.conftest import finish
from tests.hosts.gimp.conftest import HERE, ROOT, Gimp

from depixel.client import Engine, Place

pytestmark = pytest.mark.host


def in_a_window(gimp: Gimp, program: str, picture: Path, script: str = "") -> subprocess.Popen[str]:
    """A GIMP with windows that has `picture` open."""
    return gimp.host.start(
        *("bash", str(HERE / "inside" / program)),
        GIMP3_DIRECTORY=str(gimp.profile),
        INSIDE=str(HERE / "inside"),
        OUT=str(gimp.host.work / "out"),
        PICTURE=str(picture),
        SCRIPT=script,
    )


def keep_screenshots(gimp: Gimp) -> None:
    """They go to DEPIXEL_HOST_SHOTS (default: next to the cached root), for inspection."""
    shots = Path(os.environ.get("DEPIXEL_HOST_SHOTS", gimp.host.root.parent / "screenshots"))
    shots.mkdir(parents=True, exist_ok=True)
    for picture in (gimp.host.work / "out").glob("window-*.png"):
        shutil.copy(picture, shots / f"gimp-{picture.name}")


def test_dialog_and_undo(gimp: Gimp) -> None:
    """Screenshots go to DEPIXEL_HOST_SHOTS (default: next to the cached root), for inspection."""
    out = gimp.host.work / "out"
    drawn = np.zeros((16, 16, 4), np.uint8)
    drawn[2:14, 4:12] = (190, 60, 70, 255)
    drawn[4:7, 5:11] = (240, 200, 160, 255)
    drawn[5, 6] = drawn[5, 9] = (20, 20, 60, 255)
    Image.fromarray(drawn).save(out / "hero.png")
    finish(in_a_window(gimp, "window.sh", out / "hero.png"), 800)
    keep_screenshots(gimp)
    log = (out / "window.log").read_text("utf-8", "replace")
    assert (out / "window.py.json").is_file(), log[-3000:]
    seen = json.loads((out / "window.py.json").read_text("utf-8"))

    with Image.open(out / "window-dialog.png") as dialog, Image.open(out / "window-preview.png") as answered:
        same = dialog.size == answered.size and np.array_equal(np.asarray(dialog), np.asarray(answered))
    assert not same, "the line between before and after moved nothing"
    assert seen["dialog"]["status"] == "success", log[-2000:]
    assert sorted(seen["dialog"]["images"]) == [[16, 16], [64, 64]]
    for output in ("new-layers", "replace"):
        assert seen[output]["status"] == "success"
        assert seen[output]["changed"] and seen[output]["undone"], seen[output]
    assert len(seen["steps"]) == 6
    for case, step in seen["steps"].items():  # one Ctrl+Z reverts all of it, one Ctrl+Y restores it
        assert step["status"] == "success", (case, step)
        assert step["changed"] and step["undone"] and step["redone"], (case, step)


def test_face_dialogs_last_values_and_cancel(gimp: Gimp) -> None:
    """
    The dialogs of both faces preview the selected face; Escape changes nothing, Return does; last values are those of
    the dialog; GIMP's own Cancel button, pressed with the mouse, frees the engine and does not change the image.
    """
    out = gimp.host.work / "out"
    small = out / "portrait.png"
    with Image.open(ROOT / "samples" / "faces" / "portrait.png") as portrait:
        portrait.convert("RGB").resize((64, 64), Image.Resampling.BOX).save(small)
    engine = Engine("tests", Place(str(gimp.host.work / "run")))
    process = in_a_window(gimp, "display.sh", small, "dialogs.py")
    try:
        deadline = time.monotonic() + 600
        while not (out / "cancel-now").is_file() and process.poll() is None:
            assert time.monotonic() < deadline, "the job to be cancelled never began"
            time.sleep(0.1)
        began, freed = time.monotonic(), None
        while freed is None and time.monotonic() < began + 120:
            if engine.hello().queued == 0:
                freed = time.monotonic() - began
            time.sleep(0.1)
        finish(process, 300)
    finally:
        keep_screenshots(gimp)
    log = (out / "dialogs.py.log").read_text("utf-8", "replace")
    assert (out / "dialogs.py.json").is_file(), log[-3000:]
    seen = json.loads((out / "dialogs.py.json").read_text("utf-8"))

    for name in ("imagine", "anonymise"):
        with (
            Image.open(out / f"window-{name}.png") as dialog,
            Image.open(out / f"window-{name}-preview.png") as answered,
        ):
            assert dialog.size != answered.size or not np.array_equal(np.asarray(dialog), np.asarray(answered))
    assert seen["imagine"][0] == "cancel", seen["imagine"]
    assert seen["anonymise"][0] == "success", seen["anonymise"]
    assert seen["layers"] == ["portrait.png imagined, seed 3, imagination 0.3, exact", "portrait.png"]
    assert (seen["last"][0], seen["last"][2][0]) == ("success", "portrait.png imagined, seed 3, imagination 0.3, exact")
    assert seen["cancel"]["status"] != "success" and seen["cancel"]["same"]
    assert freed is not None and freed < 60  # one tile on a busy machine; the whole job has 49


def test_closing_the_image_stops_its_job_and_ctrl_f_repeats(gimp: Gimp) -> None:
    """Started as a user does: the engine is free within seconds of Ctrl+W, although the job would take minutes."""
    out = gimp.host.work / "out"
    small = out / "sprite.png"
    Image.fromarray(np.tile(np.arange(0, 240, 16, dtype=np.uint8)[:, None, None], (1, 15, 3))).save(small)
    engine = Engine("tests", Place(str(gimp.host.work / "run")))
    process = in_a_window(gimp, "display.sh", small, "closing.py")
    freed, busy = None, False
    try:
        deadline = time.monotonic() + 500
        while not (out / "close-now").is_file() and process.poll() is None:
            assert time.monotonic() < deadline, "the job never began"
            time.sleep(0.1)
        began = time.monotonic()
        while time.monotonic() < began + 120 and process.poll() is None:
            queued = engine.hello().queued
            if queued and not busy:
                busy = True
                (out / "busy-seen").write_text("now")
                began = time.monotonic()
            if busy and not queued:
                freed = time.monotonic() - began
                break
            time.sleep(0.1)
        finish(process, 200)
    finally:
        keep_screenshots(gimp)
    log = (out / "closing.py.log").read_text("utf-8", "replace")
    assert (out / "closing.py.json").is_file(), log[-3000:]
    seen = json.loads((out / "closing.py.json").read_text("utf-8"))

    assert seen["first"] and seen["made"] == [60, 60, True], seen
    assert seen["closed"] and seen["repeated"], seen
    assert busy and seen["gone"] and freed is not None and freed < 30, (freed, seen)
