"""Converts colours to palette indices exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from depixel.picture import Picture, Pixels

Palette = npt.NDArray[np.uint8]

_BAND = 2**20  # pixels
_INDICES = "indices"  # key in Picture.details: the source's indices, [H, W] per frame
NUMBERS = "numbers"
"""In `Picture.details`: palette indices [H, W] of each frame of an answer whose colours do not determine them."""


def look_up(frames: Sequence[Pixels], palette: Palette) -> list[Pixels] | None:
    """
    [H, W] uint8 indices of [H, W, 4] uint8 frames into a palette [N, 4]; the first one of equal colours.

    Fully transparent pixels may get any fully transparent colour: the difference is invisible.

    Returns:
        None if the palette cannot hold the frames exactly.
    """
    codes, first = np.unique(_codes(palette), return_index=True)
    clear = np.flatnonzero(palette[:, 3] == 0)
    every = []
    for frame in frames:
        index = np.empty(frame.shape[:2], np.uint8)
        for rows in _bands(frame):
            target = _codes(frame[rows])
            at = np.searchsorted(codes, target).clip(max=len(codes) - 1)
            index[rows] = first[at]
            missing = codes[at] != target
            if clear.size:
                hidden = missing & (frame[rows][..., 3] == 0)
                index[rows][hidden] = clear[0]
                missing &= ~hidden
            if missing.any():
                return None
        every.append(index)
    return every


def indices_of(picture: Picture) -> list[Pixels] | None:
    """
    [H, W] uint8 indices of all frames into the picture's palette, or None if it cannot hold them exactly.

    If several palette entries have the same colour, a pixel gets the entry of the nearest pixel of that colour in the
    source: old engines distinguish background and outline by index, not by colour.
    """
    if picture.palette is None:
        return None
    frames = [picture.rgba(k) for k in range(len(picture.frames))]
    if (numbers := _own_numbers(picture, frames)) is not None:
        return numbers
    indices = look_up(frames, picture.palette)
    sources = picture.details.get(_INDICES)
    if indices is None or sources is None or len(sources) != len(indices):
        return indices
    twins = _first_twins(picture.palette)
    return [_told_apart(index, source, twins) for index, source in zip(indices, sources, strict=True)]


# Indices that were chosen with the pixels, if they still match them.
def _own_numbers(picture: Picture, frames: Sequence[Pixels]) -> list[Pixels] | None:
    numbers = picture.details.get(NUMBERS)
    if numbers is None or picture.palette is None or len(numbers) != len(frames):
        return None
    for number, frame in zip(numbers, frames, strict=True):
        if number.shape != frame.shape[:2] or int(number.max()) >= len(picture.palette):
            return None
        if any(not np.array_equal(picture.palette[number[rows]], frame[rows]) for rows in _bands(frame)):
            return None
    return list(numbers)


def twin_details(indices: Sequence[Pixels], palette: Palette) -> dict[str, Any]:
    """The entry of `Picture.details` with which `indices_of` distinguishes equal colours; empty if there are none.

    Args:
        indices: [H, W] uint8, of each frame.
        palette: [N, 4].
    """
    twins = _first_twins(palette)
    occurring = _occurring(indices)
    occurring = occurring[occurring < len(twins)]
    first = twins[occurring]
    return {_INDICES: tuple(indices)} if len(np.unique(first)) < len(first) else {}


# [N]: for each palette entry, the first one of the same colour. All transparent entries count as one colour.
def _first_twins(palette: Palette) -> npt.NDArray[np.int64]:
    _, first, inverse = np.unique(_codes(palette), return_index=True, return_inverse=True)
    return np.asarray(first[inverse.reshape(-1)], np.int64)


# For each pixel of the answer, the entry of the nearest source pixel of the same colour.
def _told_apart(index: Pixels, source: Pixels, twins: npt.NDArray[np.int64]) -> Pixels:
    table = np.arange(256)
    table[: len(twins)] = twins
    groups = np.bincount(table[_occurring([source])], minlength=256) > 1  # whether a colour has several entries
    entries: Pixels = index.copy()
    for rows in _bands(index):
        entries[rows] = _nearest_entries(index, rows, source, table, groups)
    return entries


def _nearest_entries(
    index: Pixels, rows: slice, source: Pixels, table: npt.NDArray[np.int64], groups: npt.NDArray[np.bool_]
) -> Pixels:
    height, width = index.shape
    y = (np.arange(height)[rows, None] + 0.5) * source.shape[0] / height - 0.5  # in the pixels of the source
    x = (np.arange(width)[None] + 0.5) * source.shape[1] / width - 0.5
    target = table[index[rows]]
    open_to_choice = groups[target]
    nearest = np.full(target.shape, np.inf, np.float32)
    entries: Pixels = index[rows].copy()
    for down in (0, -1, 1):
        for right in (0, -1, 1):
            row = np.clip(np.rint(y).astype(np.int64) + down, 0, source.shape[0] - 1)
            column = np.clip(np.rint(x).astype(np.int64) + right, 0, source.shape[1] - 1)
            entry = source[row, column]
            distance = ((row - y) ** 2 + (column - x) ** 2).astype(np.float32)
            better = (table[entry] == target) & open_to_choice & (distance < nearest)
            nearest[better], entries[better] = distance[better], entry[better]
    return entries


# The indices that occur, in ascending order.
def _occurring(indices: Sequence[Pixels]) -> npt.NDArray[np.int64]:
    occurs = np.zeros(256, bool)
    for index in indices:
        for rows in _bands(index):
            occurs |= np.bincount(index[rows].reshape(-1), minlength=256) > 0
    return np.flatnonzero(occurs)


# Bands of rows, which limit memory.
def _bands(pixels: Pixels) -> Iterator[slice]:
    step = max(1, _BAND // max(1, pixels.shape[1]))
    return (slice(top, top + step) for top in range(0, pixels.shape[0], step))


def indexed_again(picture: Picture) -> Picture:
    """
    The answer to an indexed picture as an indexed picture: its palette is that of the source in the same order,
    followed by the new colours. Transparent pixels take the source's transparent entry. The answer does not change if
    it would need more than 256 entries, or if the source was not indexed.
    """
    source = picture.details.get("source_palette")
    if picture.palette is not None or source is None or picture.levels != 255:
        return picture
    frames = [picture.rgba(number) for number in range(len(picture.frames))]
    clear = source[source[:, 3] == 0]
    if len(clear):
        frames = [np.where(frame[..., 3:] == 0, clear[0], frame) for frame in frames]
    palette = colours(frames)
    if palette is None:
        return picture
    new = palette[~np.isin(_codes(palette), _codes(source))]
    if len(source) + len(new) > 256:
        source = _without_padding(source)
    if len(source) + len(new) > 256:
        return picture
    channels = [3] if picture.channels in (2, 4) or bool((source[:, 3] < 255).any()) else []
    return picture.replace(
        frames=tuple(np.ascontiguousarray(frame[..., [0, 1, 2, *channels]]) for frame in frames),
        palette=np.concatenate([source, new]),
        mode="P",
    )


# Formats that always have 256 entries repeat one colour after those that somebody chose.
def _without_padding(palette: Palette) -> Palette:
    differs = np.flatnonzero((palette != palette[-1]).any(1))
    return palette[: int(differs[-1]) + 2] if len(differs) else palette[:1]


def colours(frames: Sequence[Pixels], most: int = 256) -> Palette | None:
    """
    [N, 4] all colours of [H, W, 4] uint8 frames, in ascending order of R, G, B, A; None if there are more than `most`.
    """
    every = np.zeros(0, np.uint32)
    for frame in frames:
        codes = _codes(frame).ravel()
        # Such pictures are mostly flat: pixels equal to their neighbour need not be sorted.
        every = np.union1d(every, codes[np.flatnonzero(np.diff(codes, prepend=codes[:1] ^ 1))])
        if len(every) > most:
            return None
    return np.ascontiguousarray(every.astype(">u4")).view(np.uint8).reshape(-1, 4)


# One integer per colour: R is the highest byte.
def _codes(rgba: Pixels) -> npt.NDArray[np.uint32]:
    return np.ascontiguousarray(rgba).view(">u4")[..., 0].astype(np.uint32)
