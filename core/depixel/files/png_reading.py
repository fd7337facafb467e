"""
Reads PNG and APNG: every colour type, depth and kind of transparency, all frames, and the metadata.

The chunks are read here. Pillow only decodes pixels with up to 8 bits per sample; `png_sixteen` decodes the others.
Thus a damaged comment or a huge profile does not make the picture unreadable, and frames keep hidden colours and exact
times.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import PngImagePlugin

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import png_sixteen
from depixel.files.animation import Canvas, Region
from depixel.files.indexed import twin_details
from depixel.files.limits import Limits
from depixel.files.metadata import turn, upright
from depixel.files.pillow_reading import decoding
from depixel.files.png_chunks import SAMPLES, check_header, check_rows, chunks, join
from depixel.files.png_extras import Extras
from depixel.picture import Picture, Pixels

Palette = npt.NDArray[np.uint8]

_GREY, _RGB, _INDEXED = 0, 2, 3
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@dataclass
class _Frame:
    region: Region
    data: list[bytes] = field(default_factory=list)


@dataclass
class _Contents:
    header: bytes
    width: int
    height: int
    depth: int
    colour: int
    extras: Extras
    palette: Palette | None = None  # [N, 4]
    transparency: bytes = b""
    idat: list[bytes] = field(default_factory=list)
    frames: list[_Frame] = field(default_factory=list)
    loop: int = 0


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    Decode. A colour key becomes alpha. A default image that is not part of the animation is dropped.

    Raises:
        PictureTooLargeError, UnreadablePictureError.
    """
    contents = _parse(data, name, limits)
    extras = contents.extras
    frames, indices, durations = _frames(contents, name)
    orientation, exif, text = upright(extras.exif, extras.text)
    details = dict(extras.details)
    if contents.palette is not None and indices:
        details.update(twin_details([turn(index, orientation) for index in indices], contents.palette))
    channels = frames[0].shape[2]
    mode = _MODES[channels]
    if contents.depth == 16:
        mode = "I;16" if channels == 1 else f"{mode};16"
    elif contents.palette is not None:
        mode = "P"
    elif contents.depth == 1 and channels == 1:
        mode = "1"
    return Picture(
        frames=tuple(turn(frame, orientation) for frame in frames),
        durations=durations,
        loop=contents.loop if durations else 0,
        palette=contents.palette,
        mode=mode,
        format="PNG",
        icc_profile=extras.profile,
        exif=exif,
        text=text,
        details=details,
    )


def _parse(data: bytes, name: str, limits: Limits) -> _Contents:
    parts_of_file = chunks(data, name)
    kind, header = next(parts_of_file, (b"", b""))
    if kind == b"CgBI":
        raise UnsupportedPictureError(
            f"{name} is a PNG made for iPhones (CgBI), which only Apple's programs read; undo that with "
            "`pngcrush -revert-iphone-optimizations`."
        )
    if kind != b"IHDR":
        raise UnreadablePictureError(f"{name} is damaged: its first chunk is not a PNG header.")
    check_header(header, name)
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    contents = _Contents(header, width, height, depth, colour, Extras(name, limits))
    limits.check(name, contents.width, contents.height)
    current: _Frame | None = None
    colours = np.zeros((0, 3), np.uint8)
    for kind, body in parts_of_file:
        if kind == b"IDAT":
            contents.idat.append(body)
        elif kind == b"PLTE":
            colours = np.frombuffer(body[: len(body) // 3 * 3], np.uint8).reshape(-1, 3)[:256]
        elif kind == b"tRNS":
            contents.transparency = body
        elif kind == b"acTL" and len(body) == 8:
            contents.loop = struct.unpack(">II", body)[1]
        elif kind == b"fcTL":
            # A control chunk before the first IDAT describes the default image itself.
            first = not contents.idat and not contents.frames
            current = _Frame(_region(body, contents, name), contents.idat if first else [])
            contents.frames.append(current)
            limits.check(name, contents.width, contents.height, len(contents.frames))
        elif kind == b"fdAT" and current is not None:
            current.data.append(body[4:])
        else:
            contents.extras.keep(kind, body, contents.depth, colours)
    if not contents.idat:
        raise UnreadablePictureError(f"{name} is damaged: it has a header but no pixels.")
    if contents.colour == _INDEXED:
        if not len(colours):
            raise UnreadablePictureError(f"{name} is indexed but has no palette; it is damaged.")
        alpha = np.full(len(colours), 255, np.uint8)
        alphas = np.frombuffer(contents.transparency, np.uint8)[: len(alpha)]
        alpha[: len(alphas)] = alphas
        contents.palette = np.concatenate([colours, alpha[:, None]], axis=1)
    return contents


def _region(body: bytes, contents: _Contents, name: str) -> Region:
    if len(body) == 26:
        _, width, height, left, top, number, parts, dispose, blend = struct.unpack(">IIIIIHHBB", body)
        if 0 < width <= contents.width - left and 0 < height <= contents.height - top and dispose < 3:
            return Region(left, top, width, height, 1000 * number / (parts or 100), dispose, blend == 1)
    raise UnreadablePictureError(f"{name} is damaged: one of its frames lies outside the picture.")


# The frames as displayed; their indices [H, W], if there is a palette; their durations.
def _frames(contents: _Contents, name: str) -> tuple[list[Pixels], list[Pixels], tuple[float, ...]]:
    moving = [frame for frame in contents.frames if frame.data]
    indexed = contents.palette is not None
    if len(moving) < 2:
        stored = _stored(contents, contents.width, contents.height, contents.idat, name)
        return [_coloured(stored, contents)], [stored[..., 0]] if indexed else [], ()
    canvas, numbers = Canvas(contents.width, contents.height), Canvas(contents.width, contents.height)
    screens, indices = [], []
    for frame in moving:
        region = frame.region
        stored = _stored(contents, region.width, region.height, frame.data, name)
        pixels = _coloured(stored, contents)
        screens.append(canvas.show(pixels, region))
        if indexed:
            alpha = pixels[..., 3:] if pixels.shape[2] == 4 else np.full_like(stored, 255)
            indices.append(numbers.show(np.concatenate([stored, alpha], 2), region)[..., 0])
    return canvas.without_needless_alpha(screens), indices, tuple(frame.region.duration for frame in moving)


# [h, w, C] samples of one stored frame, scaled to the range of their dtype; with a palette, [h, w, 1] indices.
def _stored(contents: _Contents, width: int, height: int, data: list[bytes], name: str) -> Pixels:
    header = struct.pack(">II", width, height) + contents.header[8:]
    if contents.depth == 16:
        plain = png_sixteen.decode(header, data, name)
    else:
        check_rows(header, data, name)
        parts = [(b"IHDR", header), (b"IDAT", b"".join(data)), (b"IEND", b"")]
        if contents.colour == _INDEXED:
            parts.insert(1, (b"PLTE", bytes(3 * 2**contents.depth)))
        with decoding(), PngImagePlugin.PngImageFile(io.BytesIO(join(parts))) as image:
            image.load()
            plain = np.asarray(image)
    if plain.dtype == np.bool_:
        plain = plain.astype(np.uint8) * 255
    return plain[..., None] if plain.ndim == 2 else plain


# Palette and colour key become colours and alpha.
def _coloured(plain: Pixels, contents: _Contents) -> Pixels:
    if contents.palette is not None:
        table = np.zeros((256, 4), np.uint8)
        table[:, 3] = 255  # indices beyond the palette are black, as in libpng
        table[: len(contents.palette)] = contents.palette
        has_alpha = bool((contents.palette[:, 3] < 255).any())
        return table[:, : 4 if has_alpha else 3][plain[..., 0]]
    return _with_key(plain, contents)


def _with_key(plain: Pixels, contents: _Contents) -> Pixels:
    samples = SAMPLES[contents.colour]
    if contents.colour not in (_GREY, _RGB) or len(contents.transparency) != 2 * samples:
        return plain
    key = np.frombuffer(contents.transparency, ">u2").astype(np.uint32)
    if contents.depth < 16:
        most = 2**contents.depth - 1
        key = (key & most) * 255 // most
    full = int(np.iinfo(plain.dtype).max)
    alpha = np.where((plain == key).all(-1, keepdims=True), 0, full).astype(plain.dtype)
    return np.concatenate([plain, alpha], -1)
