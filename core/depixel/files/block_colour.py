"""
BC1, and the colours of BC2 and BC3: two endpoints of 5:6:5 bits, two bits per pixel.

Source: Direct3D 11 functional specification, section 19.5 (block compression formats). The code is
written from it, without copying any.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from depixel.files.block_fit import CHUNK, Codes, Floats, blocks_of, fit, nearest
from depixel.picture import Pixels

_FOUR = np.array([0, 1, 1 / 3, 2 / 3], np.float32)  # share of the second endpoint in colours 0 to 3
_THREE = np.array([0, 1, 1 / 2], np.float32)
_STEPS = np.array([31, 63, 31], np.float32)
_TRANSPARENT = 3


def encode_bc1(pixels: Pixels) -> bytes:
    """[H, W, 3 or 4] uint8; alpha below 128 becomes a transparent pixel, everything else is opaque."""
    alpha = blocks_of(pixels[..., 3:]) if pixels.shape[2] == 4 else None
    return _encode(blocks_of(pixels[..., :3]), None if alpha is None else alpha[..., 0] >= 128, True)


def encode_colours(pixels: Pixels) -> npt.NDArray[np.uint8]:
    """The second half of BC2 and BC3: [H, W, 3 or 4] uint8 => [N, 8] bytes, always of four colours."""
    counts = None
    if pixels.shape[2] == 4:
        # Visible pixels count; in a block without any, all pixels count, so that hidden colours survive.
        opacity = blocks_of(pixels[..., 3:])[..., 0] / 255
        counts = np.where(opacity.max(1, keepdims=True) > 0, np.maximum(opacity > 0, 1 / 64), 1).astype(np.float32)
    coded = _encode(blocks_of(pixels[..., :3]), None, False, counts)
    return np.frombuffer(coded, np.uint8).reshape(-1, 8)


def _encode(
    points: Floats, opaque: npt.NDArray[np.bool_] | None, may_be_three: bool, counts: Floats | None = None
) -> bytes:
    parts = []
    for start in range(0, len(points), CHUNK):
        part = slice(start, start + CHUNK)
        holes = None if opaque is None else ~opaque[part]
        parts.append(_chunk(points[part], holes, may_be_three, None if counts is None else counts[part]))
    return b"".join(parts)


def _chunk(points: Floats, holes: npt.NDArray[np.bool_] | None, may_be_three: bool, counts: Floats | None) -> bytes:
    ends, indices, error = fit(points, _FOUR, lambda a, b: _quantise(a, b, _FOUR), counts)
    _take_flat(points, ends, indices, error)
    three = np.zeros(len(points), bool)
    if may_be_three:
        seen = counts if holes is None else (~holes).astype(np.float32)
        other, into, wrong = fit(points, _THREE, lambda a, b: _quantise(a, b, _THREE), seen)
        three = wrong < error if holes is None else (wrong < error) | holes.any(1)
        ends[three], indices[three] = other[three], into[three]
    # If the first endpoint is the larger number, the block has four colours, otherwise three.
    wrong_way = np.where(three, ends[:, 0] > ends[:, 1], ends[:, 0] < ends[:, 1])
    ends[wrong_way] = ends[wrong_way, ::-1]
    swapped = np.where(three[:, None] & (indices == 2), 2, indices ^ 1)
    indices = np.where(wrong_way[:, None], swapped, indices)
    indices[ends[:, 0] == ends[:, 1]] = 0
    if holes is not None:
        indices[holes] = _TRANSPARENT
    bits = (indices.astype(np.uint64) << (2 * np.arange(16, dtype=np.uint64))).sum(1).astype("<u4")
    return np.concatenate([ends.astype("<u2").view(np.uint8), bits[:, None].view(np.uint8)], axis=1).tobytes()


# Endpoints as 5:6:5 numbers [N, 2] and the colours that a decoder derives from them.
def _quantise(first: Floats, second: Floats, weights: Floats) -> tuple[Codes, Floats]:
    steps = np.rint(np.stack([first, second], 1) * (_STEPS / 255)).astype(np.int64)  # [N, 2, 3]
    ends = _expanded(steps)
    colours = ends[:, :1] + weights[:, None] * (ends[:, 1:] - ends[:, :1])
    return steps[..., 0] << 11 | steps[..., 1] << 5 | steps[..., 2], colours


def _expanded(steps: Codes) -> Floats:
    red, green, blue = steps[..., 0], steps[..., 1], steps[..., 2]
    return np.stack([red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2], -1).astype(np.float32)


# A block of one colour is approximated best a third of the way between two endpoints, where 5 bits are as good as 7.
def _take_flat(points: Floats, ends: Codes, indices: Codes, error: Floats) -> None:
    flat = (points == points[:, :1]).all((1, 2))
    if not flat.any():
        return
    target = points[flat, 0].astype(np.int64)
    pairs = np.stack([_PAIRS_5[target[:, 0]], _PAIRS_6[target[:, 1]], _PAIRS_5[target[:, 2]]], -1)  # [M, 2, 3]
    codes = pairs[..., 0] << 11 | pairs[..., 1] << 5 | pairs[..., 2]
    at = _expanded(pairs)
    into, wrong = nearest(points[flat], at[:, :1] + _FOUR[:, None] * (at[:, 1:] - at[:, :1]))
    better = wrong < error[flat]
    where = np.flatnonzero(flat)[better]
    ends[where], indices[where], error[where] = codes[better], into[better], wrong[better]


# [256, 2]: for each value, the closest pair of endpoints whose point a third of the way is nearest to the value.
def _pairs(bits: int) -> Codes:
    steps = np.arange(2**bits)
    wide = (steps << (8 - bits) | steps >> (2 * bits - 8)).astype(np.float64)
    reached = (2 * wide[:, None] + wide[None]) / 3 + np.abs(wide[:, None] - wide[None]) * 1e-4
    wrong = np.abs(reached[None] - np.arange(256)[:, None, None]).reshape(256, -1)
    chosen = wrong.argmin(1)
    return np.stack([chosen // 2**bits, chosen % 2**bits], 1)


_PAIRS_5, _PAIRS_6 = _pairs(5), _pairs(6)
