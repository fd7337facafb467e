"""
Reads Aseprite's sprites as frames, with the layers composed as in the editor. The format is not written.

Source: "Aseprite File Format Specifications" (docs/ase-file-specs.md of Aseprite).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files.format import Format, Size
from depixel.files.indexed import Palette, twin_details
from depixel.files.limits import Limits
from depixel.picture import Picture, Pixels

_FILE, _FRAME = 0xA5E0, 0xF1FA
_HEADER, _FRAME_HEADER, _CHUNK_HEADER = 128, 16, 6
_OLD_PALETTE, _LAYER, _CEL, _PALETTE = 0x0004, 0x2004, 0x2005, 0x2019
_RAW, _LINKED, _COMPRESSED = 0, 1, 2
_VISIBLE, _REFERENCE, _GROUP = 1, 64, 1
_HAS_LAYER_OPACITY = 1
_STEPS = {8: 1, 16: 2, 32: 4}  # bits => bytes per pixel


@dataclass
class _Layer:
    visible: bool
    opacity: int
    blend: int


@dataclass
class _Cel:
    layer: int
    left: int
    top: int
    opacity: int
    pixels: Pixels | None  # [h, w, 1, 2 or 4] as stored
    link: int = 0  # the frame whose cel of this layer is shown instead


@dataclass
class _Sprite:
    width: int
    height: int
    bits: int
    clear: int  # the transparent index
    layer_opacity: bool
    palette: Palette
    layers: list[_Layer] = field(default_factory=list)
    frames: list[dict[int, _Cel]] = field(default_factory=list)  # layer => cel
    durations: list[float] = field(default_factory=list)
    levels: list[bool] = field(default_factory=list)  # whether the group of each depth is shown


def recognise(data: bytes) -> bool:
    """Whether the header has Aseprite's magic number and a valid depth."""
    return (
        len(data) >= _HEADER
        and struct.unpack_from("<H", data, 4)[0] == _FILE
        and struct.unpack_from("<H", data, 12)[0] in _STEPS
    )


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    All frames with their durations. An indexed sprite keeps its palette.

    Raises:
        PictureTooLargeError, UnreadablePictureError.
        UnsupportedPictureError: tile maps, and blend modes other than "normal".
    """
    count, width, height, bits, flags = struct.unpack_from("<4HI", data, 6)
    if not width or not height or not count:
        raise UnreadablePictureError(f"{name} is damaged: its header claims {width}x{height} pixels.")
    limits.check(name, width, height, count)
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 3] = 255
    sprite = _Sprite(width, height, bits, data[28], bool(flags & _HAS_LAYER_OPACITY), palette)
    at = _HEADER
    for _ in range(count):
        at = _read_frame(data, at, sprite, name, limits)
    frames = [_shown(sprite, number, name) for number in range(count)]
    moving = len(frames) > 1
    if bits == 8:
        return _indexed(sprite, frames, moving)
    grey = bits == 16
    pixels = tuple(np.ascontiguousarray(frame[..., [0, 3]] if grey else frame) for frame in frames)
    durations = tuple(sprite.durations) if moving else ()
    return Picture(pixels, durations=durations, mode="LA" if grey else "RGBA", format="ASEPRITE")


def _indexed(sprite: _Sprite, frames: list[Pixels], moving: bool) -> Picture:
    palette = sprite.palette.copy()
    palette[sprite.clear, 3] = 0
    used = max(int(frame[..., 0].max()) for frame in frames) + 1
    palette = palette[: max(used, sprite.clear + 1)]
    indices = [np.where(frame[..., 3] > 0, frame[..., 0], sprite.clear).astype(np.uint8) for frame in frames]
    return Picture(
        tuple(palette[index] for index in indices),
        durations=tuple(sprite.durations) if moving else (),
        palette=palette,
        mode="P",
        format="ASEPRITE",
        details=twin_details(indices, palette),
    )


# Adds one frame's chunks to the sprite; returns the position of the next frame.
def _read_frame(data: bytes, at: int, sprite: _Sprite, name: str, limits: Limits) -> int:
    length: int
    cut = UnreadablePictureError(f"{name} is cut short: its end is missing.")
    if at + _FRAME_HEADER > len(data):
        raise cut
    length, magic, old_count, duration, _, count = struct.unpack_from("<I3H2sI", data, at)
    if magic != _FRAME or length < _FRAME_HEADER or at + length > len(data):
        raise cut
    sprite.durations.append(float(duration))
    cels: dict[int, _Cel] = {}
    for kind, body in _chunks(data[at + _FRAME_HEADER : at + length], count or old_count, cut):
        if kind == _LAYER:
            _read_layer(body, sprite)
        elif kind == _PALETTE:
            _read_palette(body, sprite)
        elif kind == _OLD_PALETTE and not sprite.frames:
            _read_old_palette(body, sprite)
        elif kind == _CEL:
            cel = _read_cel(body, sprite, name, limits)
            cels[cel.layer] = cel
    sprite.frames.append(cels)
    return at + length


def _chunks(data: bytes, count: int, cut: UnreadablePictureError) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(count):
        if at + _CHUNK_HEADER > len(data):
            raise cut
        length, kind = struct.unpack_from("<IH", data, at)
        if length < _CHUNK_HEADER or at + length > len(data):
            raise cut
        yield kind, data[at + _CHUNK_HEADER : at + length].ljust(32, b"\0")
        at += length


# A layer is visible if it and all groups around it are.
def _read_layer(body: bytes, sprite: _Sprite) -> None:
    flags, kind, depth, _, _, blend, opacity = struct.unpack_from("<6HB", body)
    outside = sprite.levels[depth - 1] if 0 < depth <= len(sprite.levels) else True
    visible = bool(flags & _VISIBLE) and not flags & _REFERENCE and outside
    sprite.levels[depth:] = [visible]
    sprite.layers.append(_Layer(visible and kind != _GROUP, opacity if sprite.layer_opacity else 255, blend))


def _read_palette(body: bytes, sprite: _Sprite) -> None:
    _, first, last = struct.unpack_from("<3I", body)
    at = 20
    for index in range(first, min(last, 255) + 1):
        if at + 6 > len(body):
            return
        (flags,) = struct.unpack_from("<H", body, at)
        sprite.palette[index] = tuple(body[at + 2 : at + 6])
        at += 6
        if flags & 1 and at + 2 <= len(body):  # a name
            at += 2 + struct.unpack_from("<H", body, at)[0]


def _read_old_palette(body: bytes, sprite: _Sprite) -> None:
    (packets,) = struct.unpack_from("<H", body)
    at, index = 2, 0
    for _ in range(packets):
        if at + 2 > len(body):
            return
        index += body[at]
        count = body[at + 1] or 256
        colours = np.frombuffer(body[at + 2 : at + 2 + 3 * count], np.uint8)
        colours = colours[: len(colours) // 3 * 3].reshape(-1, 3)[: max(0, 256 - index)]
        sprite.palette[index : index + len(colours), :3] = colours
        at, index = at + 2 + 3 * count, index + count


def _read_cel(body: bytes, sprite: _Sprite, name: str, limits: Limits) -> _Cel:
    layer, left, top, opacity, kind = struct.unpack_from("<HhhBH", body)
    if layer >= len(sprite.layers):
        raise UnreadablePictureError(f"{name} is damaged: it has a cel of a layer that does not exist.")
    if kind == _LINKED:
        return _Cel(layer, left, top, opacity, None, struct.unpack_from("<H", body, 16)[0])
    if kind not in (_RAW, _COMPRESSED):
        raise UnsupportedPictureError(
            f"{name} has tile maps, which Depixel does not support; flatten it or export it as PNG."
        )
    width, height = struct.unpack_from("<HH", body, 16)
    step = _STEPS[sprite.bits]
    limits.check(name, width, height)
    raw = body[20:]
    if kind == _COMPRESSED:
        try:
            raw = zlib.decompressobj().decompress(raw, max(1, width * height * step))
        except zlib.error as error:
            raise UnreadablePictureError(f"{name} is damaged: {error}.") from error
    if len(raw) < width * height * step:
        raise UnreadablePictureError(f"{name} is cut short: one of its cels holds fewer pixels than its header claims.")
    pixels = np.frombuffer(raw, np.uint8, width * height * step).reshape(height, width, step)
    return _Cel(layer, left, top, opacity, pixels)


# [H, W, 4] straight RGBA of one frame; for an indexed sprite, R holds the index.
def _shown(sprite: _Sprite, number: int, name: str) -> Pixels:
    canvas: Pixels = np.zeros((sprite.height, sprite.width, 4), np.uint8)
    for index, layer in enumerate(sprite.layers):
        cel = sprite.frames[number].get(index)
        if cel is not None and cel.pixels is None:
            linked = sprite.frames[cel.link].get(index) if cel.link < len(sprite.frames) else None
            cel = linked if linked is not None and linked.pixels is not None else None
        if cel is None or cel.pixels is None or not layer.visible:
            continue
        if layer.blend and sprite.bits != 8:
            raise UnsupportedPictureError(
                f"{name} has layers with blend modes other than normal, which Depixel does not support; export it as "
                f"PNG."
            )
        _lay_over(canvas, cel, layer.opacity * cel.opacity / 255, sprite)
    return canvas


def _lay_over(canvas: Pixels, cel: _Cel, opacity: float, sprite: _Sprite) -> None:
    assert cel.pixels is not None
    top, left = max(0, cel.top), max(0, cel.left)
    bottom, right = cel.top + cel.pixels.shape[0], cel.left + cel.pixels.shape[1]
    below = canvas[top : max(0, bottom), left : max(0, right)]
    stored = cel.pixels[top - cel.top :, left - cel.left :][: below.shape[0], : below.shape[1]]
    if not stored.size:
        return
    if sprite.bits == 8:
        opaque = stored[..., 0] != sprite.clear
        below[opaque] = np.concatenate([stored.repeat(3, 2), np.full_like(stored, 255)], 2)[opaque]
        return
    colour = stored[..., :1].repeat(3, 2) if sprite.bits == 16 else stored[..., :3]
    alpha = stored[..., -1:].astype(np.float64) * (opacity / 255) / 255
    under = below[..., 3:].astype(np.float64) / 255 * (1 - alpha)
    together = alpha + under
    mixed = (colour * alpha + below[..., :3] * under) / np.maximum(together, 1e-9)
    below[:] = np.rint(np.concatenate([np.where(together > 0, mixed, 0), together * 255], 2)).astype(np.uint8)


def _size(head: bytes) -> Size | None:
    return struct.unpack_from("<HH", head, 8) if len(head) >= _HEADER else None


FORMAT = Format(
    name="ASEPRITE",
    label="Aseprite",
    endings=(".aseprite", ".ase"),
    recognise=recognise,
    media_type="image/x-aseprite",
    read=read,
    from_folders=False,
    size=_size,
)
