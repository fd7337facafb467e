"""
DirectDraw Surface: header facts for writing the same kind again (`dds_writing`), and the top level of the mip chain.

Pillow decodes the blocks (BC1 to BC5, BC7); the header is read here because Pillow does not tell which kind it was, the
signed blocks because it takes them for something else, and the uncompressed kinds in `dds_plain` because it knows few.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import dds_plain, pillow_reading
from depixel.files.block_channel import decode_signed
from depixel.files.dds_plain import LAYOUTS, Masks
from depixel.files.limits import Limits
from depixel.picture import Picture, Pixels

_FOURCC = {b"DXT1": "BC1", b"DXT2": "BC2", b"DXT3": "BC2", b"DXT4": "BC3", b"DXT5": "BC3", b"ATI1": "BC4",
           b"BC4U": "BC4", b"BC4S": "BC4", b"ATI2": "BC5", b"BC5U": "BC5", b"BC5S": "BC5"}  # fmt: skip
_DXGI = {70: "BC1", 71: "BC1", 72: "BC1", 73: "BC2", 74: "BC2", 75: "BC2", 76: "BC3", 77: "BC3", 78: "BC3",
         79: "BC4", 80: "BC4", 81: "BC4", 82: "BC5", 83: "BC5", 84: "BC5", 94: "BC6H", 95: "BC6H", 96: "BC6H",
         97: "BC7", 98: "BC7", 99: "BC7"}  # fmt: skip
_DXGI_SRGB = {29, 72, 75, 78, 91, 93, 99}
_LETTERS = {"BC1": b"DXT1", "BC2": b"DXT3", "BC3": b"DXT5", "BC4": b"ATI1", "BC5": b"ATI2"}
_CUBEMAP, _VOLUME = 0x200, 0x200000
_SIGNED_BC4, _SIGNED_BC5, _BC7 = 81, 84, 98
_PREMULTIPLIED = 2  # DX10: alpha mode
_ALPHA_PIXELS, _ALPHA_ONLY, _HAS_FOURCC, _RGB, _GREY = 0x1, 0x2, 0x4, 0x40, 0x20000
_RGBA16 = struct.pack("<I", 36)  # Direct3D 9's number of A16B16G16R16 in the place of the four letters


@dataclass(frozen=True)
class DdsHeader:
    """What a DDS says about itself."""

    width: int
    height: int
    compression: str  # "BC1" ... "BC7", or "none"
    fourcc: bytes  # as written; b"" when uncompressed
    dxgi: int | None  # format number of the DX10 header, None with a DX9 header
    srgb: bool
    mipmaps: int  # levels in the file, at least 1
    bits: int  # per pixel, when uncompressed
    masks: Masks = (0, 0, 0, 0)  # bits of R, G, B, A, when uncompressed with a DX9 header
    kind: str = ""  # RGB or GREY when uncompressed and understood here
    start: int = 128  # of the pixels in the file
    raw: bytes = b""  # the header as it is, up to the pixels
    told_mipmaps: int = 1  # levels as written: 0 and 1 mean the same
    signed: bool = False  # BC4, BC5: -1 ... 1, shown here as 0 ... 255
    premultiplied: bool = False  # the file's colours are weighted by alpha; ours never are


def header(data: bytes, name: str) -> DdsHeader:
    """
    Raises:
        UnreadablePictureError: too short, or impossible sizes.
        UnsupportedPictureError: cube maps, volumes, arrays.
    """
    if len(data) < 128 or struct.unpack_from("<I", data, 4)[0] != 124:
        raise UnreadablePictureError(f"{name} is cut short: its DDS header is not whole.")
    height, width = struct.unpack_from("<II", data, 12)
    mipmaps = struct.unpack_from("<I", data, 28)[0]
    flags, fourcc, bits = struct.unpack_from("<I4sI", data, 80)
    caps = struct.unpack_from("<I", data, 112)[0]
    if width == 0 or height == 0:
        raise UnreadablePictureError(f"{name} says it is {width}x{height} pixels large; it is damaged.")
    if caps & _CUBEMAP:
        raise UnsupportedPictureError(f"{name} is a cube map; split it into its six faces first.")
    if caps & _VOLUME:
        raise UnsupportedPictureError(f"{name} is a volume texture, which is not handled.")
    dxgi, compression = None, "none"
    masks: Masks = struct.unpack_from("<4I", data, 92)
    kind, start = "", 128
    if not flags & _HAS_FOURCC:
        kind = "RGB" if flags & _RGB else "GREY" if flags & (_GREY | _ALPHA_ONLY) else ""
        masks = (*masks[:3], masks[3] if flags & (_ALPHA_PIXELS | _ALPHA_ONLY) else 0)
        masks = (0, 0, 0, masks[3] or 0xFF) if flags & _ALPHA_ONLY else masks
        if kind == "RGB" and masks[0] and not masks[1] and not masks[2]:
            kind = "GREY"  # one channel, whatever it is called
    elif fourcc == _RGBA16:
        kind, bits, masks = LAYOUTS[11]
    else:
        compression = _FOURCC.get(fourcc, "")
        if fourcc == b"DX10":
            if len(data) < 148:
                raise UnreadablePictureError(f"{name} is cut short: its DX10 header is not whole.")
            dxgi, dimension, misc, layers = struct.unpack_from("<IIII", data, 128)
            if misc & 0x4:
                raise UnsupportedPictureError(f"{name} is a cube map; split it into its six faces first.")
            if dimension == 4:
                raise UnsupportedPictureError(f"{name} is a volume texture, which is not handled.")
            if layers > 1:
                raise UnsupportedPictureError(f"{name} is an array of {layers} textures; split it first.")
            compression, start = _DXGI.get(dxgi, "none"), 148
            if dxgi in LAYOUTS:
                kind, bits, masks = LAYOUTS[dxgi]
        if compression in ("", "BC6H"):
            letters = fourcc.decode("latin-1")
            number = f"Direct3D format {int.from_bytes(fourcc, 'little')}"
            what = compression or (repr(letters) if letters.isprintable() else number)
            raise UnsupportedPictureError(f"{name} is a DDS of a kind ({what}) that is not handled.")
    signed = dxgi in (_SIGNED_BC4, _SIGNED_BC5) if dxgi else fourcc in (b"BC4S", b"BC5S")
    weighted = struct.unpack_from("<I", data, 144)[0] & 7 == _PREMULTIPLIED if dxgi else fourcc in (b"DXT2", b"DXT4")
    return DdsHeader(
        width=width,
        height=height,
        compression=compression,
        fourcc=fourcc if flags & _HAS_FOURCC else b"",
        dxgi=dxgi,
        srgb=dxgi in _DXGI_SRGB,
        mipmaps=max(1, mipmaps),
        bits=bits,
        masks=masks,
        kind=kind,
        start=start,
        raw=bytes(data[:start]),
        told_mipmaps=mipmaps,
        signed=signed,
        premultiplied=weighted and compression in ("BC1", "BC2", "BC3", "BC7"),
    )


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """The top level. `details["dds"]` is its DdsHeader."""
    found = header(data, name)
    limits.check(name, found.width, found.height)
    if found.kind:
        size = (found.height, found.width)
        pixels = dds_plain.unpack(data, found.start, size, found.kind, found.bits, found.masks, name)
        mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
        if pixels.dtype == np.uint16:
            mode = "I;16" if mode == "L" else f"{mode};16"
        return Picture((pixels,), mode=mode, format="DDS", details={"dds": found})
    if found.compression == "none" and (found.dxgi is not None or not _palette(data)):
        what = f"DXGI format {found.dxgi}" if found.dxgi is not None else "unknown pixel layout"
        raise UnsupportedPictureError(f"{name} is a DDS of a kind ({what}) that is not handled.")
    if found.signed:
        return _as_vectors(_signed(data, found, name), found)
    if found.compression in _LETTERS:  # the same blocks under a header that every Pillow knows
        data = data[:84] + _LETTERS[found.compression] + data[88:128] + data[found.start :]
    elif found.compression == "BC7":
        data = data[:128] + struct.pack("<I", _BC7) + data[132:]
    picture = pillow_reading.read(data, "DDS", name, limits)
    if found.premultiplied and picture.channels == 4:
        picture = picture.replace(frames=(_unweighted(picture.frames[0]),))
    return _as_vectors(picture, found)


# BC5 holds x and y of normals: z is what makes their length 1, and what the picture looks like to everyone else.
def _as_vectors(picture: Picture, found: DdsHeader) -> Picture:
    frames = picture.frames
    if found.compression == "BC5":
        flat = frames[0][..., :2].astype(np.float32) / 127.5 - 1
        rest = 1 - (flat**2).sum(-1, keepdims=True)
        z = np.sqrt(np.maximum(rest, 0)) / 2 + 0.5 if float((rest > -0.1).mean()) > 0.95 else np.zeros_like(rest)
        frames = (np.concatenate([frames[0][..., :2], np.rint(z * 255).astype(np.uint8)], 2),)
    mode = {1: "L", 3: "RGB"}.get(frames[0].shape[2], picture.mode)
    return picture.replace(frames=frames, mode=mode, details={**picture.details, "dds": found})


def _signed(data: bytes, found: DdsHeader, name: str) -> Picture:
    channels = 1 if found.compression == "BC4" else 2
    rows, columns = -(-found.height // 4), -(-found.width // 4)
    wanted = 8 * channels * rows * columns
    if len(data) < found.start + wanted:
        raise UnreadablePictureError(f"{name} is cut short: it holds fewer pixels than its header says.")
    blocks = np.frombuffer(data, np.uint8, wanted, found.start).reshape(-1, channels, 8)
    planes = []
    for channel in range(channels):
        cells = decode_signed(np.ascontiguousarray(blocks[:, channel])).reshape(rows, columns, 4, 4)
        planes.append(cells.swapaxes(1, 2).reshape(4 * rows, 4 * columns)[: found.height, : found.width])
    return Picture((np.stack(planes, 2),), format="DDS")


def _unweighted(pixels: Pixels) -> Pixels:
    alpha = np.maximum(pixels[..., 3:].astype(np.float32), 1)
    colour = np.minimum(np.rint(pixels[..., :3] * (255 / alpha)), 255).astype(np.uint8)
    return np.concatenate([colour, pixels[..., 3:]], 2)


def _palette(data: bytes) -> bool:
    return bool(struct.unpack_from("<I", data, 80)[0] & 0x20)
