"""
Premultiplied alpha: files whose colours are already multiplied by their alpha, as in Spine, libGDX and many engines.
The engine works on straight colour, so such a picture is split: the covering part (colour up to alpha) becomes straight
16-bit colour. Where there is light (colour above alpha, for additive blending), the colours are also answered as they
look on black.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from depixel.domain import requested
from depixel.picture import PREMULTIPLIED, Picture, Pixels
from depixel.request import Request

Samples = npt.NDArray[np.float64]

_NAME = re.compile(r"(?:^|[_\-. ])(?:pma|premul|premult|premultiplied)$", re.I)
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_FAINT = 4  # levels of alpha below which colour is rounded to nothing
_FALL = 16  # difference of alpha between two neighbours from which they count as evidence
_LEAST_PAIRS = 24
_SHARE = 0.4  # of the change of colour: what may remain of it after division by alpha
_FULL = 65535


def is_premultiplied(picture: Picture, request: Request) -> bool:
    """
    Whether the colours of a picture are multiplied by its alpha, according to the request, the name or the pixels.
    """
    if not picture.has_alpha or request.alpha not in ("auto", "premultiplied"):
        return False
    if request.alpha == "premultiplied":
        return True
    domain = requested(request.domain)
    if domain is not None and (domain.data_alpha or domain.imagined):
        return False
    if picture.details.get(PREMULTIPLIED):
        return True
    return _NAME.search(_ENDING.sub("", picture.name)) is not None or looks_premultiplied(picture)


def looks_premultiplied(picture: Picture) -> bool:
    """
    Whether the pixels show it: no colour is above its alpha, and where alpha decreases between nearby pixels, the
    stored colour decreases with it, so that colour divided by alpha changes far less than colour does.
    """
    if not picture.has_transparency:
        return False
    pairs, multiplied, straight = 0, 0.0, 0.0
    for number in range(len(picture.frames)):
        rgba = picture.rgba(number).astype(np.float32) * (255 / picture.levels)
        if bool((rgba[..., :3] > rgba[..., 3:] + 0.5).any()):
            return False
        for axis, apart in ((0, 1), (1, 1), (0, 3), (1, 3)):  # steep edges, and soft glows
            turned = np.moveaxis(rgba, axis, 0)
            for low, high in ((turned[apart:], turned[:-apart]), (turned[:-apart], turned[apart:])):
                falls = (low[..., 3] > _FAINT) & (high[..., 3] >= low[..., 3] + _FALL)
                below, above = low[falls], high[falls]
                pairs += len(below)
                expected = above[:, :3] * (below[:, 3:] / np.maximum(above[:, 3:], 1))
                multiplied += float(np.abs(below[:, :3] - expected).sum())
                straight += float((np.abs(below[:, :3] - above[:, :3]) * below[:, 3:]).sum() / 255)
    return pairs >= _LEAST_PAIRS and multiplied < _SHARE * straight


def covering(picture: Picture) -> Picture:
    """The covering part, with straight 16-bit colour and unchanged alpha."""
    frames = []
    for number in range(len(picture.frames)):
        rgba = picture.rgba(number).astype(np.float64) / picture.levels
        alpha = rgba[..., 3:]
        colour = np.minimum(rgba[..., :3], alpha) / np.maximum(alpha, 1e-9)
        frames.append(np.rint(np.concatenate([colour, alpha], 2) * _FULL).astype(np.uint16))
    return picture.replace(frames=tuple(frames), mode="RGBA;16", palette=None)


def on_black(picture: Picture) -> Picture | None:
    """The colours as an opaque picture; None if there is no light."""
    frames = [picture.rgba(number)[..., :3] for number in range(len(picture.frames))]
    if not any(bool(_is_light(picture.rgba(number)).any()) for number in range(len(picture.frames))):
        return None
    return picture.replace(frames=tuple(frames), mode="RGB;16" if picture.levels != 255 else "RGB", palette=None)


# [h, w] bool: colour above alpha.
def _is_light(rgba: Pixels) -> npt.NDArray[np.bool_]:
    return np.asarray((rgba[..., :3] > rgba[..., 3:]).any(-1))


def multiplied(covered: Pixels, black: Pixels | None, source: Pixels, levels: int, block: int) -> Pixels:
    """
    The answer for one frame in the source's own form.

    Args:
        covered: [H, W, 4] uint16 straight, the answer to `covering`.
        black: [H, W, 3] the answer to `on_black` in `levels`, or None.
        source: [h, w, 4] the source frame.
        block: side of the blocks whose means must equal those of the source; 0 = round each pixel separately.

    Returns:
        [H, W, 4] of the source's dtype; without light, no colour is above its alpha.
    """
    values = covered.astype(np.float64) / _FULL
    alpha = values[..., 3:] * levels
    colour = values[..., :3] * alpha
    if block:
        small = source.astype(np.float64)
        alpha = _rounded(alpha, small[..., 3:], np.full_like(alpha, levels), block)
        colour = _rounded(colour, np.minimum(small[..., :3], small[..., 3:]), alpha.repeat(3, 2), block)
    else:
        alpha = np.rint(alpha)
        colour = np.minimum(np.rint(colour), alpha)
    if black is not None:
        near = _near_light(source, black.shape[0], black.shape[1])
        colour = np.where(near[..., None], black, colour)
    return np.concatenate([colour, alpha], 2).astype(source.dtype)


# [H, W] bool: pixels of the answer over small pixels with light, or next to one: there, both parts are one shape.
def _near_light(source: Pixels, height: int, width: int) -> npt.NDArray[np.bool_]:
    around = np.pad(_is_light(source), 1)
    rows, columns = source.shape[:2]
    near = np.zeros((rows, columns), bool)
    for down in range(3):
        for right in range(3):
            near |= around[down : down + rows, right : right + columns]
    at_rows, at_columns = np.arange(height) * rows // height, np.arange(width) * columns // width
    return np.asarray(near[at_rows][:, at_columns])


# Integers between 0 and `ceiling` close to the values, with the sum of each block as close to the source's as possible:
# all are rounded down, then those with the largest fractions are raised by one.
def _rounded(values: Samples, small: Samples, ceiling: Samples, block: int) -> Samples:
    blocks, most = _to_blocks(values, block), _to_blocks(ceiling, block)
    floor = np.minimum(np.floor(blocks + 1e-6), most)
    fraction = np.where(floor < most, blocks - floor, -1.0)
    missing = np.rint(small.reshape(-1) * block**2) - floor.sum(1)
    rank = np.argsort(np.argsort(-fraction, 1, kind="stable"), 1, kind="stable")
    raised = (rank < missing[:, None]) & (fraction >= 0)
    return _from_blocks(floor + raised, values.shape, block)


# [H, W, C] => [H/b * W/b * C, b*b]
def _to_blocks(values: Samples, block: int) -> Samples:
    height, width, channels = values.shape
    parts = values.reshape(height // block, block, width // block, block, channels)
    return np.asarray(parts.transpose(0, 2, 4, 1, 3).reshape(-1, block * block))


def _from_blocks(blocks: Samples, shape: tuple[int, ...], block: int) -> Samples:
    height, width, channels = shape
    parts = blocks.reshape(height // block, width // block, channels, block, block)
    return np.asarray(parts.transpose(0, 3, 1, 4, 2).reshape(shape))
