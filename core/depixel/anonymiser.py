"""
Faces replaced by imaginary ones: each box is shrunk to a few pixels, those few are imagined large again, and nothing
else of the original goes into the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, cos, floor, radians, sin
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import torch

from depixel.domains.foreign import project_result
from depixel.errors import BadUsageError
from depixel.picture import Picture, Pixels
from depixel.settings import SearchSettings

if TYPE_CHECKING:
    from depixel.search.step import SearchStep
    from depixel.upsampler import Report

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the picture."""

Mask = npt.NDArray[np.float64]
"""[H, W] share of the imagined, 0 ... 1."""

LEAST_KEPT, MOST_KEPT = 4, 64
_SURE_ENOUGH = 0.35  # score of the finder: rather hide a stone than show a bystander
_LEVEL = 8.0  # degrees: a head turned by less counts as upright


@dataclass(frozen=True)
class Place:
    """A face to be hidden."""

    box: Box
    roll: float = 0.0  # degrees clockwise by which the head in the box is turned
    found: bool = False  # by the finder: the box is about a head, and its corners show none of it


class Answers(Protocol):
    """What imagines: an Upsampler."""

    def upsample(
        self,
        picture: Picture,
        settings: SearchSettings,
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
    box: Box  # what was replaced: the asked box, grown to whole blocks
    kept: tuple[int, int]  # (width, height): all that is left of the original inside the box, in pixels
    report: Report  # of the imagined face


def find_places(picture: Picture, device: str = "cpu") -> list[Place]:
    """
    Where faces are in any frame, the largest first; all of a picture that is small enough to be one face.

    A face that moves gets a box around its whole way. None may be found; and one that is there may be missed.
    """
    from depixel.domains.face_finder import FaceFinder
    from depixel.domains.faces import SMALL_CROP
    from depixel.domains.tensors import integers, premultiplied

    width, height = picture.width, picture.height
    if max(width, height) <= SMALL_CROP:
        return [Place((0, 0, width, height))]
    finder = FaceFinder.from_weights(device=torch.device(device))
    small = premultiplied(integers(picture), picture.levels)
    places: list[Place] = []
    for k in range(len(small)):
        if k and torch.equal(small[k], small[k - 1]):
            continue
        for frame in finder.find(small[k : k + 1], _SURE_ENOUGH):
            left, top, right, bottom = frame.box if abs(frame.roll) > _LEVEL else replace(frame, roll=0.0).box
            box = max(0, floor(left)), max(0, floor(top)), min(width, ceil(right)), min(height, ceil(bottom))
            if min(box[2] - box[0], box[3] - box[1]) < 2 * LEAST_KEPT:
                continue
            places = _with(places, Place(box, frame.roll if abs(frame.roll) > _LEVEL else 0.0, found=True))
    return sorted(places, key=lambda p: -(p.box[2] - p.box[0]) * (p.box[3] - p.box[1]))


# The new place by itself, or one with those that it overlaps by most of the smaller: a face on its way.
def _with(places: list[Place], new: Place) -> list[Place]:
    apart = []
    for old in places:
        left, top = max(old.box[0], new.box[0]), max(old.box[1], new.box[1])
        right, bottom = min(old.box[2], new.box[2]), min(old.box[3], new.box[3])
        common = max(0, right - left) * max(0, bottom - top)
        if common < 0.5 * min((p.box[2] - p.box[0]) * (p.box[3] - p.box[1]) for p in (old, new)):
            apart.append(old)
            continue
        hull = tuple(f(a, b) for f, a, b in zip((min, min, max, max), old.box, new.box, strict=True))
        new = Place((hull[0], hull[1], hull[2], hull[3]), old.roll, found=True)
    return [*apart, new]


def anonymise(
    upsampler: Answers,
    picture: Picture,
    box: Box | None,
    kept: int,
    settings: SearchSettings,
    on_step: Callable[[SearchStep], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    *,
    rounded: bool = False,
) -> Anonymised:
    """
    Replace what is in the box by an imagined face that shrinks to the same few pixels.

    Args:
        box: around the face; None = the whole picture (`find_places` knows better).
        kept: pixels across the longer side of the box that survive, 4 to 64; fewer when the box is small.
        settings: scale, box and degradation are set here; the rest is used, `roll` for a head that is turned.
        rounded: keep the original in the corners of the box, where a head has none (`Place.found`).

    Raises:
        BadUsageError: the box lies outside the picture or is so small that there is nothing to hide.
        DepixelError: as Upsampler.upsample.
    """
    if not LEAST_KEPT <= kept <= MOST_KEPT:
        raise BadUsageError(f"kept must be a whole number from {LEAST_KEPT} to {MOST_KEPT}, not {kept}.")
    asked = box or (0, 0, picture.width, picture.height)
    if not (0 <= asked[0] < asked[2] <= picture.width and 0 <= asked[1] < asked[3] <= picture.height):
        raise BadUsageError(f"box {asked} does not lie inside the picture of {picture.width}x{picture.height}.")
    whole, factor = _whole_blocks(asked, kept, picture)
    left, top, right, bottom = whole
    crop = picture.replace(frames=tuple(frame[top:bottom, left:right] for frame in picture.frames), palette=None)
    small = crop.replace(frames=tuple(_shrunk(frame, factor) for frame in crop.frames), mode="RGBA")
    wishes = replace(settings, scale=factor, box=None, degradation="area", palette="free", wrap="none")
    report = upsampler.upsample(small, wishes, on_step, cancelled)
    mask = _head(crop, settings.roll) if rounded else _all_but_a_seam(crop, factor)
    blended = tuple(_blended(new, old, mask) for new, old in zip(report.picture.frames, crop.frames, strict=True))
    exact = project_result(crop.replace(frames=blended), small, replace(wishes, domain="art", scale=None))
    frames = []
    for frame, face in zip(picture.frames, exact.picture.frames, strict=True):
        changed = frame.copy()
        changed[top:bottom, left:right] = face
        frames.append(changed)
    mode = picture.mode if picture.palette is None else ("RGBA" if picture.has_alpha else "RGB")
    result = picture.replace(frames=tuple(frames), palette=None, mode="L" if mode == "1" else mode)
    note = f"Of the original inside the box {small.width}x{small.height} pixels were kept; all else is imagined."
    best = replace(report.candidates[0], picture=exact.picture, residual=exact.after)
    told = replace(report, candidates=(best,), notes=(*report.notes, note))
    return Anonymised(result, exact.picture, whole, (small.width, small.height), told)


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
