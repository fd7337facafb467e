"""Uncompressed DDS: pixels as numbers of which each channel takes some bits (a mask), in both directions."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from depixel.errors import UnreadablePictureError
from depixel.picture import Pixels

Masks = tuple[int, int, int, int]
"""Bits of R, G, B and A; 0 = no such channel. Grey has its mask in R."""

LAYOUTS: dict[int, tuple[str, int, Masks]] = {
    11: ("RGB", 64, (0xFFFF, 0xFFFF << 16, 0xFFFF << 32, 0xFFFF << 48)),
    24: ("RGB", 32, (0x3FF, 0x3FF << 10, 0x3FF << 20, 3 << 30)),
    27: ("RGB", 32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    28: ("RGB", 32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    29: ("RGB", 32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    35: ("RGB", 32, (0xFFFF, 0xFFFF << 16, 0, 0)),
    49: ("RGB", 16, (0xFF, 0xFF00, 0, 0)),
    56: ("GREY", 16, (0xFFFF, 0, 0, 0)),
    61: ("GREY", 8, (0xFF, 0, 0, 0)),
    65: ("GREY", 8, (0, 0, 0, 0xFF)),
    85: ("RGB", 16, (0xF800, 0x7E0, 0x1F, 0)),
    86: ("RGB", 16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    87: ("RGB", 32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    88: ("RGB", 32, (0xFF0000, 0xFF00, 0xFF, 0)),
    90: ("RGB", 32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    91: ("RGB", 32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    93: ("RGB", 32, (0xFF0000, 0xFF00, 0xFF, 0)),
    115: ("RGB", 16, (0xF00, 0xF0, 0xF, 0xF000)),
}
"""Format number of a DX10 header => how its pixels are stored."""

_DXGI_RGBA, _DXGI_RGBA_SRGB, _DXGI_GREY = 28, 29, 61
_ALPHA_PIXELS, _FOURCC, _RGB, _GREY = 0x1, 0x4, 0x40, 0x20000


def unpack(data: bytes, start: int, size: tuple[int, int], kind: str, bits: int, masks: Masks, name: str) -> Pixels:
    """
    The top level of an uncompressed texture.

    Args:
        start: of the pixels in the file.
        size: (height, width).
        kind: "RGB" or "GREY".
        bits: a pixel: 8, 16, 24, 32 or 64.

    Returns:
        [H, W, 1 ... 4] uint8, uint16 when a channel has more than 8 bits. Alpha alone becomes white with alpha.

    Raises:
        UnreadablePictureError: too few bytes, or masks that contradict each other.
    """
    height, width = size
    step = bits // 8
    wanted = masks[:1] if kind == "GREY" else masks[:3]
    every = [mask for mask in (*wanted, masks[3]) if mask]
    if bits not in (8, 16, 24, 32, 64) or not every or any(mask >> bits for mask in every):
        raise UnreadablePictureError(f"{name} is damaged: its DDS header describes pixels that cannot be.")
    if any(mask & (mask + (mask & -mask)) for mask in every) or max(_width(mask) for mask in every) > 16:
        raise UnreadablePictureError(f"{name} is damaged: its DDS header describes pixels that cannot be.")
    if len(data) < start + height * width * step:
        raise UnreadablePictureError(
            f"{name} says it is {width}x{height} pixels large but holds fewer; it is damaged or cut short."
        )
    stored = np.frombuffer(data, np.uint8, height * width * step, start).reshape(height, width, step)
    deep = max(_width(mask) for mask in every) > 8
    full = 65535 if deep else 255
    dtype = np.uint16 if deep else np.uint8
    channels = []
    for mask in (*wanted, masks[3]) if masks[3] else wanted:
        channels.append(_channel(stored, mask, full).astype(dtype))
    if not any(wanted):
        channels[0] = np.full_like(channels[-1], full)
    return np.stack(channels, axis=-1)


def pack(pixels: Pixels, kind: str, bits: int, masks: Masks) -> bytes:
    """
    One level as `unpack` reads it; bits that belong to no channel are set, as most programs leave them.

    Args:
        pixels: [H, W, C] uint8 or uint16, of the channels that `unpack` gives for these masks.
    """
    wanted = (*(masks[:1] if kind == "GREY" else masks[:3]), *((masks[3],) if masks[3] else ()))
    full = int(np.iinfo(pixels.dtype).max)
    free = (1 << bits) - 1
    for mask in wanted:
        free &= ~mask
    value = np.full(pixels.shape[:2], free, np.uint64)
    for channel, mask in zip(range(pixels.shape[2]), wanted, strict=True):
        if mask:
            most = 2 ** _width(mask) - 1
            level = (pixels[..., channel].astype(np.uint64) * np.uint64(most) + np.uint64(full // 2)) // np.uint64(full)
            value |= level << np.uint64((mask & -mask).bit_length() - 1)
    return value.astype("<u8")[..., None].view(np.uint8)[..., : bits // 8].tobytes()


def encode(pixels: Pixels, dxgi: int | None, srgb: bool) -> bytes:
    """
    One level without compression: with a DX10 header when the source had one (then RGBA or grey), else with a DX9 one
    in the source's channels.

    Args:
        pixels: [H, W, C] uint8.
    """
    height, width, channels = pixels.shape
    extra = b""
    if dxgi is not None:
        if channels > 1:
            pixels = _rgba(pixels)
        number = _DXGI_GREY if channels == 1 else _DXGI_RGBA_SRGB if srgb else _DXGI_RGBA
        extra = struct.pack("<5I", number, 3, 0, 1, 0)
        form = struct.pack("<2I4s5I", 32, _FOURCC, b"DX10", 0, 0, 0, 0, 0)
    elif channels <= 2:
        masks = (0xFF, 0, 0, 0xFF00 if channels == 2 else 0)
        form = struct.pack("<8I", 32, _GREY | (channels == 2), 0, 8 * channels, *masks)
    else:
        alpha = channels == 4
        pixels = pixels[..., [2, 1, 0, 3] if alpha else [2, 1, 0]]
        masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000 if alpha else 0)
        form = struct.pack("<8I", 32, _RGB | (_ALPHA_PIXELS if alpha else 0), 0, 8 * channels, *masks)
    pitch = width * pixels.shape[2]
    # Caps, height, width, pitch and pixel format are given (0x100F).
    head = struct.pack("<7I", 124, 0x100F, height, width, pitch, 0, 1) + bytes(44) + form
    return b"DDS " + head + struct.pack("<5I", 0x1000, 0, 0, 0, 0) + extra + np.ascontiguousarray(pixels).tobytes()


def _channel(stored: Pixels, mask: int, full: int) -> Pixels:
    if not mask:
        return np.zeros(stored.shape[:2], np.uint32)
    low = (mask & -mask).bit_length() - 1
    if full == 255 and _width(mask) == 8 and low % 8 == 0:
        return stored[..., low // 8]  # most files: nothing to compute
    value = np.zeros(stored.shape[:2], np.uint64)
    for byte in range(low // 8, -(-mask.bit_length() // 8)):
        value |= stored[..., byte].astype(np.uint64) << np.uint64(8 * byte)
    most = 2 ** _width(mask) - 1
    value = value >> np.uint64(low) & np.uint64(most)
    return np.asarray((value * np.uint64(full) + np.uint64(most // 2)) // np.uint64(most), np.uint32)


def _width(mask: int) -> int:
    return mask.bit_length() - (mask & -mask).bit_length() + 1


def _rgba(pixels: Pixels) -> Pixels:
    colour: Sequence[int] = (0, 0, 0) if pixels.shape[2] <= 2 else (0, 1, 2)
    alpha = pixels[..., -1:] if pixels.shape[2] in (2, 4) else np.full_like(pixels[..., :1], 255)
    return np.concatenate([pixels[..., colour], alpha], axis=2)
