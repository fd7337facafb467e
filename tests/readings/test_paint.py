"""Readings of soft art on drawings of known truth: edges steepen in place, areas become even, no overshoot."""

from __future__ import annotations

from functools import partial

import torch

from depixel.consistency import project
from depixel.degradation import AreaDegradation
from depixel.readings.paint import HARD, SHARP, firmer, held, painted, steepened

FACTOR = 8


def ramp() -> torch.Tensor:
    """A soft vertical edge in the middle of an opaque picture: [1, 4, 64, 64]."""
    x = torch.arange(64, dtype=torch.float32)
    value = torch.sigmoid((x - 31.5) / 2.5)
    grey = value.expand(1, 3, 64, 64)
    return torch.cat([grey, torch.ones(1, 1, 64, 64)], 1)


def test_edges_become_steeper_where_they_are() -> None:
    """The steepest step grows by half or more; its position and the ends stay."""
    soft = ramp()
    for read in (steepened, partial(steepened, edges=HARD), painted):
        sharp = read(soft, FACTOR)
        assert sharp[0, 0, 32].diff().max() > 1.5 * soft[0, 0, 32].diff().max()
        assert abs(float((sharp[0, 0, 32] - soft[0, 0, 32]).sum())) < 0.1
        assert torch.allclose(sharp[..., 0], soft[..., 0], atol=0.01)


def test_nothing_overshoots_and_flat_stays_flat() -> None:
    """Values stay within those around; a picture of one colour does not change."""
    noise = torch.rand(1, 4, 40, 40, generator=torch.Generator().manual_seed(0))
    flat = torch.full((1, 4, 40, 40), 0.37)
    for read in (steepened, partial(steepened, edges=HARD), painted):
        assert float(read(noise, FACTOR).min()) >= float(noise.min()) - 1e-5
        assert float(read(noise, FACTOR).max()) <= float(noise.max()) + 1e-5
        assert torch.allclose(read(flat, FACTOR), flat, atol=1e-5)


def test_smooth_corrections_leave_little_to_the_projection() -> None:
    """Block means come close, without steps at their borders; a cut-out, whose alpha is not a mean, does not change."""
    soft = ramp()
    small = AreaDegradation(FACTOR).apply(soft)
    moved = soft.roll(3, 3)
    near = held(moved, small, FACTOR)
    missing = [(AreaDegradation(FACTOR).apply(x) - small).abs().mean() for x in (moved, near)]
    assert missing[1] < 0.3 * missing[0]
    cut = torch.cat([small[:, :3], (torch.rand(1, 1, 8, 8) > 0.5).float()], 1)
    assert torch.equal(held(moved, cut, FACTOR), moved)


def test_painting_evens_areas_and_scales_back() -> None:
    """Noise inside an area decreases, the border between two areas stays, and the projection makes it exact."""
    generator = torch.Generator().manual_seed(1)
    clean = torch.ones(1, 4, 64, 64)
    clean[:, :3, :, 32:] = 0.2
    noisy = clean.clone()
    noisy[:, :3] += 0.05 * torch.randn(1, 3, 64, 64, generator=generator)
    even = painted(noisy, FACTOR)
    assert (even - clean)[:, :3, :, 8:24].std() < 0.6 * (noisy - clean)[:, :3, :, 8:24].std()
    assert (even[0, 0, :, 28] - even[0, 0, :, 36]).mean() > 0.7
    area = AreaDegradation(FACTOR)
    small = area.apply(noisy.clamp(0, 1))
    exact = project(even, small, area, binary_alpha=False)
    assert (area.apply(exact) - small).abs().max() < 1e-4


def test_hard_edges_have_fewer_blended_pixels_than_sharp_ones() -> None:
    """On a soft edge; and where nothing has visible contrast, neither reading changes anything."""
    soft = ramp()

    def blended(picture: torch.Tensor) -> int:
        row = picture[0, 0, 32]
        return int(((row > 0.1) & (row < 0.9)).sum())

    assert blended(steepened(soft, FACTOR, HARD)) < blended(steepened(soft, FACTOR)) < blended(soft)
    faint = 0.5 + 2 / 255 * torch.rand(1, 4, 40, 40, generator=torch.Generator().manual_seed(2))
    for edges in (SHARP, HARD):
        assert torch.equal(steepened(faint, FACTOR, edges), faint)


def test_firmer_edges_are_part_of_the_way_to_sharp_ones_and_change_nothing_else() -> None:
    """Even where the block means of the answer are not those of the small picture."""
    soft = ramp()
    small = AreaDegradation(FACTOR).apply(soft) * 0.98
    steps = [float(firmer(soft, small, FACTOR, share)[0, 0, 32].diff().max()) for share in (0.0, 0.5, 1.0)]
    assert steps[0] < steps[1] < steps[2]
    flat = torch.full((1, 4, 40, 40), 0.37)
    assert torch.equal(firmer(flat, AreaDegradation(FACTOR).apply(flat) * 0.9, FACTOR, 0.5), flat)
