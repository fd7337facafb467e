"""A real GIMP window: the dialog opens, is accepted, and one Ctrl+Z takes everything back."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.hosts.conftest import finish
from tests.hosts.gimp.conftest import HERE, Gimp

pytestmark = pytest.mark.host


def test_dialog_and_undo(gimp: Gimp) -> None:
    """Screenshots go to DEPIXEL_HOST_SHOTS (default: beside the cached root), to be looked at."""
    out = gimp.host.work / "out"
    drawn = np.zeros((16, 16, 4), np.uint8)
    drawn[2:14, 4:12] = (190, 60, 70, 255)
    drawn[4:7, 5:11] = (240, 200, 160, 255)
    drawn[5, 6] = drawn[5, 9] = (20, 20, 60, 255)
    Image.fromarray(drawn).save(out / "hero.png")
    process = gimp.host.start(
        *("bash", str(HERE / "inside" / "window.sh")),
        GIMP3_DIRECTORY=str(gimp.profile),
        INSIDE=str(HERE / "inside"),
        OUT=str(out),
        PICTURE=str(out / "hero.png"),
    )
    finish(process, 800)
    shots = Path(os.environ.get("DEPIXEL_HOST_SHOTS", gimp.host.root.parent / "screenshots"))
    shots.mkdir(parents=True, exist_ok=True)
    for picture in out.glob("window-*.png"):
        shutil.copy(picture, shots / f"gimp-{picture.name}")
    log = (out / "window.log").read_text("utf-8", "replace")
    assert (out / "window.py.json").is_file(), log[-3000:]
    seen = json.loads((out / "window.py.json").read_text("utf-8"))

    with Image.open(out / "window-dialog.png") as asked, Image.open(out / "window-preview.png") as answered:
        same = asked.size == answered.size and np.array_equal(np.asarray(asked), np.asarray(answered))
    assert not same, "the preview button showed nothing"
    assert seen["dialog"]["status"] == "success", log[-2000:]
    assert sorted(seen["dialog"]["images"]) == [[16, 16], [64, 64]]
    for output in ("new-layers", "replace"):
        assert seen[output]["status"] == "success"
        assert seen[output]["changed"] and seen[output]["undone"], seen[output]
