"""
.properties of OptiFine with values in pixels: animations (https://optifine.readthedocs.io/texture_animations.html),
which copy a strip to a position in another texture.
"""

from __future__ import annotations

import re

from depixel.sidefiles.side_file import SideFile, text_of, times

_LINE = re.compile(r"^(?P<start>\s*(?P<key>[\w.]+)\s*[=:])(?P<value>[^\r\n]*)", re.M)
_PIXELS = frozenset({"x", "y", "w", "h"})


def parse(data: bytes) -> SideFile | None:
    """None if it is not an animation."""
    decoded = text_of(data)
    if decoded is None:
        return None
    text, encoding = decoded
    values = {line["key"]: line["value"].strip() for line in _LINE.finditer(text)}
    if not {"from", "to", "x", "y", "w", "h"} <= values.keys():
        return None

    def scaled(factor: int) -> bytes:
        def larger(match: re.Match[str]) -> str:
            value = times(match["value"], factor) if match["key"] in _PIXELS else match["value"]
            return match["start"] + value

        return _LINE.sub(larger, text).encode(encoding)

    pages = [name.removeprefix("./") for name in (values["from"], values["to"])]
    return SideFile("an OptiFine animation", tuple(name for name in pages if "/" not in name), scaled)
