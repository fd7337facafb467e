"""
Reads GIF (89a): all frames as a viewer shows them, their durations and the palette.

The container is parsed here, and Pillow only decompresses (LZW) single frames: by itself, it reads a half-copied file
as a short animation.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import GifImagePlugin

from depixel.errors import UnreadablePictureError
from depixel.files.animation import CLEAR, KEEP, RESTORE, Canvas, Region
from depixel.files.indexed import Palette, colours, twin_details
from depixel.files.limits import Limits
from depixel.files.pillow_reading import decoding, without_pillows_limit
from depixel.picture import Picture, Pixels

LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
"""Application blocks with the number of repetitions."""

PROFILE = b"ICCRGBG1012"
"""The application block of a colour profile."""

_DISPOSE = {2: CLEAR, 3: RESTORE}


@dataclass
class _Frame:
    region: Region
    interlaced: bool
    palette: Palette  # [N, 4]
    lzw: bytes  # code size and sub-blocks


@dataclass
class _Contents:
    width: int
    height: int
    palette: Palette | None = None
    frames: list[_Frame] = field(default_factory=list)
    loop: int = 1
    profile: bytes | None = None
    text: dict[str, str] = field(default_factory=dict)
    pixels: int = 0  # in all frames as stored


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    Decode. `Picture.palette` is the file's own if all frames share it, otherwise all colours if there are at most 256.

    Raises:
        PictureTooLargeError, UnreadablePictureError.
    """
    contents = _parse(data, name, limits)
    parts = [(frame, *_inside(frame, contents)) for frame in contents.frames]
    canvas = Canvas(contents.width, contents.height)
    screens = [canvas.show(_coloured(indices, frame), region) for frame, indices, region in parts]
    palette = _common(contents.frames, screens)
    moving = len(screens) > 1
    details = {}
    if palette is not None and palette is contents.frames[0].palette:
        canvas_of_indices = Canvas(contents.width, contents.height)
        indices_seen = [
            canvas_of_indices.show(_numbers(indices, frame), region)[..., 0] for frame, indices, region in parts
        ]
        details = twin_details(indices_seen, palette)
    frames = canvas.without_needless_alpha(screens)
    return Picture(
        frames=tuple(frames),
        durations=tuple(frame.region.duration for frame in contents.frames) if moving else (),
        loop=contents.loop if moving else 0,
        palette=palette,
        mode="P" if palette is not None else "RGB" if frames[0].shape[2] == 3 else "RGBA",
        format="GIF",
        icc_profile=contents.profile,
        text=contents.text,
        details=details,
    )


def _parse(data: bytes, name: str, limits: Limits) -> _Contents:
    cut = UnreadablePictureError(f"{name} is cut short: its end is missing.")
    if len(data) < 13:
        raise cut
    width, height, packed = struct.unpack_from("<HHB", data, 6)
    contents = _Contents(width, height)
    at = 13
    if packed & 0x80:
        contents.palette, at = _read_table(data, at, packed)
    dispose, duration, clear = KEEP, 0.0, -1
    behind_frame = False
    # A file may end right after a frame: some writers omit the last byte.
    while at < len(data) or not behind_frame:
        kind = data[at : at + 1]
        if kind == b"\x3b" and contents.frames:
            break
        if kind == b"\x21":
            behind_frame = False
            body, end = joined(data, at + 2)
            label = data[at + 1 : at + 2]
            if end > len(data):
                raise cut
            if label == b"\xf9" and len(body) >= 4:
                flags, hundredths, key = struct.unpack_from("<BHB", body)
                dispose, duration = _DISPOSE.get(flags >> 2 & 7, KEEP), 10.0 * hundredths
                clear = key if flags & 1 else -1
            elif label == b"\xfe":
                contents.text["Comment"] = body.decode("utf-8", "replace")
            elif label == b"\xff" and body[:11] in LOOPS and body[11:12] == b"\1" and len(body) >= 14:
                repeats = int.from_bytes(body[12:14], "little")
                contents.loop = repeats + 1 if repeats else 0
            elif label == b"\xff" and body[:11] == PROFILE:
                contents.profile = body[11:]
            at = end
        elif kind == b"\x2c" and at + 11 <= len(data):
            left, top, w, h, packed = struct.unpack_from("<HHHHB", data, at + 1)
            palette, start = _read_table(data, at + 10, packed) if packed & 0x80 else (contents.palette, at + 10)
            _, at = joined(data, start + 1)
            if at > len(data):
                raise cut
            if not contents.frames and not (contents.width and contents.height):
                contents.width, contents.height = left + w, top + h
            table = (palette if palette is not None else _greys()).copy()
            if 0 <= clear < len(table):
                table[clear, 3] = 0
            region = Region(left, top, w, h, duration, dispose, over=True)
            contents.frames.append(_Frame(region, bool(packed & 0x40), table, data[start:at]))
            _check(contents, name, limits)
            dispose, duration, clear, behind_frame = KEEP, 0.0, -1, True
        elif at >= len(data) or kind in b"\x21\x2c":
            raise cut
        else:
            raise UnreadablePictureError(f"{name} is damaged: byte {at} does not begin a part of a GIF.")
    return contents


def _check(contents: _Contents, name: str, limits: Limits) -> None:
    region = contents.frames[-1].region
    if not (region.width and region.height and contents.width and contents.height):
        raise UnreadablePictureError(f"{name} has a frame without pixels; it is damaged.")
    limits.check(name, contents.width, contents.height, len(contents.frames))
    contents.pixels += region.width * region.height
    limits.check(name, region.width, region.height)
    limits.check_stored(name, contents.pixels)


# One palette with every visible colour: the file's own, or all colours if there are few enough.
def _common(frames: Sequence[_Frame], screens: Sequence[Pixels]) -> Palette | None:
    first = frames[0].palette
    if any(not np.array_equal(frame.palette, first) for frame in frames):
        return colours(screens)
    # Pixels that no frame draws are transparent, so the palette needs a transparent entry.
    sayable = bool((first[:, 3] == 0).any()) or all(bool((frame[..., 3] > 0).all()) for frame in screens)
    return first if sayable else colours(screens)


def _coloured(indices: Pixels, frame: _Frame) -> Pixels:
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    table[: len(frame.palette)] = frame.palette
    return table[indices]


# [h, w, 4]: indices instead of colours, with the frame's transparency.
def _numbers(indices: Pixels, frame: _Frame) -> Pixels:
    return np.concatenate([indices[..., None].repeat(3, 2), _coloured(indices, frame)[..., 3:]], 2)


# The part of a frame that lies inside the picture, as indices [h, w], and its region.
def _inside(frame: _Frame, contents: _Contents) -> tuple[Pixels, Region]:
    region = frame.region
    width = max(0, min(region.width, contents.width - region.left))
    height = max(0, min(region.height, contents.height - region.top))
    inside = Region(region.left, region.top, width, height, region.duration, region.dispose, over=True)
    return _indices(frame)[:height, :width], inside


# [h, w] indices: the frame alone as a GIF without a palette, which Pillow decodes to the indices.
def _indices(frame: _Frame) -> Pixels:
    width, height = frame.region.width, frame.region.height
    image_head = struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0x40 if frame.interlaced else 0)
    alone = b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + image_head + frame.lzw + b"\x3b"
    with without_pillows_limit(), decoding(), GifImagePlugin.GifImageFile(io.BytesIO(alone)) as image:
        image.load()
        return np.asarray(image)


def _read_table(data: bytes, at: int, packed: int) -> tuple[Palette, int]:
    size = 2 ** ((packed & 7) + 1)
    rgb = np.frombuffer(data[at : at + 3 * size].ljust(3 * size, b"\0"), np.uint8).reshape(-1, 3)
    return np.concatenate([rgb, np.full((size, 1), 255, np.uint8)], axis=1), at + 3 * size


def _greys() -> Palette:
    return np.array([[v, v, v, 255] for v in range(256)], np.uint8)


# The joined sub-blocks and their end, which lies beyond the data if some are missing.
def joined(data: bytes, at: int) -> tuple[bytes, int]:
    parts = []
    while at < len(data) and data[at]:
        parts.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return b"".join(parts), at + 1
