"""
Truevision TGA (TGA 2.0 specification, 1991): colour-mapped, true colour and grey, with or without run lengths, from any
corner. Pillow is not used: it does not support 15 bits, and it misreads a colour map's alpha and the
unused fourth byte of old files.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from depixel.errors import UnreadablePictureError
from depixel.files.format import Format, Size
from depixel.files.indexed import twin_details
from depixel.files.limits import Limits
from depixel.files.tga_writing import TgaLayout, encode
from depixel.picture import Picture, Pixels

MOST_SIDE = 65535

Bytes = npt.NDArray[np.uint8]

_HEADER = 18
_MAPPED, _COLOUR, _GREY, _RUNS = 1, 2, 3, 8
_DEPTHS = {_MAPPED: (8, 16), _COLOUR: (15, 16, 24, 32), _GREY: (8, 16)}
_MAP_DEPTHS = (15, 16, 24, 32)


@dataclass(frozen=True)
class _Header:
    kind: int  # without the run-length bit
    runs: bool
    first: int  # index of the colour map's first entry
    entries: int
    entry_bits: int
    width: int
    height: int
    bits: int
    alpha_bits: int
    from_right: bool
    from_top: bool
    start: int  # of the colour map


def recognise(data: bytes) -> bool:
    """Whether this may be a TGA. There is no signature, but the header has few legal values."""
    return _header(data) is not None


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    Decode. A fourth byte that is 0 everywhere is not alpha. `details["tga"]` is the file's TgaLayout.

    Raises:
        PictureTooLargeError, UnreadablePictureError.
    """
    header = _header(data)
    if header is None:
        raise UnreadablePictureError(f"{name} is damaged: its TGA header has illegal values.")
    limits.check(name, header.width, header.height)
    step = -(-header.bits // 8)
    map_step = -(-header.entry_bits // 8)
    start = header.start + header.entries * map_step
    count = header.width * header.height
    raw = np.frombuffer(data, np.uint8)
    stored = _runs(raw[start:], count, step) if header.runs else raw[start : start + count * step].reshape(-1)
    if stored is None or len(stored) < count * step:
        raise UnreadablePictureError(
            f"{name} is damaged or cut short: it holds fewer pixels than the {header.width}x{header.height} that "
            "it claims."
        )
    stored = stored[: count * step].reshape(header.height, header.width, step)
    stored = stored[:: 1 if header.from_top else -1, :: -1 if header.from_right else 1]
    details = {"tga": _layout(header, data)}
    if header.kind == _MAPPED:
        table = raw[header.start : start].reshape(header.entries, map_step)
        return _mapped(stored, _colours(table, header.entry_bits, header.alpha_bits), header, details)
    if header.kind == _GREY:
        pixels = stored
    else:
        pixels = _colours(stored, header.bits, header.alpha_bits)
        pixels = pixels[..., :3] if _without_alpha(data) else pixels
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
    return Picture((np.ascontiguousarray(pixels),), mode=mode, format="TGA", details=details)


def _header(data: bytes) -> _Header | None:
    if len(data) <= _HEADER:
        return None
    skip, mapped, kind, first, entries, entry_bits, _, _, width, height, bits, flags = struct.unpack_from(
        "<BBBHHBHHHHBB", data
    )
    plain = kind & ~_RUNS
    if mapped > 1 or bits not in _DEPTHS.get(plain, ()) or not width or not height or flags & 0xC0:
        return None
    if mapped and (entry_bits not in _MAP_DEPTHS or not entries or first + entries > 65536):
        return None
    if plain == _MAPPED and not mapped:
        return None
    alpha_bits = flags & 0x0F
    if alpha_bits not in (0, 1, 8) or (alpha_bits and alpha_bits > bits):
        return None
    start = _HEADER + skip
    if start + entries * mapped * -(-entry_bits // 8) >= len(data):
        return None
    right, top = bool(flags & 0x10), bool(flags & 0x20)
    used = entries if mapped else 0
    return _Header(
        plain, bool(kind & _RUNS), first, used, entry_bits, width, height, bits, alpha_bits, right, top, start
    )


def _layout(header: _Header, data: bytes) -> TgaLayout:
    return TgaLayout(
        bits=header.bits if header.kind == _COLOUR else 0,
        alpha_bits=header.alpha_bits,
        runs=header.runs,
        from_right=header.from_right,
        from_top=header.from_top,
        image_id=data[_HEADER : _HEADER + data[0]],
    )


# [..., step] stored bytes => [..., 3 or 4] RGB(A).
def _colours(stored: Bytes, bits: int, alpha_bits: int) -> Pixels:
    if bits >= 24:
        rgb = stored[..., 2::-1]
        # Many writers fill the fourth byte without declaring it in the header, and many leave it 0.
        if bits == 32 and (alpha_bits or bool(stored[..., 3].any())):
            return np.concatenate([rgb, stored[..., 3:]], axis=-1)
        return rgb
    packed = stored[..., 0].astype(np.uint16) | stored[..., 1].astype(np.uint16) << 8
    five = np.stack([packed >> 10 & 31, packed >> 5 & 31, packed & 31], axis=-1)
    rgb = (five << 3 | five >> 2).astype(np.uint8)
    if bits == 16 and alpha_bits and bool((packed >> 15).any()):
        return np.concatenate([rgb, ((packed >> 15) * 255).astype(np.uint8)[..., None]], axis=-1)
    return rgb


def _mapped(stored: Bytes, colours: Pixels, header: _Header, details: dict[str, Any]) -> Picture:
    index = stored[..., 0].astype(np.int64)
    if header.bits == 16:
        index |= stored[..., 1].astype(np.int64) << 8
    channels = colours.shape[-1]
    table = np.zeros((max(256, header.first + header.entries, int(index.max()) + 1), channels), np.uint8)
    table[:, 3:] = 255
    table[header.first : header.first + header.entries] = colours
    palette = None
    if header.first + header.entries <= 256:
        palette = np.full((header.first + header.entries, 4), 255, np.uint8)
        palette[:, :channels] = table[: len(palette)]
        details = {**details, **twin_details([index.astype(np.uint8)], palette)}
    mode = "P" if palette is not None else "RGB" if channels == 3 else "RGBA"
    return Picture((table[index],), palette=palette, mode=mode, format="TGA", details=details)


# Decodes run lengths: at least count * step bytes, or None if the data end before.
def _runs(raw: Bytes, count: int, step: int) -> Bytes | None:
    data = raw.tobytes()
    out = bytearray()
    at = 0
    while len(out) < count * step:
        if at >= len(data):
            return None
        length = (data[at] & 0x7F) + 1
        if data[at] & 0x80:
            out += data[at + 1 : at + 1 + step] * length
            at += 1 + step
        else:
            out += data[at + 1 : at + 1 + step * length]
            at += 1 + step * length
    return np.frombuffer(bytes(out), np.uint8) if at <= len(data) else None


# The extension area of TGA 2.0 may say that the fourth byte is not alpha (attributes type 0).
def _without_alpha(data: bytes) -> bool:
    if len(data) < 26 or data[-18:-2] != b"TRUEVISION-XFILE":
        return False
    (extension,) = struct.unpack_from("<I", data, len(data) - 26)
    return bool(0 < extension < len(data) - 494 and data[extension + 494] == 0)


def _size(head: bytes) -> Size | None:
    return struct.unpack_from("<HH", head, 12) if len(head) >= _HEADER else None


FORMAT = Format(
    name="TGA",
    label="TGA",
    endings=(".tga",),
    recognise=recognise,
    media_type="image/x-tga",
    read=read,
    encode=encode,
    indexed=True,
    lossless=False,  # because some sources have 15 or 16 bits per pixel
    most_side=MOST_SIDE,
    size=_size,
)
