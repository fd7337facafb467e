"""
Training pairs that take too long to make during training: pixel art with smooth truth, and small pictures degraded as
in games (training.art_data.spoiling).
"""

from __future__ import annotations

import random

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt
from training.art_data.spoiling import halve, reduced_to_palette, spoiled_small

FACTOR = 4


def pixel_pair(crop: np.ndarray, rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """
    A picture drawn with few colours and hard edges, and its version on an artist's coarse grid.

    The crop is reduced to a palette at twice its size and then reduced back, so that contours are smooth and areas
    flat; the small picture has one pixel from each block's centre. Often a dark outline is drawn, as in sprites, wide
    enough that no sample misses it; sometimes boxes on the grid, whose corners must remain corners.

    Args:
        crop: [S, S, 4] uint8 straight RGBA.

    Returns:
        large [S, S, 4] and small [S/4, S/4, 4], uint8 straight RGBA; alpha of the small one is 0 or 255.
    """
    side = crop.shape[0]
    twice = _resize(crop, side * 2)
    opaque = twice[..., 3] >= 128
    if rng.random() < 0.3:
        outline = ~opaque & (distance_transform_edt(~opaque) <= rng.uniform(8.5, 11.5))  # in half pixels
        twice[outline, :3] = rng.choice(((0, 0, 0), (20, 12, 28), (48, 24, 24)))
        opaque |= outline
    colours = reduced_to_palette(twice, rng.choice((6, 8, 12, 16, 24, 32, 48)), Image.Dither.NONE)
    drawn = np.concatenate([colours, np.where(opaque, 255, 0).astype(np.uint8)[..., None]], -1)
    drawn[~opaque] = 0
    if rng.random() < 0.35:
        _draw_boxes(drawn, rng)
    centre = 2 * FACTOR // 2 - rng.randint(0, 1), 2 * FACTOR // 2 - rng.randint(0, 1)
    small = drawn[centre[0] :: 2 * FACTOR, centre[1] :: 2 * FACTOR]
    return halve(drawn), np.ascontiguousarray(small)


def _draw_boxes(drawn: np.ndarray, rng: random.Random) -> None:
    """Filled boxes, frames and lines on the grid of the small picture, in the picture's own colours or through it."""
    step = 2 * FACTOR
    cells = drawn.shape[0] // step
    for _ in range(rng.randint(1, 5)):
        width, height = rng.choice(
            ((1, rng.randint(3, 14)), (rng.randint(3, 14), 1), (rng.randint(2, 12), rng.randint(2, 12)))
        )
        x, y = rng.randint(0, cells - width), rng.randint(0, cells - height)
        box = drawn[y * step : (y + height) * step, x * step : (x + width) * step]
        colour = drawn[rng.randrange(drawn.shape[0]), rng.randrange(drawn.shape[1])].copy()
        if colour[3] == 0 and rng.random() < 0.6:
            colour[:] = (*rng.choice(((255, 255, 255), (0, 0, 0), (230, 60, 40), (250, 210, 60), (40, 60, 120))), 255)
        inner = box[step:-step, step:-step].copy()
        box[:] = colour
        if min(width, height) > 2 and rng.random() < 0.5:
            box[step:-step, step:-step] = inner  # a frame


def make_pairs(
    crops: np.ndarray, kinds: np.ndarray, pixel_count: int, spoiled_count: int, seed: int = 0
) -> dict[str, np.ndarray]:
    """
    Arrays for training: pixel_large, pixel_small (pixel art; few textures among them), spoiled_large, spoiled_small.
    """
    rng = random.Random(seed)
    order = np.random.default_rng(seed).permutation(len(crops))
    smooth = [i for i in order if kinds[i] != 1]
    textured = [i for i in order if kinds[i] == 1]
    textured_share = textured[: pixel_count // 7]
    chosen = (smooth * 2)[: pixel_count - len(textured_share)] + textured_share
    pixel = [pixel_pair(crops[i], rng) for i in chosen]
    spoiled = order[:spoiled_count]
    return {
        "pixel_large": np.stack([large for large, _ in pixel]),
        "pixel_small": np.stack([small for _, small in pixel]),
        "spoiled_large": crops[spoiled],
        "spoiled_small": np.stack([spoiled_small(crops[i], rng) for i in spoiled]),
    }


def _resize(crop: np.ndarray, side: int) -> np.ndarray:
    return np.array(
        Image.fromarray(crop).convert("RGBa").resize((side, side), Image.Resampling.BICUBIC).convert("RGBA")
    )
