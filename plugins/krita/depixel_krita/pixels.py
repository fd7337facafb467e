"""
Converts samples between Krita's order and the engine's with bytes and memoryview alone: Krita's Python has no numpy.

All of this may run on a separate thread; it works in parts, so that the interface gets time in between.
"""

from __future__ import annotations

import operator
import re
from typing import Literal, Union

Samples = Union[bytes, bytearray]  # noqa: UP007 (evaluated: Python 3.8)
"""Whole rows of pixels."""

_PART = 1 << 18  # samples at once: about a millisecond with the interpreter locked


def swapped(samples: Samples, depth: int) -> bytearray:
    """
    B,G,R,A to R,G,B,A, or back.

    Args:
        samples: four channels, interleaved.
        depth: bits per sample, 8 or 16.
    """
    out = bytearray(samples)
    kind = _kind(depth)
    target, source = memoryview(out).cast(kind), memoryview(samples).cast(kind)
    for start in range(0, len(source), _PART):
        to, of = target[start : start + _PART], source[start : start + _PART]
        to[0::4] = of[2::4]
        to[2::4] = of[0::4]
    return out


def reduced(samples: Samples, width: int, height: int, channels: int, depth: int, side: int) -> tuple[int, int, bytes]:
    """
    A picture for the screen: width, height, and 8-bit RGBA, the longer side at most `side` (pixels are skipped).

    Args:
        channels: 4 (R,G,B,A), 2 (grey, alpha) or 1 (grey).
    """
    step = max(1, -(-max(width, height) // side))
    row = width * channels * depth // 8
    columns = len(range(0, width, step))
    rows = range(0, height, step)
    out = bytearray(columns * len(rows) * 4)
    view = memoryview(samples)
    for index, y in enumerate(rows):
        line = view[y * row : (y + 1) * row]
        if depth == 16:
            line = memoryview(bytes(line[1::2]))  # the high bytes
        _put(memoryview(out)[index * columns * 4 : (index + 1) * columns * 4], line, channels, step)
    return columns, len(rows), bytes(out)


def resized(samples: bytes, size: tuple[int, int], larger: tuple[int, int], rows: range) -> bytes:
    """
    Rows of a larger picture with one byte per pixel, made by repeating pixels.

    Args:
        size: width and height of `samples`.
        larger: width and height of the larger picture.
        rows: of the larger picture.
    """
    columns = operator.itemgetter(*(x * size[0] // larger[0] for x in range(larger[0])), 0)  # one more: a tuple always
    by_source: dict[int, bytes] = {}
    for row in rows:
        source = row * size[1] // larger[1]
        if source not in by_source:
            by_source[source] = bytes(columns(samples[source * size[0] : (source + 1) * size[0]])[:-1])
    return b"".join(by_source[row * size[1] // larger[1]] for row in rows)


def pasted(answer: Samples, source: Samples, shape: bytes, depth: int) -> bytearray:
    """
    The answer where a picture is selected, the source elsewhere, and a mixture where it is partly selected.

    Args:
        shape: how much of each pixel is selected, 0 ... 255.
        depth: bits per sample of answer and source, 8 or 16.
    """
    out = bytearray(answer)
    pixel = len(source) // len(shape)
    for run in re.finditer(rb"\x00+", shape):
        place = slice(run.start() * pixel, run.end() * pixel)
        out[place] = source[place]
    kind = _kind(depth)
    mixed, samples = memoryview(out).cast(kind), memoryview(source).cast(kind)
    channels = len(samples) // len(shape)
    for match in re.finditer(rb"[\x01-\xfe]", shape):
        much = shape[match.start()]
        for index in range(match.start() * channels, match.end() * channels):
            mixed[index] = (mixed[index] * much + samples[index] * (255 - much) + 127) // 255
    return out


def _kind(depth: int) -> Literal["B", "H"]:
    return "B" if depth == 8 else "H"


def _put(target: memoryview, line: memoryview, channels: int, step: int) -> None:
    if channels == 4:
        target.cast("I")[:] = line.cast("I")[::step]
        return
    grey = line[0 :: channels * step]
    for channel in range(3):
        target[channel::4] = grey
    target[3::4] = line[1 :: 2 * step] if channels == 2 else b"\xff" * len(grey)
