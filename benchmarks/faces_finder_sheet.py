"""Scenes with the detected frames drawn on them, for inspection."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from depixel.faces.finder import Frame

COLUMNS = 6


def save_sheet(path: Path, scenes: Tensor, per_scene: list[list[Frame]]) -> None:
    """scenes [N, 3, S, S] in [0, 1], frames of each => one JPEG of N pictures; the upper side of a frame is green."""
    size = scenes.shape[-1]
    sheet = Image.new("RGB", (COLUMNS * size, -(-len(scenes) // COLUMNS) * size))
    for k, (scene, frames) in enumerate(zip(scenes, per_scene, strict=True)):
        picture = Image.fromarray((scene.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))
        draw = ImageDraw.Draw(picture)
        for frame in frames:
            corners = [_corner(frame, u, v) for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
            draw.line([*corners[1:], corners[0]], (255, 0, 255), 2)
            draw.line(corners[:2], (0, 255, 0), 2)
        sheet.paste(picture, (k % COLUMNS * size, k // COLUMNS * size))
    sheet.save(path, quality=85)


def _corner(frame: Frame, u: float, v: float) -> tuple[float, float]:
    turn, half = math.radians(frame.roll), frame.side / 2
    return (
        frame.x + half * (u * math.cos(turn) - v * math.sin(turn)),
        frame.y + half * (u * math.sin(turn) + v * math.cos(turn)),
    )
