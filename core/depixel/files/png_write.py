"""Writing PNG and APNG in the mode that the picture came in, as far as its pixels still fit."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from depixel.files import png_chunks as png
from depixel.files.animation import changed
from depixel.files.indexed import indices
from depixel.files.metadata import fitting_profile
from depixel.files.png_chunks import Header
from depixel.files.png_filters import Bytes, compress
from depixel.picture import Picture, Pixels

_COLOUR_CHUNKS = ("cICP", "gAMA", "cHRM", "sRGB")
_INCHES = 39.3701


@dataclass(frozen=True)
class _Layout:
    colour: int
    depth: int
    frames: tuple[Pixels, ...]  # [H, W, C] in samples of this depth
    extra: bytes = b""  # PLTE and tRNS


def encode(picture: Picture) -> bytes:
    """
    The file's bytes.

    1-bit stays 1-bit while the pixels are black and white, indexed stays indexed while the palette has every colour, a
    transparent colour stays one while it says the same; otherwise the next mode that holds the pixels exactly. Frames
    with durations become an APNG.
    """
    layout = _layout(picture)
    header = Header(picture.width, picture.height, layout.depth, layout.colour)
    parts = [png.SIGNATURE, header.pack(), *_metadata(picture), layout.extra]
    if len(layout.frames) > 1:
        parts.append(png.chunk(b"acTL", struct.pack(">II", len(layout.frames), max(0, picture.loop))))
    sequence = 0
    before = layout.frames[0]
    for number, frame in enumerate(layout.frames):
        rows, columns = (slice(0, picture.height), slice(0, picture.width)) if number == 0 else changed(before, frame)
        before = frame
        if len(layout.frames) > 1:
            duration = picture.durations[number] if picture.durations else 100.0
            box = (columns.stop - columns.start, rows.stop - rows.start, columns.start, rows.start)
            parts.append(png.chunk(b"fcTL", struct.pack(">IIIIIHHBB", sequence, *box, *_seconds(duration), 0, 0)))
            sequence += 1
        data = _compress(frame[rows, columns], header)
        if number == 0:
            parts.append(png.chunk(b"IDAT", data))
        else:
            parts.append(png.chunk(b"fdAT", struct.pack(">I", sequence) + data))
            sequence += 1
    return b"".join([*parts, png.chunk(b"IEND", b"")])


def _layout(picture: Picture) -> _Layout:
    details = _details(picture)
    index = indices(picture)
    if index is not None and picture.palette is not None:
        palette = picture.palette
        alpha = palette[:, 3]
        last = np.flatnonzero(alpha < 255)
        extra = png.chunk(b"PLTE", palette[:, :3].tobytes())
        if last.size:
            extra += png.chunk(b"tRNS", alpha[: int(last[-1]) + 1].tobytes())
        depth = next(bits for bits in (1, 2, 4, 8) if len(palette) <= 2**bits)
        return _Layout(png.INDEXED, depth, tuple(frame[..., None] for frame in index), extra)
    frames, depth, extra = picture.frames, 8 * picture.frames[0].dtype.itemsize, b""
    key = details.get("transparent")
    if picture.has_alpha and key is not None and len(key) == picture.channels - 1:
        stripped = _keyed(picture, np.array(key))
        if stripped is not None:
            frames = stripped
            extra = struct.pack(f">{len(key)}H", *key)
    colour = {1: png.GREY, 2: png.GREY_ALPHA, 3: png.RGB, 4: png.RGBA}[frames[0].shape[2]]
    small = 1 if picture.mode == "1" else details.get("depth", 8)
    if colour == png.GREY and depth == 8 and small in (1, 2, 4):
        unit = 255 // (2**small - 1)
        if all(bool((frame % unit == 0).all()) for frame in frames):
            frames, depth = tuple(frame // unit for frame in frames), small
            extra = struct.pack(">H", key[0] // unit) if extra and key else extra
    return _Layout(colour, depth, frames, png.chunk(b"tRNS", extra) if extra else b"")


# Frames without alpha, when "has the colour `key`" says the same as "is fully transparent".
def _keyed(picture: Picture, key: Any) -> tuple[Pixels, ...] | None:
    for frame in picture.frames:
        clear = (frame[..., :-1] == key).all(axis=2)
        if not (frame[..., -1] == np.where(clear, 0, picture.levels)).all():
            return None
    return tuple(frame[..., :-1] for frame in picture.frames)


def _metadata(picture: Picture) -> list[bytes]:
    details = _details(picture)
    parts = []
    profile = fitting_profile(picture.icc_profile, picture.channels)
    for name in _COLOUR_CHUNKS:
        # The standard allows only one of the two, and the profile says more.
        if isinstance(details.get(name), bytes) and not (profile and name == "sRGB"):
            parts.append(png.chunk(name.encode("ascii"), details[name]))
    if profile:
        parts.append(png.write_profile(profile))
    if isinstance(details.get("pHYs"), bytes):
        parts.append(png.chunk(b"pHYs", details["pHYs"]))
    elif "dpi" in picture.details:
        x, y = (min(2**31 - 1, round(dots * _INCHES)) for dots in picture.details["dpi"])
        parts.append(png.chunk(b"pHYs", struct.pack(">IIB", x, y, 1)))
    if picture.exif:
        parts.append(png.chunk(b"eXIf", picture.exif))
    parts += [png.write_text(key, value) for key, value in picture.text.items()]
    return parts


def _details(picture: Picture) -> dict[str, Any]:
    found = picture.details.get("png", {})
    return found if isinstance(found, dict) else {}


def _compress(pixels: Pixels, header: Header) -> bytes:
    return compress(_rows(pixels, header.depth), header.step, header.depth >= 8 and header.colour != png.INDEXED)


# [H, W, C] samples => [H, bytes a row], most significant bits first.
def _rows(pixels: Pixels, depth: int) -> Bytes:
    height, width = pixels.shape[:2]
    if depth == 16:
        return np.frombuffer(pixels.astype(">u2").tobytes(), np.uint8).reshape(height, -1)
    if depth == 8:
        return np.ascontiguousarray(pixels).reshape(height, -1)
    if depth == 1:
        return np.packbits(pixels[..., 0], axis=1)
    together = 8 // depth
    padded = np.zeros((height, -(-width // together) * together), np.uint8)
    padded[:, :width] = pixels[..., 0]
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    return np.asarray((padded.reshape(height, -1, together) << shifts).sum(axis=2, dtype=np.uint8))


# Milliseconds => numerator and denominator in seconds, 16 bits each.
def _seconds(duration: float) -> tuple[int, int]:
    if duration >= 65535:
        return min(65535, round(duration / 1000)), 1
    exact = round(duration)
    if abs(duration - exact) < 1e-6:
        return exact, 1000
    part = Fraction(duration / 1000).limit_denominator(1000 if duration > 1000 else 10000)
    return part.numerator, part.denominator
