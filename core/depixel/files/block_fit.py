"""
Shared by all block formats: fits 4x4 pixels by values between two endpoints, with the principal axis and least squares.

Source of the refinement: with the indices fixed, a pixel is (1 - w) a + w b, so the best a, b solve a 2x2 system.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from depixel.picture import Pixels

Floats = npt.NDArray[Any]
"""float32"""

Codes = npt.NDArray[Any]
"""int64"""

Quantise = Callable[[Floats, Floats], tuple[Codes, Floats]]
"""Two ideal endpoints [N, C] => their codes [N, 2, ...] and the colours [N, K, C] that a decoder derives from them."""

CHUNK = 4096
"""Blocks that are fitted together; more would not fit into the processor's caches."""

_TINY = 1e-6


def blocks_of(pixels: Pixels) -> Floats:
    """[H, W, C] uint8 => [N, 16, C] float32, row by row; the last row and column are repeated beyond the edge."""
    height, width, channels = pixels.shape
    padded = np.pad(pixels, ((0, -height % 4), (0, -width % 4), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // 4, padded.shape[1] // 4
    cut = padded.reshape(rows, 4, columns, 4, channels).swapaxes(1, 2)
    return np.asarray(cut.reshape(rows * columns, 16, channels), np.float32)


def fit(
    points: Floats,
    weights: Floats,
    quantise: Quantise,
    counts: Floats | None = None,
    rounds: int = 3,
) -> tuple[Codes, Codes, Floats]:
    """
    The best endpoints and indices after `rounds` of least squares.

    Args:
        points: [N, 16, C] in [0, 255].
        weights: [K] share of the second endpoint in each colour of a block.
        counts: [N, 16] 1 = this pixel counts, 0 = it does not; None = all do.

    Returns:
        codes [N, 2, ...], indices [N, 16] into K, squared error [N].
    """
    first, second = _extremes(points, counts)
    codes, colours = quantise(first, second)
    indices, error = nearest(points, colours, counts)
    best: list[Pixels] = [codes, indices, error]
    for _ in range(rounds):
        first, second = _solve(points, weights[indices], counts, first, second)
        codes, colours = quantise(first, second)
        indices, error = nearest(points, colours, counts)
        _keep_better(best, [codes, indices, error])
    return best[0], best[1], best[2]


def nearest(points: Floats, colours: Floats, counts: Floats | None = None) -> tuple[Codes, Floats]:
    """[N, 16, C] against [N, K, C] => index [N, 16] of the nearest colour, summed squared error [N]."""
    distances = (colours**2).sum(-1)[:, None] - 2 * points @ colours.swapaxes(1, 2)
    indices = distances.argmin(-1)
    chosen = np.take_along_axis(colours, indices[..., None], 1)
    error = ((points - chosen) ** 2).sum(-1)
    return indices, (error if counts is None else error * counts).sum(-1)


def _keep_better(best: list[Pixels], other: list[Pixels]) -> None:
    better = other[2] < best[2]
    for mine, theirs in zip(best, other, strict=True):
        mine[better] = theirs[better]


# The pixels that are furthest apart along the axis of largest variation.
def _extremes(points: Floats, counts: Floats | None) -> tuple[Floats, Floats]:
    share = np.ones(points.shape[:2], np.float32) if counts is None else counts
    total = np.maximum(share.sum(1, keepdims=True), 1)
    mean = (points * share[..., None]).sum(1) / total
    away = (points - mean[:, None]) * share[..., None]
    if points.shape[2] == 1:
        axis = np.ones_like(mean)
    else:
        spread = away.swapaxes(1, 2) @ away
        # If channels vary in opposite directions, a start of ones could be perpendicular to the axis.
        axis = np.take_along_axis(spread, spread.diagonal(0, 1, 2).argmax(-1)[:, None, None], 1)[:, 0]
        for _ in range(6):
            axis = (spread @ axis[..., None])[..., 0]
            axis = axis / np.maximum(np.abs(axis).max(-1, keepdims=True), _TINY)
        axis = axis / np.maximum(np.linalg.norm(axis, axis=-1, keepdims=True), _TINY)
    along = (away * axis[:, None]).sum(-1)
    low, high = along.min(1, keepdims=True), along.max(1, keepdims=True)
    return np.clip(mean + low * axis, 0, 255), np.clip(mean + high * axis, 0, 255)


def _solve(
    points: Floats, shares: Floats, counts: Floats | None, first: Floats, second: Floats
) -> tuple[Floats, Floats]:
    b = shares
    a = 1 - b
    if counts is not None:
        a, b = a * counts, b * counts  # counts are 0 or 1, so their squares equal them
    aa, ab, bb = (a * a).sum(1), (a * b).sum(1), (b * b).sum(1)
    ax, bx = (a[..., None] * points).sum(1), (b[..., None] * points).sum(1)
    whole = aa * bb - ab * ab
    sound = (whole > 1e-3)[:, None]
    whole = np.maximum(whole, 1e-3)[:, None]
    new_first = (bb[:, None] * ax - ab[:, None] * bx) / whole
    new_second = (aa[:, None] * bx - ab[:, None] * ax) / whole
    return (
        np.where(sound, np.clip(new_first, 0, 255), first).astype(np.float32),
        np.where(sound, np.clip(new_second, 0, 255), second).astype(np.float32),
    )
