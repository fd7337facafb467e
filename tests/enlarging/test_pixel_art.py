"""Drawn pixel art after the generator: no new colours, crisp edges, square corners."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tiny_art import write_tiny_art
from torch import Tensor

from depixel.enlarging.pixel_art import as_drawn, crisp, on_steps, square_corners, within_neighbours
from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

RED, GREEN = (0.8, 0.1, 0.1, 1.0), (0.1, 0.6, 0.2, 1.0)


def drawing(*rows: str) -> Tensor:
    """[1, 4, h, w]: r = red, g = green, anything else transparent."""
    colours = {"r": RED, "g": GREEN}
    pixels = [[colours.get(c, (0.0,) * 4) for c in row] for row in rows]
    return torch.tensor(pixels).permute(2, 0, 1)[None]


def enlarged(small: Tensor) -> Tensor:
    return small.repeat_interleave(4, 2).repeat_interleave(4, 3)


def disc(side: int, radius: float) -> list[str]:
    places = np.arange(side) - (side - 1) / 2
    return ["".join("r" if np.hypot(y, x) < radius else "." for x in places) for y in places]


def test_no_colour_that_its_surroundings_do_not_have() -> None:
    """Overshoot and dark rims are cut; values within the range of the visible neighbours stay."""
    small = drawing("....", ".rg.", "....", "....")
    large = enlarged(small)
    large[:, 3, 3:9] = 1.0  # alpha extends beyond the two pixels, with no colour under it: a black rim
    large[:, 0, 5, 5] = 2.0
    held = within_neighbours(large, small, 4)

    assert held[0, 0, 5, 5] == pytest.approx(0.8)
    assert held[0, 1, 3, 5] >= 0.1 - 1e-6  # no black above the red
    assert torch.equal(held[:, 3], large[:, 3])
    assert torch.equal(held[:, :, 5, 6], large[:, :, 5, 6])


def test_steps_between_colours_become_narrow_and_shades_stay() -> None:
    """
    A third of the way counts as the colour itself; the middle stays the middle; a step within a shade is not an edge.
    """
    small = drawing("rrgg", "rrgg", "rrgg", "rrgg")
    mixed = enlarged(small)
    for column, share in ((7, 0.25), (8, 0.5), (9, 0.8)):
        mixed[0, :, :, column] = torch.lerp(torch.tensor(RED), torch.tensor(GREEN), share)[:, None]
    sharp = crisp(mixed, small, 4)

    assert torch.allclose(sharp[0, :, 8, 7], torch.tensor(RED), atol=1e-6)
    assert torch.allclose(sharp[0, :, 8, 9], torch.tensor(GREEN), atol=1e-6)
    assert torch.allclose(sharp[0, :, 8, 8], mixed[0, :, 8, 8], atol=1e-6)

    shades = small.clone()
    shades[0, :, :, 2:] = shades[0, :, :, :2] + 0.05
    soft = enlarged(shades)
    soft[0, :, :, 7] += 0.02
    assert torch.equal(crisp(soft, shades, 4), soft)


@pytest.mark.parametrize(
    ("rows", "squares"),
    [
        (["......", ".rrrr.", ".rrrr.", ".rrrr.", ".rrrr.", "......"], 4),
        (["......", "..rr..", "..rr..", "..rr..", "..rr..", "......"], 4),  # the ends of a stroke of two
        (["r.....", ".r....", "..r...", "...r..", "....r.", ".....r"], 0),
        (["rr....", ".rr...", "..rr..", "...rr.", "....rr", "....rr"], 0),
        (disc(16, 6.5), 0),
        (disc(32, 13.2), 0),
    ],
    ids=["rectangle", "stroke", "diagonal", "thick diagonal", "disc", "large disc"],
)
def test_square_corners_are_kept_and_round_ones_not(rows: list[str], squares: int) -> None:
    """Blocks that are restored completely from an empty answer."""
    small = drawing(*rows)
    kept = square_corners(torch.zeros_like(enlarged(small)), small, 4)

    assert int((kept[:, 3] > 0).sum()) == 16 * squares


def test_a_part_with_its_surroundings_looks_like_the_whole() -> None:
    """Tiles meet without a seam: three small pixels decide."""
    generator = torch.Generator().manual_seed(3)
    small = torch.rand(1, 4, 12, 12, generator=generator).round()
    small[:, :3] *= small[:, 3:]
    large = torch.rand(1, 4, 48, 48, generator=generator)
    whole = as_drawn(large, small, 4)
    part = as_drawn(large[:, :, 4:44, 4:44], small[:, :, 1:11, 1:11], 4)

    assert torch.allclose(part[:, :, 12:28, 12:28], whole[:, :, 16:32, 16:32], atol=1e-6)


def test_the_engine_answers_drawn_sprites_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Even a random generator adds no colour to a sprite, and each block's centre is the source pixel."""
    engine = Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[3:13, 4:12] = (200, 60, 70, 255)
    report = engine.upsample(Picture((pixels,)), Request(scale=4))
    answer = report.picture.rgba(0)
    colours = np.unique(answer[answer[..., 3] > 0], axis=0)

    assert report.domain.name == "pixel-art" and report.residual.maximum == 0
    assert colours.tolist() == [[200, 60, 70, 255]]


@pytest.mark.parametrize("treat", [as_drawn, crisp, on_steps, square_corners, within_neighbours])
@pytest.mark.parametrize("factor", [3, 4])
def test_drawings_of_a_batch_do_not_see_each_other(treat: Callable[..., Tensor], factor: int) -> None:
    """Each by its own colours and corners: the same alone and in a batch."""
    generator = torch.Generator().manual_seed(6)
    colours = torch.tensor([RED, GREEN, (0.9, 0.9, 0.2, 1.0), (0.0,) * 4])
    small = colours[torch.randint(0, 4, (4, 9, 9), generator=generator)].permute(0, 3, 1, 2)
    small[0, :, 2:7, 2:7] = torch.tensor(RED)[:, None, None]  # one of them has square corners
    rough = torch.rand(4, 4, 9 * factor, 9 * factor, generator=generator)
    large = small.repeat_interleave(factor, 2).repeat_interleave(factor, 3) * 0.7 + rough * 0.3

    together = treat(large, small, factor)

    assert not torch.equal(together, large)
    for row in range(4):
        assert torch.equal(treat(large[row : row + 1], small[row : row + 1], factor)[0], together[row])
