"""The README's first command with the released weights: every sample answered, every promise kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from short_search import shorten

from depixel import files
from depixel.cli import main
from depixel.domain import FACES
from depixel.priors.weights import released_names

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"
NAMES = sorted(p.relative_to(SAMPLES).as_posix() for p in SAMPLES.rglob("*.png"))

pytestmark = pytest.mark.weights


# Slow tests search as users do.
@pytest.fixture(autouse=True)
def _short(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("slow") is None:
        shorten(monkeypatch)


def _needs(kind: str) -> None:
    if not any(name.split("-")[0] == kind for name in released_names()):
        pytest.skip(f"no {kind} weights in this tree")


def test_samples_are_small_and_named_in_the_licence_note() -> None:
    """Less than 200 kB together; each file is listed in LICENSES.md."""
    note = (SAMPLES / "LICENSES.md").read_text("utf-8")

    assert sum((SAMPLES / name).stat().st_size for name in NAMES) < 200_000
    assert [name for name in NAMES if f"`{name}`" not in note] == []


def test_every_sample_scales_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At most 1 level anywhere and 0.05 on average; modes, frames and exact transparency are kept."""
    _needs("art")
    folders = [str(SAMPLES / name) for name in ("sprites", "pixel-art", "textures", "animations")]

    code = main(["upscale", *folders, "-o", str(tmp_path), "--json", "--device", "cpu"])

    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert document["counts"]["done"] == len(NAMES) - 2
    for row in document["pictures"]:
        residual = row["candidates"][0]["residual"]
        source, answer = files.read(row["source"]), files.read(row["candidates"][0]["path"])
        assert residual["maximum"] <= 1.0, row["name"]
        assert residual["mean"] <= 0.05, row["name"]
        assert (answer.width, answer.height) == (4 * source.width, 4 * source.height)
        assert (len(answer.frames), answer.durations) == (len(source.frames), source.durations)
        for small, large in zip(source.frames, answer.frames, strict=True):
            if source.has_alpha and answer.has_alpha:
                blocks = large[..., -1].reshape(source.height, 4, source.width, 4)
                hidden = blocks.max(axis=(1, 3))[small[..., -1] == 0]
                assert row["domain"] == "pixel-art" or (hidden == 0).all(), row["name"]
                assert set(np.unique(large[..., -1])) <= {0, 255} or len(np.unique(small[..., -1])) > 2, row["name"]


def test_faces_say_that_they_are_imagined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the line, at the end, in the report and in the file itself."""
    _needs("faces")

    wishes = ["--domain", "faces", "--steps", "2", "--candidates", "2", "--report"]

    code = main(["upscale", str(SAMPLES / "faces/portrait.png"), "-o", str(tmp_path), *wishes])

    printed = capsys.readouterr().out
    assert code == 0
    assert "imagined" in printed and "invented" in printed
    assert "of 255 levels" in printed  # how well the face fitted
    assert "invented" in (tmp_path / "depixel-report.html").read_text("utf-8").split('<article class="card"')[1]
    for name in ("portrait.png", "portrait.candidate-2.png"):
        text = files.read(tmp_path / name).text
        assert FACES.disclosure in text["Description"]
        assert FACES.disclosure in text["Comment"]


@pytest.mark.parametrize("search", ["short", pytest.param("full", marks=pytest.mark.slow)])
def test_other_faces_look_different(search: str, tmp_path: Path) -> None:
    """By default a second face differs in its features, by about 2 levels on average or more."""
    _needs("faces")
    source = SAMPLES / "faces" / "portrait.png"

    assert main(["upscale", str(source), "-o", str(tmp_path), "--domain", "faces", "--candidates", "2"]) == 0

    first, second = (
        files.read(tmp_path / f"portrait{part}.png").frames[0].astype(float) for part in ("", ".candidate-2")
    )
    assert np.abs(first - second)[32:112, 32:96, :3].mean() > 1.8
