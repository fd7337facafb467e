"""
KTX 2 (Khronos texture): uncompressed and BC1 to BC7, with mipmaps, key-value data and zlib. Basis Universal and
Zstandard are recognised but not read.

Source: KTX File Format Specification, version 2.0; Khronos Data Format Specification 1.3, chapter 5.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files.format import Format, Size, starts_with
from depixel.files.limits import Limits
from depixel.files.mipmaps import count_for, levels_of
from depixel.files.texture_refusals import refuses_depth, remark_on_blocks
from depixel.files.textures import Layout, decode, encode_level, mode_of
from depixel.files.vulkan import LAYOUTS
from depixel.picture import FROM_BLOCKS, Picture

SIGNATURE = b"\xabKTX 20\xbb\r\n\x1a\n"
_HEADER, _LEVEL = 80, 24
_NONE, _BASIS, _ZSTANDARD, _ZLIB = 0, 1, 2, 3
_NEW = {1: 9, 3: 29, 4: 43}  # channels => number of a format of 8 bits each: grey linear, colours sRGB
_LINEAR, _SRGB = 1, 2  # transfer functions
_RGB_MODEL, _BT709, _ALPHA, _LINEAR_SAMPLE = 1, 1, 15, 0x10


@dataclass(frozen=True)
class Ktx2Header:
    """The header of a KTX 2."""

    width: int
    height: int
    layout: Layout
    mipmaps: int  # levels in the file, at least 1
    stored_mipmaps: int  # as in the file: 0 asks the reader to generate them
    number: int  # VkFormat
    type_size: int
    scheme: int  # of supercompression
    descriptor: bytes  # data format descriptor
    pairs: bytes  # key-value data


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    The top level. `details["texture"]` is its Ktx2Header.

    Raises:
        PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError.
    """
    head = header(data, name)
    limits.check(name, head.width, head.height)
    start, length, plain = struct.unpack_from("<3Q", data, _HEADER)
    needed = head.layout.level_bytes(head.width, head.height)
    if start + length > len(data) or (plain if head.scheme else length) < needed:
        raise UnreadablePictureError(f"{name} is cut short: it holds fewer pixels than its header claims.")
    body = data[start : start + length]
    if head.scheme == _ZLIB:
        try:
            body = zlib.decompressobj().decompress(body, needed)
        except zlib.error as error:
            raise UnreadablePictureError(f"{name} is damaged: {error}.") from error
    pixels = decode(body, 0, (head.width, head.height), head.layout, name)
    return Picture(
        (pixels,), mode=mode_of(pixels), format="KTX2", details={"texture": head, FROM_BLOCKS: head.layout.is_blocks}
    )


def header(data: bytes, name: str) -> Ktx2Header:
    """Raises UnreadablePictureError, UnsupportedPictureError."""
    if len(data) < _HEADER + _LEVEL:
        raise UnreadablePictureError(f"{name} is cut short: its KTX header is incomplete.")
    number, type_size, width, height, depth, layers, faces, mipmaps, scheme = struct.unpack_from("<9I", data, 12)
    descriptor_at, descriptor_bytes, pairs_at, pairs_bytes = struct.unpack_from("<4I", data, 48)
    if not width or not height:
        raise UnreadablePictureError(f"{name} is damaged: its header claims {width}x{height} pixels.")
    if faces > 1 or layers > 1 or depth > 1:
        raise UnsupportedPictureError(f"{name} is a cube map, a volume or an array of textures; split it first.")
    if scheme == _BASIS or not number:
        raise UnsupportedPictureError(
            f"{name} is a KTX 2 with Basis Universal compression; unpack it with `basisu -unpack` first."
        )
    if scheme == _ZSTANDARD:
        raise UnsupportedPictureError(
            f"{name} is a KTX 2 with Zstandard compression; write it again with `ktx`, without compression."
        )
    if number not in LAYOUTS or scheme not in (_NONE, _ZLIB):
        raise UnsupportedPictureError(
            f"{name} is a KTX 2 of a kind (Vulkan format {number}) that Depixel does not support."
        )
    if max(descriptor_at + descriptor_bytes, pairs_at + pairs_bytes) > len(data):
        raise UnreadablePictureError(f"{name} is cut short: its key-value data are incomplete.")
    return Ktx2Header(
        width=width,
        height=height,
        layout=LAYOUTS[number],
        mipmaps=max(1, mipmaps),
        stored_mipmaps=mipmaps,
        number=number,
        type_size=type_size,
        scheme=scheme,
        descriptor=data[descriptor_at : descriptor_at + descriptor_bytes],
        pairs=data[pairs_at : pairs_at + pairs_bytes],
    )


def encode(picture: Picture) -> bytes:
    """A KTX 2 of the same kind as the source; from another format, one with 8 bits and without mipmaps."""
    like = picture.details.get("texture")
    if not isinstance(like, Ktx2Header):
        if picture.channels == 2:
            picture = picture.replace(frames=(picture.rgba(),))
        like = _new(picture)
    count = count_for(picture.width, picture.height, (like.width, like.height), like.mipmaps)
    levels = [encode_level(level, like.layout) for level in levels_of(picture, count, like.layout)]
    packed = [zlib.compress(level) if like.scheme == _ZLIB else level for level in levels]
    stored = count if count > 1 else min(1, like.stored_mipmaps)
    descriptor_at = _HEADER + _LEVEL * count
    pairs_at = descriptor_at + len(like.descriptor)
    end = pairs_at + len(like.pairs)
    head = struct.pack("<9I", like.number, like.type_size, picture.width, picture.height, 0, 0, 1, stored, like.scheme)
    head += struct.pack(
        "<4I2Q", descriptor_at, len(like.descriptor), pairs_at if like.pairs else 0, len(like.pairs), 0, 0
    )
    align = 1 if like.scheme else _alignment(like.layout)
    bodies, index = b"", [b""] * count
    for number in reversed(range(count)):  # the smallest level comes first
        bodies += bytes(-(end + len(bodies)) % align)
        index[number] = struct.pack("<3Q", end + len(bodies), len(packed[number]), len(levels[number]))
        bodies += packed[number]
    return b"".join([SIGNATURE, head, *index, like.descriptor, like.pairs, bodies])


# Levels are aligned to 4 and to the bytes of a pixel or block.
def _alignment(layout: Layout) -> int:
    size = layout.level_bytes(1, 1)
    return size if size % 4 == 0 else 2 * size if size % 2 == 0 else 4 * size


def _new(picture: Picture) -> Ktx2Header:
    number = _NEW[picture.channels]
    transfer = _LINEAR if picture.channels == 1 else _SRGB
    size = 24 + 16 * picture.channels
    words = [size + 4, 0, 2 | size << 16, _RGB_MODEL | _BT709 << 8 | transfer << 16, 0, picture.channels, 0]
    for channel in range(picture.channels):
        kind = _ALPHA | _LINEAR_SAMPLE if channel == 3 else channel
        words += [8 * channel | 7 << 16 | kind << 24, 0, 0, 255]
    descriptor = struct.pack(f"<{len(words)}I", *words)
    return Ktx2Header(picture.width, picture.height, LAYOUTS[number], 1, 1, number, 1, _NONE, descriptor, b"")


def _size(head: bytes) -> Size | None:
    return struct.unpack_from("<II", head, 20) if len(head) >= 28 else None


FORMAT = Format(
    name="KTX2",
    label="KTX 2",
    endings=(".ktx2",),
    recognise=starts_with(SIGNATURE),
    media_type="image/ktx2",
    read=read,
    encode=encode,
    lossless=False,
    sixteen=True,
    size=_size,
    remark=remark_on_blocks,
    refuses=refuses_depth,
)
