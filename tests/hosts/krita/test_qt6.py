"""The plug-in's widgets under PyQt6, as Krita 6 will run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.hosts.conftest import Host, finish

pytestmark = pytest.mark.host
PANELS = Path(__file__).with_name("panels.py")


def test_widgets_under_qt6(host: Host) -> None:
    """
    Dialogs, docker, answers side by side and dials are drawn and react to mouse and keys; all fits a narrow docker.
    """
    out = host.work / "qt6"
    out.mkdir()

    said = finish(
        host.start("python3", str(PANELS), "PyQt6", str(out), QT_QPA_PLATFORM="offscreen", XDG_RUNTIME_DIR=str(out)),
        120,
    )

    facts = json.loads(said.strip().splitlines()[-1])
    assert facts["qt"] == "PyQt6.QtCore"
    assert "Traceback" not in said
    assert sorted(facts["widths"]) == ["anonymise-face", "imagine-face", "upscale"]
    for least, with_answers, width, needed in facts["widths"].values():
        assert max(least, with_answers, needed) <= width <= 250
    assert facts["marked"] == [[[1], 1.25]] * 3
    assert facts["face"] == ["age=+10"] * 2
    for before, moved_by_keys, moved_by_mouse in facts["colours"]:
        assert (before, moved_by_keys, moved_by_mouse) == ("0xffc83c1e", "0xff3c5adc", "0xffc83c1e")
    assert len(list(out.glob("*.png"))) == 11
