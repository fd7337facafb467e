"""`--animation`: the search as a short film that begins with the input and ends with the answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from depixel.errors import BadUsageError
from depixel.files.table import FORMATS, by_ending
from depixel.picture import Picture, Pixels

if TYPE_CHECKING:
    from depixel.monitor import SearchStep

GIVEN_FOR, STEP_FOR, ANSWER_FOR = 800.0, 80.0, 2500.0  # milliseconds


def film_path(text: str) -> Path:
    """
    The file of the film.

    Raises:
        BadUsageError: its extension is not that of an animation.
    """
    path = Path(text)
    kind = by_ending(path)
    if kind is None or kind.encode is None or not kind.animated or kind.missing():
        endings = [e for f in FORMATS if f.encode and f.animated and not f.missing() for e in f.endings]
        raise BadUsageError(f"--animation {text}: choose a name that ends with {', '.join(endings)}.")
    return path


class SearchFilm:
    """Keeps the picture of every step of one search."""

    def __init__(self) -> None:
        self._steps: list[Pixels] = []

    def add(self, step: SearchStep) -> None:
        """Keep the best answer after this step; a step without a preview is skipped."""
        if step.preview is not None:
            self._steps.append(_straight(step.preview.float().permute(1, 2, 0).numpy()))

    def __len__(self) -> int:
        """Steps kept."""
        return len(self._steps)

    def finish(self, small: Picture, answer: Picture) -> Picture:
        """
        The film in the answer's size, straight RGBA: the enlarged input, all steps, the answer. A face that is only a
        part of the picture is shown in the middle during its search.

        Raises:
            BadUsageError: there was no search.
        """
        if not self._steps:
            raise BadUsageError("There was no search to show: --animation needs a face (--domain faces) or --steps N.")
        size = answer.width, answer.height
        first = _resized(_eight(small), size, Image.Resampling.NEAREST)
        frames = [first, *(_within(step, first) for step in self._steps), _eight(answer)]
        durations = (GIVEN_FOR, *(STEP_FOR,) * len(self._steps), ANSWER_FOR)
        return Picture(tuple(frames), durations=durations, text=dict(answer.text), icc_profile=answer.icc_profile)


def _eight(picture: Picture) -> Pixels:
    rgba = picture.rgba()
    eight: Pixels = rgba if picture.levels == 255 else (rgba // 257).astype(np.uint8)
    return eight


def _resized(rgba: Pixels, size: tuple[int, int], how: Image.Resampling) -> Pixels:
    if (rgba.shape[1], rgba.shape[0]) == size:
        return rgba
    resized: Pixels = np.asarray(Image.fromarray(rgba).resize(size, how))
    return resized


# As large as the canvas allows; the canvas around it is dimmed.
def _within(step: Pixels, canvas: Pixels) -> Pixels:
    height, width = canvas.shape[:2]
    scale = min(height / step.shape[0], width / step.shape[1])
    rows, columns = round(step.shape[0] * scale), round(step.shape[1] * scale)
    step = _resized(step, (columns, rows), Image.Resampling.BICUBIC)
    if rows >= height - 1 and columns >= width - 1:  # rounding
        return _resized(step, (width, height), Image.Resampling.BICUBIC)
    frame: Pixels = canvas.copy()
    frame[..., :3] //= 3
    top, left = (height - rows) // 2, (width - columns) // 2
    frame[top : top + rows, left : left + columns] = step
    return frame


def _straight(premultiplied: Pixels) -> Pixels:
    alpha = premultiplied[..., 3:].clip(0, 1)
    colour = (premultiplied[..., :3] / np.maximum(alpha, 1e-6)).clip(0, 1)
    both: Pixels = (np.concatenate([colour, alpha], 2) * 255).round().astype(np.uint8)
    return both
