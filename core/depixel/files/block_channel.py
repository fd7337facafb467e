"""
BC4, each half of BC5, and the alpha of BC3: one channel, two endpoints of 8 bits, three bits per pixel. Also BC2's
alpha.

Source: Direct3D 11 functional specification, section 19.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from depixel.files.block_fit import CHUNK, Codes, Floats, blocks_of, fit, nearest
from depixel.picture import Pixels

Bytes = npt.NDArray[Any]

# Share of the second endpoint in values 0 to 7; with six values, 6 and 7 are the limits of the range.
_EIGHT = np.array([0, 1, 1 / 7, 2 / 7, 3 / 7, 4 / 7, 5 / 7, 6 / 7], np.float32)
_SIX = np.array([0, 1, 1 / 5, 2 / 5, 3 / 5, 4 / 5], np.float32)


def encode_channel(channel: Pixels, signed: bool = False) -> Bytes:
    """
    [H, W] uint8 => [N, 8] bytes of blocks.

    Args:
        signed: the format stores -127 ... 127, to which 0 ... 255 is mapped; 128 becomes about 0.
    """
    points = blocks_of(channel[..., None])
    if signed:
        points = np.clip(points - 128, -127, 127) + 127  # fitted as 0 ... 254, stored as that less 127
    return np.concatenate([_chunk(points[at : at + CHUNK], signed) for at in range(0, len(points), CHUNK)])


def encode_bc2_alpha(channel: Pixels) -> Bytes:
    """[H, W] uint8 => [N, 8] bytes: four bits per pixel."""
    steps = np.rint(blocks_of(channel[..., None])[..., 0] / 17).astype(np.uint8)
    return steps[:, 0::2] | steps[:, 1::2] << 4


def decode_signed(data: Bytes) -> Pixels:
    """[N, 8] bytes of a signed channel => [N, 16] uint8: -127 as 1, 0 as 128, 127 as 255."""
    ends = np.maximum(data[:, :2].view(np.int8).astype(np.float32), -127)
    first, second = ends[:, :1], ends[:, 1:]
    eight = first + _EIGHT * (second - first)
    edge = np.broadcast_to(np.array([-127, 127], np.float32), (len(data), 2))
    six = np.concatenate([first + _SIX * (second - first), edge], 1)
    values = np.where(first > second, eight, six)
    bits = np.concatenate([data[:, 2:], np.zeros((len(data), 2), np.uint8)], 1).view("<u8")
    indices = (bits >> (3 * np.arange(16, dtype=np.uint64)) & np.uint64(7)).astype(np.int64)
    return np.asarray((np.rint(np.take_along_axis(values, indices, 1)) + 128).clip(0, 255).astype(np.uint8))


def _chunk(points: Floats, signed: bool) -> Bytes:
    most = 254 if signed else 255
    ends, indices, error = fit(points, _EIGHT, lambda a, b: _quantise(a, b, _EIGHT, most))
    # Six values and both limits of the range, because alpha is often exactly 0 or 255.
    inside = ((points > 0) & (points < most))[..., 0].astype(np.float32)
    other, _, _ = fit(points, _SIX, lambda a, b: _quantise(a, b, _SIX, most), inside)
    colours = _between(other, _SIX)
    edge = np.broadcast_to(np.array([[0], [most]], np.float32), (len(points), 2, 1))
    into, wrong = nearest(points, np.concatenate([colours, edge], 1))
    six = wrong < error
    ends[six], indices[six] = other[six], into[six]
    # If the first endpoint is larger, the block has eight values, otherwise six.
    wrong_way = np.where(six, ends[:, 0] > ends[:, 1], ends[:, 0] < ends[:, 1])
    ends[wrong_way] = ends[wrong_way, ::-1]
    eight_swapped = np.where(indices < 2, 1 - indices, 9 - indices)
    six_swapped = np.where(indices < 2, 1 - indices, np.where(indices < 6, 7 - indices, indices))
    indices = np.where(wrong_way[:, None], np.where(six[:, None], six_swapped, eight_swapped), indices)
    indices[(ends[:, 0] == ends[:, 1]) & ~six] = 0
    bits = (indices.astype(np.uint64) << (3 * np.arange(16, dtype=np.uint64))).sum(1).astype("<u8")
    stored = (ends - 127 if signed else ends).astype(np.int8 if signed else np.uint8).view(np.uint8)
    return np.concatenate([stored, bits[:, None].view(np.uint8)[:, :6]], axis=1)


def _quantise(first: Floats, second: Floats, weights: Floats, most: int) -> tuple[Codes, Floats]:
    ends = np.clip(np.rint(np.concatenate([first, second], 1)), 0, most).astype(np.int64)
    return ends, _between(ends, weights)


def _between(ends: Codes, weights: Floats) -> Floats:
    first, second = ends[:, :1, None].astype(np.float32), ends[:, 1:, None].astype(np.float32)
    return np.asarray(first + weights[:, None] * (second - first))
