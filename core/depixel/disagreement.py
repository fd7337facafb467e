"""
Shows where several answers to one picture differ. What differs was invented; what agrees follows from the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from depixel.picture import Picture

FULL_HEAT = 32.0
"""Standard deviation, in levels of 255, that has the hottest colour of the map; the same for all pictures."""

_GROUND = 128.0  # grey level that stands for transparency in the map
_UNSEEN = 1.0  # levels of deviation below which a difference is invisible
_DIM = 0.45  # share of the grey picture's contrast that remains under the heat
_RAMP = np.array([[90, 20, 110], [200, 40, 90], [250, 130, 30], [255, 240, 150]], np.float64)  # cool to hot


def deviations(answers: Sequence[Picture]) -> list[npt.NDArray[np.float32]]:
    """
    One [H, W] map per frame: the standard deviation over the answers, in levels of 255, of the premultiplied channel
    that differs most.

    Raises:
        ValueError: there are fewer than two answers.
    """
    if len(answers) < 2:
        raise ValueError("a disagreement needs at least two answers")
    return [
        np.stack([_premultiplied(answer, index) for answer in answers]).std(axis=0).max(axis=-1)
        for index in range(len(answers[0].frames))
    ]


def heat_map(answers: Sequence[Picture]) -> Picture:
    """The deviations as heat over the answers' mean in dim grey; RGB, 8 bit, with the frames of the answers."""
    frames = []
    for index, deviation in enumerate(deviations(answers)):
        mean = np.stack([_premultiplied(answer, index) for answer in answers]).mean(axis=0)
        over_grey = mean[..., :3] + _GROUND * (1 - mean[..., 3:] / 255)
        grey = _GROUND + _DIM * (over_grey @ np.array([0.299, 0.587, 0.114]) - _GROUND)
        heat = np.sqrt(np.clip(deviation / FULL_HEAT, 0, 1))[..., None]
        place = heat[..., 0] * (len(_RAMP) - 1)
        colour = np.stack([np.interp(place, range(len(_RAMP)), _RAMP[:, c]) for c in range(3)], axis=-1)
        cover = np.clip((deviation[..., None] - _UNSEEN) / (4 * _UNSEEN), 0, 1)
        frames.append(np.rint(grey[..., None] * (1 - cover) + colour * cover).astype(np.uint8))
    first = answers[0]
    return Picture(tuple(frames), durations=first.durations, loop=first.loop, mode="RGB", name=first.name)


def disagreement_of(answers: Sequence[Picture]) -> dict[str, Any] | None:
    """
    JSON values in levels of 255: mean and maximum of the deviations, and the share of pixels whose deviation is above
    one level. None for a single answer.
    """
    if len(answers) < 2:
        return None
    maps = np.stack(deviations(answers))
    return {
        "mean": round(float(maps.mean()), 4),
        "maximum": round(float(maps.max()), 4),
        "share": round(float((maps > 1).mean()), 4),
    }


def _premultiplied(picture: Picture, index: int) -> npt.NDArray[np.float32]:
    pixels = picture.rgba(index).astype(np.float32) * (255 / picture.levels)
    pixels[..., :3] *= pixels[..., 3:] / 255
    return pixels
