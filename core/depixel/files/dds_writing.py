"""
Writes a DDS of the same kind as the source: its header with new sizes, its layout, and mipmaps if it had them.

BC1 to BC5 are encoded here, because no package with wheels for every system is as good; BC7 by `etcpak` if installed.
"""

from __future__ import annotations

import struct

import numpy as np

from depixel.files.dds_reading import DdsHeader
from depixel.files.format import Size
from depixel.files.mipmaps import count_for, levels_of
from depixel.files.textures import encode_level, has_bc7_encoder
from depixel.picture import Picture, Pixels

_PITCH, _MIPMAP_COUNT, _LINEAR_SIZE = 0x8, 0x20000, 0x80000
_COMPLEX, _MIPMAP = 0x8, 0x400000
_ALPHA_PIXELS, _RGB, _GREY = 0x1, 0x40, 0x20000
BC7_REMARK = "BC7 was written in its simplest mode; `pip install 'depixel[dds]'` adds an encoder for all of them."


def refuses(picture: Picture, _: Size) -> str:
    """A sentence if the picture has 16 bits per sample and the source's layout cannot hold them; otherwise empty."""
    if picture.levels == 255:
        return ""
    like = picture.details.get("dds")
    if not isinstance(like, DdsHeader) or not like.writable:
        return "16 bits per sample cannot be written as a new DDS; choose PNG or TIFF."
    if like.layout.is_blocks:
        return f"16 bits per sample cannot be written as {like.layout.compression}; choose PNG or TIFF."
    return ""


def encode(picture: Picture) -> bytes:
    """
    A picture with one frame. If it did not come from a DDS, it is written uncompressed and without mipmaps.
    """
    like = picture.details.get("dds")
    if not isinstance(like, DdsHeader) or not like.writable:
        return _new(picture.frames[0])
    count = count_for(picture.width, picture.height, (like.width, like.height), like.mipmaps)
    levels = [encode_level(level, like.layout) for level in levels_of(picture, count, like.layout)]
    return _header(like, picture.width, picture.height, count, len(levels[0])) + b"".join(levels)


def remark(picture: Picture) -> str:
    """What an output loses of this DDS, as a sentence; empty if nothing."""
    like = picture.details.get("dds")
    if not isinstance(like, DdsHeader):
        return ""
    if not like.writable:
        return "A DDS with a palette was written with plain colours and without mipmaps."
    return BC7_REMARK if like.layout.compression == "BC7" and not has_bc7_encoder() else ""


# A DX9 file in the picture's channels.
def _new(pixels: Pixels) -> bytes:
    height, width, channels = pixels.shape
    if channels <= 2:
        masks = (0xFF, 0, 0, 0xFF00 if channels == 2 else 0)
        form = struct.pack("<8I", 32, _GREY | (channels == 2), 0, 8 * channels, *masks)
    else:
        alpha = channels == 4
        pixels = pixels[..., [2, 1, 0, 3] if alpha else [2, 1, 0]]
        masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000 if alpha else 0)
        form = struct.pack("<8I", 32, _RGB | (_ALPHA_PIXELS if alpha else 0), 0, 8 * channels, *masks)
    # Caps, height, width, pitch and pixel format are given (0x100F).
    head = struct.pack("<7I", 124, 0x100F, height, width, width * channels, 0, 1) + bytes(44) + form
    return b"DDS " + head + struct.pack("<5I", 0x1000, 0, 0, 0, 0) + np.ascontiguousarray(pixels).tobytes()


# The source's own header, including fields that we do not interpret, with new sizes and number of mipmaps.
def _header(like: DdsHeader, width: int, height: int, count: int, top_bytes: int) -> bytes:
    head = bytearray(like.raw)
    flags = struct.unpack_from("<I", head, 8)[0] & ~(_PITCH | _LINEAR_SIZE | _MIPMAP_COUNT)
    caps = struct.unpack_from("<I", head, 108)[0] & ~(_COMPLEX | _MIPMAP)
    plain = not like.layout.is_blocks
    flags |= _PITCH if plain else _LINEAR_SIZE
    if count > 1:
        flags, caps = flags | _MIPMAP_COUNT, caps | _COMPLEX | _MIPMAP
    size = (width * like.layout.bits + 7) // 8 if plain else top_bytes
    struct.pack_into("<I", head, 4, 124)
    struct.pack_into("<4I", head, 8, flags, height, width, size)
    struct.pack_into("<I", head, 28, count if count > 1 else min(1, like.stored_mipmaps))
    struct.pack_into("<I", head, 108, caps)
    return bytes(head)
