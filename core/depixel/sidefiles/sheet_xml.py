"""
Sheets in XML: Starling and Sparrow, TexturePacker's plain XML, Kenney's packs; Tiled's tilesets (.tsx, .tmx); Cocos2d's
.plist. Attributes are changed in the text, so that everything else stays byte for byte.
"""

from __future__ import annotations

import re

from depixel.sidefiles.side_file import Region, SideFile, text_of, times

_SHEET = {
    "TextureAtlas": ("width", "height"),
    "SubTexture": (
        *("x", "y", "width", "height", "frameX", "frameY", "frameWidth", "frameHeight"),
        *("pivotX", "pivotY", "offsetX", "offsetY"),
    ),
    "sprite": ("x", "y", "w", "h", "oX", "oY", "oW", "oH"),
}
_TILED = {
    "map": ("tilewidth", "tileheight", "hexsidelength"),
    "layer": ("offsetx", "offsety"),
    "imagelayer": ("offsetx", "offsety"),
    "objectgroup": ("offsetx", "offsety"),
    "tileset": ("tilewidth", "tileheight", "spacing", "margin"),
    "tileoffset": ("x", "y"),
    "grid": ("width", "height"),
    "image": ("width", "height"),
    "tile": ("x", "y", "width", "height"),
    "object": ("x", "y", "width", "height"),
    "polygon": ("points",),
    "polyline": ("points",),
}
_TAG = re.compile(r"<(?P<tag>[A-Za-z]+)(?P<body>(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*)(?P<end>/?>)")
_ATTRIBUTE = re.compile(r"(?P<start>\s(?P<key>[\w:.-]+)\s*=\s*)(?P<quote>[\"'])(?P<value>.*?)(?P=quote)", re.S)
_PLIST_KEYS = (
    "frame|textureRect|offset|spriteOffset|sourceColorRect|(?:source|sprite|spriteSource|spriteTrimmed)?[sS]ize"
)
_PLIST = re.compile(rf"(?P<start><key>(?:{_PLIST_KEYS})</key>\s*<string>)(?P<value>[^<]*)(?P<end></string>)")
_PLIST_BOX = re.compile(r"<key>(?:frame|textureRect)</key>\s*<string>\{\{(\d+),\s*(\d+)\},\s*\{(\d+),\s*(\d+)\}\}")
_PLIST_NUMBERS = re.compile(
    r"(?P<start><key>(?:x|y|width|height|offsetX|offsetY|originalWidth|originalHeight)</key>\s*"
    r"<(?P<kind>integer|real)>)(?P<value>[^<]*)(?P<end></(?P=kind)>)"
)
_PLIST_PAGE = re.compile(r"<key>(?:realTextureFileName|textureFileName)</key>\s*<string>([^<]+)</string>")


def parse(data: bytes) -> SideFile | None:
    """None if it contains neither frames nor tiles."""
    decoded = text_of(data)
    if decoded is None:
        return None
    text, encoding = decoded
    if "<plist" in text:
        return _plist(text, encoding)
    tags = {match["tag"] for match in _TAG.finditer(text)}
    if "TextureAtlas" in tags and tags & {"SubTexture", "sprite"}:
        return _sheet(text, encoding)
    if "tileset" in tags and "image" in tags:
        label = "a Tiled map" if "map" in tags else "a Tiled tileset"
        pages = [values.get("source", "") for tag, values in _attributes(text) if tag == "image"]
        return SideFile(label, _names(pages), lambda factor: _scaled(text, _TILED, factor).encode(encoding))
    return None


def _names(pages: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(page for page in pages if page))


def _attributes(text: str) -> list[tuple[str, dict[str, str]]]:
    every = []
    for match in _TAG.finditer(text):
        every.append((match["tag"], {each["key"]: each["value"] for each in _ATTRIBUTE.finditer(match["body"])}))
    return every


def _sheet(text: str, encoding: str) -> SideFile:
    page, pages = "", []
    regions: dict[str, list[Region]] = {}
    for tag, values in _attributes(text):
        if tag == "TextureAtlas":
            page = values.get("imagePath", "")
            pages.append(page)
        elif tag in ("SubTexture", "sprite"):
            keys = ("x", "y", "width", "height") if tag == "SubTexture" else ("x", "y", "w", "h")
            numbers = [values.get(key, "") for key in keys]
            if all(number.isdigit() for number in numbers):
                left, top, width, height = map(int, numbers)
                turned = values.get("rotated") == "true" or values.get("r") == "y"
                box = (left, top, height, width) if turned and tag == "SubTexture" else (left, top, width, height)
                regions.setdefault(page, []).append(box)
    boxes = {page: tuple(rectangles) for page, rectangles in regions.items()}
    return SideFile(
        "a sheet's XML", _names(pages), lambda factor: _scaled(text, _SHEET, factor).encode(encoding), boxes
    )


def _scaled(text: str, pixels: dict[str, tuple[str, ...]], factor: int) -> str:
    def tag(match: re.Match[str]) -> str:
        keys = pixels.get(match["tag"], ())

        def attribute(each: re.Match[str]) -> str:
            value = times(each["value"], factor) if each["key"] in keys else each["value"]
            return f"{each['start']}{each['quote']}{value}{each['quote']}"

        return f"<{match['tag']}{_ATTRIBUTE.sub(attribute, match['body'])}{match['end']}"

    return _TAG.sub(tag, text)


# Frames as "{{2,2},{16,16}}" (formats 1 to 3), or each number under its own key (format 0).
def _plist(text: str, encoding: str) -> SideFile | None:
    boxes = [(int(a), int(b), int(c), int(d)) for a, b, c, d in _PLIST_BOX.findall(text)]
    if not boxes and not ("<key>frames</key>" in text and _PLIST_NUMBERS.search(text)):
        return None
    pages = _names(_PLIST_PAGE.findall(text))

    def scaled(factor: int) -> bytes:
        def larger(match: re.Match[str]) -> str:
            return match["start"] + times(match["value"], factor) + match["end"]

        return _PLIST_NUMBERS.sub(larger, _PLIST.sub(larger, text)).encode(encoding)

    return SideFile("a Cocos2d sheet", pages, scaled)
