"""PNG as a list of chunks (PNG specification, section 5): what Pillow cannot write is put together here."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from depixel.errors import UnreadablePictureError

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunks(data: bytes, name: str = "picture") -> Iterator[tuple[bytes, bytes]]:
    """(type, body) of each chunk up to IEND. Raises UnreadablePictureError when the file ends before."""
    at = len(SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise UnreadablePictureError(f"{name} is cut short: its end is missing.")
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            raise UnreadablePictureError(f"{name} is cut short: its end is missing.")
        yield kind, data[at + 8 : at + 8 + length]
        if kind == b"IEND":
            return
        at += 12 + length


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk as bytes: length, type, body, CRC."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def join(parts: list[tuple[bytes, bytes]]) -> bytes:
    """A whole file from its chunks."""
    return SIGNATURE + b"".join(chunk(kind, body) for kind, body in parts)


def ancillary(
    icc_profile: bytes | None,
    exif: bytes | None,
    text: dict[str, str],
    gamma: float | None,
    dpi: tuple[float, float] | None,
) -> list[tuple[bytes, bytes]]:
    """Chunks between IHDR and the first IDAT for what travels with the pixels."""
    parts: list[tuple[bytes, bytes]] = []
    if icc_profile:
        parts.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(icc_profile)))
    elif gamma:
        parts.append((b"gAMA", struct.pack(">I", round(gamma * 100000))))
    if dpi:
        parts.append((b"pHYs", struct.pack(">IIB", round(dpi[0] / 0.0254), round(dpi[1] / 0.0254), 1)))
    for key, value in text.items():
        word = key.encode("latin-1", "replace")[:79] or b"Comment"
        parts.append((b"iTXt", word + b"\0\0\0\0\0" + value.encode("utf-8")))
    if exif:
        parts.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    return parts


_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # per pixel, by colour type
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def check_rows(data: bytes, name: str) -> None:
    """
    Count the bytes that the picture's IDAT chunks inflate to. Pillow leaves rows black that are not there.

    Raises:
        UnreadablePictureError: fewer than the header promises.
    """
    parts = list(chunks(data, name))
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts[0][1][:13])
    pixel_bits = bits * _SAMPLES.get(colour, 1)
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    sizes = ((-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in passes if x < width and y < height)
    promised = sum(rows * (1 + -(-columns * pixel_bits // 8)) for columns, rows in sizes)
    stream, found = zlib.decompressobj(), 0
    try:
        for kind, body in parts:
            rest = body if kind == b"IDAT" else b""
            while rest and found < promised and not stream.eof:
                found += len(stream.decompress(rest, 1 << 20))
                rest = stream.unconsumed_tail
    except zlib.error as error:
        raise UnreadablePictureError(f"{name} is damaged: {error}.") from error
    if found < promised:
        raise UnreadablePictureError(
            f"{name} says it is {width}x{height} pixels large but holds fewer; it is damaged or cut short."
        )
