"""The art network's blocks in int8, on a tiny network with random weights; skipped where the CPU is not made for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from training.calibrate_art import measured_peaks

from depixel.degradation import make_degradation
from depixel.errors import WeightsError
from depixel.priors import art
from depixel.priors.art import DEGRADATIONS, ArtBlock, ArtConfig, ArtNetwork, ArtPrior
from depixel.priors.art_int8 import PEAKS, _IntegerConvolution, is_fast_here
from depixel.priors.base import PriorSpec
from depixel.priors.weights import LoadedWeights

CONFIG = ArtConfig(channels=16, blocks=3, latent=4)
needs_int8 = pytest.mark.skipif(not is_fast_here(), reason="this CPU or this torch has no fast int8 convolutions")


@pytest.fixture(scope="module")
def network() -> ArtNetwork:
    torch.manual_seed(0)
    network = ArtNetwork(CONFIG)
    with torch.no_grad():
        for block in cast(list[ArtBlock], list(network.blocks)):
            block.bend.weight.normal_(0, 0.5)
            block.condition.normal_(0, 0.3)
            block.second.weight.mul_(8)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def peaks(network: ArtNetwork) -> torch.Tensor:
    small = pictures(8, 24, 24)
    return torch.stack([measured_peaks(network, small, kind) for kind in range(len(DEGRADATIONS))])


@pytest.fixture
def prior(network: ArtNetwork, peaks: torch.Tensor) -> ArtPrior:
    return ArtPrior(network, PriorSpec("tiny", "art", 4, None, "0" * 16, "CC-BY-SA-4.0"), peaks=peaks)


def pictures(batch: int, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    alpha = torch.rand(batch, 1, height, width, generator=generator)
    return torch.cat([torch.rand(batch, 3, height, width, generator=generator) * alpha, alpha], 1)


def calm(prior: ArtPrior, small: torch.Tensor, name: str = "area", **more: Any) -> torch.Tensor:
    degradation = make_degradation(name, 4, **more)
    return prior.decode(prior.encode(small, degradation), small, degradation)


@needs_int8
@pytest.mark.parametrize("name", DEGRADATIONS)
@pytest.mark.parametrize("wrap", [(False, False), (True, False), (True, True)])
def test_int8_is_near_the_exact_network(
    prior: ArtPrior, name: str, wrap: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A level or two from the network's own answer, and still exact."""
    small = pictures(2, 17, 70)
    answer = calm(prior, small, name, wrap=wrap)
    monkeypatch.setattr(art, "is_fast_here", lambda: False)
    monkeypatch.setattr(art, "fast_at_bfloat16", lambda device: False)
    exact = calm(prior, small, name, wrap=wrap)
    assert not torch.equal(answer, exact)
    assert (answer - exact).abs().mean() < 0.6 / 255
    degradation = make_degradation(name, 4, wrap=wrap)
    assert (degradation.apply(answer) - small).abs().max() < 1e-4


@needs_int8
def test_a_part_of_a_picture_gets_the_answer_of_the_whole(prior: ArtPrior) -> None:
    """Tiles with the receptive field around them equal the whole: scales do not depend on the picture."""
    small = pictures(1, 70, 96)
    reach = prior.receptive_field
    whole = calm(prior, small)
    part = calm(prior, small[..., 96 - 20 - reach :])
    assert (whole[..., -20 * 4 :] - part[..., -20 * 4 :]).abs().max() < 1e-5


@needs_int8
def test_filled_up_pictures_answer_as_alone(prior: ArtPrior) -> None:
    """`valid` in int8: pixels outside read as zero, as beyond a border."""
    small = pictures(1, 66, 68)
    degradation = make_degradation("area", 4)
    filled = torch.nn.functional.pad(small, (0, 7, 0, 5), mode="replicate")
    valid = torch.zeros(1, 1, 71, 75)
    valid[..., :66, :68] = 1
    alone = calm(prior, small)
    together = prior.decode(prior.encode(filled, degradation), filled, degradation, valid)
    assert (together[..., : 66 * 4 - 8, : 68 * 4 - 8] - alone[..., :-8, :-8]).abs().max() < 1e-5


def test_a_calm_answer_does_not_depend_on_its_neighbours_in_the_batch(prior: ArtPrior) -> None:
    """A row with z = 0 next to a row with another z has the same bytes as alone."""
    small = pictures(1, 66, 66).expand(3, -1, -1, -1).contiguous()
    degradation = make_degradation("area", 4)
    latents = prior.sample(small, degradation, torch.Generator().manual_seed(0), 1.0)
    latents["z"][1] = 0
    mixed = prior.decode(latents, small, degradation)
    assert torch.equal(mixed[1:2], calm(prior, small[:1]))
    assert not torch.equal(mixed[:1], mixed[1:2])


@needs_int8
def test_imagined_answers_stay_exact(prior: ArtPrior, network: ArtNetwork) -> None:
    """int8 is for calm answers; imagined ones never use it."""
    small = pictures(1, 66, 66)
    degradation = make_degradation("area", 4)
    without = ArtPrior(network, prior.spec)
    latents = prior.sample(small, degradation, torch.Generator().manual_seed(0), 1.0)
    assert torch.equal(prior.decode(latents, small, degradation), without.decode(latents, small, degradation))
    assert not torch.equal(calm(prior, small), calm(without, small))


@needs_int8
def test_the_mean_of_several_turns_is_in_int8_too(prior: ArtPrior, network: ArtNetwork) -> None:
    """Averaging turns averages what int8 rounds: nearer to the exact mean than one pass is to its own."""
    small = pictures(1, 66, 66)
    without = ArtPrior(network, prior.spec)
    away = [(calm(prior.ensemble(n), small) - calm(without.ensemble(n), small)).square().mean() for n in (1, 8)]
    assert 0 < away[1] < away[0]


@pytest.mark.parametrize(
    "change",
    [lambda peaks: peaks[:, 1:], lambda peaks: peaks * 0, lambda peaks: peaks * float("nan")],
    ids=["another shape", "zeros", "not numbers"],
)
def test_peaks_that_do_not_fit_are_refused(
    network: ArtNetwork, peaks: torch.Tensor, change: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    weights = LoadedWeights(
        "tiny", CONFIG.to_dict(), {}, {**network.state_dict(), PEAKS: change(peaks)}, "0" * 16, "download them again"
    )
    with pytest.raises(WeightsError, match="configuration"):
        ArtPrior.from_weights(weights)


def test_a_cpu_that_is_made_for_int8_is_recognised() -> None:
    """Otherwise the tests of this file would be skipped, and int8 never used, without anybody noticing."""
    flags = Path("/proc/cpuinfo").read_text() if sys.platform == "linux" else ""
    if "avx512_vnni" not in flags or torch.backends.cpu.get_cpu_capability() != "AVX512":
        pytest.skip("this CPU has no AVX-512 VNNI")
    assert is_fast_here()


@needs_int8
def test_bytes_stand_for_whole_steps_of_the_peak() -> None:
    """Through a convolution that copies its input, every multiple of peak / 127 is preserved."""
    copying = torch.zeros(8, 8, 3, 3)
    copying[range(8), range(8), 1, 1] = 1
    peaks = torch.linspace(0.5, 4, 8)
    layer = _IntegerConvolution(copying, torch.zeros(8), peaks, signed=True)
    steps = torch.arange(-127, 128).reshape(1, 1, 15, 17).expand(1, 8, -1, -1) / 127 * peaks[None, :, None, None]

    answer = layer(layer.as_bytes(steps)).float()

    assert ((answer - steps).abs() / peaks[None, :, None, None]).max() < 0.5 / 127
