"""
Computes a mipmap chain from its top level by area means, with colour weighted by alpha. At every level the same share
of pixels passes an alpha test, and normals keep their length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from depixel.files.textures import Layout
from depixel.picture import Picture, Pixels

Floats = npt.NDArray[Any]

_TEST = 0.5  # alpha tests of games pass pixels that are at least half opaque


def count_for(width: int, height: int, source: tuple[int, int], levels: int) -> int:
    """
    The number of levels of a larger chain: no further ones if the source had none, down to 1x1 if the source's chain
    did, otherwise down to the size of the source's last level.
    """
    if levels <= 1:
        return 1
    whole = max(width, height).bit_length()
    if levels >= max(source).bit_length():
        return whole
    return min(whole, levels + max(width, height).bit_length() - max(source).bit_length())


def levels_of(picture: Picture, count: int, layout: Layout) -> Iterator[Pixels]:
    """The mipmaps of a picture's first frame: `chain` with the meaning of its channels and the layout of the file."""
    return chain(
        picture.frames[0],
        count,
        normals=picture.vectors,
        data_alpha=picture.data_alpha or layout.compression in ("BC4", "BC5"),
    )


def chain(top: Pixels, count: int, *, normals: bool = False, data_alpha: bool = False) -> Iterator[Pixels]:
    """
    `count` levels, the top one first; each level has half the size of the one before, rounded down.

    Games use an alpha test instead of blending if alpha is nearly binary: each level is scaled so that as many pixels
    pass the test as on the top level (Castano, "Computing Alpha Mipmaps", 2010).

    Args:
        top: [H, W, C] uint8 or uint16.
        normals: the colour is a unit vector (middle grey = 0).
        data_alpha: alpha is not opacity, so channels are independent.
    """
    yield top
    if count == 1:
        return
    full = float(np.iinfo(top.dtype).max)
    opacity = top.shape[2] in (2, 4) and not (normals or data_alpha)
    level = top.astype(np.float32) / full
    covered = _coverage_to_keep(level[..., -1]) if opacity else None
    if opacity:
        level = np.concatenate([level[..., :-1] * level[..., -1:], level[..., -1:], level[..., :-1]], 2)
    for _ in range(count - 1):
        level = _halved(level)
        visible = _straight(level, covered) if opacity else level
        if normals and visible.shape[2] >= 3:
            visible = np.concatenate([_unit(visible[..., :3]), visible[..., 3:]], 2)
        yield np.rint(np.clip(visible, 0, 1) * full).astype(top.dtype)


# Premultiplied colour, alpha, hidden colour => straight colour and alpha.
def _straight(level: Floats, covered: float | None) -> Floats:
    colours = level.shape[2] // 2
    alpha, hidden = level[..., colours : colours + 1], level[..., colours + 1 :]
    colour = np.where(alpha > 1 / 512, level[..., :colours] / np.maximum(alpha, 1 / 512), hidden)
    if covered is not None:
        alpha = _with_coverage(alpha, covered)
    return np.concatenate([colour, alpha], 2)


def _coverage_to_keep(alpha: Floats) -> float | None:
    on, off = alpha > 0.96, alpha < 0.04
    if on.all() or off.all() or float((on | off).mean()) < 0.95:
        return None
    return float((alpha >= _TEST).mean())


def _with_coverage(alpha: Floats, covered: float) -> Floats:
    ranked = np.sort(alpha, axis=None)[::-1]
    target = round(covered * ranked.size)
    # Means of few pixels have few values: of the thresholds above and below the ranked pixel, the better one is used.
    cut = float(ranked[max(target, 1) - 1])
    passing, without = int((ranked >= cut).sum()), int((ranked > cut).sum())
    if abs(without - target) < abs(passing - target):
        scale = (_TEST - 1 / 128) / max(cut, 1 / 255)
    else:
        scale = (_TEST + 1 / 255) / max(cut, 1 / 255)
    return np.asarray(np.clip(alpha * scale, 0, 1), np.float32)


def _unit(encoded: Floats) -> Floats:
    vector = encoded * 2 - 1
    length = np.sqrt((vector**2).sum(-1, keepdims=True))
    up = np.array([0, 0, 1], np.float32)
    return np.asarray(np.where(length > 1e-3, vector / np.maximum(length, 1e-3), up) / 2 + 0.5, np.float32)


def _halved(level: Floats) -> Floats:
    down = _means(level.shape[0]) @ level.reshape(level.shape[0], -1)
    across = down.reshape(-1, *level.shape[1:]).swapaxes(0, 1)
    halved = _means(level.shape[1]) @ across.reshape(level.shape[1], -1)
    return np.asarray(halved.reshape(-1, across.shape[1], level.shape[2]).swapaxes(0, 1), np.float32)


# [max(1, size // 2), size]: weight of each pixel in each mean; with an odd size, pixels are split between means.
def _means(size: int) -> Floats:
    half = max(1, size // 2)
    edges = np.arange(half + 1) * (size / half)
    pixels = np.arange(size)
    shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.asarray(np.maximum(shared, 0) * (half / size), np.float32)
