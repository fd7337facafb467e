"""
Writes GIF (89a), with exact colours where 256 suffice. Pillow only compresses (LZW) single frames, because its own
writer merges equal frames and approximates colours that would fit.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import numpy as np
from PIL import Image

from depixel.files.animation import changed, whole_units
from depixel.files.gif_colours import approximated
from depixel.files.gif_reading import LOOPS, PROFILE, joined
from depixel.files.indexed import Palette, colours, indices_of, look_up
from depixel.files.metadata import comment, fitting_profile
from depixel.picture import Picture, Pixels

_OPAQUE_FROM = 128  # alpha; in GIF a pixel is either opaque or transparent


def encode(picture: Picture) -> bytes:
    """
    The file's bytes. Colours are exact if they fit the picture's own palette, one palette for all frames, or one for
    each frame. Only a frame with more than 256 colours is approximated. Pixels with alpha below one half become
    transparent.
    """
    frames = [_seen_or_not(picture.rgba(k)) for k in range(len(picture.frames))]
    palettes, indexed = _fit(frames, picture)
    shared = len(palettes) == 1
    head = struct.pack("<HHBBB", picture.width, picture.height, 0xF0 | _size(palettes[0]) if shared else 0x70, 0, 0)
    parts = [b"GIF89a", head, _table(palettes[0]) if shared else b""]
    if len(frames) > 1 and picture.loop != 1:
        repeats = min(65535, max(0, picture.loop - 1))
        parts.append(b"\x21\xff\x0b" + LOOPS[0] + struct.pack("<BBHB", 3, 1, repeats, 0))
    profile = fitting_profile(picture.icc_profile, 3)
    if profile:
        parts.append(b"\x21\xff\x0b" + PROFILE + _blocks(profile))
    words = comment(picture.text)
    if words:
        parts.append(b"\x21\xfe" + _blocks(words.encode("utf-8", "replace")))
    times = whole_units(picture.durations or (100.0,) * len(frames), 10, 65535)
    opaque = all(bool((frame[..., 3] == 255).all()) for frame in frames)
    for number, (frame, index) in enumerate(zip(frames, indexed, strict=True)):
        palette = palettes[0 if shared else number]
        if opaque and number == 0:
            rows, columns = _everything(frame)
        elif opaque and shared:  # indices with the same colour count as different
            rows, columns = changed(indexed[number - 1][..., None], index[..., None])
        elif opaque:
            rows, columns = changed(frames[number - 1], frame)
        else:
            rows, columns = changed(np.zeros_like(frame), frame)  # the canvas is cleared before each frame
        part = np.ascontiguousarray(index[rows, columns])
        clear = np.flatnonzero(palette[:, 3] == 0)
        flags = (0x04 if opaque or len(frames) == 1 else 0x08) | (1 if clear.size else 0)
        parts.append(
            struct.pack("<4sHBB", bytes([0x21, 0xF9, 4, flags]), times[number], clear[0] if clear.size else 0, 0)
        )
        place = (columns.start, rows.start, part.shape[1], part.shape[0])
        parts.append(struct.pack("<BHHHHB", 0x2C, *place, 0 if shared else 0x80 | _size(palette)))
        parts += [b"" if shared else _table(palette), _compressed(part)]
    return b"".join([*parts, b"\x3b"])


# LZW of [h, w] indices: the part after tables and headers in a file that Pillow writes.
def _compressed(indices: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(indices).save(buffer, "GIF", optimize=False, interlace=0)
    data = buffer.getvalue()
    at = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    while data[at] == 0x21:
        _, at = joined(data, at + 2)
    start = at + 10 + (3 * 2 ** ((data[at + 9] & 7) + 1) if data[at + 9] & 0x80 else 0)
    _, end = joined(data, start + 1)
    return data[start:end]


# One palette for all frames or one for each, and the indices of all frames.
def _fit(frames: Sequence[Pixels], picture: Picture) -> tuple[list[Palette], list[Pixels]]:
    own = picture.palette if picture.mode == "P" else None
    if own is not None and len(own) <= 256 and bool(np.isin(own[:, 3], (0, 255)).all()):
        indexed = indices_of(picture.replace(frames=tuple(frames)))
        if indexed is not None:
            clear = np.flatnonzero(own[:, 3] == 0)
            for frame, index in zip(frames, indexed, strict=True):
                index[frame[..., 3] == 0] = clear[0] if clear.size else 0  # GIF has one transparent index
            return [own], indexed
    palette = colours(frames)
    if palette is not None and (indexed := look_up(frames, palette)) is not None:
        return [palette], indexed
    exact = [palette for palette in (colours([frame]) for frame in frames) if palette is not None]
    if len(exact) == len(frames):
        each = [look_up([frame], palette) for frame, palette in zip(frames, exact, strict=True)]
        return exact, [indices[0] for indices in each if indices is not None]
    palette, approximate = approximated(frames, picture.details.get("source_palette"))
    return [palette], approximate


def _seen_or_not(rgba: Pixels) -> Pixels:
    opaque_pixels = rgba[..., 3:] >= _OPAQUE_FROM
    return np.where(opaque_pixels, np.concatenate([rgba[..., :3], np.full_like(rgba[..., 3:], 255)], axis=2), 0).astype(
        np.uint8
    )


# log2 of the table's entries, less one, as GIF counts.
def _size(palette: Palette) -> int:
    return max(0, (len(palette) - 1).bit_length() - 1)


def _table(palette: Palette) -> bytes:
    return palette[:, :3].tobytes().ljust(3 * 2 ** (_size(palette) + 1), b"\0")


def _everything(frame: Pixels) -> tuple[slice, slice]:
    return slice(0, frame.shape[0]), slice(0, frame.shape[1])


def _blocks(data: bytes) -> bytes:
    pieces = (data[k : k + 255] for k in range(0, len(data), 255))
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"
