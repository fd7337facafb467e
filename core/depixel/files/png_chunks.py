"""PNG as a list of chunks (PNG specification, section 5)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from depixel.errors import UnreadablePictureError

SIGNATURE = b"\x89PNG\r\n\x1a\n"


_NEEDED = (b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"IEND")


def chunks(data: bytes, name: str = "picture") -> Iterator[tuple[bytes, bytes]]:
    """
    (type, body) of each chunk up to IEND. A chunk with a wrong checksum is skipped unless the pixels depend on it.

    Raises:
        UnreadablePictureError: the file ends before IEND, or a chunk that the pixels need has a wrong checksum.
    """
    at = len(SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise UnreadablePictureError(f"{name} is cut short: its end is missing.")
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            raise UnreadablePictureError(f"{name} is cut short: its end is missing.")
        body = data[at + 8 : at + 8 + length]
        sound = zlib.crc32(body, zlib.crc32(kind)) == struct.unpack_from(">I", data, at + 8 + length)[0]
        if not sound and kind in _NEEDED:
            raise UnreadablePictureError(f"{name} is damaged: a checksum is wrong; copy it again.")
        if sound:
            yield kind, body
        if kind == b"IEND":
            return
        at += 12 + length


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk as bytes: length, type, body, CRC."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def join(parts: list[tuple[bytes, bytes]]) -> bytes:
    """A whole file from its chunks."""
    return SIGNATURE + b"".join(chunk(kind, body) for kind, body in parts)


SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples per pixel, by colour type: grey, RGB, indexed, grey + alpha, RGBA."""

_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def passes(width: int, height: int, interlaced: bool) -> Iterator[tuple[int, int, int, int, int, int]]:
    """(first column, first row, step of columns, step of rows, columns, rows) of each pass that has pixels."""
    for x, y, dx, dy in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        if x < width and y < height:
            yield x, y, dx, dy, -(-(width - x) // dx), -(-(height - y) // dy)


def check_header(body: bytes, name: str) -> None:
    """Raises UnreadablePictureError if the body of IHDR has illegal values."""
    if len(body) == 13:
        width, height, depth, colour, compression, filtering, interlaced = struct.unpack(">IIBBBBB", body)
        if width == 0 or height == 0:
            raise UnreadablePictureError(f"{name} is damaged: its header claims {width}x{height} pixels.")
        if depth in _DEPTHS.get(colour, ()) and compression == filtering == 0 and interlaced < 2:
            return
    raise UnreadablePictureError(f"{name} is damaged: its header has illegal values.")


def check_rows(header: bytes, idat: list[bytes], name: str) -> None:
    """
    Check that the picture's IDAT chunks inflate to enough bytes: Pillow would leave missing rows black.

    Raises:
        UnreadablePictureError: fewer bytes than the header implies.
    """
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    pixel_bits = bits * SAMPLES[colour]
    sizes = passes(width, height, bool(interlaced))
    promised = sum(rows * (1 + -(-columns * pixel_bits // 8)) for *_, columns, rows in sizes)
    stream, inflated = zlib.decompressobj(), 0
    try:
        for body in idat:
            rest = body
            while rest and inflated < promised and not stream.eof:
                inflated += len(stream.decompress(rest, 1 << 20))
                rest = stream.unconsumed_tail
    except zlib.error as error:
        raise UnreadablePictureError(f"{name} is damaged: {error}.") from error
    if inflated < promised:
        raise UnreadablePictureError(
            f"{name} is damaged or cut short: it holds fewer pixels than the {width}x{height} that it claims."
        )
