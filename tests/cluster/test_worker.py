"""What a worker leaves behind when Ray kills it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from depixel.cluster import worker


@pytest.mark.skipif(os.name != "posix", reason="processes are asked for by signals")
def test_models_of_dead_workers_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their folders go when the next worker starts on this machine; those of running workers and others stay."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = {
        "dead": f"depixel-models-{platform.node()}-{ended.pid}-x",
        "running": f"depixel-models-{platform.node()}-{os.getpid()}-x",
        "elsewhere": f"depixel-models-other-{ended.pid}-x",
        "no number": f"depixel-models-{platform.node()}-x-x",
    }
    for name in names.values():
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"x")

    worker._delete_leftovers()

    assert {name for name, folder in names.items() if not (tmp_path / folder).exists()} == {"dead"}
