"""The soak test in several sittings: their results add up, and none of their faults is lost."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_sittings_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours and counts are sums; one sitting is its own result."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    together = importlib.import_module("soak").together
    one: dict[str, Any] = {
        "hours": 1.5, "actions_in_the_folder": 10, "answers": {"right": 3}, "requests_of_strangers": 7, "faults": [],
    }  # fmt: skip
    two = {**one, "hours": 2.75, "answers": {"right": 1, "left early": 1}, "faults": ["a fault"]}

    result = together([one, two])

    assert together([one]) == one
    assert result["hours"] == 4.25
    assert result["longest_sitting_hours"] == 2.75
    assert result["answers"] == {"right": 4, "left early": 1}
    assert result["actions_in_the_folder"] == 20
    assert result["faults"] == ["a fault"]
    assert result["sittings"] == [one, two]


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_second_sitting_goes_on(tmp_path: Path) -> None:
    """In the same folder, with the ledger and the files of the first."""
    words = (
        "--hours",
        "0.004",
        "--interval",
        "3",
        "--folder",
        str(tmp_path / "soak"),
        "--out",
        str(tmp_path / "out.json"),
    )
    for _ in range(2):
        environment = {**os.environ, "HOME": str(tmp_path)}
        ran = subprocess.run(
            [sys.executable, str(BENCHMARKS / "soak.py"), *words],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert ran.returncode in (0, 1), ran.stdout + ran.stderr

    result = json.loads((tmp_path / "out.json").read_text())
    assert result["sittings_with_new_processes"] == 2
    assert [fault for fault in result["faults"] if " grew by " not in fault] == []  # both have only just started
