"""Soft shadows of hair: light passes next to it, fades inside it, and is weaker behind it the denser it is."""

from __future__ import annotations

import torch

from depixel.portrait.hair_shadow import hair_shadow


def block(people: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Hair that fills the middle of the map, from 0 to 1 dm towards the light."""
    axis = torch.arange(8.0, 24.0, 0.5)
    x, y, z = torch.meshgrid(axis, axis, torch.linspace(0, 1, 5), indexing="ij")
    place = torch.stack([x, y, z], -1).reshape(-1, 3)
    return place.repeat(people, 1), torch.arange(people).repeat_interleave(len(place))


def test_light_passes_beside_hair_and_dies_away_inside_it() -> None:
    shadow = hair_shadow(*block(), 1, 32)
    places = torch.tensor([[2.0, 2.0, -1.0], [16.0, 16.0, 1.0], [16.0, 16.0, 0.9], [16.0, 16.0, 0.2]])
    beside, front, below, deep = shadow.passed(places, torch.zeros(4, dtype=torch.long)).tolist()
    assert beside == 1
    assert front > 0.95
    assert 0.2 < below < 0.8
    assert deep < 0.05


def test_the_edge_of_a_shadow_is_soft() -> None:
    shadow = hair_shadow(*block(), 1, 32)
    x = torch.arange(4.0, 14.0, 0.5)
    places = torch.stack([x, torch.full_like(x, 16.0), torch.full_like(x, -1.0)], 1)
    light = shadow.passed(places, torch.zeros(len(x), dtype=torch.long))
    assert light[0] == 1
    assert light[-1] < 0.05
    assert float((light[1:] - light[:-1]).max()) <= 1e-5


def test_everybody_has_a_shadow_of_their_own() -> None:
    place, person = block(2)
    shadow = hair_shadow(place[person == 1], person[person == 1], 2, 32)
    both = shadow.passed(torch.tensor([[16.0, 16.0, -1.0]] * 2), torch.tensor([0, 1]))
    assert both[0] == 1
    assert both[1] < 0.05


def test_no_hair_throws_no_shadow() -> None:
    shadow = hair_shadow(torch.zeros(0, 3), torch.zeros(0, dtype=torch.long), 1, 16)
    assert shadow.passed(torch.tensor([[8.0, 8.0, 0.0]]), torch.zeros(1, dtype=torch.long)) == 1
