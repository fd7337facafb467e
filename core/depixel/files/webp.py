"""
WebP: lossless files stay lossless, and all frames, times and hidden colours are kept. The container (RFC 9649) is
written here because libwebp's animation encoder merges equal frames and drops hidden colours.
"""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image, WebPImagePlugin

from depixel.errors import UnreadablePictureError
from depixel.files.animation import changed, whole_units
from depixel.files.format import Format, Size
from depixel.files.limits import Limits
from depixel.files.metadata import XMP, exif_of, fitting_profile, turn, upright
from depixel.files.pillow_reading import decoding, without_pillows_limit
from depixel.files.xmp import packet
from depixel.picture import Picture, Pixels

MOST_SIDE = 16383
QUALITY = 95
"""Quality of lossy files. Only lossy sources are written lossy."""

_ANIMATED, _XMP, _EXIF, _ALPHA, _PROFILE = 0x02, 0x04, 0x08, 0x10, 0x20
_REPLACE = 0x02  # a frame that replaces instead of blending


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    Decode; Pillow's errors are not caught. `details["lossless"]` says whether all frames are lossless.

    Raises:
        PictureTooLargeError, UnreadablePictureError.
    """
    contents = list(_chunks(data, name))
    width, height = _size(contents, name)
    bitstreams = {kind for kind, _ in contents}
    stored = [body for kind, body in contents if kind == b"ANMF"]
    for body in stored:
        bitstreams |= {kind for kind, _ in _chunks_in(body, 16)}
    limits.check(name, width, height, max(1, len(stored)))
    screens, durations = [], []
    with without_pillows_limit(), contextlib.ExitStack() as stack:
        with decoding():
            image = stack.enter_context(WebPImagePlugin.WebPImageFile(io.BytesIO(data)))
        if image.size != (width, height) or image.n_frames > max(1, len(stored)):
            raise UnreadablePictureError(f"{name} is damaged: it claims two different sizes.")
        xmp = image.info.get("xmp")
        orientation, exif, text = upright(image.info.get("exif"), {XMP: xmp.decode("utf-8", "replace")} if xmp else {})
        for number in range(image.n_frames):
            with decoding():
                image.seek(number)
                image.load()
            screens.append(turn(np.asarray(image), orientation))
            durations.append(float(image.info.get("duration", 0)))
        moving = len(screens) > 1
        return Picture(
            frames=tuple(screens),
            durations=tuple(durations) if moving else (),
            loop=int(image.info.get("loop", 0)) if moving else 0,
            mode=image.mode,
            format="WEBP",
            icc_profile=image.info.get("icc_profile"),
            exif=exif,
            text=text,
            details={"lossless": b"VP8 " not in bitstreams},
        )


def encode(picture: Picture) -> bytes:
    """Lossless, unless the picture came from a lossy WebP."""
    lossless = picture.format != "WEBP" or bool(picture.details.get("lossless", False))
    frames = [_colours(frame) for frame in picture.frames]
    profile, described = fitting_profile(picture.icc_profile, 3), packet(picture.text)
    exif = exif_of(picture)
    flags = (_ALPHA if picture.has_alpha else 0) | (_PROFILE if profile else 0) | (_EXIF if exif else 0)
    flags |= (_XMP if described else 0) | (_ANIMATED if len(frames) > 1 else 0)
    sides = (picture.width - 1).to_bytes(3, "little") + (picture.height - 1).to_bytes(3, "little")
    body = [_chunk(b"VP8X", bytes([flags, 0, 0, 0]) + sides)]
    if profile:
        body.append(_chunk(b"ICCP", profile))
    if len(frames) > 1:
        body.append(_chunk(b"ANIM", struct.pack("<IH", 0, min(65535, max(0, picture.loop)))))
        durations = whole_units(picture.durations or (100.0,) * len(frames), 1, 2**24 - 1)
        before = None
        for frame, duration in zip(frames, durations, strict=True):
            body.append(_frame(frame, before, duration, lossless))
            before = frame if lossless else None  # the decoded pixels of a lossy frame are unknown
    else:
        body.append(_bitstream(frames[0], lossless))
    if exif:
        body.append(_chunk(b"EXIF", exif))
    if described:
        body.append(_chunk(b"XMP ", described))
    whole = b"WEBP" + b"".join(body)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


# One frame as an ANMF chunk: only the changed part, from an even corner as the format requires.
def _frame(pixels: Pixels, before: Pixels | None, duration: int, lossless: bool) -> bytes:
    rows, columns = (slice(0, None), slice(0, None)) if before is None else changed(before, pixels)
    top, left = (rows.start or 0) // 2 * 2, (columns.start or 0) // 2 * 2
    part = np.ascontiguousarray(pixels[top : rows.stop, left : columns.stop])
    numbers = (left // 2, top // 2, part.shape[1] - 1, part.shape[0] - 1, duration)
    head = b"".join(number.to_bytes(3, "little") for number in numbers) + bytes([_REPLACE])
    return _chunk(b"ANMF", head + _bitstream(part, lossless))


# The chunks VP8L, or ALPH and VP8, of one still.
def _bitstream(pixels: Pixels, lossless: bool) -> bytes:
    options: dict[str, Any] = {"lossless": lossless, "exact": True, "method": 4}
    if not lossless:
        options.update(quality=QUALITY, alpha_quality=100)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", **options)
    kinds = (b"VP8 ", b"VP8L", b"ALPH")
    return b"".join(_chunk(kind, body) for kind, body in _chunks(buffer.getvalue(), "frame") if kind in kinds)


def _colours(pixels: Pixels) -> Pixels:
    if pixels.shape[2] <= 2:
        colour = pixels[..., :1].repeat(3, axis=2)
        return np.concatenate([colour, pixels[..., 1:]], axis=2)
    return pixels


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _chunks(data: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise UnreadablePictureError(f"{name} is cut short: its end is missing.")
    yield from _chunks_in(data[: length + 8], 12)


def _chunks_in(data: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _size(contents: list[tuple[bytes, bytes]], name: str) -> tuple[int, int]:
    for kind, body in contents:
        if kind == b"VP8X" and len(body) >= 10:
            return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        if kind == b"VP8L" and len(body) >= 5:
            bits = int.from_bytes(body[1:5], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        if kind == b"VP8 " and len(body) >= 10:
            width, height = struct.unpack_from("<HH", body, 6)
            return width & 0x3FFF, height & 0x3FFF
    raise UnreadablePictureError(f"{name} is damaged: this WebP contains no picture.")


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _claimed_size(head: bytes) -> Size | None:
    try:
        return _size(list(_chunks_in(head, 12)), "")
    except (UnreadablePictureError, struct.error):
        return None


FORMAT = Format(
    name="WEBP",
    label="WebP",
    endings=(".webp",),
    recognise=_is_webp,
    media_type="image/webp",
    read=read,
    encode=encode,
    lossless=False,
    most_side=MOST_SIDE,
    animated=True,
    keeps_text=True,
    size=_claimed_size,
)
