"""
Writes TGA like its source: depth, corner where rows begin, run lengths, image ID; with a TGA 2.0 footer.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depixel.files.bit_fields import packed
from depixel.files.indexed import Palette, indices_of
from depixel.picture import Picture, Pixels

_MAPPED, _COLOUR, _GREY, _RUNS = 1, 2, 3, 8
_FROM_RIGHT, _FROM_TOP = 0x10, 0x20
_FIVE = (0x7C00, 0x3E0, 0x1F)  # bits of R, G and B in 16
_MOST = 128  # pixels in one packet
_FOOTER = bytes(8) + b"TRUEVISION-XFILE.\0"


@dataclass(frozen=True)
class TgaLayout:
    """How a TGA stores its pixels."""

    bits: int = 0  # per pixel: 15 or 16 if the source had them; 0 = as the picture needs
    alpha_bits: int = 0  # as in the header
    runs: bool = False
    from_right: bool = False
    from_top: bool = False
    image_id: bytes = b""  # at most 255


def encode(picture: Picture) -> bytes:
    """The bytes of a file like the source's; with a colour map if the picture still fits its palette."""
    like = picture.details.get("tga")
    layout = like if isinstance(like, TgaLayout) else TgaLayout()
    indices = indices_of(picture) if picture.mode == "P" else None
    if indices is not None and picture.palette is not None:
        alpha = bool((picture.palette[:, 3] < 255).any())
        table = picture.palette[:, [2, 1, 0, 3] if alpha else [2, 1, 0]]
        return _file(_MAPPED, indices[0][..., None], 8 if alpha else 0, layout, table)
    pixels = picture.frames[0]
    if pixels.shape[2] <= 2:
        return _file(_GREY, pixels, 8 if picture.has_alpha else 0, layout)
    if layout.bits in (15, 16):
        alpha_bits = 1 if picture.has_alpha and layout.alpha_bits else 0
        if alpha_bits or not picture.has_alpha:
            return _file(_COLOUR, _sixteen(pixels), alpha_bits, layout, bits=layout.bits)
    stored = pixels[..., [2, 1, 0, 3] if picture.has_alpha else [2, 1, 0]]
    return _file(_COLOUR, stored, 8 if picture.has_alpha else 0, layout)


def _file(
    kind: int, stored: Pixels, alpha_bits: int, layout: TgaLayout, table: Palette | None = None, bits: int = 0
) -> bytes:
    height, width, step = stored.shape
    stored = stored[:: 1 if layout.from_top else -1, :: -1 if layout.from_right else 1]
    corner = (_FROM_RIGHT if layout.from_right else 0) | (_FROM_TOP if layout.from_top else 0)
    image_id = layout.image_id[:255]
    mapped, entries, entry_bits = (1, len(table), 8 * table.shape[1]) if table is not None else (0, 0, 0)
    head = struct.pack("<BBBHHB", len(image_id), mapped, kind | (_RUNS if layout.runs else 0), 0, entries, entry_bits)
    head += struct.pack("<HHHHBB", 0, 0, width, height, bits or 8 * step, alpha_bits | corner)
    colours = np.ascontiguousarray(table).tobytes() if table is not None else b""
    body = b"".join(_run_lengths(row) for row in stored) if layout.runs else np.ascontiguousarray(stored).tobytes()
    return head + image_id + colours + body + _FOOTER


# [H, W, 3 or 4] uint8 => [H, W, 2]: five bits per colour, one for alpha.
def _sixteen(pixels: Pixels) -> Pixels:
    value = np.zeros(pixels.shape[:2], np.uint64)
    for channel, mask in enumerate(_FIVE):
        value |= packed(pixels[..., channel], mask, 255)
    if pixels.shape[2] == 4:
        value |= (pixels[..., 3] >= 128).astype(np.uint64) << np.uint64(15)
    return value.astype("<u2")[..., None].view(np.uint8)


# One row [W, step] as packets; packets do not cross rows.
def _run_lengths(row: Pixels) -> bytes:
    starts = np.flatnonzero(np.concatenate([[True], (row[1:] != row[:-1]).any(1)]))
    lengths = np.diff(np.append(starts, len(row)))
    parts: list[bytes] = []
    done = 0
    for start, length in zip(starts[lengths > 2].tolist(), lengths[lengths > 2].tolist(), strict=True):
        parts += _plain(row, done, start)
        pixel = row[start].tobytes()
        whole, rest = divmod(length, _MOST)
        parts += [bytes([0x80 | _MOST - 1]) + pixel] * whole
        parts += [bytes([0x80 | rest - 1]) + pixel] if rest else []
        done = start + length
    return b"".join([*parts, *_plain(row, done, len(row))])


def _plain(row: npt.NDArray[np.uint8], start: int, end: int) -> list[bytes]:
    pieces = (row[at : min(end, at + _MOST)] for at in range(start, end, _MOST))
    return [bytes([len(piece) - 1]) + piece.tobytes() for piece in pieces]
