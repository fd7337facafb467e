"""
Layouts of textures: reads and writes the pixels of one mipmap level of DDS, KTX and VTF, in blocks (BC1 to BC5, BC7) or
as plain integers. Pillow decodes the blocks, except signed ones, which it misinterprets.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass

import numpy as np

from depixel.errors import UnreadablePictureError
from depixel.files import plain_pixels
from depixel.files.bit_fields import Masks
from depixel.files.block_channel import decode_signed, encode_bc2_alpha, encode_channel
from depixel.files.block_colour import encode_bc1, encode_colours
from depixel.files.block_seven import encode_bc7
from depixel.files.limits import Limits
from depixel.files.pillow_reading import read as read_by_pillow
from depixel.picture import Pixels

_BLOCK_BYTES = {"BC1": 8, "BC2": 16, "BC3": 16, "BC4": 8, "BC5": 16, "BC7": 16}
_LETTERS = {"BC1": b"DXT1", "BC2": b"DXT3", "BC3": b"DXT5", "BC4": b"ATI1", "BC5": b"ATI2", "BC7": b"DX10"}
_HAS_FOURCC, _BC7_UNORM = 0x4, 98


@dataclass(frozen=True)
class Layout:
    """How the pixels of a level are stored."""

    compression: str = "none"
    """BC1, BC2, BC3, BC4, BC5, BC7, or "none"."""
    kind: str = ""
    """Without compression: RGB or GREY."""
    bits: int = 0
    """Without compression: of a pixel."""
    masks: Masks = (0, 0, 0, 0)
    """Without compression: the bits of each channel."""
    signed: bool = False
    """Values represent -1 ... 1; here they are 0 ... 255, with 128 for 0."""
    premultiplied: bool = False
    """The file's colours are premultiplied by alpha; those of a `Picture` never are."""
    red_in_alpha: bool = False
    """BC3 with red in the alpha channel (RXGB), which is more accurate for red; here it is plain RGB."""

    @property
    def is_blocks(self) -> bool:
        return self.compression != "none"

    @property
    def is_vector(self) -> bool:
        """Whether only x and y of a unit vector are stored, from which z follows."""
        return self.compression == "BC5" or (self.signed and self.kind == "RGB" and not self.masks[2])

    def level_bytes(self, width: int, height: int) -> int:
        """Bytes of one level of this size."""
        if self.is_blocks:
            return -(-width // 4) * -(-height // 4) * _BLOCK_BYTES[self.compression]
        return width * height * self.bits // 8


def decode(data: bytes, start: int, size: tuple[int, int], layout: Layout, name: str) -> Pixels:
    """
    One level.

    Args:
        data: the file; the level begins at byte `start`.
        size: (width, height), already checked against the limits.

    Returns:
        [H, W, 1 ... 4] uint8, or uint16 if a channel has more than 8 bits.

    Raises:
        UnreadablePictureError: too few bytes, or a layout that contradicts itself.
    """
    width, height = size
    if not layout.is_blocks:
        pixels = plain_pixels.unpack(data, start, (height, width), layout, name)
    elif len(data) < start + layout.level_bytes(width, height):
        raise UnreadablePictureError(
            f"{name} is damaged or cut short: it holds fewer pixels than the {width}x{height} that it claims."
        )
    elif layout.signed:
        pixels = _signed_blocks(data, start, size, layout)
    else:
        pixels = _blocks(data, start, size, layout, name)
    if layout.is_vector:
        return _with_third(pixels)
    if layout.premultiplied and pixels.shape[2] == 4:
        return _unweighted(pixels)
    return np.ascontiguousarray(pixels[..., [3, 1, 2]]) if layout.red_in_alpha else pixels


def encode_level(pixels: Pixels, layout: Layout) -> bytes:
    """Encode one level, [H, W, 1 ... 4] with the depth that `decode` returns for this layout."""
    if not layout.is_blocks:
        return plain_pixels.pack(_fitting(pixels, layout), layout)
    if layout.red_in_alpha:
        rgba = rgba_of(pixels)
        pixels = np.concatenate([np.zeros_like(rgba[..., :1]), rgba[..., 1:3], rgba[..., :1]], 2)
    elif layout.premultiplied and pixels.shape[2] == 4:
        colour = np.rint(pixels[..., :3] * (pixels[..., 3:] / 255.0)).astype(np.uint8)
        pixels = np.concatenate([colour, pixels[..., 3:]], 2)
    if layout.compression == "BC4":
        return encode_channel(pixels[..., 0], layout.signed).tobytes()
    if layout.compression == "BC5":
        second = pixels[..., min(1, pixels.shape[2] - 1)]
        halves = [encode_channel(plane, layout.signed) for plane in (pixels[..., 0], second)]
        return np.concatenate(halves, 1).tobytes()
    rgba = rgba_of(pixels)
    if layout.compression == "BC1":
        return encode_bc1(rgba)
    if layout.compression == "BC7":
        return _bc7(rgba)
    alpha = encode_bc2_alpha(rgba[..., 3]) if layout.compression == "BC2" else encode_channel(rgba[..., 3])
    # If alpha is a coordinate, all pixels are equally visible.
    colours = encode_colours(rgba[..., :3] if layout.red_in_alpha else rgba)
    return np.concatenate([alpha, colours], 1).tobytes()


def mode_of(pixels: Pixels) -> str:
    """`Picture.mode` of plain pixels of this shape and depth."""
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
    if pixels.dtype == np.uint16:
        return "I;16" if mode == "L" else f"{mode};16"
    return mode


def rgba_of(pixels: Pixels) -> Pixels:
    """[H, W, 4]: grey is repeated, and missing alpha is opaque."""
    if pixels.shape[2] == 4:
        return pixels
    colour = pixels[..., :1].repeat(3, 2) if pixels.shape[2] <= 2 else pixels
    alpha = pixels[..., 1:] if pixels.shape[2] == 2 else np.full_like(pixels[..., :1], np.iinfo(pixels.dtype).max)
    return np.concatenate([colour, alpha], 2)


def has_bc7_encoder() -> bool:
    """Whether the package that writes BC7 with all its modes is installed."""
    return importlib.util.find_spec("etcpak") is not None


# The blocks as a DDS file, which Pillow can read.
def _blocks(data: bytes, start: int, size: tuple[int, int], layout: Layout, name: str) -> Pixels:
    width, height = size
    head = struct.pack("<7I", 124, 0x1007, height, width, 0, 0, 1) + bytes(44)
    head += struct.pack("<2I4s5I", 32, _HAS_FOURCC, _LETTERS[layout.compression], 0, 0, 0, 0, 0)
    head += struct.pack("<5I", 0x1000, 0, 0, 0, 0)
    if layout.compression == "BC7":
        head += struct.pack("<5I", _BC7_UNORM, 3, 0, 1, 0)
    body = data[start : start + layout.level_bytes(width, height)]
    return read_by_pillow(b"DDS " + head + body, "DDS", name, Limits(pixels=width * height, side=2**31)).frames[0]


def _signed_blocks(data: bytes, start: int, size: tuple[int, int], layout: Layout) -> Pixels:
    channels = 1 if layout.compression == "BC4" else 2
    rows, columns = -(-size[1] // 4), -(-size[0] // 4)
    blocks = np.frombuffer(data, np.uint8, 8 * channels * rows * columns, start).reshape(-1, channels, 8)
    planes = []
    for channel in range(channels):
        cells = decode_signed(np.ascontiguousarray(blocks[:, channel])).reshape(rows, columns, 4, 4)
        planes.append(cells.swapaxes(1, 2).reshape(4 * rows, 4 * columns)[: size[1], : size[0]])
    return np.stack(planes, 2)


# z makes the length of the normal 1; with it, the picture looks like other normal maps.
def _with_third(pixels: Pixels) -> Pixels:
    full = int(np.iinfo(pixels.dtype).max)
    flat = pixels[..., :2].astype(np.float32) / (full / 2) - 1
    rest = 1 - (flat**2).sum(-1, keepdims=True)
    z = np.sqrt(np.maximum(rest, 0)) / 2 + 0.5 if float((rest > -0.1).mean()) > 0.95 else np.zeros_like(rest)
    return np.concatenate([pixels[..., :2], np.rint(z * full).astype(pixels.dtype)], 2)


def _unweighted(pixels: Pixels) -> Pixels:
    alpha = np.maximum(pixels[..., 3:].astype(np.float32), 1)
    colour = np.minimum(np.rint(pixels[..., :3] * (255 / alpha)), 255).astype(np.uint8)
    return np.concatenate([colour, pixels[..., 3:]], 2)


# The channels that an uncompressed layout can hold.
def _fitting(pixels: Pixels, layout: Layout) -> Pixels:
    colours, alpha = (1 if layout.kind == "GREY" else 3), bool(layout.masks[3])
    if pixels.shape[2] == colours + alpha:
        return pixels
    rgba = rgba_of(pixels)
    return rgba[..., [*range(colours), 3]] if alpha else rgba[..., :colours]


def _bc7(rgba: Pixels) -> bytes:
    if not has_bc7_encoder():
        return encode_bc7(rgba)
    import etcpak

    height, width = rgba.shape[:2]
    padded = np.pad(rgba, ((0, -height % 4), (0, -width % 4), (0, 0)), mode="edge")
    parameters = etcpak.BC7CompressBlockParams()
    return bytes(etcpak.compress_bc7(padded.tobytes(), padded.shape[1], padded.shape[0], parameters))
