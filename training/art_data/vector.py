"""Renders SVG emoji and icons at several sizes."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

SIZES = (96, 128, 160, 192, 256, 256, 320)  # 256 twice: most sets are drawn for it


def glyphs(folder: Path) -> Iterator[tuple[str, str]]:
    """(path, SVG text) of each .svg below `folder`, and of each icon in an Iconify icons.json there."""
    for path in sorted(folder.rglob("*.svg")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_text(encoding="utf-8", errors="replace")
    for path in sorted(folder.rglob("icons.json")):
        icons = json.loads(path.read_text(encoding="utf-8"))
        side = icons.get("height", 16)
        for name, icon in sorted(icons["icons"].items()):
            width, height = icon.get("width", icons.get("width", side)), icon.get("height", side)
            view = f'viewBox="{icon.get("left", 0)} {icon.get("top", 0)} {width} {height}"'
            svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {view} '
            yield f"{path.relative_to(folder)}#{name}", f'{svg}width="{width}" height="{height}">{icon["body"]}</svg>'


def render(svg: str, size: int) -> np.ndarray | None:
    """Straight RGBA uint8, long side `size`; None if the renderer refuses the file."""
    import resvg_py

    try:
        data = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size))
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    except Exception:  # noqa: BLE001  the renderer raises bare exceptions, and a single glyph does not matter
        return None
    return pixels if min(pixels.shape[:2]) >= 48 and max(pixels.shape[:2]) <= 4 * size else None


def rendered(svg: str, rng: random.Random) -> np.ndarray | None:
    """
    One rendering at a random size from SIZES; a single-colour drawing gets a random colour and often a background.
    """
    return render(coloured(svg, rng) if "currentColor" in svg else svg, rng.choice(SIZES))


def coloured(svg: str, rng: random.Random) -> str:
    """An SVG in `currentColor` in a random colour or gradient, half the time on a disc or a rounded box."""

    def colour(low: int, high: int) -> str:
        return "#" + "".join(f"{rng.randint(low, high):02x}" for _ in range(3))

    ends = [colour(0, 255), colour(0, 255)]
    fill = ends[0]
    head = svg.index(">") + 1
    inside = ""
    if rng.random() < 0.5:
        inside = (
            '<defs><linearGradient id="own" x2="0" y2="1">'
            f'<stop stop-color="{ends[0]}"/><stop offset="1" stop-color="{ends[1]}"/></linearGradient></defs>'
        )
        fill = "url(#own)"
    if rng.random() < 0.5:
        inside += f'<rect width="100%" height="100%" rx="{rng.choice((20, 90, 256))}" fill="{colour(0, 255)}"/>'
    return svg[:head] + inside + svg[head:].replace("currentColor", fill)
