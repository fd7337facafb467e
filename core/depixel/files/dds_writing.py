"""
The same kind of DDS as the source: its header with new sizes, its compression, as many mipmaps as it had.

BC1 to BC5 are encoded here (no wheel that serves every system is as good); BC7 by `etcpak` where it is installed.
"""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Callable

import numpy as np

from depixel.files import dds_plain
from depixel.files.block_channel import encode_bc2_alpha, encode_channel
from depixel.files.block_colour import encode_bc1, encode_colours
from depixel.files.block_seven import encode_bc7
from depixel.files.dds_mipmaps import chain, count_for
from depixel.files.dds_reading import DdsHeader
from depixel.files.format import Size
from depixel.picture import Picture, Pixels

_PITCH, _MIPMAP_COUNT, _LINEAR_SIZE = 0x8, 0x20000, 0x80000
_COMPLEX, _MIPMAP = 0x8, 0x400000
_BLOCK_BYTES = {"BC1": 8, "BC4": 8}


def refuses(picture: Picture, _: Size) -> str:
    """A sentence for 16 bits a sample where the source's layout has no room for them; empty when all can be held."""
    if picture.levels == 255:
        return ""
    like = picture.details.get("dds")
    if not isinstance(like, DdsHeader) or not (like.kind or like.compression != "none"):
        return "16 bits a sample cannot be written as a new DDS; choose PNG or TIFF."
    if like.compression != "none":
        return f"16 bits a sample cannot be written as {like.compression}; choose PNG or TIFF."
    return ""


def encode(picture: Picture) -> bytes:
    """
    A picture with one frame. What its details do not tell (a picture that was no DDS) is written uncompressed, without
    mipmaps.
    """
    like = picture.details.get("dds")
    top = picture.frames[0]
    if not isinstance(like, DdsHeader) or not (like.kind or like.compression != "none"):
        known = like if isinstance(like, DdsHeader) else None
        return dds_plain.encode(top, known.dxgi if known else None, known.srgb if known else False)
    count = count_for(picture.width, picture.height, (like.width, like.height), like.mipmaps)
    level_bytes = _packer(like)
    levels = [
        level_bytes(level)
        for level in chain(
            top,
            count,
            normals=picture.vectors,
            data_alpha=picture.data_alpha or like.compression in ("BC4", "BC5"),
        )
    ]
    return _header(like, picture.width, picture.height, count, len(levels[0])) + b"".join(levels)


def remark(picture: Picture) -> str:
    """What an output of this DDS does not keep of it, as a sentence; empty when it keeps all."""
    like = picture.details.get("dds")
    if not isinstance(like, DdsHeader):
        return ""
    if like.compression == "BC7" and not _has_etcpak():
        return "BC7 was written in its simplest mode; `pip install 'depixel[dds]'` brings an encoder for all of them."
    if not (like.kind or like.compression != "none"):
        return "A DDS with a palette was written with plain colours and without mipmaps."
    return ""


def _has_etcpak() -> bool:
    return importlib.util.find_spec("etcpak") is not None


def _packer(like: DdsHeader) -> Callable[[Pixels], bytes]:
    if like.compression == "none":
        return lambda pixels: dds_plain.pack(_fitting(pixels, like), like.kind, like.bits, like.masks)

    def compressed(pixels: Pixels) -> bytes:
        if like.premultiplied and pixels.shape[2] == 4:
            colour = np.rint(pixels[..., :3] * (pixels[..., 3:] / 255.0)).astype(np.uint8)
            pixels = np.concatenate([colour, pixels[..., 3:]], 2)
        return _blocks(pixels, like.compression, like.signed)

    return compressed


# The channels that an uncompressed layout has room for.
def _fitting(pixels: Pixels, like: DdsHeader) -> Pixels:
    colours, alpha = (1 if like.kind == "GREY" else 3), bool(like.masks[3])
    if pixels.shape[2] == colours + alpha:
        return pixels
    rgba = _rgba(pixels)
    return rgba[..., [*range(colours), 3]] if alpha else rgba[..., :colours]


def _blocks(pixels: Pixels, compression: str, signed: bool) -> bytes:
    if compression == "BC4":
        return encode_channel(pixels[..., 0], signed).tobytes()
    if compression == "BC5":
        second = pixels[..., min(1, pixels.shape[2] - 1)]
        return np.concatenate([encode_channel(pixels[..., 0], signed), encode_channel(second, signed)], 1).tobytes()
    rgba = _rgba(pixels)
    if compression == "BC1":
        return encode_bc1(rgba)
    if compression == "BC7":
        return _bc7(rgba)
    alpha = encode_bc2_alpha(rgba[..., 3]) if compression == "BC2" else encode_channel(rgba[..., 3])
    return np.concatenate([alpha, encode_colours(rgba)], 1).tobytes()


def _bc7(rgba: Pixels) -> bytes:
    if not _has_etcpak():
        return encode_bc7(rgba)
    import etcpak

    height, width = rgba.shape[:2]
    padded = np.pad(rgba, ((0, -height % 4), (0, -width % 4), (0, 0)), mode="edge")
    asked = etcpak.BC7CompressBlockParams()
    return bytes(etcpak.compress_bc7(padded.tobytes(), padded.shape[1], padded.shape[0], asked))


def _rgba(pixels: Pixels) -> Pixels:
    if pixels.shape[2] == 4:
        return pixels
    colour = pixels[..., :1].repeat(3, 2) if pixels.shape[2] <= 2 else pixels
    alpha = pixels[..., 1:] if pixels.shape[2] == 2 else np.full_like(pixels[..., :1], np.iinfo(pixels.dtype).max)
    return np.concatenate([colour, alpha], 2)


# The source's own header, whatever it says beyond what we know, with new sizes and the mipmaps that there are.
def _header(like: DdsHeader, width: int, height: int, count: int, top_bytes: int) -> bytes:
    head = bytearray(like.raw)
    flags = struct.unpack_from("<I", head, 8)[0] & ~(_PITCH | _LINEAR_SIZE | _MIPMAP_COUNT)
    caps = struct.unpack_from("<I", head, 108)[0] & ~(_COMPLEX | _MIPMAP)
    plain = like.compression == "none"
    flags |= _PITCH if plain else _LINEAR_SIZE
    if count > 1:
        flags, caps = flags | _MIPMAP_COUNT, caps | _COMPLEX | _MIPMAP
    size = (width * like.bits + 7) // 8 if plain else top_bytes
    struct.pack_into("<4I", head, 8, flags, height, width, size)
    struct.pack_into("<I", head, 28, count if count > 1 else min(1, like.told_mipmaps))
    struct.pack_into("<I", head, 108, caps)
    return bytes(head)
