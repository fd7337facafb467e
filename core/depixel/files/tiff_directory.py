"""The first directory of a TIFF: reads its tags, and writes them with other values (TIFF 6.0, section 2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, DESCRIPTION = 256, 257, 258, 259, 262, 270
STRIPS, ORIENTATION, SAMPLES, ROWS, COUNTS, PLANAR, PREDICTOR = 273, 274, 277, 278, 279, 284, 317
TILE_WIDTH, TILE_HEIGHT, TILES, TILE_COUNTS, EXTRA, SAMPLE_FORMAT = 322, 323, 324, 325, 338, 339
X_RESOLUTION, Y_RESOLUTION, UNIT, XMP_TAG, PROFILE = 282, 283, 296, 700, 34675

SHORT, LONG = 3, 4
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_NUMBERS = {1: "B", 3: "H", 4: "I"}
_MOST_VALUES = 64  # of a tag that is interpreted here; strip offsets are copied instead


@dataclass(frozen=True)
class Directory:
    """Tags of the first picture in a TIFF."""

    order: str  # "<" or ">", as in struct
    entries: dict[int, bytes]  # tag => its 12 bytes
    more: bool  # whether another directory follows
    data: bytes

    def values(self, tag: int) -> tuple[int, ...]:
        """The integers of a tag; empty if it is missing, of another type, or very long."""
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        kind, count = struct.unpack_from(self.order + "HI", entry, 2)
        if kind not in _NUMBERS or not 0 < count <= _MOST_VALUES:
            return ()
        raw = self._raw(entry, kind, count)
        return struct.unpack(f"{self.order}{count}{_NUMBERS[kind]}", raw) if raw else ()

    def value(self, tag: int, default: int) -> int:
        """The first integer of a tag."""
        values = self.values(tag)
        return values[0] if values else default

    def text(self, tag: int, most: int) -> bytes:
        """The bytes of a text tag, at most `most`; empty if it is missing."""
        entry = self.entries.get(tag)
        if entry is None:
            return b""
        kind, count = struct.unpack_from(self.order + "HI", entry, 2)
        return self._raw(entry, kind, count) if kind in (1, 2, 7) and count <= most else b""

    def _raw(self, entry: bytes, kind: int, count: int) -> bytes:
        size = _SIZES[kind] * count
        if size <= 4:
            return entry[8 : 8 + size]
        (start,) = struct.unpack_from(self.order + "I", entry, 8)
        raw = self.data[start : start + size]
        return raw if len(raw) == size else b""

    def with_values(self, tags: dict[int, int], keep: tuple[int, ...]) -> bytes:
        """
        The file with a new directory at its end, which has these tags and the file's own tags in `keep`. Data that tags
        point to are not moved.
        """
        entries = {tag: self.entries[tag] for tag in keep if tag in self.entries}
        for tag, value in tags.items():
            entries[tag] = struct.pack(self.order + "HHII", tag, LONG, 1, value)
        body = b"".join(entries[tag] for tag in sorted(entries))
        padded = self.data + b"\0" * (len(self.data) % 2)
        mark = b"II*\0" if self.order == "<" else b"MM\0*"
        start = struct.pack(self.order + "I", len(padded))
        return mark + start + padded[8:] + struct.pack(self.order + "H", len(entries)) + body + bytes(4)


def directory(data: bytes) -> Directory | None:
    """The first directory; None if the file is not a TIFF or not supported (BigTIFF)."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return None
    (start,) = struct.unpack_from(order + "I", data, 4)
    if start + 2 > len(data):
        return None
    (count,) = struct.unpack_from(order + "H", data, start)
    end = start + 2 + 12 * count
    if end + 4 > len(data):
        return None
    entries = {}
    for at in range(start + 2, end, 12):
        entries[struct.unpack_from(order + "H", data, at)[0]] = data[at : at + 12]
    return Directory(order, entries, struct.unpack_from(order + "I", data, end)[0] != 0, data)


def joined(body: bytes, entries: dict[int, tuple[int, bytes]]) -> bytes:
    """
    A little-endian TIFF of one strip.

    Args:
        body: the strip, which begins at byte 8.
        entries: tag => its kind and its values as bytes.
    """
    body += b"\0" * (len(body) % 2)
    start = 8 + len(body)
    behind = start + 2 + 12 * len(entries) + 4
    directory_bytes, extra = b"", b""
    for tag, (kind, values) in sorted(entries.items()):
        count = len(values) // _SIZES[kind]
        if len(values) <= 4:
            directory_bytes += struct.pack("<HHI4s", tag, kind, count, values)
        else:
            directory_bytes += struct.pack("<HHII", tag, kind, count, behind + len(extra))
            extra += values + b"\0" * (len(values) % 2)
    head = b"II*\0" + struct.pack("<I", start)
    return head + body + struct.pack("<H", len(entries)) + directory_bytes + bytes(4) + extra
