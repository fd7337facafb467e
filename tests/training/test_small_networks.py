"""A run of a small network is resumable, and its release can be loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from training.small_networks import SmallRun

from depixel.errors import WeightsError
from depixel.priors.weights import load_network


def test_a_second_call_continues_the_first_and_the_release_fits(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = nn.Linear(4, 1)
    run = SmallRun(network, tmp_path / "run" / "line.safetensors")
    generator = torch.Generator().manual_seed(run.steps)

    def loss_of_batch() -> Tensor:
        x = torch.rand(16, 4, generator=generator)
        return (network(x) - x.sum(1, keepdim=True)).square().mean()

    before = loss_of_batch().item()
    run.descend(0.01, 0.05, loss_of_batch)
    steps = run.steps
    assert steps > 0
    assert loss_of_batch().item() < before

    again = SmallRun(nn.Linear(4, 1), tmp_path / "run" / "line.safetensors")
    assert again.steps == steps
    assert all(torch.equal(a, b) for a, b in zip(again.network.parameters(), network.parameters(), strict=True))
    again.descend(0.001, 0.05, lambda: again.network(torch.ones(2, 4)).square().mean())
    assert again.steps > steps

    run.release("line", tmp_path / "line.safetensors")
    copy = load_network(nn.Linear(4, 1), tmp_path / "line.safetensors", "line", "a line")
    assert torch.allclose(copy.weight, network.weight, atol=1e-3)
    assert not list(tmp_path.glob("*.part"))
    with pytest.raises(WeightsError, match="does not hold a circle"):
        load_network(nn.Linear(4, 1), tmp_path / "line.safetensors", "circle", "a circle")
    with pytest.raises(WeightsError, match="are not those of a line"):
        load_network(nn.Linear(5, 1), tmp_path / "line.safetensors", "line", "a line")
    assert json.loads((tmp_path / "run" / "state.json").read_text())["seconds"] > 0
