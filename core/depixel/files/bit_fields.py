"""Pixels as integers in which each channel occupies some bits (a mask), as in BMP, DDS, KTX and VTF."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from depixel.picture import Pixels

Masks = tuple[int, int, int, int]
"""Bits of R, G, B and A; 0 = no such channel. Grey has its mask in R."""


def width_of(mask: int) -> int:
    """The number of bits from the lowest to the highest set bit of a mask, inclusive."""
    return mask.bit_length() - (mask & -mask).bit_length() + 1 if mask else 0


def is_legal(mask: int, bits: int, most: int = 16) -> bool:
    """Whether a mask's bits are contiguous, lie inside a pixel of `bits` bits, and number at most `most`."""
    return not mask >> bits and not mask & (mask + (mask & -mask)) and width_of(mask) <= most


def channel(stored: Pixels, mask: int, full: int, signed: bool = False) -> npt.NDArray[np.uint32]:
    """
    One channel of pixels.

    Args:
        stored: [H, W, bytes per pixel] uint8, little-endian; or the same with a channel of whole bytes.
        mask: a legal mask; 0 gives zeros.
        full: the output for the largest value: 255 or 65535.
        signed: the values are in two's complement; 0 becomes the middle (128 or 32768).

    Returns:
        [H, W] of 0 ... full.
    """
    if not mask:
        return np.zeros(stored.shape[:2], np.uint32)
    low, width = (mask & -mask).bit_length() - 1, width_of(mask)
    value = np.zeros(stored.shape[:2], np.uint64)
    for byte in range(low // 8, -(-mask.bit_length() // 8)):
        value |= stored[..., byte].astype(np.uint64) << np.uint64(8 * byte)
    most = 2**width - 1
    value = value >> np.uint64(low) & np.uint64(most)
    if signed:
        value ^= np.uint64(1 << (width - 1))
    return np.asarray((value * np.uint64(full) + np.uint64(most // 2)) // np.uint64(most), np.uint32)


def packed(level: Pixels, mask: int, full: int, signed: bool = False) -> npt.NDArray[np.uint64]:
    """The reverse of `channel`: [H, W] of 0 ... full as the bits of its mask."""
    width = width_of(mask)
    most = 2**width - 1
    value = (level.astype(np.uint64) * np.uint64(most) + np.uint64(full // 2)) // np.uint64(full)
    if signed:
        value ^= np.uint64(1 << (width - 1))
    return np.asarray(value << np.uint64((mask & -mask).bit_length() - 1), np.uint64)
