"""
BC7 in its mode 6: two RGBA endpoints of 7 bits with one shared lowest bit each, four bits per pixel.

Source: Direct3D 11 functional specification, section 19.5.12 (BC7). Of its eight modes, this one suits smooth blocks of
any alpha; the modes with several partitions per block are left to `etcpak`, if it is installed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from depixel.files.block_fit import CHUNK, Codes, Floats, blocks_of, fit
from depixel.picture import Pixels

_WEIGHTS = np.array([0, 4, 9, 13, 17, 21, 26, 30, 34, 38, 43, 47, 51, 55, 60, 64], np.float32) / 64


def encode_bc7(pixels: Pixels) -> bytes:
    """[H, W, 4] uint8 => blocks of 16 bytes."""
    points = blocks_of(pixels)
    return b"".join(_chunk(points[at : at + CHUNK]).tobytes() for at in range(0, len(points), CHUNK))


def _chunk(points: Floats) -> npt.NDArray[np.uint64]:
    ends, indices, _ = fit(points, _WEIGHTS, _quantise)
    # The first pixel's index has three bits: the highest must be 0.
    turned = indices[:, 0] > 7
    ends[turned] = ends[turned, ::-1]
    indices[turned] = 15 - indices[turned]
    steps, low = (ends >> 1).astype(np.uint64), (ends[..., 0] & 1).astype(np.uint64)
    into = indices.astype(np.uint64)
    first = np.full(len(points), 1 << 6, np.uint64)
    for channel in range(4):
        for end in range(2):
            first |= steps[:, end, channel] << np.uint64(7 + 14 * channel + 7 * end)
    first |= low[:, 0] << np.uint64(63)
    second = low[:, 1] | into[:, 0] << np.uint64(1)
    for pixel in range(1, 16):
        second |= into[:, pixel] << np.uint64(4 * pixel)
    return np.stack([first, second], 1).astype("<u8")


# Codes [N, 2, 4] of 8 bits whose lowest is the same in all channels of an endpoint.
def _quantise(first: Floats, second: Floats) -> tuple[Codes, Floats]:
    wished = np.stack([first, second], 1)
    even = np.clip(np.rint(wished / 2) * 2, 0, 254)
    odd = np.clip(np.rint((wished - 1) / 2) * 2 + 1, 1, 255)
    # Alpha of exactly 0 or 255 must be kept: a level of colour is invisible, but a level of alpha at the limits is not.
    cost_even, cost_odd = ((wished - even) ** 2).sum(-1), ((wished - odd) ** 2).sum(-1)
    cost_even += 1000.0 * (wished[..., 3] > 254.5)
    cost_odd += 1000.0 * (wished[..., 3] < 0.5)
    ends = np.where((cost_odd < cost_even)[..., None], odd, even).astype(np.float32)
    return ends.astype(np.int64), ends[:, :1] + _WEIGHTS[:, None] * (ends[:, 1:] - ends[:, :1])
