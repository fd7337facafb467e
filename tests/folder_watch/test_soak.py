"""A short soak test; the long one is in benchmarks/, with its figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).resolve().parents[2] / "benchmarks" / "watch_soak.py"


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_killed_eight_times_while_files_come_and_go(tmp_path: Path) -> None:
    """SIGKILL at random moments: outputs match their sources exactly, nothing is partial, the ledger is intact."""
    out = tmp_path / "soak.json"

    subprocess.run([sys.executable, str(SOAK), "--kills", "8", "--actions", "300", "--out", str(out)], check=True)

    result = json.loads(out.read_text())
    assert result["kills"] == 8
    assert result["wrong"] == []
    assert result["ledgers_whole"]
