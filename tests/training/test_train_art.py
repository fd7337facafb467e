"""Training learns, stops in time, resumes, and spreads z without changing the calm answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from training.art_batches import PLACES, SHARES, Batches, Slice, rows_of_units, stored_crops
from training.art_data.pairs import make_pairs
from training.art_losses import CalmWeights, calm_loss, generate, noise, spectrum
from training.art_vivid import FILE, Adversary
from training.checkpoints import load_checkpoint, save_checkpoint
from training.export_art import export
from training.pack_art_data import pack, unpack
from training.train_art import CONFIGS, schedule, start, take_z, touches_z, train

from depixel.priors.art import ArtPrior

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of forty crops of smooth blobs."""
    folder = tmp_path_factory.mktemp("crops")
    rng = np.random.default_rng(0)
    blobs = [Image.fromarray(rng.integers(0, 256, (7, 7, 4), dtype=np.uint8)).resize((96, 96)) for _ in range(40)]
    crops = np.stack([np.asarray(blob) for blob in blobs])
    np.save(folder / "crops.npy", crops)
    np.save(folder / "kinds.npy", np.repeat(np.arange(3, dtype=np.uint8), (10, 10, 20)))
    np.save(folder / "figures.npy", crops[:10, ::-1])
    np.savez(folder / "pairs.npz", **make_pairs(crops, np.zeros(40, np.uint8), 6, 6))  # type: ignore[arg-type]
    return folder


def test_crops_are_drawn_by_kind_and_vectors_stay_within_a_fifth(data: Path, tmp_path: Path) -> None:
    """However many crops of a kind there are, batches have the shares in SHARES."""
    kinds = np.load(data / "kinds.npy")
    crops = np.zeros((len(kinds), 96, 96, 4), np.uint8)
    crops[..., :3], crops[..., 3] = 60 * kinds[:, None, None, None], 255
    np.save(tmp_path / "crops.npy", crops)
    np.save(tmp_path / "kinds.npy", kinds)
    np.save(tmp_path / "figures.npy", np.maximum(crops[:5], 180))
    np.savez(tmp_path / "pairs.npz", **np.load(data / "pairs.npz"))
    batches = Batches(tmp_path, CPU, multiple=4, seed=1)
    drawn = torch.cat([s.large[:, 0, 0, 0] for _ in range(20) for s in batches.draw() if s.name in ("area", "binary")])
    shares = [float((drawn * 255 - value).abs().lt(1).float().mean()) for value in (0, 60, 120, 180)]
    assert shares == pytest.approx(SHARES, abs=0.05)
    assert SHARES[2] <= 0.2


def test_data_without_figures_is_drawn_in_the_other_shares(data: Path, tmp_path: Path) -> None:
    """Folders made before there were figures train as well."""
    for name in ("crops.npy", "kinds.npy", "pairs.npz"):
        (tmp_path / name).symlink_to(data / name)
    assert sum(len(s.small) for s in Batches(tmp_path, CPU).draw()) == 16


def test_every_slice_of_a_batch_agrees_with_its_degradation(data: Path) -> None:
    """Small pictures are the reduction of their truth to within 8 bits, premultiplied, sixteen rows in all."""
    slices = Batches(data, CPU).draw()
    assert sum(len(s.small) for s in slices) == sum(PLACES.values()) == 16
    for piece in slices:
        assert piece.small.shape[1:] == (4, 24, 24)
        assert (piece.small[:, :3] <= piece.small[:, 3:] + 1e-6).all()
        if piece.name in ("area", "bicubic", "point"):
            assert (piece.degradation.apply(piece.large) - piece.small).abs().mean() < 0.01


def test_more_rows_of_area_inputs_leave_the_others_their_proportions(data: Path) -> None:
    """Fractions of a row are carried over: thirty units have exactly as many rows as thirty times the places."""
    units = [rows_of_units(12, number, 1) for number in range(30)]
    assert all(unit["area"] == 12 and 14 <= sum(unit.values()) <= 18 for unit in units)
    total = {name: sum(unit[name] for unit in units) for name in PLACES}
    rest = {name: count for name, count in PLACES.items() if name != "area"}
    assert total == {"area": 360, **{name: count * 20 for name, count in rest.items()}}
    assert rows_of_units(10, 3, 2) == {name: 2 * count for name, count in PLACES.items()}
    drawn = Batches(data, CPU, area=14).draw()
    assert len(drawn[0].small) == 14 and all(len(piece.small) for piece in drawn)


def test_shares_of_the_kinds_can_be_chosen(data: Path, tmp_path: Path) -> None:
    """For example only vectors, the third kind."""
    kinds = np.load(data / "kinds.npy")
    crops = np.zeros((len(kinds), 96, 96, 4), np.uint8)
    crops[..., :3], crops[..., 3] = 60 * kinds[:, None, None, None], 255
    np.save(tmp_path / "crops.npy", crops)
    for name in ("kinds.npy", "pairs.npz", "figures.npy"):
        (tmp_path / name).symlink_to(data / name)
    drawn = next(s for s in Batches(tmp_path, CPU, shares=(0, 0, 1, 0)).draw() if s.name == "area")
    assert (drawn.large[:, 0] * 255 - 120).abs().max() < 1


def test_windows_of_pairs_fit_each_other(data: Path) -> None:
    """A smaller patch is cut from both pictures of a pair at the same position, and not always at the same one."""
    batches = Batches(data, CPU, seed=3, patch=64)
    seen = set()
    for piece in [p for _ in range(4) for p in batches.draw()]:
        assert piece.large.shape[1:] == (4, 64, 64)
        assert piece.small.shape[1:] == (4, 16, 16)
        if piece.name in ("area", "spoiled"):
            assert (piece.degradation.apply(piece.large) - piece.small).abs().mean() < 0.06
        seen |= {float(picture.sum()) for picture in piece.large}
    assert len(seen) > 40


def test_noise_is_minus_the_psnr_of_luminance() -> None:
    """Opaque answers that miss by a tenth everywhere have 20 dB; each picture counts the same, up to 40 dB."""
    truth = torch.full((2, 4, 8, 8), 0.5)
    truth[:, 3] = 1
    answer = truth.clone()
    answer[0, :3] += 0.1
    answer[1, :3] += 0.03
    generator = torch.Generator().manual_seed(0)
    assert float(noise(answer, truth, generator)) == pytest.approx(-(20 + 30.46) / 2, abs=0.3)
    assert float(noise(truth, truth, generator)) == pytest.approx(-40, abs=0.1)


def test_a_weight_of_noise_leaves_pixel_art_out(data: Path) -> None:
    """The loss changes for slices of means, and does not for slices of point samples alone."""
    run = start(CONFIGS["tiny"], CPU)
    slices = Batches(data, CPU).draw()
    points = [s for s in slices if s.degradation.name == "point"]

    def loss(chosen: list[Slice], weight: float) -> float:
        generator = torch.Generator().manual_seed(0)
        return float(calm_loss(run.network, chosen, generator, False, CalmWeights(noise=weight)).detach())

    assert loss(slices, 0.005) < loss(slices, 0) - 0.01
    assert loss(points, 0.005) == loss(points, 0)


def test_a_short_run_learns_and_stops_in_time(data: Path) -> None:
    """The loss decreases within seconds, and the run ends on time."""
    run = start(CONFIGS["tiny"], CPU)
    losses = list(train(run, Batches(data, CPU), "calm", 4.0, 2e-3, False, 0))
    assert 4.0 <= run.seconds < 8.0
    assert np.mean(losses[-5:]) < np.mean(losses[:3])


def test_a_run_continues_where_its_checkpoint_stands(data: Path, tmp_path: Path) -> None:
    """Weights, average, optimiser and counters are restored; shards are under 16 MiB."""
    run = start(CONFIGS["tiny"], CPU)
    list(train(run, Batches(data, CPU), "calm", 0.5, 1e-3, False, 0))
    save_checkpoint(tmp_path, run)
    again = start(CONFIGS["tiny"], CPU)
    load_checkpoint(tmp_path, again)
    assert (again.steps, again.samples) == (run.steps, run.samples)
    for a, b in zip(run.average.parameters(), again.average.parameters(), strict=True):
        assert torch.equal(a, b)
    moments = run.optimiser.state_dict()["state"][0]["exp_avg"]
    assert torch.equal(moments, again.optimiser.state_dict()["state"][0]["exp_avg"])
    assert all(file.stat().st_size < 16 * 2**20 for file in tmp_path.iterdir())
    with pytest.raises(ValueError, match="channels"):
        load_checkpoint(tmp_path, start(CONFIGS["small"], CPU))


def test_spreading_moves_z_and_leaves_the_calm_answer(data: Path) -> None:
    """After the spread stage z = 0 gives bit for bit the average's answer, and another z gives something else."""
    run = start(CONFIGS["tiny"], CPU)
    list(train(run, Batches(data, CPU), "calm", 0.5, 1e-2, False, 0))
    slices = Batches(data, CPU).draw()
    before = generate(run.average, slices, None, False)
    list(train(run, Batches(data, CPU), "spread", 2.0, 1e-2, False, 0))
    after = generate(run.network, slices, None, False)
    averaged = generate(run.average, slices, None, False)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(before, averaged, strict=True))
    z = torch.randn(16, run.config.latent, 24, 24, generator=torch.Generator().manual_seed(0))
    other = generate(run.network, slices, z, False)
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(p.abs().max() > 0 for n, p in run.network.named_parameters() if ".bend." in n or "vivid" in n)
    assert any((a - b).abs().max() > 1e-6 for a, b in zip(after, other, strict=True))


def test_a_run_begins_with_the_z_of_another(data: Path, tmp_path: Path) -> None:
    """Only the parameters for z are copied: the calm answer stays, and z has the other run's effect at once."""
    other, run = start(CONFIGS["tiny"], CPU), start(CONFIGS["tiny"], CPU)
    list(train(other, Batches(data, CPU), "spread", 1.0, 1e-2, False, 0))
    save_checkpoint(tmp_path, other)
    slices = Batches(data, CPU).draw()
    before = generate(run.network, slices, None, False)
    take_z(run, tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(before, generate(run.network, slices, None, False), strict=True))
    learnt = other.average.state_dict()
    for network in (run.network, run.average):
        values = {name: value for name, value in network.state_dict().items() if touches_z(name)}
        assert len(values) == len(run.network.blocks) + 1
        assert all(value.any() and torch.equal(value, learnt[name]) for name, value in values.items())
    with pytest.raises(ValueError, match="channels"):
        take_z(start(CONFIGS["small"], CPU), tmp_path)


def test_the_vivid_stage_teaches_both_sides_and_leaves_the_calm_answer(data: Path) -> None:
    """z = 0 stays bit for bit, all parameters for z change, and the discriminator distinguishes answers from truths."""
    run = start(CONFIGS["tiny"], CPU)
    list(train(run, Batches(data, CPU), "spread", 1.0, 1e-2, False, 0))
    slices = Batches(data, CPU, seed=9).draw()
    small, truth = torch.cat([s.small for s in slices]), torch.cat([s.large for s in slices])
    before = generate(run.network, slices, None, False)
    moved = {n: p.clone() for n, p in run.network.named_parameters() if ".bend." in n or n.startswith("vivid.")}
    adversary = Adversary(CPU)
    list(train(run, Batches(data, CPU), "vivid", 4.0, 1e-4, False, 0, adversary=adversary))
    calm = torch.cat(generate(run.network, slices, None, False))
    assert torch.equal(torch.cat(before), calm)
    for name, parameter in run.network.named_parameters():
        assert name not in moved or not torch.equal(parameter, moved[name]), name
    with torch.no_grad():
        assert (adversary.network(truth, small) - adversary.network(calm, small)).mean() > 0
        assert adversary.network(truth, small).shape == (16, 1, 24, 24)
    with pytest.raises(ValueError, match="adversary"):
        next(train(run, Batches(data, CPU), "vivid", 1.0, 1e-3, False, 0))


def test_a_discriminator_continues_where_it_stood(tmp_path: Path) -> None:
    """Saved and loaded, weights and moments give the same next step; without a file nothing happens."""
    truth, small = torch.rand(4, 4, 32, 32), torch.rand(4, 4, 8, 8)
    one, other = Adversary(CPU), Adversary(CPU)
    other.load(tmp_path)
    assert one.step(truth.flip(0), truth, small) == other.step(truth.flip(0), truth, small)
    one.step(truth.flip(1), truth, small)
    one.save(tmp_path)
    third = Adversary(CPU)
    third.load(tmp_path)
    assert (tmp_path / FILE).stat().st_size < 2**20
    assert third.step(truth.flip(2), truth, small) == one.step(truth.flip(2), truth, small)
    assert other.step(truth.flip(2), truth, small) != one.step(truth.flip(2), truth, small)


def test_a_light_checkpoint_carries_the_averaged_weights_alone(data: Path, tmp_path: Path) -> None:
    """About an eighth of the full one; training continues from the average."""
    run = start(CONFIGS["tiny"], CPU)
    list(train(run, Batches(data, CPU), "calm", 0.5, 1e-3, False, 0))
    for name, light in (("whole", False), ("light", True)):
        (tmp_path / name).mkdir()
        save_checkpoint(tmp_path / name, run, light)
    sizes = [sum(f.stat().st_size for f in (tmp_path / n).glob("*.safetensors")) for n in ("whole", "light")]
    assert sizes[1] < sizes[0] / 6
    again = start(CONFIGS["tiny"], CPU)
    load_checkpoint(tmp_path / "light", again)
    for parameter, expected in zip(again.network.parameters(), run.average.parameters(), strict=True):
        torch.testing.assert_close(parameter.detach(), expected, rtol=1e-3, atol=1e-6)
    assert again.steps == run.steps
    assert next(train(again, Batches(data, CPU), "calm", 1.0, 1e-3, False, 0)) > 0


def test_a_packed_subset_trains_elsewhere(data: Path, tmp_path: Path) -> None:
    """The file keeps its size and the shares, opaque and visible pixels are unchanged, and it yields batches."""
    crops, kinds = stored_crops(data)
    limit = 100_000
    count = pack(data, tmp_path / "art.pack", limit)
    assert 3 <= count < len(crops)
    assert (tmp_path / "art.pack").stat().st_size <= limit
    assert unpack(tmp_path / "art.pack", tmp_path / "there", processes=1) == count
    there, there_kinds = np.load(tmp_path / "there" / "crops.npy"), np.load(tmp_path / "there" / "kinds.npy")
    visible = {crop[crop[..., 3] > 0].tobytes(): kind for crop, kind in zip(crops.pixels().numpy(), kinds, strict=True)}
    assert all(visible[c[c[..., 3] > 0].tobytes()] == k for c, k in zip(there, there_kinds, strict=True))
    shares = np.bincount(there_kinds, minlength=4) / count
    assert np.abs(shares - SHARES).max() <= 1 / count
    assert sum(len(s.small) for s in Batches(tmp_path / "there", CPU).draw()) == 16


def test_the_difference_of_spectra_sees_what_pixels_see() -> None:
    """Zero for equal pictures; it penalises a moved edge, and the calm stage learns with it."""
    edge = torch.zeros(1, 4, 16, 16)
    edge[..., 8:] = 1
    assert spectrum(edge, edge) == 0
    assert spectrum(edge.roll(1, 3), edge) > spectrum(edge * 0.98, edge) > 0


def test_the_rate_follows_wall_time() -> None:
    """Warm at the beginning, high after it, low at the end, and never above the first rate."""
    rates = [schedule(t, 100, 1e-3) for t in range(101)]
    assert rates[0] < 1e-4 < max(rates) <= 1e-3
    assert rates[100] == pytest.approx(1e-5)
    assert rates[20:] == sorted(rates[20:], reverse=True)


def test_a_teacher_pulls_answers_towards_its_own(data: Path, tmp_path: Path) -> None:
    """With the teacher's answers beside the truth, a network ends nearer to the teacher than without."""
    run = start(CONFIGS["tiny"], CPU)
    list(train(run, Batches(data, CPU), "calm", 1.0, 2e-3, False, 0))
    save_checkpoint(tmp_path, run)
    export(tmp_path, tmp_path / "teacher.safetensors")
    teacher = ArtPrior.load(str(tmp_path / "teacher.safetensors"), CPU).network
    slices = Batches(data, CPU).draw()
    generator = torch.Generator().manual_seed(0)
    answers = torch.cat(generate(teacher, slices, None, False))
    same = calm_loss(teacher, slices, generator, False, CalmWeights(teacher=1.0), teacher)
    alone = calm_loss(teacher, slices, torch.Generator().manual_seed(0), False)
    assert float(same) == pytest.approx(float(alone), abs=2e-3)  # nothing to learn from itself
    student = start(CONFIGS["tiny"], CPU)
    other = torch.cat(generate(student.network, slices, None, False))
    both = calm_loss(student.network, slices, generator, False, CalmWeights(teacher=1.0), teacher)
    assert float(both.detach()) > float(calm_loss(student.network, slices, generator, False).detach())
    assert not torch.equal(answers, other)
