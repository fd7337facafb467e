"""Straight, regular and translucent shapes of known truth stay so, whatever the network made of them; curves bend."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from depixel.degradation import AreaDegradation, repeated
from depixel.enlarging.regular import dithers, dotted, mosaics, rings, straight_edges, straight_lines, with_blocks

F = 4
INK, PAPER = torch.tensor([0.1, 0.1, 0.2, 1.0]), torch.tensor([0.9, 0.8, 0.7, 1.0])


def drawn(mask: Tensor, ink: Tensor = INK, paper: Tensor = PAPER) -> Tensor:
    """[h, w] bool => [1, 4, h, w]."""
    return torch.where(mask, ink[:, None, None], paper[:, None, None])[None]


def bulging(small: Tensor) -> Tensor:
    """A large answer that is right in the mean and wavy at every edge, with a period of one small pixel."""
    large = repeated(small, F)
    wave = (torch.arange(large.shape[2]) % F - 1.5)[:, None] * (torch.arange(large.shape[3]) % F - 1.5)[None] * 0.05
    step = (large - large.roll(F, 3)).abs() + (large - large.roll(-F, 3)).abs()
    return large + wave * (step > 0)


def test_edges_along_the_grid_become_straight_and_corners_square() -> None:
    """A frame is restored; block means do not change."""
    mask = torch.zeros(14, 14, dtype=torch.bool)
    mask[3:11, 3:11] = True
    small = drawn(mask)
    large = bulging(small)
    answer = straight_edges(large, small, F)
    truth, frame = repeated(small, F), repeated(mask[None, None], F)
    assert ((large - truth).abs() * frame).max() > 0.1
    assert ((answer - truth).abs() * frame).max() < 1e-5
    area = AreaDegradation(F)
    torch.testing.assert_close(area.apply(answer), area.apply(large), rtol=0, atol=1e-5)


def test_edges_between_shades_that_vary_a_little_are_straight() -> None:
    """Bands of a pipe: each row has its own shade, and neighbours differ by a fraction of the step to the next band."""
    light = torch.tensor([0.3, 0.42, 0.4, 0.33, 0.36, 0.5, 0.62, 0.65, 0.6, 0.45, 0.4, 0.3])[:, None].repeat(1, 12)
    light[:, 4:7] *= 0.2
    light += 0.004 * (torch.arange(12) % 2)
    small = torch.cat([light.expand(1, 3, -1, -1), torch.ones(1, 1, 12, 12)], 1)
    answer = straight_edges(bulging(small), small, F)
    beside = answer[0, 0, 8:40, 4 * F - F : 4 * F + F].reshape(32, 2, F)  # the blocks on both sides of an edge
    assert (beside - beside.mean(2, keepdim=True)).abs().max() < 1e-5


def test_discs_and_wedges_are_left_alone() -> None:
    """The flat sides of a disc continue as staircases, and a wedge grows along the grid: neither is straight."""
    y, x = torch.meshgrid(torch.arange(17) - 8.0, torch.arange(17) - 8.0, indexing="ij")
    disc = drawn(x * x + y * y < 7.4**2)
    assert torch.equal(straight_edges(bulging(disc), disc, F), bulging(disc))
    wedge = drawn(torch.zeros(12, 12, dtype=torch.bool))
    for row, share in enumerate((0.05, 0.1, 0.2, 0.4, 0.8)):
        wedge[0, :, row + 3, 5:7] = torch.lerp(PAPER, INK, share)[:, None]
    large = bulging(wedge)
    assert torch.equal(straight_edges(large, wedge, F)[..., 12:24, 20:28], large[..., 12:24, 20:28])


def test_soft_edges_along_the_grid_do_not_bulge() -> None:
    """A bevel of four shades, equal in every row, is as even in the answer; across it nothing is smoothed."""
    shades = torch.tensor([0.9, 0.9, 0.9, 0.7, 0.45, 0.3, 0.3, 0.3, 0.3, 0.3])
    small = torch.cat([shades.expand(1, 3, 12, 10), torch.ones(1, 1, 12, 10)], 1)
    answer = straight_lines(bulging(small), small, F)
    uneven = (answer.diff(dim=2)).abs()[..., 8:-8, 8:-8].max()
    assert uneven < 0.3 * bulging(small).diff(dim=2).abs()[..., 8:-8, 8:-8].max()
    torch.testing.assert_close(answer.mean(2)[..., 8:-8], bulging(small).mean(2)[..., 8:-8], rtol=0, atol=0.01)


def test_checkerboards_and_dither_masks_stay_blocks_and_an_eye_does_not() -> None:
    """Patterns of period two are found including their rim; a single dot, stripes and flat areas are not."""
    y, x = torch.meshgrid(torch.arange(12), torch.arange(12), indexing="ij")
    assert dithers(drawn((x + y) % 2 == 0)).all()
    assert dithers(drawn((x % 2 == 0) & (y % 2 == 0))).float().mean() > 0.9
    assert not dithers(drawn((x == 5) & (y == 6))).any()
    assert not dithers(drawn(x % 2 == 0)).any()
    assert not dithers(drawn(x > 5)).any()


@pytest.mark.parametrize("period", [3, 4])
def test_squares_of_several_colours_stay_squares(period: int) -> None:
    """Colours that follow each other along both axes; a hatching of lines on a ground, and noise, are no mosaic."""
    y, x = torch.meshgrid(torch.arange(12), torch.arange(12), indexing="ij")
    colours = torch.tensor([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 0, 1]], dtype=torch.float32)

    def drawn(numbers: torch.Tensor) -> torch.Tensor:
        return colours[numbers].permute(2, 0, 1)[None]

    patch = torch.zeros(12, 12, dtype=torch.int64)
    patch[2:10, 2:10] = 1 + ((x + y) % 3)[2:10, 2:10]

    assert mosaics(drawn((x + y) % period)).all()
    assert mosaics(drawn(patch))[0, 0, 3:9, 3:9].all() and not mosaics(drawn(patch))[0, 0, 0].any()
    assert not mosaics(drawn(((x + y) % period == 0).long())).any()
    assert not mosaics(drawn(torch.randint(0, 4, (12, 12), generator=torch.Generator().manual_seed(1)))).any()
    assert not mosaics(torch.zeros(1, 4, 3, 3)).any()


@pytest.mark.parametrize("apart", [2, 3, 4])
def test_dotted_lines_stay_dots_of_one_size(apart: int) -> None:
    """Also where they reach the border; two eyes, dots at random and a diagonal are not dotted lines."""
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    row, column = (y == 5) & (x % apart == 0), (x == 4) & (y % apart == 0)
    assert dotted(drawn(row))[0, 0][row].all() and not dotted(drawn(row))[0, 0, 8:].any()
    assert dotted(drawn(column))[0, 0][column].all()
    assert not dotted(drawn((y == 5) & ((x == 6) | (x == 6 + apart)))).any()
    assert not dotted(drawn(x == y)).any()
    assert not dotted(drawn((y == 5) & torch.isin(x, torch.tensor([0, 2, 5, 9])))).any()
    answer = with_blocks(torch.zeros(1, 4, 64, 64), drawn(row), F, drawn=True)
    around = repeated(torch.nn.functional.max_pool2d(row.float()[None, None], 3, 1, 1), F) > 0
    assert torch.equal(torch.where(around, answer, 0), torch.where(around, repeated(drawn(row), F), 0))


def test_padding_does_not_end_or_continue_a_dotted_line() -> None:
    """A picture that was padded for a batch has the dots that it has alone."""
    x = torch.arange(12)[None].expand(8, 12)
    small = drawn((torch.arange(8)[:, None] == 3) & (x % 3 == 2))
    valid = torch.ones(1, 1, 12, 16)
    valid[..., 8:, :] = valid[..., 12:] = 0
    padded = torch.nn.functional.pad(small, (0, 4, 0, 4), mode="replicate")
    assert torch.equal(dotted(padded, valid)[..., :8, :12], dotted(small))


def test_translucent_rings_stay_and_soft_rims_do_not_become_blocks() -> None:
    """A ring of one alpha value, one pixel wide, is kept; a rim whose alpha varies is left to the network."""
    shadow, nothing = torch.tensor([0.0, 0.0, 0.0, 0.6]), torch.zeros(4)
    mask = torch.zeros(12, 12, dtype=torch.bool)
    mask[2:10, 2:10] = True
    mask[3:9, 3:9] = False
    ring = drawn(mask, shadow, nothing)
    assert torch.equal(rings(ring)[0, 0], mask)
    answer = with_blocks(torch.zeros(1, 4, 48, 48), ring, F, drawn=False)
    assert torch.equal(answer[..., 8:12, 8:40], repeated(ring, F)[..., 8:12, 8:40])
    rim = ring * torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    assert not rings(rim).any()
    pane = drawn(torch.ones(12, 12, dtype=torch.bool), shadow)
    assert not rings(pane).any()
    line = drawn(torch.arange(12)[:, None].expand(12, 12) == 5, shadow, nothing)
    assert not rings(line).any()


def test_a_sliver_in_the_corner_of_a_picture_is_no_ring() -> None:
    """The soft edge of a sleeve that the lower border cuts: lines do not go on beyond the border."""
    mask = torch.zeros(12, 12, dtype=torch.bool)
    mask[9:, 0] = True
    sliver = drawn(mask, torch.tensor([0.1, 0.05, 0.0, 0.125]), torch.zeros(4))
    assert not rings(sliver).any()
    corner = drawn(mask & (torch.arange(12) == 11)[:, None], torch.tensor([0.1, 0.05, 0.0, 0.125]), torch.zeros(4))
    assert not rings(corner).any()


def test_a_ring_at_the_border_is_a_ring() -> None:
    """The border of the picture does not count as a repetition of a line along it."""
    shadow, nothing = torch.tensor([0.0, 0.0, 0.0, 0.6]), torch.zeros(4)
    mask = torch.zeros(12, 12, dtype=torch.bool)
    mask[4:, 3:] = True
    mask[5:11, 4:11] = False
    assert torch.equal(rings(drawn(mask, shadow, nothing))[0, 0], mask)


def test_only_drawings_have_patterns_of_single_pixels() -> None:
    """In a reduced picture a checkerboard may be the remains of something finer."""
    y, x = torch.meshgrid(torch.arange(10), torch.arange(10), indexing="ij")
    small = drawn((x + y) % 2 == 0)
    large = torch.full((1, 4, 40, 40), 0.5)
    assert torch.equal(with_blocks(large, small, F, drawn=True), repeated(small, F))
    assert torch.equal(with_blocks(large, small, F, drawn=False), large)
