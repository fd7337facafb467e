"""PNG's outer structure: chunks, the header, text (W3C PNG specification, third edition, chapters 5 and 11)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from depixel.errors import UnreadablePictureError, UnsupportedPictureError

SIGNATURE = b"\x89PNG\r\n\x1a\n"

GREY, RGB, INDEXED, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
"""Colour types."""

CHANNELS = {GREY: 1, RGB: 3, INDEXED: 1, GREY_ALPHA: 2, RGBA: 4}
DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), INDEXED: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}

_PIXEL_CHUNKS = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT"}
_MOST_TEXT = 2**22  # characters of one text: XMP packets are long, bombs are longer


@dataclass(frozen=True)
class Header:
    """IHDR."""

    width: int
    height: int
    depth: int  # bits a sample: 1, 2, 4, 8, 16
    colour: int
    interlace: int = 0  # 1 = Adam7

    @classmethod
    def parse(cls, body: bytes) -> Header:
        """Raises UnreadablePictureError when the values contradict the standard."""
        if len(body) != 13:
            raise UnreadablePictureError("is damaged: its PNG header has a wrong length; export it again.")
        width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
        if depth not in DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
            raise UnreadablePictureError("is damaged: its PNG header has values that do not exist; export it again.")
        return cls(width, height, depth, colour, interlace)

    def pack(self) -> bytes:
        """The chunk."""
        return chunk(
            b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, self.depth, self.colour, 0, 0, self.interlace)
        )

    @property
    def channels(self) -> int:
        """Samples a pixel, 1 for indexed."""
        return CHANNELS[self.colour]

    @property
    def step(self) -> int:
        """Bytes from a byte to the one that filters call "left"."""
        return max(1, self.depth * self.channels // 8)


def chunk(name: bytes, body: bytes) -> bytes:
    """Length, name, body, checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """
    (name, body) in the order of the file, up to IEND.

    A wrong checksum loses a chunk that pictures can do without, and refuses the file for one that they cannot.

    Raises:
        UnreadablePictureError: the file ends early or a necessary chunk is damaged.
        UnsupportedPictureError: a chunk of an unknown kind says that the picture cannot be shown without it.
    """
    at = len(SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise UnreadablePictureError("ends too early: the last part of this PNG is missing; copy it again.")
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data):
            raise UnreadablePictureError(
                f"ends too early: {end - len(data)} bytes of this PNG are missing; copy it again."
            )
        body = data[at + 8 : end - 4]
        sound = zlib.crc32(body, zlib.crc32(name)) == struct.unpack_from(">I", data, end - 4)[0]
        if not sound and (name in _PIXEL_CHUNKS or not name.isalpha()):
            raise UnreadablePictureError("is damaged: a checksum of this PNG is wrong; copy it again.")
        if name == b"IEND":
            return
        if name[:1].isupper() and name not in _PIXEL_CHUNKS:
            raise UnsupportedPictureError(f"needs a PNG extension ({name.decode('ascii')}) that Depixel does not know.")
        if sound:
            yield name, body
        at = end


def read_text(name: bytes, body: bytes) -> tuple[str, str] | None:
    """Key and value of a tEXt, zTXt or iTXt chunk; None when it is damaged or too long to be text."""
    key, found, rest = body.partition(b"\0")
    if not found:
        return None
    try:
        if name == b"tEXt":
            value = rest.decode("latin-1")
        elif name == b"zTXt":
            value = _inflate(rest[1:]).decode("latin-1")
        else:
            compressed = rest[:1] == b"\1"
            payload = rest[2:].split(b"\0", 2)[2]
            value = (_inflate(payload) if compressed else payload).decode("utf-8")
    except (ValueError, IndexError, zlib.error):
        return None
    return (key.decode("latin-1"), value) if len(value) <= _MOST_TEXT else None


def write_text(key: str, value: str) -> bytes:
    """tEXt where Latin-1 is enough, iTXt otherwise; a key is 1 to 79 Latin-1 characters."""
    key = key.replace("\0", " ").encode("latin-1", "replace").decode("latin-1").strip()[:79] or "Comment"
    value = value.replace("\0", " ")
    try:
        if not key.startswith("XML:"):
            return chunk(b"tEXt", key.encode("latin-1") + b"\0" + value.encode("latin-1"))
    except UnicodeEncodeError:
        pass
    return chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + value.encode("utf-8", "replace"))


def read_profile(body: bytes) -> bytes | None:
    """The ICC profile of an iCCP chunk; None when it is damaged."""
    try:
        return _inflate(body.partition(b"\0")[2][1:])
    except (ValueError, zlib.error):
        return None


def write_profile(profile: bytes) -> bytes:
    """An iCCP chunk."""
    return chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))


# Inflate at most _MOST_TEXT bytes: what is more is no text and no profile.
def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    found = inflater.decompress(data, _MOST_TEXT)
    if inflater.unconsumed_tail or not inflater.eof:
        raise ValueError("damaged, or too long")
    return found
