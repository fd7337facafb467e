"""
Reads and writes a PNG's metadata: profile, EXIF, texts, resolution, background, offsets. Numbers that count pixels are
scaled with the picture.

Source: PNG specification, third edition, chapter 11; oFFs of the PNG extensions 1.2; grAb of ZDoom; the keys of sprite
sheets are those of OpenRA.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from depixel.files.indexed import Palette
from depixel.files.limits import Limits
from depixel.files.metadata import LEFT_OUT, XMP, exif_of, fitting_profile
from depixel.picture import Picture

Chunk = tuple[bytes, bytes]
"""Type and body."""

_COPIED = (b"cHRM", b"sRGB", b"cICP")  # also valid for a larger picture
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_PIXELS = 0  # unit of oFFs
_COUNTING = re.compile(r"(FrameSize|Offset|Frame\[\d+\]|Offset\[\d+\])")  # keys whose values count pixels
_NUMBERS = re.compile(r"\s*-?\d+(\s*,\s*-?\d+)*\s*")


@dataclass
class Extras:
    """The metadata of a PNG. Filled by `keep`, chunk by chunk; damaged or too long chunks are dropped."""

    name: str
    limits: Limits
    profile: bytes | None = None
    exif: bytes | None = None
    text: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    text_bytes: int = 0

    def keep(self, kind: bytes, body: bytes, depth: int, palette: Palette) -> None:
        """
        Interpret a chunk that does not hold pixels.

        Args:
            depth: bits per sample of the picture.
            palette: [N, 3], its colours so far.
        """
        details = self.details
        if kind == b"iCCP":
            self.profile = self._inflated(body.partition(b"\0")[2][1:], self.limits.profile_bytes)
        elif kind == b"eXIf":
            self.exif = body
        elif kind == b"gAMA" and len(body) == 4:
            details["gamma"] = struct.unpack(">I", body)[0] / 100000
        elif kind == b"pHYs" and len(body) == 9:
            x, y, unit = struct.unpack(">IIB", body)
            if unit == 1 and x and y:
                details["dpi"] = (x * 0.0254, y * 0.0254)
            elif unit == 0:
                details.setdefault("png", {})["pHYs"] = body
        elif kind in _COPIED:
            details.setdefault("png", {})[kind.decode("ascii")] = body
        elif kind == b"grAb" and len(body) == 8:
            details["grab"] = struct.unpack(">ii", body)
        elif kind == b"oFFs" and len(body) == 9:
            details["offset"] = struct.unpack(">iiB", body)
        elif kind == b"sBIT":
            details["significant_bits"] = body
        elif kind == b"bKGD":
            self._keep_background(body, depth, palette)
        elif kind in _TEXTS:
            self._keep_text(kind, body)

    def _keep_background(self, body: bytes, depth: int, palette: Palette) -> None:
        if len(body) == 1 and body[0] < len(palette):
            self.details["background"] = (tuple(257 * value for value in palette[body[0]].tolist()), body[0])
        elif len(body) in (2, 6):
            values = struct.unpack(f">{len(body) // 2}H", body)
            full = 2**depth - 1
            wide = tuple(min(value, full) * 65535 // full for value in values)
            self.details["background"] = (wide if len(wide) == 3 else wide * 3, None)

    def _keep_text(self, kind: bytes, body: bytes) -> None:
        key, _, rest = body.partition(b"\0")
        left = self.limits.text_bytes - self.text_bytes
        value: bytes | None = rest
        if kind == b"zTXt":
            value = self._inflated(rest[1:], left)
        elif kind == b"iTXt":
            parts = rest[2:].split(b"\0", 2)
            value = parts[2] if len(parts) == 3 else None
            if value and rest[:1] == b"\1":
                value = self._inflated(value, left)
        if not key or value is None:
            return
        if len(value) > left:
            self.details["left_out"] = f"{self.name}: {LEFT_OUT}"
            return
        self.text_bytes += len(key) + len(value)
        word = key.decode("latin-1")
        self.text[word] = value.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace")
        if kind == b"iTXt":
            self.details["international"] = (*self.details.get("international", ()), word)

    def _inflated(self, data: bytes, most: int) -> bytes | None:
        stream = zlib.decompressobj()
        try:
            plain = stream.decompress(data, max(1, most))
        except zlib.error:
            return None
        if stream.unconsumed_tail:
            self.details["left_out"] = f"{self.name}: {LEFT_OUT}"
            return None
        return plain or None


def extras_of(picture: Picture, indexed: bool) -> tuple[list[Chunk], list[Chunk]]:
    """
    The chunks for a picture's metadata.

    Args:
        indexed: whether its pixels are written as indices.

    Returns:
        Those between IHDR and PLTE, and those between PLTE and the first IDAT.
    """
    details = picture.details
    profile = fitting_profile(picture.icc_profile, picture.channels)
    parts: list[Chunk] = []
    for kind, body in details.get("png", {}).items():
        if not (profile and kind == "sRGB"):  # the standard allows only one of the two
            parts.append((kind.encode("ascii"), body))
    if profile:
        parts.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(profile)))
    elif gamma := details.get("gamma"):
        parts.append((b"gAMA", struct.pack(">I", round(gamma * 100000))))
    if dpi := details.get("dpi"):
        parts.append((b"pHYs", struct.pack(">IIB", *(min(2**31 - 1, round(dots / 0.0254)) for dots in dpi), 1)))
    scale = _scale(picture)
    if grab := details.get("grab"):
        parts.append((b"grAb", struct.pack(">ii", *(_clipped(value * scale) for value in grab))))
    if offset := details.get("offset"):
        x, y, unit = offset
        by = scale if unit == _PIXELS else 1
        parts.append((b"oFFs", struct.pack(">iiB", _clipped(x * by), _clipped(y * by), unit)))
    if scale == 1 and len(details.get("significant_bits", b"")) == (3 if indexed else picture.channels):
        parts.append((b"sBIT", details["significant_bits"]))  # an answer uses all bits
    for key, value in picture.text.items():
        parts.append(_text(key, _scaled(key, value, scale), key in details.get("international", ())))
    if exif := exif_of(picture):
        parts.append((b"eXIf", exif))
    return parts, _background(picture, indexed)


# Old readers in game engines only know tEXt, which holds Latin-1.
def _text(key: str, value: str, international: bool) -> Chunk:
    word = key.encode("latin-1", "replace")[:79].replace(b"\0", b" ") or b"Comment"
    if not international and key != XMP and "\0" not in value:
        try:
            return b"tEXt", word + b"\0" + value.encode("latin-1")
        except UnicodeEncodeError:
            pass
    return b"iTXt", word + b"\0\0\0\0\0" + value.encode("utf-8", "replace")


def _background(picture: Picture, indexed: bool) -> list[Chunk]:
    if "background" not in picture.details:
        return []
    colour, index = picture.details["background"]
    if indexed:
        return [] if index is None else [(b"bKGD", bytes([index]))]
    one_bit = picture.mode == "1" and picture.levels == 255
    most = 1 if one_bit else picture.levels
    values = [value * most // 65535 for value in colour]
    if picture.channels > 2:
        return [(b"bKGD", struct.pack(">3H", *values))]
    return [(b"bKGD", struct.pack(">H", values[0]))] if len(set(colour)) == 1 else []


# The factor between a picture and its source; 1 if unknown.
def _scale(picture: Picture) -> Fraction:
    width, height = picture.details.get("source_size", (picture.width, picture.height))
    scale = Fraction(picture.width, width)
    return scale if scale == Fraction(picture.height, height) else Fraction(1)


def _scaled(key: str, value: str, scale: Fraction) -> str:
    if scale == 1 or not _COUNTING.fullmatch(key) or not _NUMBERS.fullmatch(value):
        return value
    return ",".join(str(round(int(number) * scale)) for number in value.split(","))


def _clipped(value: Fraction | int) -> int:
    return max(-(2**31), min(2**31 - 1, round(value)))
