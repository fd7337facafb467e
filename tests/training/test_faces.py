"""Training of the faces prior: its data, the meaning of its losses, and resumable runs."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from training.faces_augment import AdaptiveAugment
from training.faces_checkpoint import SHARD, load_run, load_tensors, save_run, save_tensors
from training.faces_data import (
    KINDS,
    SMALL_SIZES,
    Reducer,
    batch,
    held_out,
    landmark_weights,
    load_portraits,
    reduction_matrix,
)
from training.faces_discriminator import Discriminator, adversarial_losses
from training.faces_model import Autoencoder, read_specs, write_specs
from training.pack_faces_data import pack
from training.train_faces import detail_loss, keep_some, pyramid_loss

from depixel.degradation import BicubicDegradation
from depixel.priors.face_encoder import GRID, EncoderSpec
from depixel.priors.stylegan import GeneratorSpec

POINTS = ("left_eye", "right_eye", "nose_tip")
SPECS = (
    GeneratorSpec(64, 8, 8, (8, 8, 8, 8, 8), 2),
    EncoderSpec(latent=8, layers=10, channels=(8, 8, 8, 8), hidden=8, upward=(8, 8, 8)),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six tiny portraits in the real set's layout, two of them held out."""
    names = ["000000.jpg", "000001.jpg", "004000.jpg", "008499.jpg", "008500.jpg", "008999.jpg"]
    lines = []
    with tarfile.open(tmp_path / "faces256-0.tar", "w") as tar:
        for k, name in enumerate(names):
            data = io.BytesIO()
            Image.fromarray(np.full((256, 256, 3), 40 * k, np.uint8)).save(data, "JPEG")
            entry = tarfile.TarInfo(name)
            entry.size = len(data.getvalue())
            tar.addfile(entry, io.BytesIO(data.getvalue()))
            lines.append(json.dumps({"file": name, "landmarks": {p: [64.0, 128.0] for p in POINTS}}))
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines))
    return tmp_path


def test_held_out_files_never_reach_training(folder: Path) -> None:
    """008500.jpg and all after it are for evaluation, the others for training, and nothing is in both."""
    training, evaluation = (load_portraits(folder, 64, evaluation=e) for e in (False, True))
    assert training.names == ["000000.jpg", "000001.jpg", "004000.jpg", "008499.jpg"]
    assert evaluation.names == ["008500.jpg", "008999.jpg"]
    assert not held_out("008499.jpg")
    assert held_out("somewhere/008500.jpg")
    assert training.pixels.shape == (4, 3, 64, 64)


def test_missing_data_says_where_to_point(tmp_path: Path) -> None:
    """An empty folder is reported, with the option that fixes it."""
    with pytest.raises(FileNotFoundError, match="--data"):
        load_portraits(tmp_path, 64, evaluation=False)


def test_packed_portraits_are_the_same_portraits(folder: Path, tmp_path: Path) -> None:
    """
    The pack is read by the same loader: all for training, as many held out as requested, pictures nearly the same.
    """
    assert pack(folder, tmp_path / "packed", quality=85, kept_out=1, size=128) == (4, 1)
    for evaluation in (False, True):
        before = load_portraits(folder, 64, evaluation)
        after = load_portraits(tmp_path / "packed", 64, evaluation)
        assert after.names == before.names[: len(after)]
        assert torch.equal(after.landmarks, before.landmarks[: len(after)])
        assert (after.pixels.int() - before.pixels[: len(after)].int()).abs().max() <= 4
    with pytest.raises(FileNotFoundError, match="--data"):
        pack(tmp_path / "empty", tmp_path / "nothing", 85, 1, 128)


def test_mirroring_moves_the_landmarks_too(folder: Path) -> None:
    """A landmark at a quarter of the width is at three quarters in the mirrored half of a batch."""
    portraits = load_portraits(folder, 64, evaluation=False)
    pictures, landmarks = batch(portraits, 32, 32, torch.Generator().manual_seed(0))
    assert pictures.shape == (32, 3, 32, 32)
    assert sorted({round(x, 2) for x in landmarks[:, 0, 0].tolist()}) == [0.25, 0.75]


def test_landmarks_weigh_most_where_they_are() -> None:
    """The heat map is 1 + gain on a landmark and 1 far from all."""
    weights = landmark_weights(torch.tensor([[[0.25, 0.75]]]), 64)
    row, column = divmod(int(weights[0, 0].argmax()), 64)
    assert abs(row - 48) <= 1
    assert abs(column - 16) <= 1
    assert weights.max() == pytest.approx(5.0, abs=0.3)
    assert weights[0, 0, 0, -1] == pytest.approx(1.0, abs=1e-4)


def test_reductions_are_what_the_engine_calls_them() -> None:
    """The matrices of training give the pictures of depixel's own bicubic, and progressive is halving after halving."""
    picture = torch.rand(1, 3, 128, 128)
    matrix = reduction_matrix("bicubic", 128, 16)
    assert torch.allclose(matrix @ picture @ matrix.t(), BicubicDegradation(8).apply(picture), atol=1e-5)
    progressive = reduction_matrix("progressive", 128, 16)
    halved = picture
    for _ in range(3):
        halved = BicubicDegradation(2).apply(halved)
    assert torch.allclose(progressive @ picture @ progressive.t(), halved, atol=1e-5)


def test_reducer_brings_every_choice_to_the_grid() -> None:
    """Each row has its own size and kind; a flat picture stays flat in all of them."""
    reducer = Reducer(128)
    choice = torch.arange(len(SMALL_SIZES) * len(KINDS))
    grid, sizes = reducer(torch.full((len(choice), 3, 128, 128), 0.3), choice)
    assert grid.shape == (len(choice), 3, GRID, GRID)
    assert torch.allclose(grid, torch.tensor(0.3), atol=1e-5)
    assert sizes.tolist() == [float(s) for s in SMALL_SIZES for _ in KINDS]


def test_pyramid_loss_is_zero_only_for_the_truth_and_counts_landmarks() -> None:
    """The same error costs more on a landmark than in a corner."""
    truth = torch.zeros(1, 3, 32, 32)
    weights = landmark_weights(torch.tensor([[[0.5, 0.5]]]), 32)
    assert pyramid_loss(truth, truth, weights).item() == 0
    centre, corner = truth.clone(), truth.clone()
    centre[..., 14:18, 14:18] = 1
    corner[..., :4, :4] = 1
    assert pyramid_loss(centre, truth, weights) > 1.5 * pyramid_loss(corner, truth, weights)


def test_detail_loss_leaves_out_what_projection_mends() -> None:
    """A wrong overall colour costs nothing, a wrong texture inside the small pixels does, in both norms."""
    truth = torch.zeros(2, 3, 64, 64)
    weights, sizes = torch.ones(2, 1, 64, 64), torch.tensor([8.0, 16.0])
    coarse = detail_loss(truth + 0.2, truth, weights, sizes)
    texture = truth.clone()
    texture[..., ::2] = 0.2
    texture[..., 1::2] = -0.2
    fine = detail_loss(texture, truth, weights, sizes)
    assert all(value.item() == pytest.approx(0.0, abs=1e-6) for value in coarse)
    assert fine[0].item() == pytest.approx(0.2, abs=1e-5)
    assert fine[1].item() == pytest.approx(0.04, abs=1e-5)


def test_some_rows_lose_their_maps() -> None:
    """Of many rows some lose all maps and more lose the finest ones, so that styles alone must produce a face."""
    maps = (torch.ones(400, 1, 4, 4), torch.ones(400, 1, 32, 32))
    kept = keep_some(maps, torch.Generator().manual_seed(0))
    coarse, fine = (kept[k].mean().item() for k in (0, 1))
    assert 0.85 < coarse < 0.97
    assert 0.75 < fine < coarse


def test_a_run_continues_where_it_ended(tmp_path: Path) -> None:
    """Weights, averages and the optimiser's moments are restored, and every shard stays under 16 MiB."""
    torch.manual_seed(0)
    model, average = Autoencoder(*SPECS), Autoencoder(*SPECS)
    optimiser = torch.optim.Adam(model.encoder.parameters(), lr=1e-3)
    model.encoder(torch.rand(1, 3, 16, 16)).w.sum().backward()
    optimiser.step()
    write_specs(tmp_path, *SPECS)
    save_run(tmp_path, model, average, optimiser, None, 123, 4.5)
    again, again_average = Autoencoder(*read_specs(tmp_path)), Autoencoder(*SPECS)
    again_optimiser = torch.optim.Adam(again.encoder.parameters(), lr=1e-3)
    assert load_run(tmp_path, again, again_average, again_optimiser, None) == (123, 4.5)
    for key, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[key], value)
    old, new = optimiser.state_dict()["state"], again_optimiser.state_dict()["state"]
    assert all(torch.equal(old[k]["exp_avg"], new[k]["exp_avg"]) for k in old)


def test_shards_stay_under_sixteen_mebibytes(tmp_path: Path) -> None:
    """Three tensors of 10 MiB become three files, whatever an earlier index contained."""
    tensors = {str(k): torch.zeros(10 * 2**18) for k in range(3)}
    save_tensors(tmp_path / "checkpoint", tensors, {"shards": 99, "seen": 1})
    files = sorted((tmp_path / "checkpoint").glob("*.safetensors"))
    assert len(files) == 3
    assert all(file.stat().st_size < SHARD + 2**20 for file in files)
    assert set(load_tensors(tmp_path / "checkpoint")[0]) == set(tensors)


def test_adversarial_step_teaches_the_critic_and_gives_the_answer_a_gradient() -> None:
    """After some steps the critic distinguishes flat answers from noisy truth, and its loss changes the answer."""
    torch.manual_seed(0)
    critic = Discriminator(32, base=8, most=16)
    optimiser = torch.optim.Adam(critic.parameters(), lr=2e-3)
    rng = torch.Generator().manual_seed(0)
    truth = torch.randn(8, 3, 32, 32) * 0.5
    answer = torch.zeros(8, 3, 32, 32, requires_grad=True)
    judged = []
    for _ in range(12):
        fooling, judging = adversarial_losses(critic, optimiser, answer, truth, rng, smoothness=0.0)
        judged.append(judging)
    assert judged[-1] < judged[0]
    fooling.backward()
    assert answer.grad is not None
    assert answer.grad.abs().sum() > 0


def test_augmentation_follows_the_critic_and_lets_gradients_through() -> None:
    """An overconfident critic raises p, an unsure one lowers it; at p = 0 nothing changes."""
    augment = AdaptiveAugment(pictures_to_one=100)
    picture = torch.rand(4, 3, 16, 16, requires_grad=True)
    assert augment(picture) is picture
    augment.adapt(0.9, 50)
    assert augment.p == pytest.approx(0.5)
    augment(picture).sum().backward()
    assert picture.grad is not None
    augment.adapt(0.1, 80)
    assert augment.p == 0.0
