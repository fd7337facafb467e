"""
Faces replaced by imaginary ones: each box is shrunk to a few pixels, those few are imagined large again, and nothing
else of the original goes into the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sin
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from depixel.errors import BadUsageError
from depixel.faces.hidden import Box
from depixel.picture import Picture, Pixels
from depixel.projecting import project_result
from depixel.request import Request

if TYPE_CHECKING:
    from depixel.report import Report
    from depixel.search.step import SearchStep

Mask = npt.NDArray[np.float64]
"""[H, W] share of the imagined, 0 ... 1."""

LEAST_KEPT, MOST_KEPT = 4, 64


class Answers(Protocol):
    """What imagines: an Upsampler."""

    def upsample(
        self,
        picture: Picture,
        settings: Request,
        on_step: Callable[[SearchStep], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Report:
        """See Upsampler.upsample."""
        ...


@dataclass(frozen=True)
class Anonymised:
    """One face replaced."""

    picture: Picture  # the whole picture with the imagined face in it
    face: Picture  # only the box, as it now is
    box: Box  # what was replaced: the asked box, grown to whole blocks; of a face that moves, around its whole way
    kept: tuple[int, int]  # (width, height): all that is left of the original inside the box, in pixels
    report: Report  # of the imagined face


def anonymise(
    upsampler: Answers,
    picture: Picture,
    box: Box | None,
    kept: int,
    settings: Request,
    on_step: Callable[[SearchStep], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    *,
    rounded: bool = False,
    way: Sequence[Box] = (),
) -> Anonymised:
    """
    Replace what is in the box by an imagined face that shrinks to the same few pixels.

    Args:
        box: around the face; None = the whole picture (`hidden_faces.find_places` knows better).
        kept: pixels across the longer side of the box that survive, 4 to 64; fewer when the box is small.
        settings: scale, box and degradation are set here; the rest is used, `roll` for a head that is turned.
        rounded: keep the original in the corners of the box, where a head has none (`Place.found`).
        way: of a face that moves, its box in each frame, all of one size (`Place.way`); `box` does not count then.

    Raises:
        BadUsageError: the box lies outside the picture or is so small that there is nothing to hide.
        DepixelError: as Upsampler.upsample.
    """
    if not LEAST_KEPT <= kept <= MOST_KEPT:
        raise BadUsageError(f"kept must be a whole number from {LEAST_KEPT} to {MOST_KEPT}, not {kept}.")
    asked = box or (0, 0, picture.width, picture.height)
    if not (0 <= asked[0] < asked[2] <= picture.width and 0 <= asked[1] < asked[3] <= picture.height):
        raise BadUsageError(f"box {asked} does not lie inside the picture of {picture.width}x{picture.height}.")
    wholes, factor = _on_the_way(way or (asked,) * len(picture.frames), kept, picture)
    parts = [(slice(top, bottom), slice(left, right)) for left, top, right, bottom in wholes]
    cut = tuple(frame[part] for frame, part in zip(picture.frames, parts, strict=True))
    crop = picture.replace(frames=cut, palette=None)
    small = crop.replace(frames=tuple(_shrunk(frame, factor) for frame in crop.frames), mode="RGBA")
    wishes = replace(settings, scale=factor, box=None, degradation="area", palette="free", wrap="none")
    report = upsampler.upsample(small, wishes, on_step, cancelled)
    mask = _head(crop, settings.roll) if rounded else _all_but_a_seam(crop, factor)
    blended = tuple(_blended(new, old, mask) for new, old in zip(report.picture.frames, crop.frames, strict=True))
    exact = project_result(crop.replace(frames=blended), small, replace(wishes, domain="art", scale=None))
    frames = []
    for frame, part, face in zip(picture.frames, parts, exact.picture.frames, strict=True):
        changed = frame.copy()
        changed[part] = face
        frames.append(changed)
    mode = picture.mode if picture.palette is None else ("RGBA" if picture.has_alpha else "RGB")
    result = picture.replace(frames=tuple(frames), palette=None, mode="L" if mode == "1" else mode)
    note = f"Of the original inside the box {small.width}x{small.height} pixels were kept; all else is imagined."
    best = replace(report.candidates[0], picture=exact.picture, residual=exact.after)
    told = replace(report, candidates=(best,), notes=(*report.notes, note))
    lefts, tops, rights, bottoms = zip(*wholes, strict=True)
    whole = min(lefts), min(tops), max(rights), max(bottoms)
    return Anonymised(result, exact.picture, whole, (small.width, small.height), told)


# Of each frame its box in whole blocks; boxes of one size become boxes of one size.
def _on_the_way(boxes: Sequence[Box], kept: int, picture: Picture) -> tuple[list[Box], int]:
    wholes = [_whole_blocks(box, kept, picture) for box in boxes]
    return [box for box, _ in wholes], wholes[0][1]


# The box grown (or, at the picture's border, moved and shrunk) to whole blocks of `factor` pixels.
def _whole_blocks(box: Box, kept: int, picture: Picture) -> tuple[Box, int]:
    width, height = box[2] - box[0], box[3] - box[1]
    factor = max(2, -(-max(width, height) // kept))
    if min(width, height) < 2 * LEAST_KEPT:
        raise BadUsageError(f"The box of {width}x{height} pixels is too small to hide anything in; draw it larger.")
    left, right = _grown(box[0], box[2], factor, picture.width)
    top, bottom = _grown(box[1], box[3], factor, picture.height)
    return (left, top, right, bottom), factor


def _grown(start: int, end: int, factor: int, limit: int) -> tuple[int, int]:
    length = min(-(-(end - start) // factor), limit // factor) * factor
    start = min(max(0, start - (length - (end - start)) // 2), limit - length)
    return start, start + length


# Block means with premultiplied alpha, rounded to the picture's own levels.
def _shrunk(pixels: Pixels, factor: int) -> Pixels:
    height, width, channels = pixels.shape
    levels = np.iinfo(pixels.dtype).max
    values = pixels.astype(np.float64).reshape(height // factor, factor, width // factor, factor, channels)
    if channels not in (2, 4):
        opaque: Pixels = values.mean(axis=(1, 3)).round().astype(pixels.dtype)
        return opaque
    alpha = values[..., -1:] / levels
    coverage = alpha.mean(axis=(1, 3))
    colour = (values[..., :-1] * alpha).mean(axis=(1, 3)) / np.maximum(coverage, 1e-9)
    means = np.concatenate([colour, coverage * levels], axis=2)
    shrunk: Pixels = means.round().clip(0, levels).astype(pixels.dtype)
    return shrunk


# A seam of half a block at the border, where the imagined face runs over into what was there.
def _all_but_a_seam(crop: Picture, factor: int) -> Mask:
    seam = max(1, factor // 2)
    ramps = []
    for length in (crop.height, crop.width):
        place = np.arange(length) + 0.5
        ramps.append(np.clip(np.minimum(place, length - place) / seam, 0, 1))
    mask: Mask = ramps[0][:, None] * ramps[1][None, :]
    return mask


# The largest turned square in the box, with round corners and a seam of a tenth of its side.
def _head(crop: Picture, roll: float) -> Mask:
    turn = radians(roll)
    across, down = abs(cos(turn)) * crop.width, abs(sin(turn)) * crop.height
    grown = (across + down) / crop.width  # of the box's sides beside those of the square in it
    y, x = np.mgrid[-1 : 1 : crop.height * 1j, -1 : 1 : crop.width * 1j] * grown
    u, v = cos(turn) * x + sin(turn) * y, cos(turn) * y - sin(turn) * x
    mask: Mask = np.clip((1 - (u**4 + v**4) ** 0.25) / 0.1, 0, 1)
    return mask


def _blended(new: Pixels, old: Pixels, mask: Mask) -> Pixels:
    share = mask[..., None]
    mixed: Pixels = (new.astype(np.float64) * share + old.astype(np.float64) * (1 - share)).round().astype(new.dtype)
    return mixed
