"""The art prior's promises, on a tiny network with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from depixel.degradation import make_degradation
from depixel.errors import WeightsError
from depixel.priors.art import ArtConfig, ArtNetwork, ArtPrior
from depixel.priors.base import PriorSpec
from depixel.priors.fields import smooth_latent
from depixel.priors.imposing import impose
from depixel.priors.weights import RELEASED, LoadedWeights, load_weights, released_names, remedy_for

CONFIG = ArtConfig(channels=8, blocks=2, latent=4)


@pytest.fixture
def prior() -> ArtPrior:
    torch.manual_seed(0)
    network = ArtNetwork(CONFIG)
    with torch.no_grad():
        for block in network.blocks:
            block.bend.weight.normal_(0, 0.5)  # type: ignore[operator, union-attr]  # as after training: z matters
            block.condition.normal_(0, 0.5)  # type: ignore[operator]
    return ArtPrior(network, PriorSpec("tiny", "art", 4, None, "0" * 16, "CC-BY-SA-4.0"))


def picture(batch: int = 2, height: int = 10, width: int = 7, *, binary: bool = False) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    straight = torch.rand(batch, 4, height, width, generator=generator)
    alpha = (straight[:, 3:] > 0.4).float() if binary else straight[:, 3:]
    return torch.cat([straight[:, :3] * alpha, alpha], 1)


@pytest.mark.parametrize("name", ["area", "bicubic", "point"])
def test_every_answer_scales_back_down_to_the_input(prior: ArtPrior, name: str) -> None:
    """A x = y within float precision for any z, before any export step."""
    small = picture()
    degradation = make_degradation(name, 4)
    latents = prior.sample(small, degradation, torch.Generator().manual_seed(0), 0.8)
    large = prior.decode(latents, small, degradation)
    assert large.shape == (2, 4, 40, 28)
    assert (degradation.apply(large) - small).abs().max() < 1e-4


def test_zero_latent_is_the_calm_answer_and_others_differ(prior: ArtPrior) -> None:
    """encode gives z = 0; imagination 0 equals it; imagination 1 is a different picture."""
    small = picture()
    degradation = make_degradation("area", 4)
    calm = prior.decode(prior.encode(small, degradation), small, degradation)
    same = prior.decode(prior.sample(small, degradation, torch.Generator().manual_seed(0), 0.0), small, degradation)
    other = prior.decode(prior.sample(small, degradation, torch.Generator().manual_seed(0), 1.0), small, degradation)
    assert torch.equal(calm, same)
    assert (calm - other).abs().max() > 1e-3


def test_gradient_reaches_z_from_the_calm_answer(prior: ArtPrior) -> None:
    """The search can leave z = 0: a zero latent that requires a gradient gets one."""
    small = picture()
    degradation = make_degradation("area", 4)
    z = prior.encode(small, degradation)["z"].requires_grad_(True)
    prior.decode({"z": z}, small, degradation).square().sum().backward()
    assert z.grad is not None
    assert z.grad.abs().max() > 0


def test_a_batch_of_one_equals_the_same_picture_in_a_batch(prior: ArtPrior) -> None:
    """Batching changes only float rounding; equal seeds give equal latents on every row's own stream."""
    small = picture(batch=3)
    degradation = make_degradation("area", 4)
    together = prior.decode(prior.encode(small, degradation), small, degradation)
    alone = prior.decode(prior.encode(small[1:2], degradation), small[1:2], degradation)
    assert torch.allclose(together[1:2], alone, atol=1e-5)


def test_the_degradation_conditions_the_answer(prior: ArtPrior) -> None:
    """The trunk is told how the picture was reduced."""
    small = picture()
    kinds = [torch.full((2,), kind) for kind in range(3)]
    area, bicubic, point = (prior.network(small, kind) for kind in kinds)
    assert (area - bicubic).abs().max() > 1e-3
    assert (area - point).abs().max() > 1e-3


def test_binary_alpha_is_not_forced_to_block_means(prior: ArtPrior) -> None:
    """With area, alpha of 0 and 1 keeps only block centres: an edge may pass through a block."""
    small = picture(binary=True)
    large = prior.decode(prior.encode(small, make_degradation("area", 4)), small, make_degradation("area", 4))
    assert torch.allclose(make_degradation("point", 4).apply(large[:, 3:]), small[:, 3:], atol=1e-5)
    assert (make_degradation("area", 4).apply(large[:, 3:]) - small[:, 3:]).abs().max() > 1e-3


def test_nothing_beyond_the_receptive_field_matters(prior: ArtPrior) -> None:
    """A pixel farther away than `receptive_field` has no effect on the answer; tiles rely on that."""
    reach = prior.receptive_field
    small = picture(batch=1, height=6, width=2 * reach + 3)
    changed = small.clone()
    changed[..., -1] = 0
    degradation = make_degradation("area", 4)
    before = prior.decode(prior.encode(small, degradation), small, degradation)
    after = prior.decode(prior.encode(changed, degradation), changed, degradation)
    kept = 4 * (small.shape[3] - 1 - reach)
    assert torch.allclose(before[..., :kept], after[..., :kept], atol=1e-6)
    assert not torch.allclose(before[..., -8:], after[..., -8:], atol=1e-3)


def test_impose_changes_nothing_that_is_right_already() -> None:
    """Imposing twice equals imposing once, for each degradation."""
    small, large = picture(), torch.rand(2, 4, 40, 28, generator=torch.Generator().manual_seed(1))
    for name in ("area", "bicubic", "point"):
        degradation = make_degradation(name, 4)
        once = impose(large, small, degradation)
        assert torch.allclose(impose(once, small, degradation), once, atol=1e-4)


def test_values_that_were_clipped_may_overshoot_again() -> None:
    """A hard edge, reduced bicubically and stored, is left as it is; a wrong value within the range is corrected."""
    degradation = make_degradation("bicubic", 4)
    truth = torch.ones(1, 4, 40, 40)
    truth[..., :21] = 0
    small = degradation.apply(truth).clamp(0, 1)
    assert not torch.allclose(degradation.apply(truth), small, atol=1e-3)  # it did overshoot
    torch.testing.assert_close(impose(truth, small, degradation), truth)
    dull = 0.9 * truth
    assert (impose(dull, small, degradation) - truth).abs().mean() < 0.5 * (dull - truth).abs().mean()


def test_smooth_latents_have_unit_variance_and_follow_their_seed() -> None:
    """Every pixel of the field is standard normal; the same seed gives the same field, including seed 0."""
    fields = smooth_latent(400, 8, 9, 14, torch.Generator().manual_seed(0))
    assert torch.allclose(fields.square().mean((0, 1)), torch.ones(9, 14), atol=0.12)
    assert torch.equal(fields, smooth_latent(400, 8, 9, 14, torch.Generator().manual_seed(0)))


def test_penalty_is_zero_for_latents_seen_in_training(prior: ArtPrior) -> None:
    """No penalty at z = 0, a growing one beyond unit mean square."""
    z = torch.zeros(2, 4, 5, 5)
    assert torch.equal(prior.penalty({"z": z}), torch.zeros(2))
    assert (prior.penalty({"z": z + 2}) == 3).all()


def test_weights_that_do_not_fit_are_refused() -> None:
    """Tensors with a shape other than their configuration's raise WeightsError, not a torch error."""
    tensors = ArtNetwork(CONFIG).state_dict()
    wrong = LoadedWeights("odd", {"channels": 16, "blocks": 2, "latent": 4, "scale": 4}, {}, tensors, "0" * 16)
    with pytest.raises(WeightsError, match="odd"):
        ArtPrior.from_weights(wrong)
    damaged = LoadedWeights("odd", {"channels": "many"}, {}, tensors, "0" * 16, "try others")
    with pytest.raises(WeightsError, match=r"odd.*try others"):
        ArtPrior.from_weights(damaged)


def test_only_depixels_own_files_come_with_its_installation(tmp_path: Path) -> None:
    """For a damaged file of the user's own the advice is not "install Depixel again"; for a released one it is."""
    own = tmp_path / "mine.safetensors"
    own.write_bytes(b"no weights")

    with pytest.raises(WeightsError, match=r"mine\.safetensors .*get the file again, or choose other weights"):
        load_weights(str(own))
    assert remedy_for(RELEASED / "art-small.safetensors") == "install Depixel again"


@pytest.mark.weights
def test_the_released_network_beats_plain_enlargement() -> None:
    """A disc drawn with soft edges comes closer to the truth than by bicubic enlargement."""
    assert "art-small" in released_names()
    prior = ArtPrior.load("art-small")
    y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    disc = (30 - (y - 47.5).hypot(x - 44)).clamp(0, 1)
    truth = torch.stack([disc * 0.9, disc * 0.3, disc * 0.2, disc])[None]
    degradation = make_degradation("area", 4)
    small = degradation.apply(truth)
    with torch.no_grad():
        answer = prior.decode(prior.encode(small, degradation), small, degradation)
    plain = torch.nn.functional.interpolate(small, scale_factor=4, mode="bicubic")
    assert (answer - truth).square().mean() < (plain - truth).square().mean() / 4


def test_loading_names_what_is_missing(tmp_path: Path) -> None:
    """A missing file is a WeightsError that lists the existing ones."""
    with pytest.raises(WeightsError, match="art-huge"):
        ArtPrior.load("art-huge")
    with pytest.raises(WeightsError):
        ArtPrior.load(str(tmp_path / "none.safetensors"))
