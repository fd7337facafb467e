"""Each reading of pixel art on drawings of known truth: what it changes, and what it must not."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch
from torch import Tensor

from depixel.client.readings import NAMES, READINGS, label_of, reading_of
from depixel.consistency import project, residual
from depixel.degradation import PointDegradation, repeated
from depixel.readings.blocks import crisp
from depixel.readings.draw import draw
from depixel.readings.facets import facets
from depixel.readings.hard import hardened
from depixel.readings.outlines import thin
from depixel.readings.shades import dithered, shaded

FACTOR = 8
BLACK, RED, PALE = (0.0, 0.0, 0.0, 1.0), (0.8, 0.1, 0.1, 1.0), (0.9, 0.9, 0.8, 1.0)


def plane(side: int) -> tuple[Tensor, Tensor]:
    """Coordinates of the large pixels of a square of `side` small ones, in small pixels: (y, x), each [H, W]."""
    line = (torch.arange(side * FACTOR) + 0.5) / FACTOR
    y, x = torch.meshgrid(line, line, indexing="ij")
    return y, x


def painted(*layers: tuple[Tensor, tuple[float, ...]]) -> tuple[Tensor, Tensor]:
    """Masks painted over nothing, in order: the large drawing [1, 4, H, W] and its block centres, the small one."""
    large = torch.zeros(4, *layers[0][0].shape)
    for mask, colour in layers:
        large = torch.where(mask, torch.tensor(colour)[:, None, None], large)
    small = large[:, FACTOR // 2 :: FACTOR, FACTOR // 2 :: FACTOR]
    return large[None], small[None].contiguous()


def figure() -> tuple[Tensor, Tensor]:
    """A shaded ball with a thin dark ring, crossed by dark bars, on a transparent background."""
    y, x = plane(16)
    far = ((y - 8) ** 2 + (x - 8) ** 2).sqrt()
    shade = ((x + y + 0.5) / 2).floor() % 4
    bars = ((x - 5.5).abs() < 0.5) | ((x - 10.5).abs() < 0.5) | ((y - 8.5).abs() < 0.5)
    layers = [(far < 7.2, BLACK)]
    layers += [((far < 6.2) & (shade == k) & ~bars, (0.95 - 0.24 * k, 0.6 - 0.14 * k, 0.3, 1.0)) for k in range(4)]
    return painted(*layers)


@pytest.mark.parametrize("name", NAMES)
def test_every_reading_scales_back_to_the_pixels(name: str) -> None:
    """Centres are exact after the projection, and already close before it, so that no dots remain."""
    large, small = figure()
    answer = draw(name, large, small, FACTOR)
    assert answer.shape == large.shape
    assert float(answer.min()) >= -1e-5 and float(answer.max()) <= 1 + 1e-5
    point = PointDegradation(FACTOR)
    dots = ((point.apply(answer) - small).abs().amax(1) > 0.15) & ((point.apply(large) - small).abs().amax(1) < 0.05)
    assert float(dots.float().mean()) < 0.01
    exact = (project(answer, small, point) * 255).round().int()
    straight = torch.where(exact[:, 3:] > 0, exact[:, :3] * 255 // exact[:, 3:].clamp_min(1), 0)
    integers = (small * 255).round().int()
    assert residual(torch.cat([straight, exact[:, 3:]], 1), integers, point).maximum <= 1


def test_any_two_readings_differ_visibly() -> None:
    """More than 16 levels in at least 5% of the visible pixels; benchmarks/art_wishes.py has 9% over real figures."""
    large, small = figure()
    answers = {name: draw(name, large, small, FACTOR) for name in NAMES}
    for one, other in combinations(NAMES, 2):
        a, b = answers[one], answers[other]
        seen = (a[:, 3] > 0) | (b[:, 3] > 0)
        differs = ((a - b).abs().amax(1) > 16 / 255) & seen
        assert float(differs.sum() / seen.sum()) >= 0.05, (one, other)


def test_crisp_keeps_boxes_and_straightens_staircases() -> None:
    """A box is repeated exactly; a diagonal edge becomes the straight line it was sampled from."""
    y, x = plane(12)
    box, small = painted(((y > 3) & (y < 9) & (x > 2) & (x < 7), RED))
    assert torch.equal(crisp(small, FACTOR), box)
    edge, small = painted((x > y + 0.5, RED))
    inner = (slice(None), slice(None), slice(24, -24), slice(24, -24))
    blocks, cut = repeated(small, FACTOR), crisp(small, FACTOR)
    assert (cut - edge)[inner].abs().mean() < 0.3 * (blocks - edge)[inner].abs().mean()


def test_shading_makes_gradients_of_shades_and_keeps_edges() -> None:
    """Bands of one colour become a monotone ramp through the centres; a step between distant colours stays a step."""
    _, x = plane(12)
    bands = [((x >= k) & (x < k + 1), (0.3 + 0.04 * k, 0.2, 0.2, 1.0)) for k in range(12)]
    large, small = painted(*bands)
    ramp = shaded(large, small, FACTOR)[0, 0, 40]
    assert (ramp.diff() >= -1e-4).all()
    assert len(ramp.mul(1000).round().unique()) > 40
    assert (PointDegradation(FACTOR).apply(shaded(large, small, FACTOR)) - small).abs().max() < 0.01
    large, small = painted((x < 6, BLACK), (x >= 6, PALE))
    assert (shaded(large, small, FACTOR) - large).abs().max() < 0.01


def test_the_palette_reading_has_no_new_colour_and_dithers_shades() -> None:
    """Every pixel has a colour of the input; between two shades both appear, mixed."""
    large, small = figure()
    answer = dithered(large, small, FACTOR)
    colours = small.permute(0, 2, 3, 1).reshape(-1, 4).unique(dim=0)
    distance = torch.cdist(answer.permute(0, 2, 3, 1).reshape(-1, 4), colours).min(1).values
    assert distance.max() < 1e-3
    changes = (answer[..., 1:] != answer[..., :-1]).any(1).sum()
    assert changes > 1.3 * (large[..., 1:] != large[..., :-1]).any(1).sum()


def test_thin_outlines_are_half_as_wide_and_whole() -> None:
    """A dark line one pixel wide loses half, a bar three wide nothing, and no gap appears."""
    _, x = plane(16)
    large, small = painted((x > -1, PALE), ((x >= 4) & (x < 5), BLACK), ((x >= 9) & (x < 12), BLACK))
    dark = (thin(large, small, FACTOR)[0, 0] < 0.45).float()
    width = dark[:, 24:48].sum(1)
    assert (width >= 2).all() and (width <= 5).all()
    assert (dark[:, 64:104].sum(1) == 24).all()


def test_facets_keep_straight_edges_and_lines() -> None:
    """Edges along the grid stay where they are, a line keeps its width, and colours stay those of the input."""
    y, x = plane(12)
    large, small = painted((x > -1, PALE), ((x >= 4) & (x < 5), BLACK), (y >= 8, RED))
    assert (facets(large, small, FACTOR) - large).abs().mean() < 0.004


def test_soft_edges_become_hard_ones_of_the_right_colour() -> None:
    """The mixture of black and pale that looks like the red next to it does not become red."""
    y, x = plane(8)
    large, small = painted((x < 4, BLACK), (x >= 4, PALE), ((x >= 5) & (y < 3), (0.45, 0.45, 0.4, 1.0)))
    soft = large.clone()
    soft[..., 31:33] = (large[..., 30:31] + large[..., 33:34]) / 2
    hard = hardened(soft, small, FACTOR)
    assert (hard[..., :, 16:40] - large[..., :, 16:40]).abs().amax(1).gt(0.1).float().mean() < 0.06
    grey = torch.tensor([0.45, 0.45, 0.4, 1.0])[:, None, None]
    assert not ((hard[0, :, 40:] - grey).abs().amax(0) < 0.01).any()


def test_candidates_take_the_readings_in_turn() -> None:
    """The first as requested, then the others, each once, and then from the beginning."""
    assert [reading_of(k) for k in range(len(NAMES))] == list(NAMES)
    assert reading_of(0, "thin") == "thin"
    assert sorted(reading_of(k, "thin") for k in range(len(NAMES))) == sorted(NAMES)
    assert reading_of(len(NAMES)) == NAMES[0] == "smooth"
    assert label_of("thin") == next(r.label for r in READINGS if r.name == "thin")
