from __future__ import annotations

from typing import Any

import pytest
import torch

from depixel.degradation import AreaDegradation, PointDegradation
from depixel.exporting.palette import lock_palette, palettes_of
from depixel.exporting.plane import export_tile, keep_unchanged
from depixel.exporting.vectors import unit_vectors
from depixel.planes import Plane
from depixel.tiles import Tile, with_ring


def ringed(straight: torch.Tensor) -> torch.Tensor:
    return with_ring(straight, Tile(0, 0, *straight.shape[2:]), (False, False))


def test_locked_colours_come_from_the_neighbourhood() -> None:
    """An edge between red and white stays red and white even if there is pink elsewhere in the picture."""
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
    """Only pixels within two small pixels of a change may differ."""
    straight = torch.zeros(2, 4, 12, 12, dtype=torch.int32)
    straight[1, 0, 3, 3] = 9
    large = torch.stack([torch.zeros(4, 24, 24), torch.ones(4, 24, 24)]).int()

    kept = keep_unchanged(large, straight, 2)

    differs = (kept[1] != kept[0]).any(0)
    assert bool(differs[2:12, 2:12].all())
    assert int(differs.sum()) == 100


def wavy(length: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Normals of ripples [1, 3, 32, 32] in [0, 1], and their means [1, 3, 8, 8] with that length; 0 = unchanged."""
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    vectors = torch.stack([0.9 * torch.sin(0.9 * x), 0.7 * torch.cos(0.7 * y + 0.2 * x), torch.ones(32, 32)])[None]
    vectors = vectors / vectors.norm(dim=1, keepdim=True)
    means = AreaDegradation(4).apply(vectors)
    if length:
        means = means / means.norm(dim=1, keepdim=True) * length
    return vectors / 2 + 0.5, means / 2 + 0.5


def test_unit_vectors_stay_and_others_become_so() -> None:
    """Length 1 afterwards; a block that already points the right way keeps its directions."""
    vectors, means = wavy(1.0)
    short = (vectors - 0.5) * 0.7 + 0.5

    decoded = unit_vectors(short, means * 0.5 + 0.25, AreaDegradation(4)) * 2 - 1

    assert torch.allclose(decoded.norm(dim=1), torch.ones(1, 32, 32), atol=1e-5)


@pytest.mark.parametrize(("length", "levels"), [(1.0, 7.5), (0.0, 2.0)], ids=["normalised", "as reduced"])
def test_the_mean_of_unit_vectors_points_where_the_input_does(length: float, levels: float) -> None:
    """
    However far off the generator was: within a third of a level once both are normalised, and otherwise within the
    levels that unit length allows, which are few if the input was not normalised.
    """
    vectors, small = wavy(length)
    generated = (vectors + 0.15 * torch.randn(vectors.shape, generator=torch.Generator().manual_seed(2))).clamp(0, 1)
    degradation = AreaDegradation(4)
    projected = generated + degradation.pseudo_inverse(small - degradation.apply(generated))

    decoded = unit_vectors(projected, small, degradation) * 2 - 1

    mean, wanted = degradation.apply(decoded), small * 2 - 1
    apart = mean / mean.norm(dim=1, keepdim=True) - wanted / wanted.norm(dim=1, keepdim=True)
    assert torch.allclose(decoded.norm(dim=1), torch.ones(1, 32, 32), atol=1e-5)
    assert float(apart.abs().max()) * 127.5 < 0.34
    assert float((mean - wanted).abs().max()) * 127.5 < levels


def test_what_is_no_vector_is_not_torn_apart() -> None:
    """Grey next to the islands of a map has no length to spread: neighbours stay equal."""
    small = torch.full((1, 3, 6, 6), 128 / 255)
    noise = 0.002 * torch.randn(1, 3, 24, 24, generator=torch.Generator().manual_seed(1))
    before = torch.nn.functional.normalize((small.mean() + noise) * 2 - 1, dim=1)

    after = unit_vectors(small.mean() + noise, small, AreaDegradation(4)) * 2 - 1

    assert float((after * before).sum(1).min()) > 0.8


def test_palettes_list_each_colour_premultiplied() -> None:
    """Every colour once; a shorter palette is padded with its last colour."""
    straight = torch.zeros(2, 4, 2, 2, dtype=torch.int32)
    straight[0, :, 0, 0] = torch.tensor([200, 100, 50, 51], dtype=torch.int32)

    palettes = palettes_of(straight, 255)

    assert palettes.shape == (2, 2, 4)
    assert torch.allclose(palettes[0].amax(0), torch.tensor([200, 100, 50, 255]) / 255 * 51 / 255)
    assert bool((palettes[1] == 0).all())


def plane(straight: torch.Tensor, **more: Any) -> Plane:
    values = {"channels": (0, 1, 2, 3), "degradation": AreaDegradation(4), "levels": 255, **more}
    return Plane(straight, **values)


def pictures(count: int, levels: int = 255, seed: int = 0) -> torch.Tensor:
    """[count, 4, 5, 6] integers: one grey, one coloured, one with holes, and so on."""
    generator = torch.Generator().manual_seed(seed)
    straight = torch.randint(0, levels + 1, (count, 4, 5, 6), generator=generator, dtype=torch.int32)
    straight[0, 1:3] = straight[0, :1]
    straight[:2, 3] = levels
    straight[2:, 3, :2] = 0
    return straight


@pytest.mark.parametrize("keep_palette", [False, True])
@pytest.mark.parametrize("kind", ["area", "point", "binary", "vectors"])
def test_a_picture_is_exported_alike_alone_and_among_others(kind: str, keep_palette: bool) -> None:
    """Each row depends on its own pixels: greyness, hidden colours, palette and residual; all rows at once or some."""
    straight = pictures(4)
    if kind == "binary":
        straight[:, 3] = torch.where(straight[:, 3] > 127, 255, 0)
    about = {
        "degradation": PointDegradation(4) if kind == "point" else AreaDegradation(4),
        "binary_alpha": kind == "binary",
        "vectors": kind == "vectors",
    }
    large = torch.rand(4, 4, 20, 24, generator=torch.Generator().manual_seed(1))
    tile = Tile(0, 0, 5, 6)

    together, sums = export_tile(large, plane(straight, **about), tile, keep_palette=keep_palette)
    middle, middle_sums = export_tile(
        large[1:3], plane(straight, **about), tile, slice(1, 3), keep_palette=keep_palette
    )

    assert torch.equal(together[1:3], middle) and torch.equal(sums[1:3], middle_sums)
    for row in range(4):
        alone, alone_sums = export_tile(
            large[row : row + 1], plane(straight[row : row + 1], **about), tile, keep_palette=keep_palette
        )
        assert int((alone[0] - together[row]).abs().max()) <= (1 if kind == "vectors" else 0)
        assert alone_sums[0].tolist() == pytest.approx(sums[row].tolist(), rel=1e-3, abs=1e-3)
    if not keep_palette and kind != "vectors":
        assert (together[0, 0] == together[0, 1]).all() and not (together[1, 0] == together[1, 1]).all()


@pytest.mark.parametrize("levels", [255, 65535])
def test_vectors_are_written_in_the_levels_of_the_file(levels: int) -> None:
    """A flat map stays flat: straight up is (half, half, full) in every pixel, at both depths."""
    half = round(levels / 2)
    straight = torch.tensor([half, half, levels, levels], dtype=torch.int32)[None, :, None, None].expand(2, -1, 3, 3)
    large = straight.repeat_interleave(4, 2).repeat_interleave(4, 3) / levels + 0.02

    exported, sums = export_tile(large, plane(straight, levels=levels, vectors=True), Tile(0, 0, 3, 3))

    assert int((exported[:, 0] - half).abs().max()) <= 1
    assert (exported[:, 2] >= levels - 1).all() and (exported[:, 3] == levels).all()
    assert float(sums[:, 0].max()) < 1.0


def test_what_was_filled_up_does_not_count() -> None:
    """The residual is that of the real pixels: pixels beyond them may be wrong."""
    straight = pictures(2)
    valid = torch.ones(2, 1, 5, 6)
    valid[:, :, 3:] = 0
    large = torch.rand(2, 4, 20, 24, generator=torch.Generator().manual_seed(3))

    _, sums = export_tile(large, plane(straight, valid=valid), Tile(0, 0, 5, 6))
    _, all_of_it = export_tile(large, plane(straight), Tile(0, 0, 5, 6))

    assert sums[:, 3].tolist() == [3 * 6 * 4] * 2
    assert all_of_it[:, 3].tolist() == [5 * 6 * 4] * 2


def test_a_tile_is_what_it_is_in_the_whole() -> None:
    """Its own small pixels, hidden colours and neighbours are used, not those of another corner."""
    straight = pictures(3)
    large = torch.rand(3, 4, 20, 24, generator=torch.Generator().manual_seed(4))
    for keep_palette in (False, True):
        whole, _ = export_tile(large, plane(straight), Tile(0, 0, 5, 6), keep_palette=keep_palette)
        part, _ = export_tile(large[:, :, 4:16, 8:24], plane(straight), Tile(1, 2, 4, 6), keep_palette=keep_palette)
        if keep_palette:
            assert torch.equal(whole[:, :, 4:16, 8:24], part)
        else:
            assert int((whole[:, :, 4:16, 8:24] - part).abs().max()) <= 1


def test_frames_are_compared_one_by_one() -> None:
    """
    Three frames with one change between the second and the third: the second equals the first, the third does not.
    """
    straight = torch.zeros(3, 4, 9, 9, dtype=torch.int32)
    straight[2, 1, 4, 4] = 1
    large = torch.arange(3, dtype=torch.int32)[:, None, None, None].expand(3, 4, 18, 18).clone()

    kept = keep_unchanged(large, straight, 2)

    assert (kept[1] == 0).all()
    assert (kept[2, :, 4:14, 4:14] == 2).all() and (kept[2, :, :4] == 0).all() and (kept[2, :, :, 14:] == 0).all()


def test_a_block_that_is_right_already_is_left_alone() -> None:
    """Only blocks that point elsewhere are turned, whatever else is in the batch."""
    vectors, means = wavy(0.0)
    off = vectors.clone()
    off[:, :2, :4, :4] += 0.2
    degradation = AreaDegradation(4)

    decoded = unit_vectors(off, means, degradation)

    assert torch.allclose(decoded[:, :, 4:], vectors[:, :, 4:], atol=1e-5)
    assert not torch.allclose(decoded[:, :, :4, :4], off[:, :, :4, :4], atol=1e-2)
    mean = degradation.apply(decoded)[:, :, 0, 0]
    assert float((mean - means[:, :, 0, 0]).abs().max()) * 255 < 2


def test_vectors_spread_as_far_as_the_input_is_short() -> None:
    """A mean of length 0.6 is reached; one shorter than 0.4 is grey and is not."""
    generator = torch.Generator().manual_seed(4)
    for length, spreads in ((0.6, True), (0.3, False)):
        small = torch.zeros(1, 3, 4, 4)
        small[:, 2] = length
        encoded = small.repeat_interleave(4, 2).repeat_interleave(4, 3) + 0.6 * torch.randn(
            1, 3, 16, 16, generator=generator
        )
        encoded = (encoded / 2 + 0.5).clamp(0, 1)

        decoded = unit_vectors(encoded, small / 2 + 0.5, AreaDegradation(4)) * 2 - 1

        mean = AreaDegradation(4).apply(decoded)[0, 2]
        assert (float((mean - length).abs().max()) < 0.05) is spreads
        assert torch.allclose(decoded.norm(dim=1), torch.ones(1, 16, 16), atol=1e-5)


def test_a_palette_is_kept_only_on_request() -> None:
    """Two colours stay two; without the request there are mixtures."""
    straight = torch.zeros(1, 4, 4, 4, dtype=torch.int32)
    straight[:, 3] = 255
    straight[:, :3, :, 2:] = 255
    large = straight.float().repeat_interleave(4, 2).repeat_interleave(4, 3) / 255
    large[:, :3, :, 6:10] = 0.5
    about = plane(straight, degradation=PointDegradation(4))

    exported, sums = export_tile(large, about, Tile(0, 0, 4, 4), keep_palette=True)
    free, free_sums = export_tile(large, about, Tile(0, 0, 4, 4), keep_palette=False)

    assert set(exported[0, 0].unique().tolist()) == {0, 255}
    assert len(free[0, 0].unique()) > 2
    assert sums.shape == free_sums.shape == (1, 4)


def test_hidden_colours_lie_under_transparency_only() -> None:
    """A transparent pixel gets the hidden colour of its small pixel; a visible one keeps its own."""
    straight = torch.zeros(1, 4, 2, 2, dtype=torch.int32)
    straight[0, :, 0] = torch.tensor([10, 20, 30, 0])[:, None]
    straight[0, :, 1] = torch.tensor([200, 100, 50, 255])[:, None]
    large = torch.zeros(1, 4, 8, 8)
    large[0, :, 4:] = (torch.tensor([200, 100, 50, 255]) / 255)[:, None, None]

    exported, _ = export_tile(large, plane(straight, binary_alpha=True), Tile(0, 0, 2, 2))

    assert exported[0, :, 0, 0].tolist()[3] == 0 and exported[0, :, 7, 7].tolist() == [200, 100, 50, 255]
    assert exported[0, :3, 0, 0].tolist() == plane(straight).hidden[0, :, 0, 0].tolist()
