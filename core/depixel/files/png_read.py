"""Reading PNG and APNG: every colour type, depth and transparency; all frames, composited; text, profile, gamma."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import PngImagePlugin

from depixel.errors import UnreadablePictureError
from depixel.files import png_chunks as png
from depixel.files.animation import Canvas, Region
from depixel.files.decoders import decode, samples
from depixel.files.limits import Limits
from depixel.files.metadata import turn, upright
from depixel.files.png_chunks import Header
from depixel.files.png_filters import unfilter
from depixel.picture import Picture, Pixels

KEPT = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"pHYs")
"""Chunks that mean the same for a larger picture: copied as they are."""

_MODES = {png.GREY: "L", png.RGB: "RGB", png.INDEXED: "P", png.GREY_ALPHA: "LA", png.RGBA: "RGBA"}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_INCHES = 39.3701  # in a metre


@dataclass
class _Frame:
    region: Region
    data: list[bytes] = field(default_factory=list)


@dataclass
class _Contents:
    header: Header
    palette: npt.NDArray[np.uint8] | None = None  # [N, 3]
    transparency: bytes = b""
    image: list[bytes] = field(default_factory=list)  # IDAT
    frames: list[_Frame] = field(default_factory=list)
    loop: int = 0
    text: dict[str, str] = field(default_factory=dict)
    profile: bytes | None = None
    exif: bytes | None = None
    kept: dict[str, bytes] = field(default_factory=dict)


def read(data: bytes, limits: Limits) -> Picture:
    """Raises DepixelError, with the part of the sentence behind the file's name."""
    contents = _parse(data, limits)
    header = contents.header
    details: dict[str, Any] = {"png": dict(contents.kept)}
    if header.colour == png.GREY and header.depth in (2, 4):
        details["png"]["depth"] = header.depth
    dpi = _dots_per_inch(contents.kept.get("pHYs", b""))
    if dpi is not None:
        details["dpi"] = dpi
    key = _transparent_colour(contents)
    if key is not None:
        details["png"]["transparent"] = key
    palette = _palette(contents)
    frames, durations = _frames(contents, palette, key)
    orientation, exif = upright(contents.exif)
    mode = "1" if header.colour == png.GREY and header.depth == 1 else _MODES[header.colour]
    if header.depth == 16:
        mode = "I;16" if mode == "L" else f"{mode};16"
    return Picture(
        tuple(turn(frame, orientation) for frame in frames),
        durations=durations,
        loop=contents.loop if durations else 0,
        palette=palette,
        mode=mode,
        format="PNG",
        icc_profile=contents.profile,
        exif=exif,
        text=contents.text,
        details=details,
    )


def _parse(data: bytes, limits: Limits) -> _Contents:
    found = png.chunks(data)
    name, body = next(found, (b"", b""))
    if name != b"IHDR":
        raise UnreadablePictureError("is damaged: it does not begin as a PNG must; export it again.")
    header = Header.parse(body)
    limits.check(header.width, header.height)
    contents = _Contents(header)
    current: _Frame | None = None
    for name, body in found:
        if name == b"IDAT":
            contents.image.append(body)
        elif name == b"PLTE":
            if len(body) % 3 or not 3 <= len(body) <= 768:
                raise UnreadablePictureError("is damaged: its palette has a wrong length; export it again.")
            contents.palette = np.frombuffer(body, np.uint8).reshape(-1, 3)
        elif name == b"tRNS":
            contents.transparency = body
        elif name == b"acTL" and len(body) == 8:
            contents.loop = struct.unpack(">II", body)[1]
        elif name == b"fcTL":
            region = _region(body, header)
            limits.check(header.width, header.height, len(contents.frames) + 1)
            current = _Frame(region, [] if contents.image or contents.frames else contents.image)
            contents.frames.append(current)
        elif name == b"fdAT" and current is not None:
            current.data.append(body[4:])
        elif name in (b"tEXt", b"zTXt", b"iTXt"):
            pair = png.read_text(name, body)
            if pair is not None:
                contents.text[pair[0]] = pair[1]
        elif name == b"iCCP":
            contents.profile = png.read_profile(body)
        elif name == b"eXIf":
            contents.exif = body
        elif name in KEPT:
            contents.kept[name.decode("ascii")] = body
    if not contents.image:
        raise UnreadablePictureError("is damaged: it has a header but no pixels; export it again.")
    if header.colour == png.INDEXED and contents.palette is None:
        raise UnreadablePictureError("is damaged: it is indexed but has no palette; export it again.")
    return contents


def _region(body: bytes, header: Header) -> Region:
    if len(body) != 26:
        raise UnreadablePictureError("is damaged: an animation frame has a wrong header; export it again.")
    _, width, height, left, top, number, parts, dispose, blend = struct.unpack(">IIIIIHHBB", body)
    if not (0 < width and 0 < height and left + width <= header.width and top + height <= header.height):
        raise UnreadablePictureError("is damaged: an animation frame lies outside of the picture; export it again.")
    return Region(left, top, width, height, 1000 * number / (parts or 100), min(dispose, 2), blend == 1)


def _frames(
    contents: _Contents, palette: npt.NDArray[np.uint8] | None, key: list[int] | None
) -> tuple[list[Pixels], tuple[float, ...]]:
    header = contents.header

    def pixels(width: int, height: int, data: list[bytes]) -> Pixels:
        plain = _decode(Header(width, height, header.depth, header.colour, header.interlace), data)
        return _coloured(plain, palette, key)

    animated = [frame for frame in contents.frames if frame.data]
    if len(animated) < 2:
        return [pixels(header.width, header.height, contents.image)], ()
    canvas = Canvas(header.width, header.height)
    frames = [canvas.show(pixels(f.region.width, f.region.height, f.data), f.region) for f in animated]
    return canvas.without_needless_alpha(frames), tuple(frame.region.duration for frame in animated)


# [H, W, C] samples of the file, spread over the whole range of uint8 or uint16; palette indices for indexed.
def _decode(header: Header, data: list[bytes]) -> Pixels:
    if header.depth == 16 and header.colour in (png.RGB, png.RGBA):
        return _decode_16(header, b"".join(data))
    disguised = header
    if header.depth == 16 and header.colour == png.GREY_ALPHA:
        # Filters work on bytes: four bytes a pixel are four bytes a pixel.
        disguised = Header(header.width, header.height, 8, png.RGBA, header.interlace)
    plain = b"".join(
        [
            png.SIGNATURE,
            disguised.pack(),
            png.chunk(b"PLTE", bytes(768 if header.depth == 8 else 3 * 2**header.depth))
            if header.colour == png.INDEXED
            else b"",
            png.chunk(b"IDAT", b"".join(data)),
            png.chunk(b"IEND", b""),
        ]
    )
    array = samples(decode(PngImagePlugin.PngImageFile, plain))
    if disguised is not header:
        return np.ascontiguousarray(array).view(">u2").astype(np.uint16)
    return array.astype(np.uint16) if array.dtype.itemsize > 1 else array


def _decode_16(header: Header, data: bytes) -> Pixels:
    passes = _ADAM7 if header.interlace else ((0, 0, 1, 1),)
    sizes = [(-(-(header.width - x) // dx), -(-(header.height - y) // dy)) for x, y, dx, dy in passes]
    expected = sum(h * (1 + w * header.step) for w, h in sizes if w > 0 and h > 0)
    try:
        raw = zlib.decompressobj().decompress(data, expected)
    except zlib.error as error:
        raise UnreadablePictureError("is damaged: its pixels cannot be decompressed; copy it again.") from error
    if len(raw) < expected:
        raise UnreadablePictureError("has fewer pixels than its size says; copy or export it again.")
    whole = np.zeros((header.height, header.width, header.channels), np.uint16)
    at = 0
    for (x, y, dx, dy), (w, h) in zip(passes, sizes, strict=True):
        if w < 1 or h < 1:
            continue
        size = h * (1 + w * header.step)
        rows = np.frombuffer(raw, np.uint8, size, at).reshape(h, -1)
        at += size
        plain = np.ascontiguousarray(unfilter(rows[:, 0], rows[:, 1:].reshape(h, w, header.step)))
        whole[y::dy, x::dx] = plain.view(">u2")
    return whole


# Palette and colour key become colours and alpha.
def _coloured(plain: Pixels, palette: npt.NDArray[np.uint8] | None, key: list[int] | None) -> Pixels:
    if palette is not None:
        table = np.zeros((256, 4), np.uint8)
        table[:, 3] = 255  # an index beyond the palette is opaque black, as elsewhere
        table[: len(palette)] = palette
        alpha = bool((palette[:, 3] < 255).any())
        return table[:, : 4 if alpha else 3][plain[..., 0]]
    if key is None:
        return plain
    full = np.iinfo(plain.dtype).max
    alpha_plane = np.where((plain == np.array(key, plain.dtype)).all(axis=2), 0, full).astype(plain.dtype)
    return np.concatenate([plain, alpha_plane[..., None]], axis=2)


def _palette(contents: _Contents) -> npt.NDArray[np.uint8] | None:
    if contents.header.colour != png.INDEXED or contents.palette is None:
        return None
    palette = np.full((len(contents.palette), 4), 255, np.uint8)
    palette[:, :3] = contents.palette
    alpha = np.frombuffer(contents.transparency, np.uint8)[: len(palette)]
    palette[: len(alpha), 3] = alpha
    return palette


# The colour that means "transparent", in samples of the Picture.
def _transparent_colour(contents: _Contents) -> list[int] | None:
    header, body = contents.header, contents.transparency
    if header.colour not in (png.GREY, png.RGB) or len(body) != 2 * header.channels:
        return None
    values = struct.unpack(f">{header.channels}H", body)
    if header.depth == 16:
        return list(values)
    most: int = 2**header.depth - 1
    return [(value & most) * 255 // most for value in values]


def _dots_per_inch(body: bytes) -> tuple[float, float] | None:
    if len(body) != 9 or body[8] != 1:
        return None
    x, y = struct.unpack_from(">II", body)
    return (x / _INCHES, y / _INCHES) if x and y else None
