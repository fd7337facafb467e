"""`--only-below` and `--most` for plain pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel import files
from depixel.batch.caps import SizeCaps
from depixel.batch.plan import Problem
from depixel.cli import main
from depixel.picture import Picture
from depixel.request import Request


def _picture(side: int) -> Picture:
    return Picture((np.random.default_rng(side).integers(0, 255, (side, 6, 3)).astype(np.uint8),), mode="RGB")


@pytest.mark.parametrize(
    ("side", "caps", "request_", "settled"),
    [
        (32, SizeCaps(), Request(), Request()),
        (32, SizeCaps(only_below=33), Request(), Request()),
        (32, SizeCaps(most=100), Request(), Request(scale=3)),
        (32, SizeCaps(most=128), Request(), Request()),
        (32, SizeCaps(most=64), Request(scale=8), Request(scale=2)),
        (32, SizeCaps(most=50), Request(size=200), Request(size=50)),
    ],
)
def test_what_is_asked_of_a_picture(side: int, caps: SizeCaps, request_: Request, settled: Request) -> None:
    """The scale is as large as the limit allows."""
    assert caps.settle(_picture(side), request_) == settled


@pytest.mark.parametrize(("caps", "word"), [(SizeCaps(only_below=32), "--only-below"), (SizeCaps(most=63), "--most")])
def test_what_is_too_large_is_skipped(caps: SizeCaps, word: str) -> None:
    """The message names the option."""
    problem = caps.settle(_picture(32), Request())
    assert isinstance(problem, Problem) and problem.status == "skipped" and word in problem.reason


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pictures of several sizes in one run: each gets its own scale, and a dry run reports the same."""
    (tmp_path / "in").mkdir()
    for side in (8, 16, 24, 40):
        files.write(tmp_path / "in" / f"{side}.png", _picture(side))
    weights = str(write_tiny_art(tmp_path))
    command = ["upscale", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--only-below", "40", "--most", "48"]
    command += ["--weights", weights, "--device", "cpu", "--json"]

    assert main([*command, "--dry-run"]) == 0
    planned = {row["name"]: row["status"] for row in json.loads(capsys.readouterr().out)["pictures"]}
    assert main(command) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["pictures"]}

    assert {name: row.get("scale") for name, row in rows.items()} == {
        "8.png": 4, "16.png": 3, "24.png": 2, "40.png": None
    }  # fmt: skip
    assert planned == {"8.png": "planned", "16.png": "planned", "24.png": "planned", "40.png": "skipped"}
    assert rows["40.png"]["status"] == "skipped"
