"""Packs and unpacks uncompressed pixels of textures: integers in which each channel occupies some bits."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from depixel.errors import UnreadablePictureError
from depixel.files.bit_fields import Masks, channel, is_legal, packed, width_of
from depixel.picture import Pixels


class PlainLayout(Protocol):
    """The part of `textures.Layout` that this module needs."""

    @property
    def kind(self) -> str: ...
    @property
    def bits(self) -> int: ...
    @property
    def masks(self) -> Masks: ...
    @property
    def signed(self) -> bool: ...


def unpack(data: bytes, start: int, size: tuple[int, int], layout: PlainLayout, name: str) -> Pixels:
    """
    One level.

    Args:
        start: of the level in the file.
        size: (height, width).

    Returns:
        [H, W, 1 ... 4] uint8, or uint16 if a channel has more than 8 bits. Alpha alone becomes white with alpha.

    Raises:
        UnreadablePictureError: too few bytes, or masks that contradict each other.
    """
    height, width = size
    bits, alpha = layout.bits, layout.masks[3]
    colours = layout.masks[:1] if layout.kind == "GREY" else layout.masks[:3]
    every = [mask for mask in (*colours, alpha) if mask]
    if bits not in (8, 16, 24, 32, 48, 64) or not every or not all(is_legal(mask, bits) for mask in every):
        raise UnreadablePictureError(f"{name} is damaged: its header describes impossible pixels.")
    if len(data) < start + height * width * bits // 8:
        raise UnreadablePictureError(
            f"{name} is damaged or cut short: it holds fewer pixels than the {width}x{height} that it claims."
        )
    stored = np.frombuffer(data, np.uint8, height * width * bits // 8, start).reshape(height, width, bits // 8)
    deep = max(width_of(mask) for mask in every) > 8
    full, dtype = (65535, np.uint16) if deep else (255, np.uint8)
    planes = [_plane(stored, mask, full, layout.signed).astype(dtype) for mask in colours]
    if alpha:
        planes.append(_plane(stored, alpha, full, layout.signed).astype(dtype))
    if not any(colours):
        planes[0] = np.full_like(planes[-1], full)
    return np.stack(planes, axis=-1)


def pack(pixels: Pixels, layout: PlainLayout) -> bytes:
    """
    The inverse of `unpack` for one level; bits that belong to no channel are set, as in most programs.

    Args:
        pixels: [H, W, C] uint8 or uint16, with the channels that `unpack` returns for this layout.
    """
    colours = layout.masks[:1] if layout.kind == "GREY" else layout.masks[:3]
    masks = (*colours, *((layout.masks[3],) if layout.masks[3] else ()))
    full = int(np.iinfo(pixels.dtype).max)
    free = (1 << layout.bits) - 1
    for mask in masks:
        free &= ~mask
    value = np.full(pixels.shape[:2], free, np.uint64)
    for number, mask in zip(range(pixels.shape[2]), masks, strict=True):
        if mask:
            value |= packed(pixels[..., number], mask, full, layout.signed)
    return value.astype("<u8")[..., None].view(np.uint8)[..., : layout.bits // 8].tobytes()


# Most files have whole bytes, which need no computation.
def _plane(stored: Pixels, mask: int, full: int, signed: bool) -> Pixels:
    low = (mask & -mask).bit_length() - 1
    if mask and full == 255 and width_of(mask) == 8 and low % 8 == 0 and not signed:
        return stored[..., low // 8]
    return channel(stored, mask, full, signed)
