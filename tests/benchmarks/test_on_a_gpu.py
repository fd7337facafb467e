"""The GPU script works: its dry run on a CPU goes through every part without failures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.timeout(300)
def test_the_dry_run_fills_the_table(tmp_path: Path) -> None:
    """Each part has rows, and none reports a failure."""
    command = [sys.executable, str(ROOT / "benchmarks/on_a_gpu.py"), "--dry", "--out", str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)

    table = (tmp_path / "on_a_gpu.md").read_text("utf-8")
    assert done.returncode == 0, table + done.stderr
    assert "failed" not in table
    for part in ("answers", "art", "faces", "portraits", "folder", "memory"):
        assert f"| {part} |" in table
