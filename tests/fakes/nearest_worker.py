"""A real, tiny worker for the folder watcher: every pixel becomes a block of its own colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from depixel.errors import DepixelError
from depixel.picture import Picture


class NearestWorker:
    """Enlarges by repetition and records its requests."""

    at_once = 1

    def __init__(self, scale: int = 2, recipe: str = "nearest") -> None:
        self.scale = scale
        self.recipe = f"{recipe} {scale}"
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.pictures: list[Picture] = []
        self.batches: list[int] = []
        self.kind = "auto"

    def wrap_of(self, picture: Picture) -> str:
        """Tiles if its first and last rows or columns are equal."""
        frame = picture.frames[0]
        x, y = bool((frame[:, 0] == frame[:, -1]).all()), bool((frame[0] == frame[-1]).all())
        return ("x" if x else "") + ("y" if y else "") or "none"

    def detect(self, picture: Picture) -> str:
        """Pixel art if there are few colours."""
        frame = picture.frames[0]
        return "pixel-art" if len(np.unique(frame.reshape(-1, frame.shape[2]), axis=0)) < 5 else "art"

    def loss(self, written: Picture, source: Picture, hints: Mapping[str, Any]) -> str:
        """By the largest difference of the first pixel of each block."""
        step = written.width // source.width
        small = written.rgba()[::step, ::step].astype(int)
        return f"differs by up to {int(np.abs(small - source.rgba()).max())}"

    def upscale(
        self, pictures: Sequence[Picture], hints: Mapping[str, Any], scale: int
    ) -> list[Picture | DepixelError]:
        """One answer per picture."""
        self.requests += [(p.name, dict(hints)) for p in pictures]
        self.pictures += pictures
        self.batches.append(len(pictures))
        return [p.replace(frames=tuple(f.repeat(scale, 0).repeat(scale, 1) for f in p.frames)) for p in pictures]
