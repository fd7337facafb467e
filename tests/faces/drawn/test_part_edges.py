"""Vague parts are sharpened along the outlines in the picture."""

from __future__ import annotations

import torch

from depixel.faces.drawn.colour_fit import blurred
from depixel.faces.drawn.part_edges import sharpened

SIDE = 64


def test_edges_move_to_those_of_the_picture() -> None:
    """Blurred halves become the halves that the colours show, with a smaller error than the network's."""
    truth = torch.zeros(1, 2, SIDE, SIDE)
    truth[:, 0, :, :36] = 1
    truth[:, 1, :, 36:] = 1
    picture = truth[:, :1] * 0.6 + truth[:, 1:] * torch.tensor([0.2, 0.3, 0.2])[:, None, None]
    vague = blurred(torch.roll(truth, 3, 3), 5.0)

    answer = sharpened(vague, picture.expand(1, 3, -1, -1))

    inside = (slice(None), slice(None), slice(None), slice(10, 54))  # rolled: the left border is wrong on purpose
    assert float((answer - truth)[inside].abs().mean()) < 0.4 * float((vague - truth)[inside].abs().mean())
    assert torch.allclose(answer.sum(1), torch.ones(1, SIDE, SIDE), atol=1e-5)


def test_a_plain_picture_decides_nothing() -> None:
    """Without colours to go by, the network's estimate is kept."""
    parts = blurred(torch.rand(1, 4, SIDE, SIDE, generator=torch.Generator().manual_seed(0)), 4.0).softmax(1)

    answer = sharpened(parts, torch.full((1, 3, SIDE, SIDE), 0.5))

    assert float((answer - parts).abs().mean()) < 0.1
