"""Converts colours to palette indices exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from depixel.picture import Picture, Pixels

Palette = npt.NDArray[np.uint8]

_INDICES = "indices"  # in Picture.details: those of the source, [H, W] of each frame


def look_up(frames: Sequence[Pixels], palette: Palette) -> list[Pixels] | None:
    """
    [H, W] uint8 indices of [H, W, 4] uint8 frames into a palette [N, 4]; of equal colours the first.

    Fully transparent pixels may take any fully transparent colour: the difference is invisible.

    Returns:
        None when the palette cannot hold the frames exactly.
    """
    codes, first = np.unique(_codes(palette), return_index=True)
    clear = np.flatnonzero(palette[:, 3] == 0)
    every = []
    for frame in frames:
        target = _codes(frame)
        at = np.searchsorted(codes, target).clip(max=len(codes) - 1)
        index = first[at].astype(np.uint8)
        missing = codes[at] != target
        if clear.size:
            hidden = missing & (frame[..., 3] == 0)
            index[hidden] = clear[0]
            missing &= ~hidden
        if missing.any():
            return None
        every.append(index)
    return every


def indices_of(picture: Picture) -> list[Pixels] | None:
    """
    [H, W] uint8 indices of all frames into the picture's palette, or None when that cannot hold them exactly.

    Where several entries of the palette have one colour, the entry is taken that the nearest pixel of that colour has
    in the source: old engines tell a ground from an outline by the number, not by the colour.
    """
    if picture.palette is None:
        return None
    frames = [picture.rgba(k) for k in range(len(picture.frames))]
    indices = look_up(frames, picture.palette)
    sources = picture.details.get(_INDICES)
    if indices is None or sources is None or len(sources) != len(indices):
        return indices
    twins = _first_twins(picture.palette)
    return [_told_apart(index, source, twins) for index, source in zip(indices, sources, strict=True)]


def twin_details(indices: Sequence[Pixels], palette: Palette) -> dict[str, Any]:
    """What `Picture.details` needs so that `indices_of` can tell equal colours apart; empty when none of them occur.

    Args:
        indices: [H, W] uint8, of each frame.
        palette: [N, 4].
    """
    twins = _first_twins(palette)
    occurring = np.unique(np.concatenate([np.unique(index) for index in indices]))
    occurring = occurring[occurring < len(twins)]
    first = twins[occurring]
    return {_INDICES: tuple(indices)} if len(np.unique(first)) < len(first) else {}


# [N]: the first entry of the palette that has the colour of each entry. All transparent entries are one colour.
def _first_twins(palette: Palette) -> npt.NDArray[np.int64]:
    _, first, inverse = np.unique(_codes(palette), return_index=True, return_inverse=True)
    return np.asarray(first[inverse.reshape(-1)], np.int64)


# Of each pixel of the answer, the entry of the nearest pixel of the source whose colour is the same.
def _told_apart(index: Pixels, source: Pixels, twins: npt.NDArray[np.int64]) -> Pixels:
    height, width = index.shape
    table = np.arange(256)
    table[: len(twins)] = twins
    target = table[index]
    groups = np.flatnonzero(np.bincount(table[np.unique(source)], minlength=256) > 1)  # colours of several entries
    rows = (np.arange(height) * source.shape[0] // height)[:, None]
    columns = (np.arange(width) * source.shape[1] // width)[None]
    offset_y = (np.arange(height) + 0.5) * source.shape[0] / height - 0.5
    offset_x = (np.arange(width) + 0.5) * source.shape[1] / width - 0.5
    nearest = np.full(index.shape, np.inf)
    entries: Pixels = index.copy()
    for down in (0, -1, 1):
        for right in (0, -1, 1):
            y = np.clip(rows + down, 0, source.shape[0] - 1)
            x = np.clip(columns + right, 0, source.shape[1] - 1)
            entry = source[y, x]
            distance = (y - offset_y[:, None]) ** 2 + (x - offset_x[None]) ** 2
            better = (table[entry] == target) & np.isin(target, groups) & (distance < nearest)
            nearest[better], entries[better] = distance[better], entry[better]
    return entries


def colours(frames: Sequence[Pixels], most: int = 256) -> Palette | None:
    """[N, 4] all colours of [H, W, 4] uint8 frames, in ascending order of R, G, B, A; None when more than `most`."""
    every = np.zeros(0, np.uint32)
    for frame in frames:
        codes = _codes(frame).ravel()
        # Flat areas are most of such pictures: what equals its neighbour need not be sorted.
        every = np.union1d(every, codes[np.flatnonzero(np.diff(codes, prepend=codes[:1] ^ 1))])
        if len(every) > most:
            return None
    return np.ascontiguousarray(every.astype(">u4")).view(np.uint8).reshape(-1, 4)


# One number a colour: R is the highest byte.
def _codes(rgba: Pixels) -> npt.NDArray[np.uint32]:
    return np.ascontiguousarray(rgba).view(">u4")[..., 0].astype(np.uint32)
