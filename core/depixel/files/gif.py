"""
GIF (89a): all frames as they are seen, their times, the palette; written with exact colours wherever 256 are enough.

The container is read and written here, Pillow only does the compression (LZW) of one frame at a time: its own writer
joins equal frames and approximates colours that would have fitted, and its reader takes a half-copied file for a short
animation.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import GifImagePlugin, Image

from depixel.errors import UnreadablePictureError
from depixel.files.animation import CLEAR, KEEP, RESTORE, Canvas, Region, changed, whole_units
from depixel.files.format import Format, Size, starts_with
from depixel.files.indexed import Palette, colours, look_up
from depixel.files.limits import Limits
from depixel.files.metadata import comment, fitting_profile
from depixel.files.pillow_reading import decoding, without_pillows_limit
from depixel.picture import Picture, Pixels

MOST_SIDE = 65535

_DISPOSE = {2: CLEAR, 3: RESTORE}
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_PROFILE = b"ICCRGBG1012"
_SAMPLE = 2**22  # pixels from which a palette is made
_OPAQUE_FROM = 128  # alpha; GIF knows only seen and not seen


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
    pixels: int = 0  # of all frames as stored


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    Decode. `Picture.palette` is the file's own when all frames share it, else all colours when 256 are enough.

    Raises:
        PictureTooLargeError, UnreadablePictureError.
    """
    contents = _parse(data, name, limits)
    canvas = Canvas(contents.width, contents.height)
    seen = [canvas.show(*_on_canvas(frame, contents)) for frame in contents.frames]
    palette = _common(contents.frames, seen)
    moving = len(seen) > 1
    frames = canvas.without_needless_alpha(seen)
    return Picture(
        frames=tuple(frames),
        durations=tuple(frame.region.duration for frame in contents.frames) if moving else (),
        loop=contents.loop if moving else 0,
        palette=palette,
        mode="P" if palette is not None else "RGB" if frames[0].shape[2] == 3 else "RGBA",
        format="GIF",
        icc_profile=contents.profile,
        text=contents.text,
    )


def encode(picture: Picture) -> bytes:
    """
    The file's bytes. The picture's own palette in its order when that has every colour; else one exact palette for all
    frames, or one for each; only more than 256 colours in one frame are approximated. Alpha under a half is not seen.
    """
    frames = [_seen_or_not(picture.rgba(k)) for k in range(len(picture.frames))]
    palettes, indexed = _fit(frames, picture.palette if picture.mode == "P" else None)
    shared = len(palettes) == 1
    head = struct.pack("<HHBBB", picture.width, picture.height, 0xF0 | _size(palettes[0]) if shared else 0x70, 0, 0)
    parts = [b"GIF89a", head, _table(palettes[0]) if shared else b""]
    if len(frames) > 1 and picture.loop != 1:
        repeats = min(65535, max(0, picture.loop - 1))
        parts.append(b"\x21\xff\x0b" + _LOOPS[0] + struct.pack("<BBHB", 3, 1, repeats, 0))
    profile = fitting_profile(picture.icc_profile, 3)
    if profile:
        parts.append(b"\x21\xff\x0b" + _PROFILE + _blocks(profile))
    said = comment(picture.text)
    if said:
        parts.append(b"\x21\xfe" + _blocks(said.encode("utf-8", "replace")))
    times = whole_units(picture.durations or (100.0,) * len(frames), 10, 65535)
    opaque = all(bool((frame[..., 3] == 255).all()) for frame in frames)
    for number, (frame, index) in enumerate(zip(frames, indexed, strict=True)):
        palette = palettes[0 if shared else number]
        if opaque:
            rows, columns = _everything(frame) if number == 0 else changed(frames[number - 1], frame)
        else:
            rows, columns = changed(np.zeros_like(frame), frame)  # the canvas is cleared before each frame
        part = np.ascontiguousarray(index[rows, columns])
        clear = np.flatnonzero(palette[:, 3] == 0)
        flags = (0x04 if opaque or len(frames) == 1 else 0x08) | (1 if clear.size else 0)
        parts.append(
            struct.pack("<4sHBB", bytes([0x21, 0xF9, 4, flags]), times[number], clear[0] if clear.size else 0, 0)
        )
        place = (columns.start, rows.start, part.shape[1], part.shape[0])
        parts.append(struct.pack("<BHHHHB", 0x2C, *place, 0 if shared else 0x80 | _size(palette)))
        parts += [b"" if shared else _table(palette), _compressed(part)]
    return b"".join([*parts, b"\x3b"])


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
    # An end exactly behind a frame is forgiven: some writers leave the last byte out.
    while at < len(data) or not behind_frame:
        kind = data[at : at + 1]
        if kind == b"\x3b" and contents.frames:
            break
        if kind == b"\x21":
            behind_frame = False
            body, end = _joined(data, at + 2)
            label = data[at + 1 : at + 2]
            if end > len(data):
                raise cut
            if label == b"\xf9" and len(body) >= 4:
                flags, hundredths, key = struct.unpack_from("<BHB", body)
                dispose, duration = _DISPOSE.get(flags >> 2 & 7, KEEP), 10.0 * hundredths
                clear = key if flags & 1 else -1
            elif label == b"\xfe":
                contents.text["Comment"] = body.decode("utf-8", "replace")
            elif label == b"\xff" and body[:11] in _LOOPS and body[11:12] == b"\1" and len(body) >= 14:
                repeats = int.from_bytes(body[12:14], "little")
                contents.loop = repeats + 1 if repeats else 0
            elif label == b"\xff" and body[:11] == _PROFILE:
                contents.profile = body[11:]
            at = end
        elif kind == b"\x2c" and at + 11 <= len(data):
            left, top, w, h, packed = struct.unpack_from("<HHHHB", data, at + 1)
            palette, start = _read_table(data, at + 10, packed) if packed & 0x80 else (contents.palette, at + 10)
            _, at = _joined(data, start + 1)
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
            raise UnreadablePictureError(f"{name} is damaged: byte {at} begins no part of a GIF.")
    return contents


def _check(contents: _Contents, name: str, limits: Limits) -> None:
    region = contents.frames[-1].region
    if not (region.width and region.height and contents.width and contents.height):
        raise UnreadablePictureError(f"{name} has a frame without pixels; it is damaged.")
    limits.check(name, contents.width, contents.height, len(contents.frames))
    contents.pixels += region.width * region.height
    limits.check(name, region.width, region.height)
    limits.check(name, 1, 1, contents.pixels)


# One palette that has every colour seen: the file's, or the colours of all, if they are few enough.
def _common(frames: Sequence[_Frame], seen: Sequence[Pixels]) -> Palette | None:
    first = frames[0].palette
    if any(not np.array_equal(frame.palette, first) for frame in frames):
        return colours(seen)
    # Where no frame ever drew, it is transparent: the palette must be able to say so.
    sayable = bool((first[:, 3] == 0).any()) or all(bool((frame[..., 3] > 0).all()) for frame in seen)
    return first if sayable else colours(seen)


# The part of a frame that lies inside the picture, [h, w, 4], and its region.
def _on_canvas(frame: _Frame, contents: _Contents) -> tuple[Pixels, Region]:
    region = frame.region
    width = max(0, min(region.width, contents.width - region.left))
    height = max(0, min(region.height, contents.height - region.top))
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    table[: len(frame.palette)] = frame.palette
    pixels = table[_indices(frame)[:height, :width]]
    inside = Region(region.left, region.top, width, height, region.duration, region.dispose, over=True)
    return pixels, inside


# [h, w] indices: the frame alone, as a GIF without a palette, which Pillow decodes to the very numbers.
def _indices(frame: _Frame) -> Pixels:
    width, height = frame.region.width, frame.region.height
    image_head = struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0x40 if frame.interlaced else 0)
    alone = b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + image_head + frame.lzw + b"\x3b"
    with without_pillows_limit(), decoding(), GifImagePlugin.GifImageFile(io.BytesIO(alone)) as image:
        image.load()
        return np.asarray(image)


# LZW of [h, w] indices: from a file that Pillow writes, the part behind its tables and headers.
def _compressed(indices: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(indices).save(buffer, "GIF", optimize=False, interlace=0)
    data = buffer.getvalue()
    at = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    while data[at] == 0x21:
        _, at = _joined(data, at + 2)
    start = at + 10 + (3 * 2 ** ((data[at + 9] & 7) + 1) if data[at + 9] & 0x80 else 0)
    _, end = _joined(data, start + 1)
    return data[start:end]


def _fit(frames: Sequence[Pixels], own: Palette | None) -> tuple[list[Palette], list[Pixels]]:
    for palette in (own, colours(frames)):
        if palette is not None and len(palette) <= 256 and bool(np.isin(palette[:, 3], (0, 255)).all()):
            indexed = look_up(frames, palette)
            if indexed is not None:
                clear = np.flatnonzero(palette[:, 3] == 0)
                for frame, index in zip(frames, indexed, strict=True):
                    index[frame[..., 3] == 0] = clear[0] if clear.size else 0  # GIF knows one transparent number
                return [palette], indexed
    exact = [palette for palette in (colours([frame]) for frame in frames) if palette is not None]
    if len(exact) == len(frames):
        found = [look_up([frame], palette) for frame, palette in zip(frames, exact, strict=True)]
        return exact, [indices[0] for indices in found if indices is not None]
    return _approximated(frames)


# One palette of 255 colours and "not seen" for all frames: what stands still keeps its colour. Dithered only where
# there is no second frame to flicker against.
def _approximated(frames: Sequence[Pixels]) -> tuple[list[Palette], list[Pixels]]:
    pixels = np.concatenate([frame[frame[..., 3] > 0][:, :3] for frame in frames])
    sample = pixels[:: -(-len(pixels) // _SAMPLE)]
    palette_image = Image.fromarray(sample[None]).quantize(255, Image.Quantize.MEDIANCUT)
    dither = Image.Dither.FLOYDSTEINBERG if len(frames) == 1 else Image.Dither.NONE
    indexed = []
    for frame in frames:
        image = Image.fromarray(np.ascontiguousarray(frame[..., :3])).quantize(palette=palette_image, dither=dither)
        indexed.append(np.where(frame[..., 3] > 0, np.asarray(image), 255).astype(np.uint8))
    palette = np.zeros((256, 4), np.uint8)
    rgb = np.array(palette_image.getpalette("RGB"), np.uint8).reshape(-1, 3)[:255]
    palette[: len(rgb), :3] = rgb
    palette[:255, 3] = 255
    return [palette], indexed


def _seen_or_not(rgba: Pixels) -> Pixels:
    seen = rgba[..., 3:] >= _OPAQUE_FROM
    return np.where(seen, np.concatenate([rgba[..., :3], np.full_like(rgba[..., 3:], 255)], axis=2), 0).astype(np.uint8)


def _read_table(data: bytes, at: int, packed: int) -> tuple[Palette, int]:
    size = 2 ** ((packed & 7) + 1)
    rgb = np.frombuffer(data[at : at + 3 * size].ljust(3 * size, b"\0"), np.uint8).reshape(-1, 3)
    return np.concatenate([rgb, np.full((size, 1), 255, np.uint8)], axis=1), at + 3 * size


def _greys() -> Palette:
    return np.array([[v, v, v, 255] for v in range(256)], np.uint8)


# log2 of the table's entries, less one, as GIF counts.
def _size(palette: Palette) -> int:
    return max(0, (len(palette) - 1).bit_length() - 1)


def _table(palette: Palette) -> bytes:
    return palette[:, :3].tobytes().ljust(3 * 2 ** (_size(palette) + 1), b"\0")


def _everything(frame: Pixels) -> tuple[slice, slice]:
    return slice(0, frame.shape[0]), slice(0, frame.shape[1])


# Sub-blocks joined, and where they end: beyond the data when they are not all there.
def _joined(data: bytes, at: int) -> tuple[bytes, int]:
    parts = []
    while at < len(data) and data[at]:
        parts.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return b"".join(parts), at + 1


def _blocks(data: bytes) -> bytes:
    pieces = (data[k : k + 255] for k in range(0, len(data), 255))
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def _screen_size(head: bytes) -> Size | None:
    return struct.unpack_from("<HH", head, 6) if len(head) >= 10 else None


FORMAT = Format(
    name="GIF",
    label="GIF",
    endings=(".gif",),
    recognise=starts_with(b"GIF87a", b"GIF89a"),
    read=read,
    encode=encode,
    lossless=False,
    most_side=MOST_SIDE,
    animated=True,
    size=_screen_size,
)
