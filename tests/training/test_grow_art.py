"""A grown network answers like its source, every weight can learn, and a release can be continued."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from training.checkpoints import load_checkpoint, save_checkpoint
from training.export_art import export
from training.grow_art import grown, grown_run, old_places
from training.releases import save_release
from training.train_art import CONFIGS, start

from depixel.priors.art import ArtNetwork
from depixel.priors.art_int8 import PEAKS

CPU = torch.device("cpu")


def trained_like() -> ArtNetwork:
    """A tiny network with no parameter left at zero."""
    torch.manual_seed(3)
    network = ArtNetwork(CONFIGS["tiny"])
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network


LARGER = replace(CONFIGS["tiny"], channels=24, blocks=5)


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_growing_keeps_every_answer(strength: float) -> None:
    """Wider and deeper, for each degradation, with and without z."""
    source = trained_like()
    larger = grown(source, LARGER)
    small, kind = torch.rand(3, 4, 9, 11), torch.arange(3)
    z = strength * torch.randn(3, source.config.latent, 9, 11) if strength else None
    torch.testing.assert_close(larger(small, kind, z), source(small, kind, z), rtol=1e-4, atol=1e-5)


def test_new_channels_get_a_gradient_at_once() -> None:
    """The weights that read new channels are zero but learn from the first step; no new part is unconnected."""
    source = trained_like()
    larger = grown(source, LARGER)
    larger(torch.rand(1, 4, 8, 8), torch.zeros(1, dtype=torch.long)).square().mean().backward()
    assert not larger.head.weight[:, 16:].any()
    assert larger.head.weight.grad is not None and (larger.head.weight.grad[:, 16:] != 0).any(dim=(0, 2, 3)).all()
    fresh = [i for i in range(5) if i not in old_places(2, 5)]
    assert len(fresh) == 3
    assert all((larger.blocks[i].second.weight.grad[:16] != 0).any() for i in fresh)  # type: ignore[index, union-attr]


def test_a_release_is_continued_in_its_own_shape(tmp_path: Path) -> None:
    """Exported weights are restored with their counters; a larger shape counts from zero; a smaller one is refused."""
    run = start(CONFIGS["tiny"], CPU)
    run.average.load_state_dict(trained_like().state_dict())
    run.steps, run.samples, run.seconds = 7, 112, 3.5
    save_checkpoint(tmp_path, run)
    export(tmp_path, tmp_path / "tiny.safetensors")
    weights = str(tmp_path / "tiny.safetensors")
    again = grown_run(weights, CONFIGS["tiny"])
    assert (again.steps, again.samples, again.seconds) == (7, 112, 3.5)
    for mine, its in zip(again.network.parameters(), run.average.parameters(), strict=True):
        torch.testing.assert_close(mine, its.detach(), rtol=1e-3, atol=1e-4, check_stride=False)
    larger = grown_run(weights, LARGER)
    assert larger.steps == 0
    (tmp_path / "grown").mkdir()
    save_checkpoint(tmp_path / "grown", larger)
    load_checkpoint(tmp_path / "grown", start(LARGER, CPU))
    with pytest.raises(ValueError, match="shrink"):
        grown_run(weights, replace(CONFIGS["tiny"], blocks=1))
    with pytest.raises(ValueError, match="latent"):
        grown_run(weights, replace(CONFIGS["tiny"], latent=5))


def test_old_blocks_keep_their_order() -> None:
    """Each has its own position, the first one first."""
    for before, after in ((8, 12), (8, 14), (2, 5), (3, 3)):
        places = old_places(before, after)
        assert places == sorted(set(places))
        assert (places[0], len(places)) == (0, before)
        assert places[-1] < after


def test_a_release_that_was_calibrated_for_int8_can_be_continued(tmp_path: Path) -> None:
    """The ranges of channels, which training does not need, are left out."""
    run = start(CONFIGS["tiny"], CPU)
    run.average.load_state_dict(trained_like().state_dict())
    save_checkpoint(tmp_path, run)
    export(tmp_path, tmp_path / "plain.safetensors")
    with safe_open(str(tmp_path / "plain.safetensors"), "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
        metadata = file.metadata()
    save_release({**tensors, PEAKS: torch.ones(3, 4, 16)}, tmp_path / "peaks.safetensors", metadata)
    again = grown_run(str(tmp_path / "peaks.safetensors"), CONFIGS["tiny"])
    torch.testing.assert_close(again.network.stem.weight, run.average.stem.weight, rtol=0, atol=1e-3)
