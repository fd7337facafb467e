"""Chooses 256 colours for a picture that has more: flat colours are kept, the rest are approximated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from depixel.files.indexed import Palette
from depixel.picture import Pixels

ColourArray = npt.NDArray[np.uint8]
"""[N, 3] RGB."""

_SEEN = 255  # colours of the palette; the last entry is transparent
_SAMPLE = 2**22  # pixels that a palette is computed from
_MOST_KEPT = 192  # most colours that are kept exactly; the others need some entries too
_FLAT = 0.5  # share of pixels equal to their left neighbour above which a picture counts as a drawing
_COMMON = 0.002  # share of pixels above which a colour of such a picture is kept


def approximated(frames: Sequence[Pixels], source: Palette | None) -> tuple[Palette, list[Pixels]]:
    """
    One palette for all frames, so that still areas keep their colours, and the frames' indices.

    Pictures with a palette or flat areas are not dithered, because their colours would become patterns, nor are
    animations, because patterns flicker.

    Args:
        frames: [H, W, 4] uint8, alpha 0 or 255.
        source: [N, 4], the colours of the picture's source if these were few.

    Returns:
        [256, 4], the last entry transparent; [H, W] uint8 of each frame.
    """
    pixels = np.concatenate([frame[frame[..., 3] > 0][:, :3] for frame in frames])
    sample = pixels[:: -(-len(pixels) // _SAMPLE)]
    drawn = source is not None or float(np.mean([_flatness(frame) for frame in frames])) > _FLAT
    own_colours = _kept(sample, source) if drawn else np.zeros((0, 3), np.uint8)
    colours = np.concatenate([own_colours, _median_cut(_without(sample, own_colours), _SEEN - len(own_colours))])
    indexed = []
    for frame in frames:
        rgb = np.ascontiguousarray(frame[..., :3])
        index = _nearest(rgb, colours) if drawn or len(frames) > 1 else _dithered(rgb, colours)
        indexed.append(np.where(frame[..., 3] > 0, index, _SEEN).astype(np.uint8))
    palette = np.zeros((256, 4), np.uint8)
    palette[: len(colours), :3] = colours
    palette[:_SEEN, 3] = 255
    return palette, indexed


def _flatness(frame: Pixels) -> float:
    return float((frame[:, 1:] == frame[:, :-1]).all(-1).mean()) if frame.shape[1] > 1 else 0.0


# The source's colours that occur, or those of many pixels; the most frequent first.
def _kept(pixels: ColourArray, source: Palette | None) -> ColourArray:
    codes, counts = np.unique(_codes(pixels), return_counts=True)
    if source is not None:
        keep = np.isin(codes, _codes(source[source[:, 3] > 0][:, :3]))
    else:
        keep = counts >= max(2, _COMMON * len(pixels))
    codes, counts = codes[keep], counts[keep]
    return _rgb(codes[np.argsort(-counts, kind="stable")][:_MOST_KEPT])


def _without(pixels: ColourArray, colours: ColourArray) -> ColourArray:
    return pixels[~np.isin(_codes(pixels), _codes(colours))]


def _median_cut(pixels: ColourArray, count: int) -> ColourArray:
    if not len(pixels):
        return np.zeros((0, 3), np.uint8)
    image = Image.fromarray(pixels[None]).quantize(count, Image.Quantize.MEDIANCUT)
    return np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)[:count]


# [H, W] indices of the nearest colours.
def _nearest(rgb: Pixels, colours: ColourArray) -> Pixels:
    codes, inverse = np.unique(_codes(rgb.reshape(-1, 3)), return_inverse=True)
    different = _rgb(codes).astype(np.int32)
    table = colours.astype(np.int32)
    chosen = np.empty(len(codes), np.uint8)
    for at in range(0, len(codes), 4096):
        part = different[at : at + 4096, None] - table[None]
        chosen[at : at + 4096] = (part**2).sum(-1).argmin(1)
    return chosen[inverse.reshape(-1)].reshape(rgb.shape[:2])


def _dithered(rgb: Pixels, colours: ColourArray) -> Pixels:
    table = Image.new("P", (1, 1))
    table.putpalette(np.pad(colours, ((0, 256 - len(colours)), (0, 0)), mode="edge").tobytes(), "RGB")
    image = Image.fromarray(rgb).quantize(palette=table, dither=Image.Dither.FLOYDSTEINBERG)
    return np.asarray(np.minimum(np.asarray(image), len(colours) - 1), np.uint8)


def _codes(rgb: ColourArray) -> npt.NDArray[np.uint32]:
    wide = rgb.astype(np.uint32)
    return np.asarray(wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2], np.uint32)


def _rgb(codes: npt.NDArray[np.uint32]) -> ColourArray:
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], -1).astype(np.uint8)
