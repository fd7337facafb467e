"""
Degrades small pictures as games do: palettes with and without dithering, BC1 and BC3 blocks, JPEG, a slight blur.

The network learns to remove these, so that no filter is needed before it.
"""

from __future__ import annotations

import io
import random

import numpy as np
from PIL import Image, ImageFilter

KINDS = ("palette", "ordered", "diffused", "bc1", "bc3", "jpeg", "blur")
PALETTES = (16, 32, 64, 128, 256)


def spoiled_small(crop: np.ndarray, rng: random.Random, kind: str | None = None) -> np.ndarray:
    """
    The area reduction of a crop, degraded in one way: [S/4, S/4, 4] uint8 straight RGBA.

    Args:
        crop: [S, S, 4] uint8 straight RGBA.
        kind: one of KINDS; None draws one.
    """
    kind = kind or rng.choice(KINDS)
    if kind == "blur":
        image = Image.fromarray(crop).convert("RGBa").filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.6)))
        crop = np.asarray(image.convert("RGBA"))
    small = halve(halve(crop))
    alpha = small[..., 3:]
    colour = small[..., :3]
    if kind == "palette":
        colour = reduced_to_palette(small, rng.choice(PALETTES), Image.Dither.NONE)
    elif kind == "diffused":
        colour = reduced_to_palette(small, rng.choice(PALETTES), Image.Dither.FLOYDSTEINBERG)
    elif kind == "ordered":
        colour = ordered(small, rng.choice(PALETTES))
    elif kind in {"bc1", "bc3"}:
        colour = bc1(colour)
        alpha = bc4(alpha) if kind == "bc3" else alpha
    elif kind == "jpeg":
        buffer = io.BytesIO()
        Image.fromarray(colour).save(buffer, "JPEG", quality=rng.randint(60, 95))
        colour = np.asarray(Image.open(buffer).convert("RGB"))
    return np.ascontiguousarray(np.concatenate([colour, alpha], -1))


def halve(pixels: np.ndarray) -> np.ndarray:
    """Means of 2x2 pixels, weighted by alpha; straight RGBA uint8."""
    side = pixels.shape[0] // 2
    return np.array(Image.fromarray(pixels).convert("RGBa").reduce(2).convert("RGBA").resize((side, side)))


def reduced_to_palette(pixels: np.ndarray, colours: int, dither: Image.Dither) -> np.ndarray:
    """RGB reduced to a palette of its own; transparent pixels do not count."""
    image = _visible(pixels)
    palette = image.quantize(colours, Image.Quantize.MEDIANCUT)
    return np.asarray(image.quantize(palette=palette, dither=dither).convert("RGB"))


_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 - 0.47


def ordered(pixels: np.ndarray, colours: int) -> np.ndarray:
    """RGB reduced to its own palette with a 4x4 Bayer pattern whose strength fits the palette."""
    image = _visible(pixels)
    palette = image.quantize(colours, Image.Quantize.MEDIANCUT)
    height, width = pixels.shape[:2]
    threshold = np.tile(_BAYER, (height // 4 + 1, width // 4 + 1))[:height, :width, None]
    rgb = np.asarray(image).astype(np.float32)
    spread = rgb.std((0, 1)) * 3.5 / colours ** (1 / 3)  # distance of neighbours if colours fill a box evenly
    moved = (rgb + threshold * spread).round().clip(0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(moved).quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB"))


def bayer_dithered(pixels: np.ndarray, colours: int, size: int, strength: float) -> np.ndarray:
    """
    RGB reduced to its own palette with a Bayer pattern of `size` (2, 4 or 8) pixels; strength 1 equals the distance of
    neighbouring colours.
    """
    image = _visible(pixels)
    palette = image.quantize(colours, Image.Quantize.MEDIANCUT)
    pattern = np.zeros((1, 1), np.float32)
    while len(pattern) < size:
        pattern = np.block([[4 * pattern, 4 * pattern + 2], [4 * pattern + 3, 4 * pattern + 1]])
    height, width = pixels.shape[:2]
    threshold = np.tile((pattern + 0.5) / pattern.size - 0.5, (height // size + 1, width // size + 1))
    rgb = np.asarray(image).astype(np.float32)
    spread = rgb.std((0, 1)) * 3.5 / colours ** (1 / 3) * strength
    moved = (rgb + threshold[:height, :width, None] * spread).round().clip(0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(moved).quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB"))


def _visible(pixels: np.ndarray) -> Image.Image:
    rgb = pixels[..., :3].copy()
    visible = pixels[..., 3] > 0
    if visible.any():
        rgb[~visible] = rgb[visible][0]
    return Image.fromarray(rgb)


def bc1(rgb: np.ndarray) -> np.ndarray:
    """RGB after BC1: each 4x4 block has four colours on a line between two RGB565 endpoints."""
    return _blocks(rgb, np.array([255 / 31, 255 / 63, 255 / 31], np.float32), 4)


def bc4(channel: np.ndarray) -> np.ndarray:
    """Alpha [H, W, 1] after BC3: each 4x4 block has eight values between two endpoints of 8 bits."""
    return _blocks(channel, np.array([1], np.float32), 8)


# `values` evenly spaced points between the endpoints of each 4x4 block, rounded to multiples of `step`.
def _blocks(pixels: np.ndarray, step: np.ndarray, values: int) -> np.ndarray:
    channels = pixels.shape[2]
    height, width = pixels.shape[0] // 4 * 4, pixels.shape[1] // 4 * 4
    out: np.ndarray = pixels.copy()
    blocks = pixels[:height, :width].reshape(height // 4, 4, width // 4, 4, channels).swapaxes(1, 2)
    blocks = blocks.reshape(-1, 16, channels).astype(np.float32)
    low, high = ((end / step).round() * step for end in (blocks.min(1), blocks.max(1)))
    line = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, values, dtype=np.float32)[None, :, None]
    nearest = ((blocks[:, :, None] - line[:, None]) ** 2).sum(-1).argmin(-1)
    chosen = np.take_along_axis(line, nearest[..., None], 1).reshape(height // 4, width // 4, 4, 4, channels)
    out[:height, :width] = chosen.swapaxes(1, 2).reshape(height, width, channels).round().astype(np.uint8)
    return out
