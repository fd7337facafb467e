"""Small figures: tiles are cut apart, larger art is redrawn small, and several share a crop."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from PIL import Image
from training.art_data.figures import (
    KIND,
    SHEETS,
    collect_tiles,
    is_figure,
    make_figures,
    packed,
    rendered_small,
    varied,
    visible_part,
)
from training.art_data.sources import is_evaluation, is_free


def disc(side: int, seed: int = 0) -> np.ndarray:
    """A disc with random stripes on transparency, straight RGBA."""
    place = np.arange(side) - (side - 1) / 2
    inside = place[:, None] ** 2 + place**2 < (side / 2 - 1) ** 2
    stripes = np.random.default_rng(seed).integers(0, 256, (side, 1, 3), dtype=np.uint8).repeat(side, 1)
    picture = np.concatenate([stripes, np.full((side, side, 1), 255, np.uint8)], -1)
    picture[~inside] = 0
    return picture


def test_no_sheet_is_of_an_evaluation_source_and_all_are_free() -> None:
    """As for the other sources."""
    for sheet in SHEETS:
        assert not is_evaluation(sheet.source.package)
        assert not is_evaluation(sheet.pattern)
        assert is_free(sheet.source.licence)


def test_tiles_are_cut_apart_and_each_is_taken_once(tmp_path: Path) -> None:
    """A tile, its mirror image, an empty one and a full one: one figure is left, and the manifest says so."""
    tile = disc(32)
    tile[10:20, 4:9] = (255, 0, 0, 255)  # not symmetric
    full = np.full((32, 32, 4), 255, np.uint8)
    row = np.concatenate([tile, tile[:, ::-1], np.zeros_like(tile), full], 1)
    path = tmp_path / "angband-data/usr/share/angband/xtra/graf/32x32.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(row).save(path)
    tiles, origins = collect_tiles(tmp_path, {"angband-data": "1.2"})
    assert len(tiles) == 1
    part = visible_part(tile)
    assert part is not None
    assert np.array_equal(tiles[0], part)
    assert [(o.package, o.version, o.crops, o.licence) for o in origins] == [("angband-data", "1.2", 1, "CC-BY-3.0")]


def test_figures_have_an_outline_and_contrast() -> None:
    """Plain discs, specks and opaque tiles are not figures."""
    even = disc(24)
    even[even[..., 3] > 0] = (80, 80, 80, 255)
    speck = disc(8)
    opaque = np.random.default_rng(0).integers(0, 256, (24, 24, 4), dtype=np.uint8)
    opaque[..., 3] = 255
    assert is_figure(disc(24))
    assert not any(map(is_figure, (even, speck, opaque)))


def test_figures_are_redrawn_small_with_few_colours_or_as_they_are() -> None:
    """At most half as large; most have an alpha of 0 or 1 and at most 97 colours."""
    drawn = [rendered_small(disc(128, seed), random.Random(seed)) for seed in range(20)]
    assert all(d is not None and 14 <= max(d.shape[:2]) <= 66 for d in drawn)
    hard = [d for d in drawn if d is not None and set(np.unique(d[..., 3])) <= {0, 255}]
    assert 10 <= len(hard) < 20
    assert all(len(np.unique(d.reshape(-1, 4), axis=0)) <= 98 for d in hard)
    assert rendered_small(np.full((128, 128, 4), 255, np.uint8), random.Random(0)) is None
    assert rendered_small(np.tile(disc(64), (2, 2, 1)), random.Random(0)) is None  # four things


def test_variants_are_the_same_figure() -> None:
    """Mirrored or not, with the same values in each pixel."""
    figure = disc(20)
    values = np.sort(figure[..., :3], -1)
    for seed in range(8):
        other = np.sort(varied(figure, random.Random(seed))[..., :3], -1)
        assert np.array_equal(other, values) or np.array_equal(other[:, ::-1], values)


def test_crops_hold_every_figure_once_and_apart() -> None:
    """Every pixel of every figure is in some crop; whatever does not fit at all is left out."""
    figures = [disc(side, side) for side in (16, 24, 32, 40, 60, 24, 32, 16, 70, 20)]
    crops = list(packed([*figures, disc(128)], 128, random.Random(0)))
    assert all(crop.shape == (128, 128, 4) for crop in crops)
    assert sum((crop[..., 3] > 0).sum() for crop in crops) == sum((f[..., 3] > 0).sum() for f in figures)
    assert 1 < len(crops) < len(figures)


def test_made_figures_are_half_tiles_and_half_whole_crops() -> None:
    """Textures are not used, nor crops that a border cuts off."""
    whole = np.zeros((6, 96, 96, 4), np.uint8)
    for number in range(6):
        whole[number, 8:88, 8:88] = disc(80, number)
    cut = whole[:1].copy()
    cut[0, 0, 0] = 255
    crops = np.concatenate([whole, cut])
    kinds = np.array([0, 2, 0, 2, 0, 1, 0], np.uint8)
    figures = make_figures([disc(30)] * 3, crops, kinds, 96, passes=2)
    assert figures.shape[1:] == (96, 96, 4)
    assert figures.dtype == np.uint8
    tiles_alone = make_figures([disc(30)] * 3, crops[5:], kinds[5:], 96, passes=2)
    assert (figures[..., 3] > 0).sum() > (tiles_alone[..., 3] > 0).sum()
    assert KIND == 3
