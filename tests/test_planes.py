"""A picture split and joined: every channel is in exactly one plane, and is restored from it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from depixel.picture import Picture
from depixel.planes import Plane, join, split
from depixel.preparation.prepare import prepare
from depixel.request import Request

RNG = np.random.default_rng(8)


def planes(
    domain: str, channels: int = 4, *, alpha: str = "auto", dtype: type = np.uint8
) -> tuple[list[Plane], np.ndarray]:
    pixels = RNG.integers(0, np.iinfo(dtype).max, (5, 6, channels), dtype=dtype, endpoint=True)
    picture = Picture((pixels,))
    return split(prepare(picture, Request(domain=domain, alpha=alpha, wrap="none"))), picture.rgba().astype(np.int64)


@pytest.mark.parametrize(
    ("domain", "channels", "alpha", "parts"),
    [
        ("art", 4, "auto", [(0, 1, 2, 3)]),
        ("art", 4, "data", [(0, 1, 2), (3,)]),
        ("textures", 3, "auto", [(0, 1, 2, 3)]),
        ("normals", 4, "auto", [(0, 1, 2), (3,)]),
        ("normals", 4, "opacity", [(0, 1, 2, 3)]),
        ("data", 3, "auto", [(0,), (1,), (2,)]),
        ("data", 4, "auto", [(0,), (1,), (2,), (3,)]),
        ("data", 1, "auto", [(0, 1, 2, 3)]),
        ("data", 2, "auto", [(0, 1, 2), (3,)]),
        ("data", 4, "opacity", [(0, 1, 2, 3)]),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_split_and_join(domain: str, channels: int, alpha: str, parts: list[tuple[int, ...]], dtype: type) -> None:
    """The planes by kind; joined again they are the picture, in each of its channels."""
    pieces, pixels = planes(domain, channels, alpha=alpha, dtype=dtype)

    whole = join(pieces, [plane.straight for plane in pieces])

    assert [plane.channels for plane in pieces] == parts
    assert np.array_equal(whole[0].permute(1, 2, 0).numpy(), pixels)


def test_a_scalar_is_grey_opaque_and_no_vector() -> None:
    """Gloss next to normals does not get unit length; the normals do."""
    normals, gloss = planes("normals")[0]

    assert normals.vectors and not gloss.vectors
    assert gloss.is_scalar and not normals.is_scalar
    assert (gloss.straight[:, :3] == gloss.straight[:, :1]).all() and (gloss.straight[:, 3] == 255).all()
    assert bool(gloss.grey.all()) and not bool(normals.grey.any())


def test_of_takes_the_same_part_of_a_larger_picture() -> None:
    """Each plane finds its channels in any result."""
    whole = torch.arange(4 * 4).reshape(1, 4, 2, 2).float()
    colour, gloss = planes("normals")[0]
    red = planes("data")[0][0]
    (art,) = planes("art")[0]

    assert torch.equal(gloss.of(whole)[:, :3], whole[:, 3:].expand(-1, 3, -1, -1))
    assert torch.equal(red.of(whole)[:, :3], whole[:, :1].expand(-1, 3, -1, -1))
    assert torch.equal(colour.of(whole)[:, :3], whole[:, :3])
    assert (colour.of(whole)[:, 3] == 255).all() and (red.of(whole)[:, 3] == 255).all()
    assert torch.equal(art.of(whole), whole)


def test_channels_that_are_only_half_equal_go_apart() -> None:
    """Red and green equal and blue different: three values, not one colour."""
    pixels = RNG.integers(0, 255, (6, 6, 3), dtype=np.uint8)
    pixels[..., 1] = pixels[..., 0]

    parts = split(prepare(Picture((pixels,)), Request(domain="data")))

    assert [plane.channels for plane in parts] == [(0,), (1,), (2,)]


def test_a_grey_face_may_become_coloured_and_nothing_else_may() -> None:
    """A face is invented in colour; the answer to any other grey picture stays grey."""
    grey = Picture((RNG.integers(0, 255, (8, 8, 1), dtype=np.uint8),))

    kept = {name: bool(split(prepare(grey, Request(domain=name)))[0].grey.all()) for name in ("art", "data", "faces")}

    assert kept == {"art": True, "data": True, "faces": False}


def test_a_plane_of_vectors_has_opaque_alpha_when_joined() -> None:
    """If no plane holds alpha, the picture is fully opaque."""
    (colour,) = planes("normals", 3)[0]
    answer = colour.straight.clone()
    answer[:, 3] = 7

    scalars = planes("data", 3)[0]
    joined = join(scalars, [torch.full_like(plane.straight, 9) for plane in scalars])

    assert (joined[:, :3] == 9).all() and (joined[:, 3] == 255).all() and joined.shape[1] == 4
    assert torch.equal(join([colour], [answer]), answer)


def test_grey_means_all_three_alike() -> None:
    """A differing green or blue makes a colour; each picture counts separately."""
    straight = torch.full((3, 4, 2, 2), 50, dtype=torch.int32)
    straight[1, 1, 0, 0] = 51
    straight[2, 2, 0, 0] = 51
    degradation = planes("art")[0][0].degradation

    assert Plane(straight, (0, 1, 2, 3), degradation, 255).grey.tolist() == [True, False, False]
    assert Plane(straight, (0, 1, 2, 3), degradation, 255, grey_stays=False).grey.tolist() == [False] * 3
