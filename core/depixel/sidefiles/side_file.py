"""`SideFile`: the contents of a file of coordinates, and the same file for larger pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Region = tuple[int, int, int, int]
"""Left, top, width and height in pixels of the picture."""


@dataclass(frozen=True)
class SideFile:
    """A file with known coordinates."""

    label: str  # in sentences: "a libGDX atlas"
    pages: tuple[str, ...]  # the pictures that it describes, as written in it; empty = it does not name any
    scaled: Callable[[int], bytes]  # the file for pictures that are this many times larger
    regions: Mapping[str, tuple[Region, ...]] = field(default_factory=dict)  # page => the positions of its frames
    premultiplied: frozenset[str] = frozenset()  # pages that it declares premultiplied


_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?![\w.])")


def times(text: str, factor: int) -> str:
    """A text with all its numbers multiplied: "16, 0.5" => "64, 2.0"."""
    return _NUMBER.sub(lambda match: multiplied(match[0], factor), text)


def multiplied(number: str, factor: int) -> str:
    """A number as text, multiplied; whole numbers stay whole."""
    if "." in number or "e" in number.lower():
        value = f"{float(number) * factor:.6f}".rstrip("0")
        return value + "0" if value.endswith(".") else value
    return str(int(number) * factor)


def text_of(data: bytes) -> tuple[str, str] | None:
    """The text of a file and its encoding, for writing it again; None if it is not text."""
    if b"\0" in data[:4096]:
        return None
    for encoding in ("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8", "latin-1"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return None
