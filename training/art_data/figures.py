"""
Small figures as games draw them: native pixel sprites of 16 to 96 pixels, and larger figures rendered that small.

Several of them share one crop, at random places, on transparency. Crops of large art lack what is typical of them:
outlines of one pixel, alpha of 0 or 1, a few colours chosen by hand.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt, label
from training.art_data.crops import Origin
from training.art_data.sources import PackageSource
from training.art_data.spoiling import reduced_to_palette

KIND = 3  # in kinds.npy, after sprites, textures and rendered vectors
_LEAST = 14  # smallest long side of a figure, in pixels of the truth


@dataclass(frozen=True)
class TileSheet:
    """Sheets of equal tiles in a package of SHEETS."""

    source: PackageSource
    pattern: str  # of paths in the package
    tile: int  # side of a tile
    limit: int = 10_000  # figures at most

    def figures(self, folder: Path) -> Iterator[tuple[Path, list[np.ndarray]]]:
        """(file, its tiles that show a figure: straight RGBA uint8, cropped to what is visible)."""
        for path in sorted(folder.glob(self.pattern)):
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGBA"))
            rows, columns = pixels.shape[0] // self.tile, pixels.shape[1] // self.tile
            grid = pixels[: rows * self.tile, : columns * self.tile].reshape(rows, self.tile, columns, self.tile, 4)
            tiles = grid.swapaxes(1, 2).reshape(rows * columns, self.tile, self.tile, 4)
            yield path, [figure for figure in map(visible_part, tiles) if figure is not None and is_figure(figure)]


_CATACLYSM = PackageSource("cataclysm-dda-data", "apt", "sprites", 0, licence="CC-BY-SA-3.0")
_GFX = "usr/share/games/cataclysm-dda/gfx/"
SHEETS = (
    TileSheet(PackageSource("angband-data", "apt", "sprites", 0, licence="CC-BY-3.0"), "**/graf/32x32.png", 32),
    TileSheet(_CATACLYSM, _GFX + "Altica/normal.png", 32),
    TileSheet(_CATACLYSM, _GFX + "Altica/large.png", 64),
    TileSheet(_CATACLYSM, _GFX + "Altica/giant.png", 96),
    TileSheet(_CATACLYSM, _GFX + "Ultica_iso/normal_2x.png", 64),
    TileSheet(_CATACLYSM, _GFX + "Cuteclysm/creatures.png", 32),
    TileSheet(_CATACLYSM, _GFX + "MshockXotto+/tiles.png", 32, limit=1500),  # thousands of labels and near duplicates
    TileSheet(_CATACLYSM, _GFX + "MshockXotto+/large.png", 64),
    TileSheet(_CATACLYSM, _GFX + "HollowMoon/large.png", 32),
)
"""Pixel sprites in their original form; neither package is the source of an evaluation picture."""


def visible_part(pixels: np.ndarray) -> np.ndarray | None:
    """The bounding box of what is visible, straight RGBA with 0 where alpha is 0; None if nothing is."""
    rows, columns = (np.flatnonzero(pixels[..., 3].any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    part: np.ndarray = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    part[part[..., 3] == 0] = 0
    return part


def is_figure(part: np.ndarray) -> bool:
    """True if a cropped picture shows one object with an outline and contrast, not a full tile or a speck."""
    height, width = part.shape[:2]
    opaque = part[..., 3] > 0
    if max(height, width) < _LEAST or min(height, width) < 6 or opaque.mean() > 0.93 or opaque.sum() < 60:
        return False
    _, count = label(opaque, np.ones((3, 3)))
    grey = part[opaque][:, :3].mean(-1)
    return bool(count <= 12 and grey.std() > 10)


def rendered_small(pixels: np.ndarray, rng: random.Random) -> np.ndarray | None:
    """
    A whole figure, reduced to a long side of 16 to 96 pixels and often redrawn like a sprite: few colours, alpha of 0
    or 1, a dark outline. None if the picture is not one figure on transparency.

    Args:
        pixels: straight RGBA uint8, any size.
    """
    part = visible_part(pixels)
    if part is None or max(part.shape[:2]) < 64 or not 0.12 < (part[..., 3] > 127).mean() < 0.9:
        return None
    pieces, count = label(part[..., 3] > 127)
    if count and np.bincount(pieces.ravel())[1:].max() < 0.6 * (pieces > 0).sum():
        return None  # a sheet of several objects
    side = min(rng.choice((18, 24, 32, 40, 48, 64, 72, 96)), max(part.shape[:2]) // 2)
    small = _reduced(part, side)
    if rng.random() < 0.3:
        return small
    if rng.random() < 0.6:
        small = _sharpened(small, rng.uniform(0.3, 1.2))
    opaque = small[..., 3] >= 128
    colour = reduced_to_palette(small, rng.choice((12, 16, 24, 32, 48, 96)), Image.Dither.NONE)
    drawn = np.concatenate([colour, np.where(opaque, 255, 0).astype(np.uint8)[..., None]], -1)
    drawn[~opaque] = 0
    return _outlined(drawn, rng) if rng.random() < 0.5 else drawn


def _reduced(part: np.ndarray, side: int) -> np.ndarray:
    scale = side / max(part.shape[:2])
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    image = Image.fromarray(part).convert("RGBa").resize(size, Image.Resampling.BOX)
    return np.array(image.convert("RGBA"))


def _sharpened(pixels: np.ndarray, strength: float) -> np.ndarray:
    x = pixels.astype(np.float32)
    weight = np.pad(x[..., 3:], ((1, 1), (1, 1), (0, 0)))
    colour = np.pad(x[..., :3], ((1, 1), (1, 1), (0, 0))) * weight
    height, width = x.shape[:2]
    windows = [(slice(j, j + height), slice(i, i + width)) for j in range(3) for i in range(3)]
    mean = sum(colour[w] for w in windows) / np.maximum(sum(weight[w] for w in windows), 1e-3)
    x[..., :3] += strength * (x[..., :3] - mean) * (x[..., 3:] > 0)
    sharp: np.ndarray = x.clip(0, 255).round().astype(np.uint8)
    return sharp


# Adds a dark outline, one pixel wide, around the visible pixels.
def _outlined(pixels: np.ndarray, rng: random.Random) -> np.ndarray:
    padded = np.pad(pixels, ((1, 1), (1, 1), (0, 0)))
    opaque = padded[..., 3] > 0
    ring = ~opaque & (distance_transform_edt(~opaque) <= rng.choice((1.0, 1.5)))
    padded[ring] = (*rng.choice(((0, 0, 0), (20, 12, 28), (40, 24, 20))), 255)
    return padded


def varied(figure: np.ndarray, rng: random.Random) -> np.ndarray:
    """The figure, mirrored half the time, and half the time with its colour channels permuted."""
    if rng.random() < 0.5:
        figure = figure[:, ::-1]
    order = rng.sample(range(3), 3) if rng.random() < 0.5 else [0, 1, 2]
    return np.ascontiguousarray(figure[..., [*order, 3]])


def packed(figures: list[np.ndarray], side: int, rng: random.Random) -> Iterator[np.ndarray]:
    """
    Crops [side, side, 4] that together hold every figure that fits once, in shelves with random gaps of at least 3
    pixels, so that figures have any offset from the grid of small pixels.
    """
    canvas = np.zeros((side, side, 4), np.uint8)
    top = left = shelf = 0
    for figure in figures:
        height, width = figure.shape[:2]
        if max(height, width) > side - 6:
            continue
        left += rng.randint(3, 9)
        if left + width > side:
            top, left, shelf = top + shelf, rng.randint(3, 6), 0
        y = top + rng.randint(3, 9)
        if y + height > side:
            if top:
                yield canvas
            canvas = np.zeros((side, side, 4), np.uint8)
            top, left, shelf, y = 0, rng.randint(3, 6), 0, rng.randint(1, 5)
        canvas[y : y + height, left : left + width] = figure
        left += width
        shelf = max(shelf, y - top + height)
    if canvas.any():
        yield canvas


def collect_tiles(unpacked: Path, versions: dict[str, str]) -> tuple[list[np.ndarray], list[Origin]]:
    """The figures of SHEETS, without duplicates and mirrored duplicates, and their manifest."""
    seen: set[bytes] = set()
    figures: list[np.ndarray] = []
    origins: list[Origin] = []
    for sheet in SHEETS:
        folder = unpacked / sheet.source.package
        before = len(figures)
        for path, tiles in sheet.figures(folder):
            fresh = []
            for tile in tiles:
                keys = {hashlib.sha256(t.tobytes()).digest() for t in (tile, np.ascontiguousarray(tile[:, ::-1]))}
                if not keys & seen:
                    fresh.append(tile)
                seen |= keys
            if len(fresh) > sheet.limit:
                fresh = random.Random(0).sample(fresh, sheet.limit)
            figures += fresh
            digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            name, source = str(path.relative_to(folder)), sheet.source
            version = versions.get(source.package, source.version)
            origins.append(Origin(source.package, version, name, source.licence, digest, "figures", len(fresh)))
        print(f"{sheet.source.package} {sheet.pattern}: {len(figures) - before} figures", flush=True)
    return figures, origins


def make_figures(
    tiles: list[np.ndarray], crops: np.ndarray, kinds: np.ndarray, side: int, *, passes: int = 2, seed: int = 0
) -> np.ndarray:
    """
    [N, side, side, 4] uint8 straight RGBA: in each pass every tile once, and about as many rendered figures.

    Args:
        crops: straight RGBA uint8 crops, and their `kinds`; those that show one whole figure are rendered small.
    """
    rng = random.Random(seed)
    whole = [i for i in np.flatnonzero(kinds != 1) if not _touches_border(crops[i])]
    canvases: list[np.ndarray] = []
    for _ in range(passes):
        rng.shuffle(whole)
        rendered = [f for f in (rendered_small(crops[i], rng) for i in whole[: 2 * len(tiles)]) if f is not None]
        figures = [varied(figure, rng) for figure in [*tiles, *rendered[: max(len(tiles), 1)]]]
        rng.shuffle(figures)
        canvases += packed(figures, side, rng)
    return np.stack(canvases)


def _touches_border(crop: np.ndarray) -> bool:
    alpha = crop[..., 3]
    return bool(alpha[[0, -1]].any() or alpha[:, [0, -1]].any())
