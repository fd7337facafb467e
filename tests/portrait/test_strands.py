"""Strands: joining, drawing into the buffer, visibility, lighting."""

from __future__ import annotations

import pytest
import torch

from depixel.portrait.hair_shading import ambient, hair_surface, lit
from depixel.portrait.raster import Range
from depixel.portrait.strand_drawing import StrandHits, draw_strands
from depixel.portrait.strands import BEARD, HAIR, Strands

SPAN = Range(0.05, 0.2)


def strand(points: list[tuple[float, float, float]], radius: float = 1.0, material: int = HAIR) -> Strands:
    """One strand whose points are already samples and inverse depths."""
    P = len(points)
    return Strands(
        points=torch.tensor([points]),
        normals=torch.tensor([0.0, 0.0, 1.0]).expand(1, P, 3),
        radius=torch.full((1, P), radius),
        openness=torch.ones(1, P),
        person=torch.zeros(1, dtype=torch.long),
        hairs=torch.ones(1, dtype=torch.long),
        ragged=torch.zeros(1),
        colour=torch.tensor([[[0.1, 0.2, 0.3], [0.5, 0.4, 0.3]]]),
        blend=torch.linspace(0, 1, P)[None],
        shine=torch.ones(1),
        material=torch.full((1,), material),
    )


def draw(strands: Strands, size: int = 16) -> tuple[StrandHits, torch.Tensor]:
    buffer = torch.full((size * size,), -1, dtype=torch.int64)
    return draw_strands(strands, strands.points, torch.tensor([10.0]), (size, size), SPAN, buffer, 1000), buffer


def test_a_strand_covers_its_width_without_gaps() -> None:
    hits, _ = draw(strand([(2.0, 8.0, 0.1), (14.0, 8.0, 0.1)], radius=2.0))
    seen = torch.zeros(256).index_fill(0, hits.sample, 1).reshape(16, 16)
    assert seen[6:10, 2:14].all()
    assert not seen[:5].any()
    assert not seen[11:].any()


def test_a_hair_thinner_than_a_sample_is_still_drawn() -> None:
    hits, _ = draw(strand([(1.5, 1.5, 0.1), (14.5, 14.5, 0.1)], radius=0.001))
    assert len(hits.sample) >= 13


def test_the_nearer_strand_wins() -> None:
    far, near = strand([(0.0, 8.0, 0.08), (16.0, 8.0, 0.08)]), strand([(8.0, 0.0, 0.12), (8.0, 16.0, 0.12)])
    hits, _ = draw(Strands.joined([far, near]))
    crossing = (hits.sample == 8 * 16 + 8).nonzero().item()
    assert hits.strand[crossing] == 1  # type: ignore[index]
    assert set(hits.strand.tolist()) == {0, 1}


def test_triangles_hide_strands_behind_them() -> None:
    buffer = torch.full((256,), (2**30 - 1) << 32, dtype=torch.int64)
    one = strand([(0.0, 8.0, 0.1), (16.0, 8.0, 0.1)])
    assert len(draw_strands(one, one.points, torch.tensor([10.0]), (16, 16), SPAN, buffer, 1000).sample) == 0


def test_hidden_strands_change_nothing() -> None:
    """Skipping hidden strands, cell by cell, must not change the picture."""
    generator = torch.Generator().manual_seed(1)
    wall = [strand([(-4.0, y, 0.12), (70.0, y, 0.12)], radius=1.0) for y in torch.arange(0, 66, 2.0).tolist()]
    behind = [
        strand([(*(torch.rand(2, generator=generator) * 64).tolist(), 0.09), (32.0, 32.0, 0.09)]) for _ in range(40)
    ]
    alone, first = draw(Strands.joined(wall), 64)
    hits, second = draw(Strands.joined([*wall, *behind]), 64)
    assert len(alone.sample) == 64 * 64
    assert torch.equal(first >> 32, second >> 32)
    assert hits.strand.max() < len(wall)


def test_single_hairs_end_within_the_ragged_part() -> None:
    one = strand([(0.0, 8.0, 0.1), (8.0, 8.0, 0.1), (16.0, 8.0, 0.1)], radius=6.0)
    one = Strands(**{**one.__dict__, "hairs": torch.tensor([8]), "ragged": torch.tensor([0.5])})
    hits, _ = draw(one)
    columns = torch.bincount(hits.sample % 16, minlength=16)
    assert columns[2] > columns[14]
    assert columns[2] >= 8


def test_hits_interpolate_along_the_strand() -> None:
    one = strand([(0.0, 8.0, 0.1), (8.0, 8.0, 0.1), (16.0, 8.0, 0.1)])
    hits, _ = draw(one)
    x = hits.of(one.points)[:, 0]
    assert torch.allclose(x, (hits.sample % 16).float() + 0.5, atol=1.0)


def test_joined_strands_keep_all_and_repeat_the_last_point() -> None:
    both = Strands.joined([strand([(0, 0, 1), (1, 0, 1)], material=BEARD), strand([(0, 0, 1), (1, 0, 1), (2, 0, 1)])])
    assert both.points.shape == (2, 3, 3)
    assert torch.equal(both.points[0, 2], both.points[0, 1])
    assert both.material.tolist() == [BEARD, HAIR]
    assert len(both.chosen(both.material == HAIR)) == 1


def test_light_falls_on_the_side_that_faces_it_and_gradients_reach_the_colour() -> None:
    one = strand([(2.0, 8.0, 0.1), (14.0, 8.0, 0.1)])
    one = Strands(**{**one.__dict__, "colour": one.colour.clone().requires_grad_()})
    hits, _ = draw(one)
    hair = hair_surface(one, hits)
    eye = torch.tensor([0.0, 0.0, 1.0]).expand_as(hair.position)
    light = torch.ones_like(hair.position)
    front, back = lit(hair, eye, light, eye), lit(hair, -eye, light, eye)
    assert float(front.detach().mean()) > 3 * float(back.detach().mean())
    (front.sum() + ambient(hair, light).sum()).backward()
    assert one.colour.grad is not None
    assert float(one.colour.grad.abs().min()) > 0


@pytest.mark.parametrize("size", [8, 70])
def test_pictures_of_any_size_take_strands(size: int) -> None:
    hits, _ = draw(strand([(-5.0, -5.0, 0.1), (size + 5.0, size + 5.0, 0.1)]), size)
    assert len(hits.sample) >= size
