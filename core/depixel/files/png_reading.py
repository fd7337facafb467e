"""
PNG and APNG: every colour type, depth and transparency, all frames as they are seen, and what travels with them.

The chunks are read here; Pillow only decodes pixels of up to 8 bits a sample, `png_sixteen` the others. So a damaged
comment or a huge profile cannot cost the picture, and frames come with their hidden colours and true times.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import PngImagePlugin

from depixel.errors import UnreadablePictureError
from depixel.files import png_sixteen
from depixel.files.animation import Canvas, Region
from depixel.files.limits import Limits
from depixel.files.metadata import turn, upright
from depixel.files.pillow_reading import decoding
from depixel.files.png_chunks import SAMPLES, check_header, check_rows, chunks, join
from depixel.picture import Picture, Pixels

Palette = npt.NDArray[np.uint8]

_GREY, _RGB, _INDEXED = 0, 2, 3
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_RAW = (b"cHRM", b"sRGB", b"cICP")  # say the same of a larger picture: copied as they are
_MOST_TEXT = 1 << 22  # bytes: a text or profile that inflates beyond is a bomb


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
    palette: Palette | None = None  # [N, 4]
    transparency: bytes = b""
    idat: list[bytes] = field(default_factory=list)
    frames: list[_Frame] = field(default_factory=list)
    loop: int = 0
    profile: bytes | None = None
    exif: bytes | None = None
    text: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    Decode. A colour key becomes alpha; a default image that is no part of the animation is left out.

    Raises:
        PictureTooLargeError, UnreadablePictureError.
    """
    contents = _parse(data, name, limits)
    frames, durations = _frames(contents, name)
    orientation, exif = upright(contents.exif)
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
        icc_profile=contents.profile,
        exif=exif,
        text=contents.text,
        details=contents.details,
    )


def _parse(data: bytes, name: str, limits: Limits) -> _Contents:
    found = chunks(data, name)
    kind, header = next(found, (b"", b""))
    if kind != b"IHDR":
        raise UnreadablePictureError(f"{name} is damaged: it does not begin as a PNG must.")
    check_header(header, name)
    contents = _Contents(header, *struct.unpack(">IIBB", header[:10]))
    limits.check(name, contents.width, contents.height)
    current: _Frame | None = None
    colours = np.zeros((0, 3), np.uint8)
    for kind, body in found:
        if kind == b"IDAT":
            contents.idat.append(body)
        elif kind == b"PLTE":
            colours = np.frombuffer(body[: len(body) // 3 * 3], np.uint8).reshape(-1, 3)[:256]
        elif kind == b"tRNS":
            contents.transparency = body
        elif kind == b"acTL" and len(body) == 8:
            contents.loop = struct.unpack(">II", body)[1]
        elif kind == b"fcTL":
            # Before the first IDAT the control chunk speaks of the default image itself.
            first = not contents.idat and not contents.frames
            current = _Frame(_region(body, contents, name), contents.idat if first else [])
            contents.frames.append(current)
            limits.check(name, contents.width, contents.height, len(contents.frames))
        elif kind == b"fdAT" and current is not None:
            current.data.append(body[4:])
        else:
            _keep(contents, kind, body)
    if not contents.idat:
        raise UnreadablePictureError(f"{name} has a header but no pixels; it is damaged.")
    if contents.colour == _INDEXED:
        if not len(colours):
            raise UnreadablePictureError(f"{name} is indexed but has no palette; it is damaged.")
        alpha = np.full(len(colours), 255, np.uint8)
        given = np.frombuffer(contents.transparency, np.uint8)[: len(alpha)]
        alpha[: len(given)] = given
        contents.palette = np.concatenate([colours, alpha[:, None]], axis=1)
    return contents


# What travels with the pixels. Damaged, it is left behind.
def _keep(contents: _Contents, kind: bytes, body: bytes) -> None:
    details = contents.details
    if kind == b"iCCP":
        contents.profile = _inflated(body.partition(b"\0")[2][1:])
    elif kind == b"eXIf":
        contents.exif = body
    elif kind == b"gAMA" and len(body) == 4:
        details["gamma"] = struct.unpack(">I", body)[0] / 100000
    elif kind == b"pHYs" and len(body) == 9 and body[8] == 1:
        x, y = struct.unpack(">II", body[:8])
        if x and y:
            details["dpi"] = (x * 0.0254, y * 0.0254)
    elif kind in _RAW:
        details.setdefault("png", {})[kind.decode("ascii")] = body
    elif kind in (b"tEXt", b"zTXt", b"iTXt"):
        key, _, rest = body.partition(b"\0")
        value: bytes | None = rest
        if kind == b"zTXt":
            value = _inflated(rest[1:])
        elif kind == b"iTXt":
            _, _, value = rest[2:].split(b"\0", 2) if rest.count(b"\0") > 1 else (b"", b"", None)
            value = _inflated(value) if value and rest[:1] == b"\1" else value
        if key and value is not None:
            coding = "utf-8" if kind == b"iTXt" else "latin-1"
            contents.text[key.decode("latin-1")] = value.decode(coding, "replace")


def _region(body: bytes, contents: _Contents, name: str) -> Region:
    if len(body) == 26:
        _, width, height, left, top, number, parts, dispose, blend = struct.unpack(">IIIIIHHBB", body)
        if 0 < width <= contents.width - left and 0 < height <= contents.height - top and dispose < 3:
            return Region(left, top, width, height, 1000 * number / (parts or 100), dispose, blend == 1)
    raise UnreadablePictureError(f"{name} is damaged: one of its frames lies outside of the picture.")


def _frames(contents: _Contents, name: str) -> tuple[list[Pixels], tuple[float, ...]]:
    moving = [frame for frame in contents.frames if frame.data]
    if len(moving) < 2:
        return [_pixels(contents, contents.width, contents.height, contents.idat, name)], ()
    canvas = Canvas(contents.width, contents.height)
    shown = []
    for frame in moving:
        region = frame.region
        shown.append(canvas.show(_pixels(contents, region.width, region.height, frame.data, name), region))
    return canvas.without_needless_alpha(shown), tuple(frame.region.duration for frame in moving)


# [h, w, C] of one stored frame, spread over the range of its dtype; palette and colour key become colours and alpha.
def _pixels(contents: _Contents, width: int, height: int, data: list[bytes], name: str) -> Pixels:
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
    plain = plain[..., None] if plain.ndim == 2 else plain
    if contents.palette is not None:
        table = np.zeros((256, 4), np.uint8)
        table[:, 3] = 255  # an index beyond the palette is black, as in libpng
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


def _inflated(data: bytes) -> bytes | None:
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(data, _MOST_TEXT)
    except zlib.error:
        return None
    return found if found and not stream.unconsumed_tail else None
