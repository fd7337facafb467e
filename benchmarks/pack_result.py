"""What the checks of `pack_kinds.py` and `pack_projects.py` look at: a pack, its outputs, and pixels of both."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

SCALE = 4
Pixels = npt.NDArray[np.int64]
Watch = Callable[[Path, tuple[str, ...]], dict[str, Any]]


@dataclass(frozen=True)
class Result:
    """A pack, its outputs, and the watcher's report."""

    source: Path
    out: Path
    ran: dict[str, Any]
    watch: Watch


def rgba(path: Path) -> Pixels:
    """[H, W, 4]."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA")).astype(np.int64)


def means(pixels: Pixels) -> npt.NDArray[np.float64]:
    """Means of the blocks that one pixel of the source became."""
    height, width = pixels.shape[0] // SCALE, pixels.shape[1] // SCALE
    return np.asarray(pixels.reshape(height, SCALE, width, SCALE, -1).mean((1, 3)))


def data_of(image: Image.Image, **options: Any) -> bytes:
    """The file; `format` as for Pillow, otherwise PNG."""
    buffer = io.BytesIO()
    image.save(buffer, options.pop("format", "PNG"), **options)
    return buffer.getvalue()
