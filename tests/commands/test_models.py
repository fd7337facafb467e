"""`depixel models`: adds third-party models, uses them by name, and removes them."""

from __future__ import annotations

import json
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file
from tiny_art import write_tiny_art
from tiny_stylegan import ada_state, tiny_generator

from depixel.cli import main
from depixel.errors import BadUsageError
from depixel.picture import Picture
from depixel.priors.weights import added_names, released_names
from depixel.request import Request
from depixel.upsampler import Upsampler


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of added weights."""
    monkeypatch.setenv("DEPIXEL_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def download(tmp_path: Path) -> Path:
    """The user's download: a generator with NVIDIA's tensor names."""
    path = tmp_path / "My Faces 16.safetensors"
    save_file({key: value.clone() for key, value in ada_state(tiny_generator()).items()}, path)
    return path


def test_added_generators_are_listed_used_by_name_and_removed(
    folder: Path, download: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`models add` stores it with its licence; `--model NAME` imagines faces with it; `models remove` removes it."""
    assert main(["models", "add", str(download), "--licence", "CC BY-NC 4.0"]) == 0
    assert "--model my-faces-16" in capsys.readouterr().out
    assert "CC BY-NC 4.0" in (folder / "my-faces-16.md").read_text()
    assert main(["models", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (listed,) = [model for model in document["models"] if model["added"]]
    assert (listed["name"], listed["kind"], listed["licence"]) == ("my-faces-16", "faces", "CC BY-NC 4.0")
    assert main(["models", "add", str(download), "--licence", "CC BY-NC 4.0"]) == 2
    assert "depixel models remove my-faces-16" in capsys.readouterr().err

    face = tmp_path / "face.png"
    Image.fromarray(np.random.default_rng(0).integers(60, 200, (8, 8, 3), dtype=np.uint8)).save(face)
    options = ["--domain", "faces", "--model", "my-faces-16", "--steps", "3", "--scale", "2", "--json"]
    assert main(["upscale", str(face), "-o", str(tmp_path / "out.png"), *options]) == 0
    (row,) = json.loads(capsys.readouterr().out)["pictures"]
    assert row["model"].startswith("my-faces-16 ")
    assert row["candidates"][0]["residual"]["maximum"] < 0.5

    assert main(["models", "remove", "my-faces-16"]) == 0
    assert not list(folder.iterdir())
    assert main(["upscale", str(face), "-o", str(tmp_path / "again.png"), *options]) == 2
    assert "there is no model 'my-faces-16'; " in capsys.readouterr().err


def test_a_malicious_file_is_refused_with_one_sentence_and_runs_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pickle that calls the system: exit code 1, one line, nothing written, nothing run."""
    marker = tmp_path / "it-ran"

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, (f"touch '{marker}'",)

    (tmp_path / "ffhq.pkl").write_bytes(pickle.dumps({"G_ema": Evil()}))

    assert main(["models", "add", str(tmp_path / "ffhq.pkl"), "--licence", "MIT"]) == 1

    printed = capsys.readouterr().err
    assert "ffhq.pkl was refused" in printed
    assert printed.count("\n") == 1
    assert not marker.exists()
    assert added_names() == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "licence"),
        (["--licence", "MIT", "--name", "../x"], "not a valid name"),
        (["--licence", "MIT", "--name", "auto"], "size"),
        (["--licence", "MIT", "--name", released_names()[0]], "exists already"),
    ],
)
def test_no_licence_or_no_good_name_adds_nothing(
    folder: Path, download: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    """The licence is required; names stay within the folder and never hide released weights."""
    assert main(["models", "add", str(download), *options]) == 2
    assert sentence in capsys.readouterr().err
    assert added_names() == []


def test_the_licence_is_asked_for_at_a_terminal(
    folder: Path, download: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --licence the user is asked, and the answer is on the card."""

    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return "CC0 1.0\n"

    monkeypatch.setattr("sys.stdin", Terminal())
    assert main(["models", "add", str(download), "--name", "mine"]) == 0
    assert "Which licence" in capsys.readouterr().err
    assert "CC0 1.0" in (folder / "mine.md").read_text()


def test_own_weights_are_taken_as_they_are(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file from Depixel's own training is copied; a generator of art cannot be used for faces."""
    path = write_tiny_art(tmp_path)

    assert main(["models", "add", str(path), "--licence", "none"]) == 0

    assert added_names() == ["art-tiny"]
    assert (folder / "art-tiny.safetensors").read_bytes() == path.read_bytes()
    picture = Picture((np.full((8, 8, 3), 99, np.uint8),))
    assert Upsampler("cpu").upsample(picture, Request(domain="art", model="art-tiny")).residual.exact
    with pytest.raises(BadUsageError, match="kind 'art'"):
        Upsampler("cpu").upsample(picture, Request(domain="faces", model="art-tiny"))


def weights_file(path: Path, header: object) -> None:
    """A safetensors file with only a header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)


def test_one_bad_file_hides_no_other(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each damaged file is listed with its reason, other files are skipped, and the good ones are listed."""
    folder.mkdir()
    write_tiny_art(tmp_path).rename(folder / "good.safetensors")
    bad = {
        "cut": b"{",
        "deep": b"[" * 100_000,
        "no-table": [],
        "no-config": {"__metadata__": {"config": "none"}},
        "config-list": {"__metadata__": {"config": "[]"}},
        "no-shape": {"a": {"dtype": "F32"}},
        "huge": {"a": {"shape": [2**62] * 40}},
        "half": {"a": {"shape": [0.5]}},
    }
    for name, header in bad.items():
        weights_file(folder / f"{name}.safetensors", header)
    (folder / "empty.safetensors").touch()
    (folder / "folder.safetensors").mkdir()
    weights_file(folder / "float8.safetensors", {"a": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}})
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.safetensors")

    assert main(["models"]) == 1

    shown = capsys.readouterr()
    names = [line.split()[0] for line in shown.out.splitlines()]
    assert {"good", "float8"} <= set(names)
    for name in [*bad, "empty", "folder"]:
        assert f"{name}.safetensors" in shown.err
    assert main(["models", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert len(document["problems"]) == len(bad) + 2 + hasattr(os, "mkfifo")
