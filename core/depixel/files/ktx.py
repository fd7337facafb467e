"""
KTX 1 (Khronos texture): uncompressed and BC1 to BC7, with mipmaps and key-value data.

Source: KTX File Format Specification, version 1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import gl
from depixel.files.format import Format, Size, starts_with
from depixel.files.limits import Limits
from depixel.files.mipmaps import count_for, levels_of
from depixel.files.texture_refusals import refuses_depth, remark_on_blocks
from depixel.files.textures import Layout, decode, encode_level, mode_of
from depixel.picture import FROM_BLOCKS, Picture

SIGNATURE = b"\xabKTX 11\xbb\r\n\x1a\n"
_HEADER = 64
_NATIVE = 0x04030201  # the endianness word in a file of our byte order
_PLAIN_FORMATS = {1: 0x1909, 2: 0x190A, 3: 0x1907, 4: 0x1908}  # channels => glFormat
_INTERNAL = {1: 0x8040, 2: 0x8045, 3: 0x8051, 4: 0x8058}  # channels => glInternalFormat of 8 bits each


@dataclass(frozen=True)
class KtxHeader:
    """The header of a KTX."""

    width: int
    height: int
    layout: Layout
    mipmaps: int  # levels in the file, at least 1
    stored_mipmaps: int  # as in the file: 0 asks the reader to generate them
    fields: tuple[int, ...]  # glType, glTypeSize, glFormat, glInternalFormat, glBaseInternalFormat
    pairs: bytes  # key-value data


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    The top level. `details["texture"]` is its KtxHeader.

    Raises:
        PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError.
    """
    head = header(data, name)
    limits.check(name, head.width, head.height)
    start = _HEADER + len(head.pairs) + 4
    layout, width, height = head.layout, head.width, head.height
    if not layout.is_blocks:  # rows are padded to four bytes
        row, padded = width * layout.bits // 8, -(-width * layout.bits // 32) * 4
        if len(data) < start + padded * height:
            raise UnreadablePictureError(
                f"{name} is damaged or cut short: it holds fewer pixels than the {width}x{height} that it claims."
            )
        rows = np.frombuffer(data, np.uint8, padded * height, start).reshape(height, padded)
        data, start = np.ascontiguousarray(rows[:, :row]).tobytes(), 0
    pixels = decode(data, start, (width, height), layout, name)
    return Picture(
        (pixels,), mode=mode_of(pixels), format="KTX", details={"texture": head, FROM_BLOCKS: head.layout.is_blocks}
    )


def header(data: bytes, name: str) -> KtxHeader:
    """Raises UnreadablePictureError, UnsupportedPictureError."""
    if len(data) < _HEADER + 4:
        raise UnreadablePictureError(f"{name} is cut short: its KTX header is incomplete.")
    endianness, *fields = struct.unpack_from("<13I", data, 12)
    if endianness != _NATIVE:
        raise UnsupportedPictureError(f"{name} is a KTX in big-endian order, which Depixel does not support.")
    kind, _, channels, internal, _, width, height, depth, layers, faces, mipmaps, pairs = fields
    if not width or not height:
        raise UnreadablePictureError(f"{name} is damaged: its header claims {width}x{height} pixels.")
    if faces > 1 or layers > 1 or depth > 1:
        raise UnsupportedPictureError(f"{name} is a cube map, a volume or an array of textures; split it first.")
    if len(data) < _HEADER + pairs + 4:
        raise UnreadablePictureError(f"{name} is cut short: its key-value data are incomplete.")
    layout = gl.BLOCKS.get(internal) if not kind else gl.plain(kind, channels)
    if layout is None:
        number = f"0x{internal:04X}"
        raise UnsupportedPictureError(
            f"{name} is a KTX of a kind (OpenGL format {number}) that Depixel does not support."
        )
    keys = data[_HEADER : _HEADER + pairs]
    return KtxHeader(width, height, layout, max(1, mipmaps), mipmaps, tuple(fields[:5]), keys)


def encode(picture: Picture) -> bytes:
    """A KTX of the same kind as the source; from another format, one with 8 bits and without mipmaps."""
    like = picture.details.get("texture")
    if not isinstance(like, KtxHeader):
        like = _new(picture)
    count = count_for(picture.width, picture.height, (like.width, like.height), like.mipmaps)
    stored = count if count > 1 else min(1, like.stored_mipmaps)
    sizes = (picture.width, picture.height, 0, 0, 1, stored, len(like.pairs))
    parts = [SIGNATURE, struct.pack("<13I", _NATIVE, *like.fields, *sizes), like.pairs]
    for level in levels_of(picture, count, like.layout):
        body = encode_level(level, like.layout)
        if not like.layout.is_blocks:
            rows = np.frombuffer(body, np.uint8).reshape(level.shape[0], -1)
            body = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4))).tobytes()
        parts += [struct.pack("<I", len(body)), body, bytes(-len(body) % 4)]
    return b"".join(parts)


def _new(picture: Picture) -> KtxHeader:
    channels = _PLAIN_FORMATS[picture.channels]
    layout = gl.plain(0x1401, channels)
    assert layout is not None
    fields = (0x1401, 1, channels, _INTERNAL[picture.channels], channels)
    return KtxHeader(picture.width, picture.height, layout, 1, 1, fields, b"")


def _size(head: bytes) -> Size | None:
    return struct.unpack_from("<II", head, 36) if len(head) >= 44 else None


FORMAT = Format(
    name="KTX",
    label="KTX",
    endings=(".ktx",),
    recognise=starts_with(SIGNATURE),
    media_type="image/ktx",
    read=read,
    encode=encode,
    lossless=False,
    sixteen=True,
    size=_size,
    remark=remark_on_blocks,
    refuses=refuses_depth,
)
