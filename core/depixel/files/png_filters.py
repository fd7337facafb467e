"""
PNG's row filters (W3C PNG specification, third edition, chapter 9) over whole arrays: every byte is stored as its
difference from a prediction by the bytes to the left, above, and above left. Used for 16 bits per sample, which Pillow
cannot decode.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from depixel.errors import UnreadablePictureError
from depixel.files.png_stream import BAND, stream

Bytes = npt.NDArray[np.uint8]
Signed = npt.NDArray[np.int16]

_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4


def unfilter(kinds: Bytes, data: Bytes, name: str) -> Bytes:
    """
    Undo the filters.

    Each byte depends on three neighbours, so all pixels of a diagonal (row + column constant) are done at once: height
    + width steps instead of height times width.

    Args:
        kinds: [H] filter of each row.
        data: [H, W, step] filtered bytes, step = bytes per pixel.

    Returns:
        [H, W, step] bytes.

    Raises:
        UnreadablePictureError: an unknown filter.
    """
    if kinds.size and int(kinds.max()) > _PAETH:
        raise UnreadablePictureError(f"{name} is damaged: its rows use an unknown filter.")
    height, width, step = data.shape
    row = width + 1  # one pixel of border at the left and above: zero, as the standard says
    padded = np.zeros((height + 1, row, step), np.uint8)
    padded[1:, 1:] = data
    flat = padded.reshape(-1, step)
    sub, up, average, paeth = ((kinds == kind)[:, None].astype(np.int16) for kind in (_SUB, _UP, _AVERAGE, _PAETH))
    for diagonal in range(height + width - 1):
        top = max(0, diagonal - width + 1)
        count = min(height, diagonal + 1) - top
        first = (top + 1) * row + diagonal - top + 1
        hop = max(1, row - 1)  # one row down, one pixel left
        at = slice(first, first + (count - 1) * hop + 1, hop)
        left = flat[at.start - 1 : at.stop - 1 : hop].astype(np.int16)
        above = flat[at.start - row : at.stop - row : hop].astype(np.int16)
        corner = flat[at.start - row - 1 : at.stop - row - 1 : hop].astype(np.int16)
        rows = slice(top, top + count)
        guess = sub[rows] * left + up[rows] * above + average[rows] * ((left + above) >> 1)
        guess += paeth[rows] * _paeth(left, above, corner)
        flat[at] += guess.astype(np.uint8)
    return padded[1:, 1:]


def compress(rows: Bytes, step: int) -> bytes:
    """
    The zlib stream of a picture: each row uses the filter with the smallest sum of differences.

    Args:
        rows: [H, bytes per row].
        step: bytes per pixel.
    """
    height, width = rows.shape
    band = max(1, BAND // max(1, width))
    return stream([partial(_filtered, rows, top, top + band, step) for top in range(0, height, band)], 6)


# Rows from `top` on, each with the number of its filter before it.
def _filtered(rows: Bytes, top: int, end: int, step: int) -> bytes:
    part = rows[top:end]
    above = np.concatenate([rows[top - 1 : top] if top else np.zeros_like(part[:1]), part[:-1]])
    out = np.zeros((len(part), part.shape[1] + 1), np.uint8)
    out[:, 0], out[:, 1:] = _filter(part, above, step)
    return out.tobytes()


def _filter(raw: Bytes, above: Bytes, step: int) -> tuple[Bytes, Bytes]:
    left = np.zeros_like(raw)
    left[:, step:] = raw[:, :-step]
    corner = np.zeros_like(raw)
    corner[:, step:] = above[:, :-step]
    average = ((left.astype(np.uint16) + above) >> 1).astype(np.uint8)
    paeth = _paeth(left.astype(np.int16), above.astype(np.int16), corner.astype(np.int16)).astype(np.uint8)
    best, kinds, lowest = raw, np.zeros(len(raw), np.uint8), _cost(raw)
    for kind, guess in ((_SUB, left), (_UP, above), (_AVERAGE, average), (_PAETH, paeth)):
        difference = raw - guess
        cost = _cost(difference)
        better = cost < lowest
        best = np.where(better[:, None], difference, best)
        kinds[better] = kind
        lowest = np.minimum(cost, lowest)
    return kinds, best


def _cost(difference: Bytes) -> npt.NDArray[np.int64]:
    return np.asarray(np.minimum(difference, -difference).sum(axis=1, dtype=np.int64))


def _paeth(left: Signed, above: Signed, corner: Signed) -> Signed:
    from_left = np.abs(above - corner)
    from_above = np.abs(left - corner)
    from_corner = np.abs(left + above - 2 * corner)
    guess = np.where(from_above <= from_corner, above, corner)
    return np.where((from_left <= from_above) & (from_left <= from_corner), left, guess)
