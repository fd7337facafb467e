"""
Reads DirectDraw Surfaces: the header, which is kept so that `dds_writing` can write the same kind again, and the top
level of the mipmaps.

Source: "DDS" in Microsoft's Programming Guide for DDS; Direct3D 9's D3DFORMAT for signed and swizzled kinds.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files.bit_fields import Masks
from depixel.files.dxgi import BLOCKS, PLAIN, SIGNED, SRGB
from depixel.files.indexed import twin_details
from depixel.files.limits import Limits
from depixel.files.textures import Layout, decode, mode_of
from depixel.picture import FROM_BLOCKS, Picture

_FOURCC = {b"DXT1": "BC1", b"DXT2": "BC2", b"DXT3": "BC2", b"DXT4": "BC3", b"DXT5": "BC3", b"RXGB": "BC3",
           b"ATI1": "BC4", b"BC4U": "BC4", b"BC4S": "BC4", b"ATI2": "BC5", b"BC5U": "BC5", b"BC5S": "BC5"}  # fmt: skip
_HEADER_SIZES = (124, 24)  # 24 in files of old tools
_CUBEMAP, _VOLUME = 0x200, 0x200000
_PALETTE_BYTES = 1024
_PREMULTIPLIED = 2  # DX10: alpha mode
_ALPHA_PIXELS, _ALPHA_ONLY, _HAS_FOURCC, _PALETTE, _RGB, _GREY, _BUMP = 0x1, 0x2, 0x4, 0x20, 0x40, 0x20000, 0x80000
_RGBA16 = struct.pack("<I", 36)  # Direct3D 9's number for A16B16G16R16, instead of the four letters


@dataclass(frozen=True)
class DdsHeader:
    """The header of a DDS."""

    width: int
    height: int
    layout: Layout
    dxgi: int | None  # format number of the DX10 header, None with a DX9 header
    mipmaps: int  # levels in the file, at least 1
    start: int  # of the pixels in the file
    raw: bytes  # the header as it is, up to the pixels
    stored_mipmaps: int  # levels as written: 0 and 1 mean the same

    @property
    def srgb(self) -> bool:
        return self.dxgi in SRGB

    @property
    def writable(self) -> bool:
        """Whether a file of the same layout can be written."""
        return self.layout.is_blocks or bool(self.layout.kind)


def header(data: bytes, name: str) -> DdsHeader:
    """
    Raises:
        UnreadablePictureError: too short, or impossible sizes.
        UnsupportedPictureError: cube maps, volumes, arrays, kinds that are not handled.
    """
    if len(data) < 128 or struct.unpack_from("<I", data, 4)[0] not in _HEADER_SIZES:
        raise UnreadablePictureError(f"{name} is cut short: its DDS header is incomplete.")
    height, width = struct.unpack_from("<II", data, 12)
    depth, mipmaps = struct.unpack_from("<II", data, 24)
    flags, fourcc = struct.unpack_from("<I4s", data, 80)
    caps = struct.unpack_from("<I", data, 112)[0]
    if width == 0 or height == 0:
        raise UnreadablePictureError(f"{name} is damaged: its header claims {width}x{height} pixels.")
    if caps & _CUBEMAP:
        raise UnsupportedPictureError(f"{name} is a cube map; split it into its six faces first.")
    if caps & _VOLUME and depth > 1:
        raise UnsupportedPictureError(f"{name} is a volume texture of {depth} slices; split it into its slices first.")
    dxgi, start = None, 128
    if not flags & _HAS_FOURCC:
        layout = _plain(data, flags)
    elif fourcc == b"DX10":
        dxgi, layout = _tenth(data, name)
        start = 148
    else:
        layout = _lettered(fourcc, name)
    return DdsHeader(width, height, layout, dxgi, max(1, mipmaps), start, bytes(data[:start]), mipmaps)


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """The top level. `details["dds"]` is its DdsHeader."""
    head = header(data, name)
    limits.check(name, head.width, head.height)
    if head.dxgi is None and not head.writable and struct.unpack_from("<I", data, 80)[0] & _PALETTE:
        return _indexed(data, head, name)
    if not head.writable:
        what = f"DXGI format {head.dxgi}" if head.dxgi is not None else "unknown pixel layout"
        raise UnsupportedPictureError(f"{name} is a DDS of a kind ({what}) that Depixel does not support.")
    pixels = decode(data, head.start, (head.width, head.height), head.layout, name)
    return Picture(
        (pixels,), mode=mode_of(pixels), format="DDS", details={"dds": head, FROM_BLOCKS: head.layout.is_blocks}
    )


def _indexed(data: bytes, head: DdsHeader, name: str) -> Picture:
    pixels = head.start + _PALETTE_BYTES
    raw = np.frombuffer(data[pixels : pixels + head.width * head.height], np.uint8)
    if len(raw) < head.width * head.height:
        raise UnreadablePictureError(f"{name} is cut short: it holds fewer pixels than its header claims.")
    palette = np.frombuffer(data[head.start : pixels], np.uint8).reshape(256, 4).copy()
    indices = raw.reshape(head.height, head.width)
    details = {"dds": head, **twin_details([indices], palette)}
    return Picture((palette[indices],), palette=palette, mode="P", format="DDS", details=details)


# A DX9 header's masks.
def _plain(data: bytes, flags: int) -> Layout:
    bits, *rest = struct.unpack_from("<5I", data, 88)
    red, green, blue, alpha = rest
    masks: Masks = (red, green, blue, alpha if flags & (_ALPHA_PIXELS | _ALPHA_ONLY) else 0)
    if flags & _BUMP:
        return Layout(kind="RGB", bits=bits, masks=(red, green, blue, alpha), signed=True)
    if flags & _ALPHA_ONLY:
        return Layout(kind="GREY", bits=bits, masks=(0, 0, 0, masks[3] or 0xFF))
    if flags & _RGB and not (red and not green and not blue):
        return Layout(kind="RGB", bits=bits, masks=masks)
    # One channel is grey, whatever it is called.
    return Layout(kind="GREY" if flags & (_GREY | _RGB) else "", bits=bits, masks=masks)


def _lettered(fourcc: bytes, name: str) -> Layout:
    if fourcc == _RGBA16:
        return PLAIN[11]
    if fourcc not in _FOURCC:
        letters = fourcc.decode("latin-1")
        number = f"Direct3D format {int.from_bytes(fourcc, 'little')}"
        what = repr(letters) if letters.isprintable() else number
        raise UnsupportedPictureError(f"{name} is a DDS of a kind ({what}) that Depixel does not support.")
    return Layout(
        _FOURCC[fourcc],
        signed=fourcc in (b"BC4S", b"BC5S"),
        premultiplied=fourcc in (b"DXT2", b"DXT4"),
        red_in_alpha=fourcc == b"RXGB",
    )


# A DX10 header: the format's number, and the layout that it stands for.
def _tenth(data: bytes, name: str) -> tuple[int, Layout]:
    if len(data) < 148:
        raise UnreadablePictureError(f"{name} is cut short: its DX10 header is incomplete.")
    dxgi, dimension, misc, layers, alpha = struct.unpack_from("<IIIII", data, 128)
    if misc & 0x4:
        raise UnsupportedPictureError(f"{name} is a cube map; split it into its six faces first.")
    if dimension == 4 and struct.unpack_from("<I", data, 24)[0] > 1:
        raise UnsupportedPictureError(f"{name} is a volume texture; split it into its slices first.")
    if layers > 1:
        raise UnsupportedPictureError(f"{name} is an array of {layers} textures; split it first.")
    if dxgi in PLAIN:
        return dxgi, PLAIN[dxgi]
    blocks = BLOCKS.get(dxgi, "none")
    if blocks == "BC6H":
        raise UnsupportedPictureError(f"{name} is a DDS of a kind (BC6H) that Depixel does not support.")
    weighted = alpha & 7 == _PREMULTIPLIED and blocks in ("BC1", "BC2", "BC3", "BC7")
    return dxgi, Layout(blocks, signed=dxgi in SIGNED, premultiplied=weighted)
