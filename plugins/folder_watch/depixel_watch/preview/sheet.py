"""
A sheet of samples: some textures of a pack, each with the source and answers for several settings, to choose from.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from depixel.batch.engines import PictureEngine
from depixel.errors import DepixelError
from depixel.files.writing import place
from depixel.picture import Picture
from depixel.request import Request
from depixel_watch.preview.survey import Member
from depixel_watch.work.texture import Texture

SHEET_PICTURES = 12
CHOICES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("as asked", {}),
    ("--domain pixel-art", {"domain": "pixel-art", "degradation": "auto", "imagination": 0.0}),
    ("--domain art", {"domain": "art", "degradation": "area", "imagination": 0.0}),
    ("--imagination 0.6", {"imagination": 0.6}),
    ("--palette keep", {"palette": "keep"}),
)
"""Title of a column, and its settings beyond the user's own; the titles are what to type."""

_CROP = 48  # input pixels; larger pictures are cropped to their middle
_CELL = 192  # pixels of the sheet
_GAP = 8
_HEAD = 24
_LINE = 16


def draw_sheet(members: Iterable[Member], engine: PictureEngine, settings: Request, path: Path) -> None:
    """
    Write the PNG: a row for each texture, a column for each choice of settings. Members that show nothing (broken, or
    of one colour) are skipped, and at most SHEET_PICTURES are shown.

    Raises:
        UnwritableOutputError: the folder cannot be written.
    """
    settings, scale = settings.with_one_scale()
    rows = list(islice((row for m in members if (row := _row(m)) is not None), SHEET_PICTURES))
    columns = ["given", *(title for title, _ in CHOICES)]
    width = _GAP + len(columns) * (_CELL + _GAP)
    height = _HEAD + len(rows) * (_CELL + _LINE + _GAP) + _GAP
    sheet = Image.new("RGB", (width, height), (40, 42, 46))
    draw = ImageDraw.Draw(sheet)
    font = _font()
    for index, title in enumerate(columns):
        draw.text((_GAP + index * (_CELL + _GAP), 5), title, (235, 235, 235), font)
    for number, (name, texture) in enumerate(rows):
        top = _HEAD + number * (_CELL + _LINE + _GAP)
        picture = texture.picture
        draw.text((_GAP, top), f"{name}   {picture.width}x{picture.height}", (170, 175, 180), font)
        small = _cropped(picture)
        size = _size(small, scale)
        cells: list[Image.Image | str] = [_shown(small, size)]
        cells += [_answer(engine, small, texture, settings, choice, size) for _, choice in CHOICES]
        for index, cell in enumerate(cells):
            at = (_GAP + index * (_CELL + _GAP), top + _LINE)
            if isinstance(cell, str):
                draw.multiline_text(at, cell, (230, 120, 120), font)
            else:
                sheet.paste(cell, at)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    place(path, buffer.getvalue(), overwrite=True)


def _row(member: Member) -> tuple[str, Texture] | None:
    try:
        texture = member.prepared()
    except (DepixelError, OSError):
        return None  # the run will report it
    frame = _cropped(texture.picture).frames[0]
    return None if len(np.unique(frame.reshape(-1, frame.shape[2]), axis=0)) < 3 else (member.path, texture)


def _answer(
    engine: PictureEngine,
    small: Picture,
    texture: Texture,
    settings: Request,
    choice: dict[str, Any],
    size: tuple[int, int],
) -> Image.Image | str:
    hints = {key: value for key, value in texture.hints if key != "frames"}  # a crop has other frames
    request = Request.from_dict({**hints, **settings.to_dict(), **choice})
    report = engine.upsample_many([small], request)[0]
    return _wrapped(str(report)) if isinstance(report, DepixelError) else _shown(report.picture, size)


# The middle of the first frame: detail is shown at its own size, and a sheet takes seconds.
def _cropped(picture: Picture) -> Picture:
    top = max(0, (picture.height - _CROP) // 2)
    left = max(0, (picture.width - _CROP) // 2)
    frame = picture.frames[0][top : top + _CROP, left : left + _CROP]
    return picture.replace(frames=(np.ascontiguousarray(frame),), durations=(), name=PurePosixPath(picture.name).name)


# The scale of a texture and its answers on the sheet: whole pixels of the answers if they fit, otherwise of the
# texture.
def _size(small: Picture, scale: int) -> tuple[int, int]:
    longest = max(small.width, small.height)
    times = scale * (_CELL // (longest * scale)) or _CELL // longest
    return small.width * times, small.height * times


# On a checkerboard.
def _shown(picture: Picture, size: tuple[int, int]) -> Image.Image:
    rgba = picture.frames[0]
    if picture.levels != 255:
        rgba = (rgba >> 8).astype(np.uint8)
    if rgba.shape[2] in (1, 2):
        rgba = np.concatenate([rgba[..., :1].repeat(3, 2), rgba[..., 1:]], 2)
    if rgba.shape[2] == 3:
        rgba = np.concatenate([rgba, np.full_like(rgba[..., :1], 255)], 2)
    image = Image.fromarray(np.ascontiguousarray(rgba), "RGBA")
    image = image.resize(size, Image.Resampling.NEAREST if size[0] >= image.width else Image.Resampling.BOX)
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]] // 8
    ground = Image.fromarray(np.where((rows + columns) % 2, 150, 110).astype(np.uint8)).convert("RGBA")
    return Image.alpha_composite(ground, image).convert("RGB")


def _wrapped(text: str, width: int = 30) -> str:
    lines = [""]
    for word in text.split():
        lines[-1] = f"{lines[-1]} {word}".strip()
        if len(lines[-1]) > width:
            lines.append("")
    return "\n".join(lines)


def _font() -> Any:
    try:
        return ImageFont.load_default(12)
    except OSError:  # a Pillow without FreeType
        return ImageFont.load_default()
