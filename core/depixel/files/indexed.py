"""Colours to palette indices and back, exactly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from depixel.picture import Pixels

Palette = npt.NDArray[np.uint8]


def look_up(frames: Sequence[Pixels], palette: Palette) -> list[Pixels] | None:
    """
    [H, W] uint8 indices of [H, W, 4] uint8 frames into a palette [N, 4]; of equal colours the first.

    Fully transparent pixels may take any fully transparent colour: nobody sees which.

    Returns:
        None when the palette cannot hold the frames exactly.
    """
    codes, first = np.unique(_codes(palette), return_index=True)
    clear = np.flatnonzero(palette[:, 3] == 0)
    found = []
    for frame in frames:
        wanted = _codes(frame)
        at = np.searchsorted(codes, wanted).clip(max=len(codes) - 1)
        index = first[at].astype(np.uint8)
        missing = codes[at] != wanted
        if clear.size:
            hidden = missing & (frame[..., 3] == 0)
            index[hidden] = clear[0]
            missing &= ~hidden
        if missing.any():
            return None
        found.append(index)
    return found


def indices_of(frame: Pixels, palette: Palette) -> Pixels | None:
    """As `look_up`, for one frame [H, W, 3 or 4]."""
    rgba = frame if frame.shape[2] == 4 else np.concatenate([frame, np.full_like(frame[..., :1], 255)], -1)
    indices = look_up([rgba], palette)
    return None if indices is None else indices[0]


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
