"""
Sheets in JSON: TexturePacker's hash and array, Aseprite's export, Phaser 3's multiatlas, PixiJS
(https://www.codeandweb.com/texturepacker, https://www.aseprite.org/docs/cli/#sheet).
"""

from __future__ import annotations

import json
from typing import Any

from depixel.sidefiles.side_file import Region, SideFile

_BOXES = frozenset(
    {"frame", "spriteSourceSize", "sourceSize", "scale9Borders", "borders", "size", "bounds", "center", "trimmed_rect"}
)
_NUMBERS = frozenset({"x", "y", "w", "h", "width", "height", "left", "top", "right", "bottom"})
_POINTS = frozenset({"vertices", "verticesUV"})
_DEEPEST = 40


def parse(data: bytes) -> SideFile | None:
    """None if the file has no frames of a sheet."""
    if b'"frame' not in data and b'"textures"' not in data:
        return None
    try:
        whole = json.loads(data.decode("utf-8-sig"))
        pages = _pages(whole)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return None
    if not any(pages.values()):
        return None
    text = data.decode("utf-8-sig")
    indent = _indent_of(text)
    separators = (",", ":" if '":' in text and '": ' not in text else ": ") if indent is None else None
    if indent is None and ", " in text:
        separators = (", ", ": ")

    def scaled(factor: int) -> bytes:
        larger = json.dumps(_scaled(whole, factor, ""), ensure_ascii=False, indent=indent, separators=separators)
        return (larger + ("\n" if text.endswith("\n") else "")).encode("utf-8")

    names = tuple(page for page in pages if page)
    return SideFile("a sheet's JSON", names, scaled, {page: tuple(boxes) for page, boxes in pages.items() if page})


# Page => its frames; "" if no page is named.
def _pages(whole: Any) -> dict[str, list[Region]]:
    if not isinstance(whole, dict):
        return {}
    if isinstance(whole.get("textures"), list):
        parts = [part for part in whole["textures"] if isinstance(part, dict)]
        return {str(part.get("image", "")): _frames(part.get("frames")) for part in parts}
    meta = whole.get("meta")
    name = meta.get("image", "") if isinstance(meta, dict) else ""
    return {str(name).replace("\\", "/"): _frames(whole.get("frames"))}


def _frames(frames: Any) -> list[Region]:
    each = list(frames.values()) if isinstance(frames, dict) else frames if isinstance(frames, list) else []
    regions = []
    for entry in each:
        box = entry.get("frame") if isinstance(entry, dict) else None
        if not isinstance(box, dict):
            return []
        left, top, width, height = (box[key] for key in ("x", "y", "w", "h"))
        if not all(isinstance(value, int) for value in (left, top, width, height)):
            return []
        turned = bool(entry.get("rotated"))
        regions.append((left, top, height if turned else width, width if turned else height))
    return regions


def _scaled(value: Any, factor: int, inside: str, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        return {key: _scaled_entry(key, entry, factor, inside, depth) for key, entry in value.items()}
    if isinstance(value, list):
        return [_scaled(entry, factor, inside, depth + 1) for entry in value]
    return value


def _scaled_entry(key: str, entry: Any, factor: int, inside: str, depth: int) -> Any:
    if key in _POINTS:
        return _times(entry, factor)
    if key == "pivot" and inside == "keys":  # Aseprite: in pixels; TexturePacker: fractions of the frame
        return _times(entry, factor)
    if key in _BOXES and isinstance(entry, dict):
        return {name: _times(number, factor) if name in _NUMBERS else number for name, number in entry.items()}
    where = "keys" if key == "keys" else inside
    return _scaled(entry, factor, where, depth + 1)


def _times(value: Any, factor: int) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value * factor
    if isinstance(value, list):
        return [_times(entry, factor) for entry in value]
    if isinstance(value, dict):
        return {key: _times(entry, factor) for key, entry in value.items()}
    return value


def _indent_of(text: str) -> int | str | None:
    lines = text.splitlines()
    if len(lines) < 2:
        return None
    first = next((line for line in lines[1:] if line.strip()), "")
    start = first[: len(first) - len(first.lstrip())]
    return "\t" if start.startswith("\t") else len(start)
