"""Waiting time of a GIMP user from menu to new image, and where the time is spent."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.hosts.gimp.conftest import Gimp

pytestmark = pytest.mark.host


def test_an_upscale_is_quick(gimp: Gimp) -> None:
    """From the call to the new image, 64x64 and a warm engine; the numbers are saved with the screenshots."""
    facts = gimp.run("seconds.py")
    shots = Path(os.environ.get("DEPIXEL_HOST_SHOTS", gimp.host.root.parent / "screenshots"))
    shots.mkdir(parents=True, exist_ok=True)
    (shots / "gimp-seconds.json").write_text(json.dumps(facts, indent=1), "utf-8")

    assert (facts["whole"]["status"], facts["start"]["status"]) == (["success"], ["execution-error"])
    assert facts["start"]["median"] < facts["whole"]["median"]
    assert len(facts["start_and_whole"]["seconds"]) == len(facts["whole"]["seconds"])
    assert facts["whole"]["seconds"][0] < 10  # 1 s is the goal on an idle machine; this one may be busy
