"""Finds the kind of a side file, and collects the facts of side files about a picture."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from depixel.picture import PREMULTIPLIED, REGIONS, Picture
from depixel.sidefiles import atlas, font, optifine, sheet_json, sheet_xml
from depixel.sidefiles.side_file import Region, SideFile, text_of

_PARSERS = {
    ".atlas": (atlas.parse,),
    ".fnt": (font.parse,),
    ".json": (sheet_json.parse,),
    ".xml": (sheet_xml.parse, font.parse),
    ".plist": (sheet_xml.parse,),
    ".tsx": (sheet_xml.parse,),
    ".tmx": (sheet_xml.parse,),
    ".properties": (optifine.parse,),
}
_ONLY_NAMED = (
    ".tres",
    ".tscn",
    ".sprite",
    ".tpsheet",
    ".spritesheet",
    ".anim",
    ".cfg",
    ".def",
    ".txt",
    ".yaml",
    ".yml",
    ".lua",
    ".meta",
)
"""Kinds that Depixel cannot scale; they are reported if they hold pixels of a picture."""

UNDERSTOOD = frozenset(_PARSERS)
"""Extensions of files whose coordinates may be understood."""
ENDINGS = frozenset({*_PARSERS, *_ONLY_NAMED})
"""Extensions, in lower case, of files that may hold coordinates of pictures."""

MOST_BYTES = 2**24
_PICTURE = re.compile(r"[^\s\"'<>|*?:;,=(){}\[\]]+\.(?:png|tga|bmp|webp|jpe?g|gif|dds)\b", re.I)
_PIXELS = re.compile(
    r"\b(?:rect2i?\s*\(|rect\s*[:=]|region\b|frame\b|hitbox\b|(?:x|y|w|h|width|height|xy|tile_?(?:size|width|height))\b)"
    r"[\s\"':=({\[]*-?\d",
    re.I,
)

_META = ".meta"  # Unity's settings for the picture whose name precedes it
_SLICE = re.compile(r"^\s+rect:\s*$", re.M)


@dataclass(frozen=True)
class Facts:
    """The facts of side files about a picture."""

    regions: tuple[Region, ...] = ()  # the positions of its frames
    premultiplied: bool = False

    def __bool__(self) -> bool:
        return bool(self.regions) or self.premultiplied

    def added_to(self, picture: Picture) -> Picture:
        """The picture with these facts in its details."""
        if not self:
            return picture
        details = {**picture.details, REGIONS: self.regions}
        return picture.replace(details={**details, PREMULTIPLIED: True} if self.premultiplied else details)


def parse(path: str, data: bytes) -> SideFile | None:
    """
    A side file with known coordinates.

    Args:
        path: its name; only the extension is used.

    Returns:
        None if it is of an unknown kind, or has no coordinates.
    """
    if len(data) > MOST_BYTES:
        return None
    parsers = _PARSERS.get(PurePosixPath(path).suffix.lower(), ())
    return next((side for each in parsers if (side := each(data)) is not None), None)


def suspicion(path: str, data: bytes) -> str:
    """
    The picture whose pixels a file of an unknown kind seems to describe; empty if there is none.

    Args:
        path: its name; files of the kinds that `parse` supports are never suspected.
    """
    if PurePosixPath(path).suffix.lower() not in _ONLY_NAMED or len(data) > MOST_BYTES:
        return ""
    decoded = text_of(data)
    if PurePosixPath(path).suffix.lower() == _META:
        return PurePosixPath(path).stem if decoded is not None and _SLICE.search(decoded[0]) else ""
    if decoded is None or _PIXELS.search(decoded[0]) is None:
        return ""
    match = _PICTURE.search(decoded[0])
    return PurePosixPath(match[0].replace("\\", "/")).name if match else ""


def facts_for(name: str, sides: Iterable[SideFile]) -> Facts:
    """The facts of a folder's side files about the picture with this name."""
    regions: list[Region] = []
    multiplied = False
    for side in sides:
        for page in side.pages:
            if PurePosixPath(page).name == name:
                regions += side.regions.get(page, ())
                multiplied |= page in side.premultiplied
    return Facts(tuple(dict.fromkeys(regions)), multiplied)
