"""
.fnt of BMFont (https://www.angelcode.com/products/bmfont/doc/file_format.html): as text, XML or binary. The position of
each letter in its page, and how far the pen moves.
"""

from __future__ import annotations

import re
import struct

from depixel.sidefiles.side_file import Region, SideFile, multiplied, text_of, times

_PIXELS = {
    "info": ("size", "padding", "spacing", "outline"),
    "common": ("lineHeight", "base", "scaleW", "scaleH"),
    "char": ("x", "y", "width", "height", "xoffset", "yoffset", "xadvance"),
    "kerning": ("amount",),
    "distanceField": ("distanceRange",),
}
_TAG = re.compile(r"(?P<start><?\b(?P<tag>info|common|char|kerning|distanceField|page))\b(?P<body>[^\r\n<>]*)")
_PAIR = re.compile(r'\b(?P<key>[A-Za-z]+)=(?P<quote>"?)(?P<value>[^"\s]*)(?P=quote)')
_FILE = re.compile(r'\bfile=(?:"(?P<quoted>[^"\r\n]+)"|(?P<bare>[^\s"]+))')
_CHAR, _KERNING = 20, 10  # bytes of an entry
_UINT16, _INT16 = 2**16 - 1, 2**15 - 1


def parse(data: bytes) -> SideFile | None:
    """None if it is not a font of this kind."""
    if data.startswith(b"BMF\x03"):
        return _binary(data)
    decoded = text_of(data)
    if decoded is None or "char" not in decoded[0] or not re.search(r"\bcommon\b[^\r\n]*lineHeight", decoded[0]):
        return None
    text, encoding = decoded
    pages: list[str] = []
    regions: dict[str, list[Region]] = {}
    for match in _TAG.finditer(text):
        if match["tag"] == "page" and (name := _FILE.search(match["body"])) is not None:
            pages.append(name["quoted"] or name["bare"])
            regions[pages[-1]] = []
    for match in _TAG.finditer(text):
        values = {pair["key"]: pair["value"] for pair in _PAIR.finditer(match["body"])}
        if match["tag"] == "char" and {"x", "y", "width", "height"} <= values.keys():
            _add(regions, pages, values.get("page", "0"), [values[k] for k in ("x", "y", "width", "height")])

    def scaled(factor: int) -> bytes:
        return _TAG.sub(lambda match: _scaled(match, factor), text).encode(encoding)

    return SideFile("a BMFont font", tuple(pages), scaled, {page: tuple(each) for page, each in regions.items()})


def _add(regions: dict[str, list[Region]], pages: list[str], page: str, numbers: list[str]) -> None:
    try:
        left, top, width, height = (int(number) for number in numbers)
        if width > 0 and height > 0:
            regions[pages[int(page)]].append((left, top, width, height))
    except (ValueError, IndexError):
        return


def _scaled(match: re.Match[str], factor: int) -> str:
    keys = _PIXELS.get(match["tag"], ())

    def larger(pair: re.Match[str]) -> str:
        if pair["key"] not in keys:
            return pair[0]
        return f"{pair['key']}={pair['quote']}{times(pair['value'], factor)}{pair['quote']}"

    return match["start"] + _PAIR.sub(larger, match["body"])


# Blocks: the kind and bytes of each.
def _blocks(data: bytes) -> list[tuple[int, bytearray]] | None:
    blocks, at = [], 4
    while at + 5 <= len(data):
        kind, size = struct.unpack_from("<BI", data, at)
        if at + 5 + size > len(data):
            return None
        blocks.append((kind, bytearray(data[at + 5 : at + 5 + size])))
        at += 5 + size
    return blocks


def _binary(data: bytes) -> SideFile | None:
    blocks = _blocks(data)
    if blocks is None:
        return None
    names = next((bytes(body) for kind, body in blocks if kind == 3), b"")
    pages = tuple(name.decode("utf-8", "replace") for name in names.split(b"\0") if name)
    boxes: dict[str, list[Region]] = {page: [] for page in pages}
    for kind, body in blocks:
        for at in range(0, len(body) - _CHAR + 1, _CHAR) if kind == 4 else ():
            left, top, width, height = struct.unpack_from("<4H", body, at + 4)
            if body[at + 18] < len(pages) and width and height:
                boxes[pages[body[at + 18]]].append((left, top, width, height))

    def scaled(factor: int) -> bytes:
        parts = [data[:4]]
        for kind, body in _blocks(data) or ():
            _scale_block(kind, body, factor)
            parts += [struct.pack("<BI", kind, len(body)), bytes(body)]
        return b"".join(parts)

    return SideFile("a BMFont font", pages, scaled, {page: tuple(each) for page, each in boxes.items()})


def _scale_block(kind: int, body: bytearray, factor: int) -> None:
    if kind == 1 and len(body) >= 14:
        _scale(body, 0, "h", factor, _INT16)
        for at in (*range(7, 13), 13):
            _scale(body, at, "B", factor, 255)
    elif kind == 2 and len(body) >= 8:
        for at in range(0, 8, 2):
            _scale(body, at, "H", factor, _UINT16)
    elif kind == 4:
        for start in range(0, len(body) - _CHAR + 1, _CHAR):
            for at in range(4, 12, 2):
                _scale(body, start + at, "H", factor, _UINT16)
            for at in range(12, 18, 2):
                _scale(body, start + at, "h", factor, _INT16)
    elif kind == 5:
        for start in range(0, len(body) - _KERNING + 1, _KERNING):
            _scale(body, start + 8, "h", factor, _INT16)


def _scale(body: bytearray, at: int, form: str, factor: int, most: int) -> None:
    (value,) = struct.unpack_from(f"<{form}", body, at)
    struct.pack_into(f"<{form}", body, at, max(-most, min(most, int(multiplied(str(value), factor)))))
