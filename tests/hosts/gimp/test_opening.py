"""The dialogs open in less than twice the time of an empty plug-in dialog, measured alternately in one run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from statistics import median

import pytest
from tests.hosts.gimp.conftest import HERE, Gimp
from tests.hosts.gimp.test_states import in_a_window

pytestmark = pytest.mark.host


def test_dialogs_open_quickly(gimp: Gimp) -> None:
    """From the call to the visible window; the numbers are saved with the screenshots."""
    folder = gimp.profile / "plug-ins" / "empty-dialog"
    folder.mkdir(exist_ok=True)
    shutil.copy(HERE / "inside" / "empty-dialog.py", folder)
    (folder / "empty-dialog.py").chmod(0o755)

    facts = in_a_window(gimp, "opening.py")
    shutil.rmtree(folder)

    shots = Path(os.environ.get("DEPIXEL_HOST_SHOTS", gimp.host.root.parent / "screenshots"))
    (shots / "gimp-opening.json").write_text(json.dumps(facts, indent=1), "utf-8")
    empty = median(facts["empty"])
    for name in ("upscale", "imagine"):
        assert median(facts[name]) < 2 * empty, facts
