from __future__ import annotations

import torch

from depixel.degradation import PointDegradation
from depixel.domains.cascade import Tile, with_ring
from depixel.domains.exporting import keep_unchanged, lock_palette, palettes_of, unit_length


def ringed(straight: torch.Tensor) -> torch.Tensor:
    return with_ring(straight, Tile(0, 0, *straight.shape[2:]), (False, False))


def test_locked_colours_come_from_the_neighbourhood() -> None:
    """An edge between red and white stays red and white although pink is elsewhere in the picture."""
    straight = torch.zeros(1, 4, 4, 8, dtype=torch.int32)
    straight[:, 3] = 255
    straight[:, 0] = 255
    straight[:, 1:3, :, 4:] = 255  # white on the right
    straight[:, 1:3, 0, 0] = 128  # one pink pixel, far from the edge
    blurred = straight.float().repeat_interleave(4, 2).repeat_interleave(4, 3)
    blurred[:, 1:3, :, 13:19] = 128.0

    locked = lock_palette(blurred.round().int(), ringed(straight), 4, 255)

    edge = locked[0, :, 4:, 8:24].flatten(1).T.unique(dim=0).tolist()
    assert edge == [[255, 0, 0, 255], [255, 255, 255, 255]]


def test_locking_keeps_what_is_exact() -> None:
    """Centres of blocks are the input's own colours before and after."""
    straight = torch.randint(0, 3, (1, 4, 6, 6), dtype=torch.int32) * 100
    straight[:, 3] = 255
    large = torch.randint(0, 255, (1, 4, 24, 24), dtype=torch.int32)
    large[:, 3] = 255
    for row in (1, 2):
        for column in (1, 2):
            large[:, :, row::4, column::4] = straight

    locked = lock_palette(large, ringed(straight), 4, 255)

    assert torch.equal(PointDegradation(4).apply(locked.double()), straight.double())


def test_unchanged_surroundings_are_copied_from_the_frame_before() -> None:
    """Only what lies within two small pixels of a change may differ."""
    straight = torch.zeros(2, 4, 12, 12, dtype=torch.int32)
    straight[1, 0, 3, 3] = 9
    large = torch.stack([torch.zeros(4, 24, 24), torch.ones(4, 24, 24)]).int()

    kept = keep_unchanged(large, straight, 2)

    differs = (kept[1] != kept[0]).any(0)
    assert bool(differs[2:12, 2:12].all())
    assert int(differs.sum()) == 100


def test_unit_vectors_stay_and_others_become_so() -> None:
    """Length 1 after, direction as before."""
    vectors = torch.randn(1, 3, 5, 5)
    encoded = vectors / vectors.norm(dim=1, keepdim=True) * 0.7 / 2 + 0.5

    decoded = unit_length(encoded) * 2 - 1

    assert torch.allclose(decoded.norm(dim=1), torch.ones(1, 5, 5), atol=1e-5)
    assert torch.allclose(decoded, vectors / vectors.norm(dim=1, keepdim=True), atol=1e-5)


def test_palettes_list_each_colour_premultiplied() -> None:
    """Every colour once; a shorter palette is filled up with its last colour."""
    straight = torch.zeros(2, 4, 2, 2, dtype=torch.int32)
    straight[0, :, 0, 0] = torch.tensor([200, 100, 50, 51], dtype=torch.int32)

    palettes = palettes_of(straight, 255)

    assert palettes.shape == (2, 2, 4)
    assert torch.allclose(palettes[0].amax(0), torch.tensor([200, 100, 50, 255]) / 255 * 51 / 255)
    assert bool((palettes[1] == 0).all())
