"""
VTF (textures of Valve's Source engine), versions 7.0 to 7.5: all frames, with layout, mipmaps, thumbnail and resources
kept.

Source: "VTF (Valve Texture Format)" in Valve's developer documentation.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files.bit_fields import Masks
from depixel.files.format import Format, Size, starts_with
from depixel.files.limits import Limits
from depixel.files.mipmaps import count_for, levels_of
from depixel.files.texture_refusals import refuses_depth, remark_on_blocks
from depixel.files.textures import Layout, decode, encode_level, mode_of
from depixel.picture import FROM_BLOCKS, Picture

_CUBE = 0x4000
_THUMBNAIL, _PICTURE = b"\1\0\0", b"\x30\0\0"
_INLINE = 0x2  # the entry of a resource holds the value itself
_HEADER = 63  # bytes in every version
_TABLE, _FIRST_WITH_TABLE = 80, 3  # offset of the table of resources, and the first minor version with one
_DURATION = 100.0  # milliseconds, because a VTF does not store it
_RGBA: Masks = (0xFF, 0xFF00, 0xFF0000, 0xFF000000)


def _plain(bits: int, *masks: int) -> Layout:
    red, green, blue, alpha = masks
    return Layout(kind="RGB", bits=bits, masks=(red, green, blue, alpha))


_LAYOUTS = {
    0: _plain(32, *_RGBA),
    1: _plain(32, *_RGBA[::-1]),
    2: _plain(24, 0xFF, 0xFF00, 0xFF0000, 0),
    3: _plain(24, 0xFF0000, 0xFF00, 0xFF, 0),
    4: _plain(16, 0x1F, 0x7E0, 0xF800, 0),
    5: Layout(kind="GREY", bits=8, masks=(0xFF, 0, 0, 0)),
    6: Layout(kind="GREY", bits=16, masks=(0xFF, 0, 0, 0xFF00)),
    8: Layout(kind="GREY", bits=8, masks=(0, 0, 0, 0xFF)),
    11: _plain(32, 0xFF00, 0xFF0000, 0xFF000000, 0xFF),
    12: _plain(32, 0xFF0000, 0xFF00, 0xFF, 0xFF000000),
    13: Layout("BC1"),
    14: Layout("BC2"),
    15: Layout("BC3"),
    16: _plain(32, 0xFF0000, 0xFF00, 0xFF, 0),
    17: _plain(16, 0xF800, 0x7E0, 0x1F, 0),
    18: _plain(16, 0x7C00, 0x3E0, 0x1F, 0),
    19: _plain(16, 0xF00, 0xF0, 0xF, 0xF000),
    20: Layout("BC1"),
    21: _plain(16, 0x7C00, 0x3E0, 0x1F, 0x8000),
    22: Layout(kind="RGB", bits=16, masks=(0xFF, 0xFF00, 0, 0), signed=True),
    23: Layout(kind="RGB", bits=32, masks=_RGBA, signed=True),
    25: Layout(kind="RGB", bits=64, masks=(0xFFFF, 0xFFFF << 16, 0xFFFF << 32, 0xFFFF << 48)),
}  # number of the image format => layout
_NEW = {1: 5, 2: 6, 3: 3, 4: 12}  # channels => number


@dataclass(frozen=True)
class VtfHeader:
    """The header of a VTF."""

    width: int
    height: int
    layout: Layout
    mipmaps: int  # levels in the file, at least 1
    frames: int
    raw: bytes  # the header up to the resources
    resources: tuple[tuple[bytes, int, bytes], ...]  # (tag, flags, value or data) of 7.3 and later, without pictures
    thumbnail: bytes
    start: int  # of the smallest level


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    All frames of the top level. `details["texture"]` is its VtfHeader.

    Raises:
        PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError.
    """
    head = header(data, name)
    limits.check(name, head.width, head.height, head.frames)
    start = head.start
    for level in range(1, head.mipmaps):
        size = (max(1, head.width >> level), max(1, head.height >> level))
        start += head.frames * head.layout.level_bytes(*size)
    step = head.layout.level_bytes(head.width, head.height)
    frames = tuple(
        decode(data, start + number * step, (head.width, head.height), head.layout, name)
        for number in range(head.frames)
    )
    durations = (_DURATION,) * len(frames) if len(frames) > 1 else ()
    return Picture(
        frames,
        durations=durations,
        mode=mode_of(frames[0]),
        format="VTF",
        details={"texture": head, FROM_BLOCKS: head.layout.is_blocks},
    )


def header(data: bytes, name: str) -> VtfHeader:
    """Raises UnreadablePictureError, UnsupportedPictureError."""
    if len(data) < _HEADER:
        raise UnreadablePictureError(f"{name} is cut short: its VTF header is incomplete.")
    major, minor, size, width, height, flags, frames = struct.unpack_from("<3I2HIH", data, 4)
    number, mipmaps, thumbnail_number, across, down = struct.unpack_from("<IBIBB", data, 52)
    if major != 7 or minor > 5 or not _HEADER <= size <= len(data):
        raise UnsupportedPictureError(f"{name} is a VTF of version {major}.{minor} that Depixel does not support.")
    if not width or not height or not frames:
        raise UnreadablePictureError(f"{name} is damaged: its header claims {width}x{height} pixels.")
    depth = struct.unpack_from("<H", data, 63)[0] if minor >= 2 and size >= 65 else 1
    if flags & _CUBE or depth > 1:
        raise UnsupportedPictureError(f"{name} is a cube map or a volume; split it first.")
    if number not in _LAYOUTS:
        raise UnsupportedPictureError(
            f"{name} is a VTF of a kind (image format {number}) that Depixel does not support."
        )
    thumbnail_layout = _LAYOUTS.get(thumbnail_number)
    length = thumbnail_layout.level_bytes(across, down) if thumbnail_layout and across and down else 0
    resources: list[tuple[bytes, int, bytes]] = []
    places = {_THUMBNAIL: size, _PICTURE: size + length}
    end = size
    if minor >= _FIRST_WITH_TABLE and size >= _TABLE:
        end = _TABLE
        (count,) = struct.unpack_from("<I", data, 68)
        if _TABLE + 8 * count > size:
            raise UnreadablePictureError(f"{name} is damaged: its header has fewer resources than it claims.")
        for at in range(_TABLE, _TABLE + 8 * count, 8):
            tag, flag, value = data[at : at + 3], data[at + 3], data[at + 4 : at + 8]
            if tag in places:
                places[tag] = int.from_bytes(value, "little")
            else:
                resources.append((tag, flag, value if flag & _INLINE else _resource(data, value, name)))
    thumbnail = data[places[_THUMBNAIL] : places[_THUMBNAIL] + length]
    return VtfHeader(
        width=width,
        height=height,
        layout=_LAYOUTS[number],
        mipmaps=max(1, mipmaps),
        frames=frames,
        raw=data[:end],
        resources=tuple(resources),
        thumbnail=thumbnail,
        start=places[_PICTURE],
    )


def encode(picture: Picture) -> bytes:
    """A VTF of the same kind as the source; from another format, one of version 7.2 without mipmaps."""
    like = picture.details.get("texture")
    if not isinstance(like, VtfHeader):
        like = _new(picture)
    count = count_for(picture.width, picture.height, (like.width, like.height), like.mipmaps)
    each = []
    for frame in picture.frames:
        alone = picture.replace(frames=(frame,), durations=())
        each.append([encode_level(level, like.layout) for level in levels_of(alone, count, like.layout)])
    body = b"".join(levels[number] for number in reversed(range(count)) for levels in each)
    head = bytearray(like.raw)
    struct.pack_into("<2H", head, 16, picture.width, picture.height)
    struct.pack_into("<H", head, 24, len(picture.frames))
    head[56] = count
    if len(like.raw) != _TABLE or head[8] < _FIRST_WITH_TABLE:
        return bytes(head) + like.thumbnail + body
    return _with_resources(head, like, body)


# 7.3 and later: a table has the offset of everything.
def _with_resources(head: bytearray, like: VtfHeader, body: bytes) -> bytes:
    count = len(like.resources) + 1 + bool(like.thumbnail)
    at = _TABLE + 8 * count
    struct.pack_into("<I", head, 12, at)
    struct.pack_into("<I", head, 68, count)
    table, blocks = b"", b""
    if like.thumbnail:
        table += _THUMBNAIL + b"\0" + struct.pack("<I", at)
        blocks += like.thumbnail
    for tag, flag, value in like.resources:
        if flag & _INLINE:
            table += tag + bytes([flag]) + value
        else:
            table += tag + bytes([flag]) + struct.pack("<I", at + len(blocks))
            blocks += struct.pack("<I", len(value)) + value
    table += _PICTURE + b"\0" + struct.pack("<I", at + len(blocks))
    return bytes(head) + table + blocks + body


def _resource(data: bytes, value: bytes, name: str) -> bytes:
    start = int.from_bytes(value, "little")
    length = int.from_bytes(data[start : start + 4], "little")
    if start + 4 + length > len(data):
        raise UnreadablePictureError(f"{name} is cut short: one of its resources is incomplete.")
    return data[start + 4 : start + 4 + length]


def _new(picture: Picture) -> VtfHeader:
    number = _NEW[picture.channels]
    eight_bits_of_alpha = 0x2000 if picture.has_alpha else 0
    head = struct.pack("<4s3I2HI2H", b"VTF\0", 7, 2, 80, picture.width, picture.height, eight_bits_of_alpha, 1, 0)
    head += bytes(4) + struct.pack("<3f", 0.5, 0.5, 0.5) + bytes(4) + struct.pack("<f", 1.0)
    head += struct.pack("<IBIBBH", number, 1, 0xFFFFFFFF, 0, 0, 1)
    raw = head.ljust(80, b"\0")
    return VtfHeader(picture.width, picture.height, _LAYOUTS[number], 1, 1, raw, (), b"", 80)


def _size(head: bytes) -> Size | None:
    return struct.unpack_from("<HH", head, 16) if len(head) >= 20 else None


FORMAT = Format(
    name="VTF",
    label="VTF",
    endings=(".vtf",),
    recognise=starts_with(b"VTF\0"),
    media_type="image/x-vtf",
    read=read,
    encode=encode,
    lossless=False,
    most_side=65535,
    animated=True,
    sixteen=True,
    size=_size,
    remark=remark_on_blocks,
    refuses=refuses_depth,
)
