"""Exemplars of detail: losses are measured, the network is calibrated, and the engine reads the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_art import write_tiny_art
from training.train_detail import calibrate, exemplar_list, exemplar_pictures, export, lost_detail, make_pairs

from depixel.client.readings import MATERIAL_NAMES
from depixel.enlarging.detail.exemplars import Exemplars, exemplars
from depixel.enlarging.detail.spread import BANDS, FACTORS, SpreadNetwork
from depixel.priors.art import ArtPrior


def grain(count: int = 1, side: int = 32) -> torch.Tensor:
    grey = torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(0))
    return torch.cat([grey.expand(-1, 3, -1, -1), torch.ones_like(grey)], 1)


def test_a_flat_texture_loses_nothing(tmp_path: Path) -> None:
    """The variances of noise are large in both bands, those of one colour are zero."""
    prior = ArtPrior.load(str(write_tiny_art(tmp_path)))
    small, rough = lost_detail(prior, grain(), 4)
    _, flat = lost_detail(prior, torch.ones(1, 4, 32, 32), 4)
    assert small.shape == (1, 4, 8, 8)
    assert rough.shape == flat.shape == (1, BANDS, 8, 8)
    assert rough.mean((0, 2, 3)).min() > 1e-3 > flat.max()


def test_calibration_sets_the_median_right() -> None:
    """Afterwards, the prediction equals the loss of half of the held-out crops."""
    torch.manual_seed(0)
    network = SpreadNetwork().eval()
    pairs = {
        factor: (grain(40, 16), torch.full((40, BANDS, 16, 16), 0.01) * torch.rand(40, 1, 1, 1)) for factor in FACTORS
    }
    before = calibrate(network, pairs)
    assert len(before) == len(FACTORS) * BANDS
    assert calibrate(network, pairs) == pytest.approx([1.0] * len(before), rel=1e-3)


def test_pairs_are_made_of_opaque_textures_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sprites and textures with holes are skipped."""
    weights = str(write_tiny_art(tmp_path))
    load = ArtPrior.load
    monkeypatch.setattr(ArtPrior, "load", lambda name: load(weights))
    crops = np.full((6, 32, 32, 4), 255, np.uint8)
    crops[2, :4, :4, 3] = 0
    np.save(tmp_path / "crops.npy", crops)
    np.save(tmp_path / "kinds.npy", np.array([0, 1, 1, 1, 2, 1], np.uint8))
    pairs = make_pairs(tmp_path, 10)
    assert {factor: len(smalls) for factor, (smalls, _) in pairs.items()} == dict.fromkeys(FACTORS, 3)


def test_the_file_is_what_the_engine_reads(tmp_path: Path) -> None:
    """Materials, pictures and network are restored."""
    path = tmp_path / "detail-test.safetensors"
    pictures = torch.randint(0, 256, (2, 32, 32), dtype=torch.uint8)
    export(SpreadNetwork(), pictures, ["stone", "wood"], path)
    assert Exemplars(str(path)).materials == ["stone", "wood"]


def test_the_list_is_the_released_one() -> None:
    """As many exemplars of each material as in the release, and some of every material that can be requested."""
    listed = [material for material, _, _, _ in exemplar_list()]
    assert listed == exemplars().materials
    assert set(listed) == set(MATERIAL_NAMES)


def test_listed_crops_are_found_in_shuffled_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The crop with that number in that file, in grey."""
    origins = [{"package": "a", "file": "x.png", "crops": 2}, {"package": "b", "file": "y.png", "crops": 3}]
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, origins)), "utf-8")
    plain = np.arange(5, dtype=np.uint8)[:, None, None, None].repeat(4, 1).repeat(4, 2).repeat(4, 3) * 40
    np.save(tmp_path / "crops.npy", plain[np.random.default_rng(0).permutation(5)])
    monkeypatch.setattr("training.train_detail.exemplar_list", lambda: [("stone", "b", "y.png", 1)])
    assert exemplar_pictures(tmp_path).unique().tolist() == [120]
