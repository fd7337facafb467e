"""The engine's answers to the pixels that Krita sent, for comparison with those in Krita."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler


@lru_cache(maxsize=1)
def engine() -> Upsampler:
    """The engine without Krita."""
    return Upsampler("cpu")


def pixels(data: bytes, width: int, height: int, channels: int = 4, depth: int = 8) -> np.ndarray:
    """Krita's B,G,R,A (or grey, alpha) as [H, W, C] in the engine's order."""
    samples = np.frombuffer(data, np.uint8 if depth == 8 else "<u2").reshape(height, width, channels)
    return samples[..., [2, 1, 0, 3]] if channels == 4 else samples


def answer(*frames: np.ndarray, **settings: Any) -> list[np.ndarray]:
    """`Upsampler`'s answer to these frames; the best answer's frames."""
    picture = Picture(tuple(np.ascontiguousarray(f) for f in frames), mode="RGBA", name="sprite")
    if frames[0].dtype == np.uint16:
        picture = picture.replace(mode="RGBA;16" if frames[0].shape[2] == 4 else "LA;16")
    elif frames[0].shape[2] == 2:
        picture = picture.replace(mode="LA")
    return list(engine().upsample(picture, Request(**settings)).picture.frames)


def same(krita, name: str, small: tuple[int, int], scale: int, channels: int = 4, depth: int = 8, **settings) -> None:
    """The resulting pixels in Krita are the engine's own answer to the ones that were sent."""
    width, height = small
    source = pixels(krita.read(name + ".src"), width, height, channels, depth)
    large = pixels(krita.read(name + ".out"), width * scale, height * scale, channels, depth)

    (expected,) = answer(source, scale=scale, **settings)

    assert np.array_equal(expected, large), f"{name}: {np.count_nonzero(expected != large)} samples differ"
