"""Reads candidate pictures, and rejects those that would teach the wrong thing."""

from __future__ import annotations

import io
import re

import numpy as np
from PIL import Image, UnidentifiedImageError
from scipy.fft import dctn

_MAPS = re.compile(
    r"(_|-|\.|\b)(n|nm|norm|normal|normals|nrm|spec|s|gloss|bump|height|h|disp|mask|ao|luma|glow|shadow|lightmap|local"
    r"|specular|alpha|m)\.(png|jpe?g|tga|bmp|webp)$|normal_?map|heightmap|lightmap|/masks?/|screenshot|levelshot|font",
    re.IGNORECASE,
)
ENDINGS = {".png", ".jpg", ".jpeg", ".tga", ".bmp", ".webp", ".dds"}
LOSSY = {"JPEG", "WEBP", "DDS"}  # reduced 2x; nearly every DDS is block-compressed


_COVERED = 48 * 48  # least visible pixels of a crop of any side: a quarter of one of 96


def looks_like_map(path: str) -> bool:
    """True if the name indicates a normal, height, mask, gloss or light map, a font or a screenshot."""
    return bool(_MAPS.search(path))


def read_rgba(data: bytes, opaque: bool = False) -> np.ndarray | None:
    """
    Straight RGBA [H, W, 4] uint8 of a file's bytes, reduced 2x if the file is lossy; None if it is unreadable.

    Args:
        opaque: ignore alpha, which is a mask of something else.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > 40_000_000 or min(image.size) < 40:
                return None
            lossy = image.format in LOSSY
            whole = image.convert("RGBA")
            pixels = np.asarray(whole.convert("RGB").convert("RGBA") if opaque else whole)
    except (
        OSError,
        ValueError,
        SyntaxError,
        NotImplementedError,
        UnidentifiedImageError,
        Image.DecompressionBombError,
    ):
        return None
    if lossy or min(pixels.shape[:2]) >= 1024:  # very large files are soft at full size
        if min(pixels.shape[:2]) < 192:
            return None
        pixels = halve(pixels)
    return pixels


def halve(pixels: np.ndarray) -> np.ndarray:
    """Area reduction by 2 of straight RGBA uint8, through premultiplied colour."""
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    x = pixels[:height, :width].astype(np.float32)
    x[..., :3] *= x[..., 3:] / 255
    x = x.reshape(height // 2, 2, width // 2, 2, 4).mean((1, 3))
    x[..., :3] = np.where(x[..., 3:] > 0, x[..., :3] * 255 / np.maximum(x[..., 3:], 1e-3), 0)
    half: np.ndarray = (x.clip(0, 255) + 0.5).astype(np.uint8)
    return half


def luminance(pixels: np.ndarray) -> np.ndarray:
    """[H, W] float32 0 ... 255 of straight RGBA over mid grey."""
    alpha = pixels[..., 3:].astype(np.float32) / 255
    return (pixels[..., :3] * alpha + 128 * (1 - alpha)) @ np.array([0.299, 0.587, 0.114], np.float32)


def unwanted(pixels: np.ndarray) -> str:
    """Why the whole picture is rejected ("" if it is not): pixel art, nearest-enlarged, blocks, a normal map."""
    if is_unit_vectors(pixels):
        return "normal map"
    if is_nearest_enlarged(pixels):
        return "nearest-enlarged"
    if is_block_compressed(pixels):
        return "block-compressed"
    if max(pixels.shape[:2]) <= 128 and colours(pixels) <= 64:
        return "pixel art"
    return ""


def colours(pixels: np.ndarray) -> int:
    """The number of different visible colours."""
    visible = pixels[pixels[..., 3] > 0]
    return len(np.unique(np.ascontiguousarray(visible).view(np.uint32)))


def is_unit_vectors(pixels: np.ndarray) -> bool:
    """True if nearly all opaque colours decode to vectors of length 1 that point outwards."""
    visible = pixels[pixels[..., 3] > 250][::17, :3].astype(np.float32) / 127.5 - 1
    if len(visible) < 50:
        return False
    length = np.linalg.norm(visible, axis=1)
    return bool((np.abs(length - 1) < 0.12).mean() > 0.9 and (visible[:, 2] > 0.3).mean() > 0.9)


def is_nearest_enlarged(pixels: np.ndarray) -> bool:
    """True if nearly all columns (or rows) with any change are on a grid of 2, 3 or 4 pixels."""
    for axis in (0, 1):
        changes = (np.diff(pixels.astype(np.int16), axis=axis) != 0).any(-1).sum(1 - axis)
        for step in (2, 3, 4):
            share = max(changes[offset::step].sum() for offset in range(step)) / max(changes.sum(), 1)
            if changes.sum() > 200 and share > 0.9:
                return True
    return False


def is_block_compressed(pixels: np.ndarray) -> bool:
    """True if 4x4 blocks on the grid have at most four colours far more often than blocks off the grid (BC1)."""
    if min(pixels.shape[:2]) < 64:
        return False
    window = pixels[: min(512, pixels.shape[0]), : min(512, pixels.shape[1])]
    on, off = _few_colours(window), _few_colours(window[2:, 2:])
    return on > 0.85 and off < 0.6


def _few_colours(pixels: np.ndarray) -> float:
    height, width = pixels.shape[0] // 4 * 4, pixels.shape[1] // 4 * 4
    packed = np.ascontiguousarray(pixels[:height, :width]).view(np.uint32)[..., 0]
    blocks = packed.reshape(height // 4, 4, width // 4, 4).swapaxes(1, 2).reshape(-1, 16)
    count = (np.diff(np.sort(blocks, axis=1), axis=1) != 0).sum(1) + 1
    return float((count <= 4).mean())


def is_informative(crop: np.ndarray) -> bool:
    """Whether a crop is useful: covered, with contrast, and with edges rather than a smooth gradient."""
    if (crop[..., 3] > 128).sum() < _COVERED:
        return False
    grey = luminance(crop)
    return bool(grey.std() > 8 and np.abs(np.diff(grey, axis=1)).mean() > 1.5)


def perceptual_hash(crop: np.ndarray) -> int:
    """64 bits: signs of the low frequencies of the luminance, against their median."""
    grey = luminance(crop)
    size = grey.shape[0] // 32
    small = grey[: size * 32, : size * 32].reshape(32, size, 32, size).mean((1, 3))
    low = dctn(small, norm="ortho")[:8, :8].ravel()
    bits = low > np.median(low)
    return int(np.packbits(bits).view(">u8")[0])
