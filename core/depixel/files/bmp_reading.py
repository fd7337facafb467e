"""
Reads Windows and OS/2 bitmaps with every header, depth, kind of bit fields and run-length encoding. Pillow is not used,
because it supports few bit fields and no short rows, and ignores alpha in the fourth byte.

Source: "Bitmap Storage" and BITMAPV5HEADER (Microsoft, Windows GDI); BITMAPINFOHEADER2 (OS/2 2.0).
"""

from __future__ import annotations

import dataclasses
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files.bit_fields import Masks, channel, is_legal
from depixel.files.indexed import twin_details
from depixel.files.limits import Limits
from depixel.picture import Picture, Pixels

_FILE_HEADER, _OS2_HEADER, _INFO_HEADER = 14, 12, 40
_PLAIN, _RLE8, _RLE4, _FIELDS, _ALPHA_FIELDS = 0, 1, 2, 3, 6
_EMBEDDED = {4: "JPEG", 5: "PNG"}
_DEPTHS = {_PLAIN: (1, 2, 4, 8, 16, 24, 32), _RLE8: (8,), _RLE4: (4,), _FIELDS: (16, 32), _ALPHA_FIELDS: (16, 32)}
_DEFAULT_MASKS: dict[int, Masks] = {
    16: (0x7C00, 0x3E0, 0x1F, 0),
    24: (0xFF0000, 0xFF00, 0xFF, 0),
    32: (0xFF0000, 0xFF00, 0xFF, 0),
}
_END_OF_ROW, _END, _JUMP = 0, 1, 2
_PIXELS_PER_BYTE = 1024  # of run lengths; 128 is possible without jumps


@dataclass(frozen=True)
class _Header:
    width: int
    height: int
    from_top: bool
    bits: int
    compression: int
    start: int  # of the pixels
    table: int  # of the palette
    entry: int  # bytes per colour
    entries: int
    masks: Masks
    resolution: tuple[int, int] = (0, 0)  # pixels per metre


BARE = "bare"
"""In `Picture.details`: the file has no 14-byte file header, like a bitmap from the clipboard or a resource (DIB)."""


def recognise(data: bytes) -> bool:
    """Whether this is a BMP, or one without a file header (a "device-independent bitmap", .dib)."""
    if data.startswith(b"BM"):
        return True
    if len(data) < _INFO_HEADER:
        return False
    size, width, height, planes, bits, compression = struct.unpack_from("<IiiHHI", data)
    return (
        size in (_INFO_HEADER, 52, 56, 108, 124)
        and planes == 1
        and width > 0
        and height != 0
        and bits in _DEPTHS.get(compression, ())
    )


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    Decode. A fourth byte that the header does not mention is alpha if it is not 0 everywhere, as in TGA.

    Raises:
        PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError.
    """
    details: dict[str, object] = {}
    if not data.startswith(b"BM"):
        data, details[BARE] = _with_file_header(data), True
    head = _header(data, name)
    if head.compression in (_RLE8, _RLE4):
        limits = dataclasses.replace(limits, pixels_per_byte=_PIXELS_PER_BYTE)
    limits.check(name, head.width, head.height)
    if all(head.resolution):
        details["dpi"] = (head.resolution[0] * 0.0254, head.resolution[1] * 0.0254)
    if head.bits <= 8:
        return _indexed(data, head, name, details)
    rows = _rows(data, head, name).reshape(head.height, -1)[:, : head.width * head.bits // 8]
    stored = rows.reshape(head.height, head.width, head.bits // 8)
    masks = head.masks
    if head.bits == 32 and head.compression == _PLAIN and bool(stored[..., 3].any()):
        masks = (*masks[:3], 0xFF000000)
    planes = [channel(stored, mask, 255) for mask in (masks if masks[3] else masks[:3])]
    pixels = np.stack(planes, -1).astype(np.uint8)
    return Picture((_upright(pixels, head),), mode="RGBA" if masks[3] else "RGB", format="BMP", details=details)


def _with_file_header(data: bytes) -> bytes:
    size, _, _, _, bits, compression = struct.unpack_from("<IiiHHI", data)
    entries = struct.unpack_from("<I", data, 32)[0] or (2**bits if bits <= 8 else 0)
    masks = {_FIELDS: 12, _ALPHA_FIELDS: 16}.get(compression, 0) if size == _INFO_HEADER else 0
    start = _FILE_HEADER + size + masks + 4 * min(entries, 256)
    return struct.pack("<2sIHHI", b"BM", _FILE_HEADER + len(data), 0, 0, start) + data


def _header(data: bytes, name: str) -> _Header:
    cut = UnreadablePictureError(f"{name} is cut short: its BMP header is incomplete.")
    if len(data) < _FILE_HEADER + _OS2_HEADER:
        raise cut
    start, size = struct.unpack_from("<II", data, 10)
    if len(data) < _FILE_HEADER + size or size < _OS2_HEADER:
        raise cut
    compression, entries, resolution = _PLAIN, 0, (0, 0)
    if size == _OS2_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    elif size >= 16:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
        rest = data[30 : _FILE_HEADER + size].ljust(24, b"\0")
        compression, _, across, down, entries = struct.unpack_from("<IIiiI", rest)
        resolution = (max(0, across), max(0, down))
    else:
        raise UnreadablePictureError(f"{name} is damaged: its BMP header has an invalid length.")
    if compression in _EMBEDDED:
        what = _EMBEDDED[compression]
        raise UnsupportedPictureError(f"{name} is a BMP that holds a {what} picture; save it as {what}.")
    if bits not in _DEPTHS.get(compression, ()):
        raise UnsupportedPictureError(
            f"{name} is a BMP of a kind (compression {compression}, {bits} bits per pixel) that Depixel does not "
            "support; save it with 24 bits."
        )
    if width <= 0 or height == 0:
        raise UnreadablePictureError(f"{name} is damaged: its header claims {width}x{height} pixels.")
    table, masks = _FILE_HEADER + size, _DEFAULT_MASKS.get(bits, (0, 0, 0, 0))
    if compression in (_FIELDS, _ALPHA_FIELDS):
        count = 4 if size >= 56 or compression == _ALPHA_FIELDS else 3
        if len(data) < 54 + 4 * count:
            raise cut
        red, green, blue, alpha, *_ = *struct.unpack_from(f"<{count}I", data, 54), 0
        masks = (red, green, blue, alpha)
        table += 4 * count if size < 52 else 0
        if not (red or green or blue) or not all(is_legal(mask, bits) for mask in masks):
            raise UnreadablePictureError(f"{name} is damaged: its bit fields describe impossible pixels.")
    elif bits == 16 and size >= 56 and struct.unpack_from("<I", data, 66)[0] == 0x8000:
        masks = (*masks[:3], 0x8000)
    entry = 3 if size == _OS2_HEADER else 4
    most = 2**bits if bits <= 8 else 0
    entries = min(entries or most, most)
    entries = min(entries, max(0, start - table) // entry)
    return _Header(width, abs(height), height < 0, bits, compression, start, table, entry, entries, masks, resolution)


def _indexed(data: bytes, head: _Header, name: str, details: dict[str, object]) -> Picture:
    if head.compression == _PLAIN:
        rows = _rows(data, head, name).reshape(head.height, -1)
        indices = _unpacked(rows, head.bits)[:, : head.width]
    else:
        indices = _runs(data[head.start :], head, name)
    indices = _upright(np.ascontiguousarray(indices), head)
    palette = np.full((head.entries, 4), 255, np.uint8)
    raw = np.frombuffer(data[head.table : head.table + head.entries * head.entry], np.uint8)
    if not head.entries or len(raw) < head.entries * head.entry:
        raise UnreadablePictureError(f"{name} is indexed but has no palette; it is damaged.")
    palette[:, :3] = raw.reshape(-1, head.entry)[:, 2::-1]
    if head.bits == 1 and palette[:, :3].tolist() == [[0, 0, 0], [255, 255, 255]]:
        return Picture((indices[..., None] * np.uint8(255),), mode="1", format="BMP", details=details)
    if len(palette) == 256 and bool((palette[:, :3] == np.arange(256)[:, None]).all()):
        return Picture((indices[..., None],), mode="L", format="BMP", details=details)
    table = np.zeros((256, 3), np.uint8)  # indices beyond the palette are black
    table[: len(palette)] = palette[:, :3]
    details = {**details, **twin_details([indices], palette)}
    return Picture((table[indices],), palette=palette, mode="P", format="BMP", details=details)


# All stored rows as flat bytes; each row is padded to a multiple of four bytes.
def _rows(data: bytes, head: _Header, name: str) -> npt.NDArray[np.uint8]:
    stride = (head.width * head.bits + 31) // 32 * 4
    if len(data) < head.start + stride * (head.height - 1) + -(-head.width * head.bits // 8):
        raise UnreadablePictureError(
            f"{name} is damaged or cut short: it holds fewer pixels than the {head.width}x{head.height} that it claims."
        )
    whole = stride * head.height
    raw = np.frombuffer(data[head.start : head.start + whole], np.uint8)
    return raw if len(raw) == whole else np.pad(raw, (0, whole - len(raw)))


# [H, bytes] => [H, pixels], the highest bits first.
def _unpacked(rows: Pixels, bits: int) -> Pixels:
    if bits == 8:
        return rows
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    unpacked: Pixels = rows[..., None] >> shifts & np.uint8(2**bits - 1)
    return unpacked.reshape(len(rows), -1)


def _upright(pixels: Pixels, head: _Header) -> Pixels:
    return np.ascontiguousarray(pixels if head.from_top else pixels[::-1])


# Run lengths: [H, W] indices, bottom row first. Rows may end early; pixels that are not mentioned have index 0.
def _runs(data: bytes, head: _Header, name: str) -> Pixels:
    width, height, four = head.width, head.height, head.compression == _RLE4
    canvas = np.zeros((height, width), np.uint8)
    x = y = at = 0
    while y < height:
        if at + 2 > len(data):
            if y == height - 1 and x >= width:
                break  # the end mark is missing
            raise UnreadablePictureError(f"{name} is cut short: its run lengths end before its pixels.")
        count, value = data[at], data[at + 1]
        at += 2
        if count:
            canvas[y, x : x + count] = value >> 4 if four else value
            if four:
                canvas[y, x + 1 : x + count : 2] = value & 15
            x += count
        elif value == _END:
            break
        elif value == _END_OF_ROW:
            x, y = 0, y + 1
        elif value == _JUMP:
            if at + 2 > len(data):
                raise UnreadablePictureError(f"{name} is cut short: its run lengths end before its pixels.")
            x, y, at = x + data[at], y + data[at + 1], at + 2
        else:
            length = -(-value // 2) if four else value
            part = data[at : at + length]
            if len(part) < length:
                raise UnreadablePictureError(f"{name} is cut short: its run lengths end before its pixels.")
            values = _nibbles(part, value) if four else np.frombuffer(part, np.uint8)
            canvas[y, x : x + value] = values[: max(0, width - x)]
            x += value
            at += length + length % 2
    return canvas


def _nibbles(data: bytes, count: int) -> Pixels:
    both = np.frombuffer(data, np.uint8)
    return np.stack([both >> 4, both & 15], -1).reshape(-1)[:count]
