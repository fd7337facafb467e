"""The attack suite itself: a short run of the parts that take seconds; a fault in a part is a fault of the run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ATTACKS = Path(__file__).resolve().parents[2] / "benchmarks" / "attacks.py"


def run(tmp_path: Path, *words: str) -> tuple[int, dict[str, dict[str, object]]]:
    """The exit code and the parts of the result."""
    out = tmp_path / "attacks.json"
    command = [sys.executable, str(ATTACKS), *words, "--short", "--out", str(out)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert out.exists(), ran.stderr
    return ran.returncode, json.loads(out.read_text())["parts"]


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.name != "posix", reason="kills and forks")
def test_names_that_move_while_watchers_die(tmp_path: Path) -> None:
    """Each step of publication, 60 frames under load, an animation of 60 frames whose watcher is killed."""
    code, parts = run(tmp_path, "names")

    assert parts["names"]["faults"] == []
    assert code == 0
    assert parts["names"]["steps"] > 8  # type: ignore[operator]


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in /proc")
def test_bombs_cost_little(tmp_path: Path) -> None:
    """All bombs one by one and together; the good files among them are answered."""
    code, parts = run(tmp_path, "bombs")

    assert parts["bombs"]["faults"] == []
    assert code == 0


def test_an_unknown_part_is_a_sentence() -> None:
    """It lists the parts."""
    ran = subprocess.run([sys.executable, str(ATTACKS), "bomb"], capture_output=True, text=True, check=False)

    assert ran.returncode == 2
    assert "there is no part 'bomb'; choose from names, kills" in ran.stderr
