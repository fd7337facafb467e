"""
PNG with 16 bits a sample, which Pillow cuts down to 8. imagecodecs (libpng) decodes and encodes the samples; the other
chunks are read and written here.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files.limits import Limits
from depixel.files.png_chunks import ancillary, chunks, join
from depixel.picture import Picture, Pixels

_MODES = {1: "I;16", 2: "LA;16", 3: "RGB;16", 4: "RGBA;16"}


def is_sixteen_bit(data: bytes) -> bool:
    """Whether this PNG's header says 16 bits a sample."""
    return len(data) >= 26 and data[12:16] == b"IHDR" and data[24] == 16


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    Decode. A colour key (tRNS) becomes alpha.

    Raises:
        PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError (animations).
    """
    import imagecodecs

    width, height = struct.unpack_from(">II", data, 16)
    if width == 0 or height == 0:
        raise UnreadablePictureError(f"{name} says it is {width}x{height} pixels large; it is damaged.")
    limits.check(name, width, height)
    parts = list(chunks(data, name))
    if any(kind == b"acTL" for kind, _ in parts):
        raise UnsupportedPictureError(f"{name} is an animation with 16 bits a sample, which is not handled.")
    pixels = np.ascontiguousarray(imagecodecs.png_decode(data)).astype(np.uint16)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    if pixels.shape[:2] != (height, width):
        raise UnreadablePictureError(f"{name} is damaged: it holds other pixels than its header says.")
    pixels = _with_key(pixels, parts, data[25])
    found = _travelling(parts)
    return Picture(frames=(pixels,), mode=_MODES[pixels.shape[2]], format="PNG", **found)


def write(pixels: Pixels, picture: Picture) -> bytes:
    """[H, W, C] uint16 as a PNG file with the picture's profile, EXIF, text and resolution."""
    import imagecodecs

    array = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    body = list(chunks(bytes(imagecodecs.png_encode(np.ascontiguousarray(array), level=6))))
    details = picture.details
    extra = ancillary(picture.icc_profile, picture.exif, picture.text, details.get("gamma"), details.get("dpi"))
    kept = [part for part in body if part[0] in (b"IHDR", b"IDAT", b"IEND")]
    return join([kept[0], *extra, *kept[1:]])


# libpng's own expansion of a colour key is not asked for by imagecodecs, so that it is applied here.
def _with_key(pixels: Pixels, parts: list[tuple[bytes, bytes]], colour_type: int) -> Pixels:
    key = dict(parts).get(b"tRNS")
    if key is None or colour_type not in (0, 2) or pixels.shape[2] in (2, 4):
        return pixels
    wanted = np.frombuffer(key, ">u2")[: pixels.shape[2]]
    alpha = np.where((pixels == wanted).all(-1, keepdims=True), 0, 65535).astype(np.uint16)
    return np.concatenate([pixels, alpha], -1)


def _travelling(parts: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    text: dict[str, str] = {}
    details: dict[str, Any] = {}
    found: dict[str, Any] = {"text": text, "details": details}
    for kind, body in parts:
        if kind == b"iCCP" and b"\0" in body:
            found["icc_profile"] = _inflated(body.split(b"\0", 1)[1][1:])
        elif kind == b"eXIf":
            found["exif"] = b"Exif\0\0" + body
        elif kind == b"gAMA" and len(body) == 4:
            details["gamma"] = struct.unpack(">I", body)[0] / 100000
        elif kind == b"pHYs" and len(body) == 9 and body[8] == 1:
            x, y = struct.unpack(">II", body[:8])
            details["dpi"] = (x * 0.0254, y * 0.0254)
        elif kind == b"tEXt" and b"\0" in body:
            key, value = body.split(b"\0", 1)
            text[key.decode("latin-1")] = value.decode("latin-1")
        elif kind == b"iTXt" and body.count(b"\0") >= 4:
            key, rest = body.split(b"\0", 1)
            value = rest[2:].split(b"\0", 2)[2]
            text[key.decode("latin-1")] = ((_inflated(value) or b"") if rest[0] else value).decode("utf-8", "replace")
    return found


# At most 4 MB: a profile or a text that inflates beyond is no profile and no text.
def _inflated(data: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(data, 1 << 22) or None
    except zlib.error:
        return None
