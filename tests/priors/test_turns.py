"""Answers averaged over flips and turns, on a tiny network with random weights."""

from __future__ import annotations

import pytest
import torch

from depixel.priors import turns as module
from depixel.priors.art import ArtConfig, ArtNetwork
from depixel.priors.turns import TURNS, Answering, Turn, Wrap, mean_of_turns


def answering(network: ArtNetwork) -> Answering:
    """The network under its first degradation."""

    def answer(small: torch.Tensor, z: torch.Tensor | None, valid: torch.Tensor | None, wrap: Wrap) -> torch.Tensor:
        return network(small, torch.zeros(len(small), dtype=torch.long), z, valid, wrap)

    return answer


@pytest.fixture
def network() -> ArtNetwork:
    torch.manual_seed(0)
    network = ArtNetwork(ArtConfig(channels=8, blocks=2, latent=4)).eval().requires_grad_(False)
    with torch.no_grad():
        network.head.weight.normal_(0, 0.3)
        for block in network.blocks:
            block.bend.weight.normal_(0, 0.5)  # type: ignore[operator, union-attr]
    return network


def picture(height: int = 6, width: int = 9) -> torch.Tensor:
    return torch.rand(2, 4, height, width, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("turn", TURNS)
def test_every_turn_is_undone(turn: Turn) -> None:
    """Turning and turning back restores the picture, whatever its shape."""
    assert torch.equal(turn.undo(turn.of(picture())), picture())


def test_there_are_eight_and_no_two_alike() -> None:
    """All symmetries of a square, the identity first."""
    square = picture(5, 5)
    seen = {turn.of(square).numpy().tobytes() for turn in TURNS}
    assert len(seen) == 8
    assert torch.equal(TURNS[0].of(square), square)


@pytest.mark.parametrize("turn", TURNS)
def test_over_all_eight_the_answer_turns_with_the_picture(network: ArtNetwork, turn: Turn) -> None:
    """No direction is preferred; one pass of this network does prefer one."""
    small, z = picture(), 0.5 * picture()
    answer = mean_of_turns(answering(network), TURNS, small, z, None)
    turned = mean_of_turns(answering(network), TURNS, turn.of(small), turn.of(z), None)
    assert torch.allclose(turned, turn.of(answer), atol=1e-5)
    if turn is not TURNS[0]:
        once = turn.of(mean_of_turns(answering(network), TURNS[:1], small, z, None))
        assert (
            mean_of_turns(answering(network), TURNS[:1], turn.of(small), turn.of(z), None) - once
        ).abs().max() > 0.01


def test_passes_shared_and_apart_are_the_same(network: ArtNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many turns share a pass depends on the batch; the answer does not. Padding is turned as well."""
    small, valid = picture(), torch.ones(2, 1, 6, 9)
    valid[1, :, 4:] = 0
    small[1, :, 4:] = small[1, :, 3:4]  # padded by repeating the border
    shared = mean_of_turns(answering(network), TURNS, small, None, valid)
    monkeypatch.setattr(module, "_LEAST_PASS", 1)
    assert torch.allclose(mean_of_turns(answering(network), TURNS, small, None, valid), shared, atol=1e-6)
    alone = mean_of_turns(answering(network), TURNS, small[1:, :, :4], None, None)
    assert torch.allclose(shared[1:, :, :16], alone, atol=1e-5)


def test_a_search_gets_its_gradient_through_all_turns(network: ArtNetwork) -> None:
    """The gradient of a latent is that of the plain mean."""
    small = picture()
    gradients = []
    for plain in (False, True):
        z = torch.zeros(2, 4, 6, 9, requires_grad=True)
        if plain:
            answer = torch.stack(
                [t.undo(network(t.of(small), torch.zeros(2, dtype=torch.long), t.of(z))) for t in TURNS[:4]]
            ).mean(0)
        else:
            answer = mean_of_turns(answering(network), TURNS[:4], small, z, None)
        (answer * torch.linspace(0, 1, answer.shape[3])).sum().backward()
        assert z.grad is not None
        gradients.append(z.grad)
    assert gradients[0].abs().max() > 0
    assert torch.allclose(gradients[0], gradients[1], atol=1e-4)
