"""The head's data and its smooth levels."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from depixel.errors import DepixelError
from depixel.portrait.head import EYE, SKIN, Head, released_head
from depixel.portrait.sampling import sample
from depixel.portrait.shape import shape
from depixel.portrait.subdivision import subdivide


def test_the_released_head_is_symmetric_and_in_decimetres() -> None:
    """Eyes are left and right of the origin, the nose in front of it, the mouth and then the chin below."""
    head = released_head()
    mean = {name: head.template[vertices].mean(0) for name, vertices in head.landmarks.items()}

    assert torch.allclose(mean["left_eye"] * torch.tensor([-1.0, 1, 1]), mean["right_eye"], atol=1e-4)
    assert 0.5 < mean["left_eye"][0] - mean["right_eye"][0] < 0.7
    assert mean["nose_tip"][2] > 0.3
    assert mean["chin"][1] < mean["lower_lip"][1] < mean["upper_lip"][1] < 0
    assert mean["left_eye_inner"][0] < mean["left_eye_outer"][0]


def test_levels_grow_fourfold_and_stay_close_to_the_base() -> None:
    """Level 1 has four times the triangles of level 0, of every part, and no vertex leaves the head."""
    head = released_head()
    coarse, fine = head.level(0), head.level(1)

    assert len(fine.triangles) == 4 * len(coarse.triangles)
    assert set(fine.parts.unique().tolist()) == {0, 1, 2, 3}
    assert (fine.parts == EYE).sum() == 4 * (coarse.parts == EYE).sum()
    assert fine.canonical.amax(0).le(head.template.amax(0) + 1e-4).all()
    assert torch.allclose(fine.apply(head.template[None])[0], fine.canonical, atol=1e-5)
    assert fine.regions.min() >= -1e-5 and fine.regions.max() <= 1 + 1e-5


def test_subdividing_a_plane_keeps_it_flat_and_a_cube_becomes_round() -> None:
    """A linear function is preserved inside a grid; a cube's corners move inward, its borders never open."""
    corners = torch.tensor([[x, y, z] for z in (-1.0, 1) for y in (-1.0, 1) for x in (-1.0, 1)])
    cube = torch.tensor([[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]])
    matrix, finer = subdivide(cube, 8)
    points = matrix @ corners

    assert finer.shape == (24, 4)
    assert torch.allclose(torch.ones(8) @ matrix.to_dense().T, torch.ones(26))
    assert points.norm(dim=1).max() < corners.norm(dim=1).max()
    assert torch.allclose(points[8:20].abs().sum(1), torch.full((12,), 1.5), atol=1e-5)

    square, _ = subdivide(torch.tensor([[0, 1, 2, 3]]), 4)
    flat = square @ torch.tensor([[0.0, 0, 5], [1, 0, 5], [1, 1, 5], [0, 1, 5]])
    assert torch.allclose(flat[:, 2], torch.full((9,), 5.0))


def test_skin_has_lips_scalp_and_brows_apart() -> None:
    """Regions of the skin do not overlap where they are strong."""
    head = released_head()
    strong = {name: head.region(name) > 0.6 for name in ("lips", "scalp", "brow", "beard", "ears")}

    for one, first in strong.items():
        assert first.any()
        assert not any((first & second).any() for other, second in strong.items() if other != one)
    assert (head.quad_parts == SKIN).sum() == len(head.skin_quads)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """A file that is not a head gives one sentence."""
    broken = tmp_path / "head.safetensors"
    broken.write_bytes(b"nothing")

    with pytest.raises(DepixelError, match=r"head\.safetensors cannot be read"):
        Head(broken)


def test_teeth_follow_the_lips_of_everybody() -> None:
    """For any face shape, the teeth keep their distance behind the lips."""
    head = released_head()
    lips = head.region("lips") > 0.5
    calm = {"smile": 0.0, "teeth": 0.0, "mouth_open": 0.0, "frown": 0.0, "pucker": 0.0, "press": 0.0, "cheeks": 0.0}
    vertices = shape(sample(range(12)).replaced(calm), head).vertices
    gap = vertices[:, lips].mean(1) - vertices[:, head.inside_mouth].mean(1)

    assert (gap - gap.mean(0)).abs().max() < 0.05
