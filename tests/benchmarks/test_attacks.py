"""The attack suite itself: a short run of the parts that take seconds; a fault in a part is a fault of the run."""

from __future__ import annotations

import importlib
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


def test_results_of_other_parts_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of this machine, in the order of the parts; not of another machine, nor of a damaged file."""
    monkeypatch.syspath_prepend(str(ATTACKS.parent))
    attacks = importlib.import_module("attacks")
    out = tmp_path / "attacks.json"
    parts = {"fuzz": {"faults": []}, "names": {"faults": ["one"]}, "unknown": {}}

    out.write_text(json.dumps({"machine": attacks.machine(), "parts": parts}))
    kept = attacks.parts_of(out)
    out.write_text(json.dumps({"machine": "another", "parts": parts}))
    of_another = attacks.parts_of(out)
    out.write_text("{")

    assert list(kept) == ["names", "fuzz"]
    assert kept["names"] == {"faults": ["one"]}
    assert of_another == attacks.parts_of(out) == attacks.parts_of(tmp_path / "none") == attacks.parts_of(None) == {}
