"""The whole way to a release, tiny: packing the portraits, a GAN in two calls, its encoder, the released file."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from training import export_faces, pack_faces_data, train_faces, train_faces_gan
from training.faces_checkpoint import load_tensors
from training.faces_data import load_portraits

from depixel.degradation import AreaDegradation
from depixel.priors.faces import FacePrior
from depixel.priors.weights import load_weights

SIZE = 64
POINTS = ("left_eye", "right_eye", "nose_tip")
NET = ("--size", str(SIZE), "--latent", "8", "--channels", "8,8,8,8,8")


def portraits(folder: Path, count: int) -> Path:
    """`count` discs on gradients in the real set's layout, two more held out."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    lines = []
    with tarfile.open(folder / "faces256-0.tar", "w") as tar:
        for name in [*(f"{k:06d}.jpg" for k in range(count)), "008500.jpg", "008501.jpg"]:
            disc = (rows - rng.integers(24, 40)) ** 2 + (columns - rng.integers(24, 40)) ** 2 < 18**2
            pixels = np.where(disc[..., None], rng.integers(60, 255, 3), (columns * 2)[..., None]).astype(np.uint8)
            data = io.BytesIO()
            Image.fromarray(pixels).save(data, "JPEG")
            entry = tarfile.TarInfo(name)
            entry.size = len(data.getvalue())
            tar.addfile(entry, io.BytesIO(data.getvalue()))
            lines.append(json.dumps({"file": name, "landmarks": {p: [32.0, 32.0] for p in POINTS}}))
    (folder / "metadata.jsonl").write_text("\n".join(lines))
    return folder


def call(monkeypatch: pytest.MonkeyPatch, module: object, *arguments: Any) -> None:
    """As from the command line."""
    monkeypatch.setattr(sys, "argv", ["program", *map(str, arguments)])
    module.main()  # type: ignore[attr-defined]


def test_a_gan_of_two_calls_becomes_a_prior_that_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    FACES.md's commands in order: the second call continues the first, the averaged generator is delivered in half
    precision, `--freeze` does not change it, and the exported file loads, answers, imagines, and has different
    candidates.
    """
    threads = torch.get_num_threads()
    packed, run, out = tmp_path / "packed", tmp_path / "run", tmp_path / "out"
    call(monkeypatch, pack_faces_data, "--data", portraits(tmp_path / "data", 24), "--out", packed, "--size", SIZE)
    gan = (*NET, "--data", packed, "--run", run, "--minutes", 0.01, "--batch", 4)
    gan = (*gan, "--critic-base", 4, "--critic-most", 8, "--deliver", out)  # type: ignore[assignment]
    seen = []
    for _ in range(2):
        call(monkeypatch, train_faces_gan, *gan)
        seen.append(load_tensors(run / "gan")[1]["seen"])
    assert 0 < seen[0] < seen[1]
    delivered, facts = load_tensors(out / "gan")
    assert facts["seen"] == seen[1]
    assert all(key.startswith("average.") and value.dtype == torch.float16 for key, value in delivered.items())
    assert len(list(out.glob("samples-*.png"))) == 2

    call(
        monkeypatch, train_faces, "--data", packed, "--run", out, "--size", SIZE, "--freeze", "--minutes", 0.01,
        "--batch", 2, "--half-size-pictures", 0,
    )  # fmt: skip
    released = tmp_path / "faces-tiny.safetensors"
    call(
        monkeypatch, export_faces, "--data", packed, "--run", out, "--out", released, "--rank", 4, "--pictures", 24,
    )  # fmt: skip
    torch.set_num_threads(threads)

    prior = FacePrior.from_weights(load_weights(str(released)), torch.device("cpu"))
    assert isinstance(prior, FacePrior)
    for key, value in prior.generator.state_dict().items():
        assert torch.equal(value, delivered[f"average.{key}"].to(value.dtype)), key
    small = torch.cat([torch.rand(1, 3, 8, 8), torch.ones(1, 1, 8, 8)], 1)
    degradation = AreaDegradation(SIZE // 8)
    plain = prior.decode(prior.encode(small, degradation), small, degradation)
    assert plain.shape == (1, 4, SIZE, SIZE)
    assert torch.isfinite(plain).all()
    other = prior.decode(prior.sample(small, degradation, torch.Generator().manual_seed(1), 1.0), small, degradation)
    assert (other - plain).abs().max() > 0
    assert prior.imagine(2, torch.Generator().manual_seed(0))["w"].shape[0] == 2


def test_faces_from_nothing_begin_with_pictures_like_the_portraits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for faces-128: the exported file holds the mean of the 8x8 portraits and draws pictures of their spread."""
    threads = torch.get_num_threads()
    data, run, released = portraits(tmp_path / "data", 24), tmp_path / "run", tmp_path / "faces-tiny.safetensors"
    call(monkeypatch, train_faces, "--data", data, "--run", run, *NET, "--minutes", 0.01, "--batch", 2)
    call(
        monkeypatch, export_faces, "--data", data, "--run", run, "--out", released, "--rank", 4, "--pictures", 24,
        "--mapping-steps", 2,
    )  # fmt: skip
    torch.set_num_threads(threads)

    prior = FacePrior.from_weights(load_weights(str(released)), torch.device("cpu"))
    assert isinstance(prior, FacePrior)
    assert prior.portraits is not None
    mean, directions = prior.portraits
    truth = load_portraits(data, SIZE, evaluation=False).pixels.float() / 255
    small = F.avg_pool2d(torch.cat([truth, truth.flip(3)]), SIZE // 8)
    assert torch.allclose(mean, small.mean(0), atol=1e-3)
    assert torch.allclose(directions.square().sum(0).sqrt(), small.std(0), atol=2e-2)  # of 24 discs few are lost
    assert not torch.allclose(*prior.imagine(2, torch.Generator().manual_seed(0))["w"])
