"""
.atlas of libGDX and Spine (https://libgdx.com/wiki/tools/texture-packer, http://esotericsoftware.com/spine-atlas-format):
pages and their regions, in lines of "key: numbers".
"""

from __future__ import annotations

import re

from depixel.sidefiles.side_file import Region, SideFile, text_of, times

_PIXELS = frozenset({"size", "xy", "orig", "offset", "bounds", "offsets", "split", "pad"})
_OF_PAGES = frozenset({"size", "format", "filter", "repeat", "pma", "scale"})
_LINE = re.compile(r"^(?P<start>\s*(?P<key>[A-Za-z]+)\s*:)(?P<value>.*)$")


def parse(data: bytes) -> SideFile | None:
    """None if the lines are not those of an atlas."""
    decoded = text_of(data)
    if decoded is None:
        return None
    text, encoding = decoded
    lines = text.splitlines(keepends=True)
    pages, regions, multiplied = _contents([line.rstrip("\r\n") for line in lines])
    if not pages or not any(regions.values()):
        return None

    def scaled(factor: int) -> bytes:
        return "".join(_scaled(line, factor) for line in lines).encode(encoding)

    return SideFile("a libGDX or Spine atlas", tuple(pages), scaled, regions, multiplied)


def _scaled(line: str, factor: int) -> str:
    body = line.rstrip("\r\n")
    match = _LINE.match(body)
    if match is None or match["key"] not in _PIXELS:
        return line
    return match["start"] + times(match["value"], factor) + line[len(body) :]


# A name without a colon begins a page at the start of the file or after a blank line, otherwise a region.
def _contents(lines: list[str]) -> tuple[list[str], dict[str, tuple[Region, ...]], frozenset[str]]:
    pages: list[str] = []
    boxes: dict[str, list[Region]] = {}
    multiplied: set[str] = set()
    starts, in_page = True, False
    region: dict[str, list[int]] = {}

    def close() -> None:
        if not pages or not region:
            return
        box = region.get("bounds") or [*region.get("xy", []), *region.get("size", [])]
        if len(box) == 4:
            width, height = (box[3], box[2]) if region.get("turned") else (box[2], box[3])
            boxes[pages[-1]].append((box[0], box[1], width, height))
        region.clear()

    for line in lines:
        match = _LINE.match(line)
        if not line.strip():
            close()
            starts = True
        elif match is None:
            close()
            if starts:
                pages.append(line.strip())
                boxes.setdefault(pages[-1], [])
            starts, in_page = False, starts
        elif in_page and match["key"] in _OF_PAGES:
            if match["key"] == "pma" and match["value"].strip().lower() == "true":
                multiplied.add(pages[-1])
        else:
            in_page = False
            value = match["value"].strip()
            if match["key"] == "rotate":
                region["turned"] = [1] if value in ("true", "90", "270") else []
            elif match["key"] in _PIXELS:
                region[match["key"]] = [int(number) for number in re.findall(r"-?\d+", value)]
    close()
    return pages, {page: tuple(match) for page, match in boxes.items()}, frozenset(multiplied)
