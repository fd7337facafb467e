"""
Replaces faces with invented ones: each box is reduced to a few pixels, and a face is invented from those pixels alone.
Nothing else of the original enters the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sin
from typing import Protocol

import numpy as np
import numpy.typing as npt

from depixel.domain import ART
from depixel.errors import BadUsageError
from depixel.faces.differing import differences
from depixel.faces.hidden import Box, HiddenPlace
from depixel.monitor import SILENT, Monitor
from depixel.picture import Picture, Pixels
from depixel.projecting import project_result
from depixel.report import Candidate, Report
from depixel.request import PULSE_EPS, Request

Mask = npt.NDArray[np.float64]
"""[H, W], weight of the invented face, 0 to 1."""

LEAST_KEPT, MOST_KEPT = 4, 64
PEOPLE, VIVID = 6, 0.8
"""Number of people from whom the one most unlike the original is chosen, and their smallest imagination."""


class PictureUpsampler(Protocol):
    """The part of an Upsampler that invents the faces."""

    def upsample(self, picture: Picture, request: Request, monitor: Monitor = SILENT) -> Report:
        """See Upsampler.upsample."""
        ...


@dataclass(frozen=True)
class ReplacedFace:
    """A face that was replaced, and how much of it was kept."""

    picture: Picture  # the whole picture with the invented face in it
    face: Picture  # only the box, with the invented face
    box: Box  # what was replaced: the box extended to whole blocks; for a moving face, the hull of all its boxes
    kept: tuple[int, int]  # (width, height) in pixels: all that remains of the original inside the box
    report: Report  # of the invented face


@dataclass(frozen=True)
class Anonymised:
    """A picture with all of its faces replaced."""

    picture: Picture
    faces: tuple[ReplacedFace, ...]

    @property
    def report(self) -> Report:
        """One candidate, the whole picture at its own size, with the largest residual of any face."""
        last = self.faces[-1].report
        residual = max(face.report.residual for face in self.faces)
        notes = tuple(dict.fromkeys(note for face in self.faces for note in face.report.notes))
        seconds = sum(face.report.seconds for face in self.faces)
        candidate = replace(last.candidates[0], picture=self.picture, residual=residual)
        return replace(last, candidates=(candidate,), scale=1, notes=notes, seconds=seconds)


def anonymise(
    engine: PictureUpsampler,
    picture: Picture,
    places: Sequence[HiddenPlace],
    kept: int,
    request: Request,
    monitor: Monitor = SILENT,
    unlike: bool = False,
) -> Anonymised:
    """
    Replace all faces of a picture.

    Args:
        places: the positions of the faces, at least one (`hidden.find_places` finds them).
        kept: pixels across the longer side of each box that survive, 4 to 64; fewer if the box is small.
        request: scale, box, degradation and exact are set here; the other fields are used.
        unlike: choose, of several people, the one that differs most from the original.

    Raises:
        BadUsageError: a box lies outside the picture, or is so small that there is nothing to hide.
        DepixelError: as Upsampler.upsample raises.
    """
    faces: list[ReplacedFace] = []
    for number, place in enumerate(places):
        part = monitor.equal_part(number, len(places))
        faces.append(replace_face(engine, picture, place, kept, request, part, unlike))
        picture = faces[-1].picture
    return Anonymised(picture, tuple(faces))


def anonymised_candidates(
    engine: PictureUpsampler,
    picture: Picture,
    places: Sequence[HiddenPlace],
    kept: int,
    request: Request,
    monitor: Monitor = SILENT,
) -> Report:
    """Call `anonymise` for each candidate of the request, with consecutive seeds; returns one report on all of them."""
    count = request.candidates
    reports = []
    for number in range(count):
        one = replace(request, candidates=1, seed=request.seed + number)
        reports.append(anonymise(engine, picture, places, kept, one, monitor.equal_part(number, count)).report)
    return replace(
        reports[0],
        candidates=tuple(report.candidates[0] for report in reports),
        seconds=sum(report.seconds for report in reports),
        settings=request,
    )


def replace_face(
    engine: PictureUpsampler,
    picture: Picture,
    place: HiddenPlace,
    kept: int,
    request: Request,
    monitor: Monitor = SILENT,
    unlike: bool = False,
) -> ReplacedFace:
    """
    Replace one face with an invented one that shrinks to the same few pixels. Arguments and errors: see `anonymise`.
    """
    if not LEAST_KEPT <= kept <= MOST_KEPT:
        raise BadUsageError(f"kept must be a whole number from {LEAST_KEPT} to {MOST_KEPT}, not {kept}.")
    left, top, right, bottom = place.box
    if not (0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height):
        raise BadUsageError(f"box {place.box} does not lie inside the picture of {picture.width}x{picture.height}.")
    boxes, factor = _on_the_way(place.way or (place.box,) * len(picture.frames), kept, picture)
    parts = [(slice(top, bottom), slice(left, right)) for left, top, right, bottom in boxes]
    cut = tuple(frame[part] for frame, part in zip(picture.frames, parts, strict=True))
    crop = picture.replace(frames=cut, palette=None)
    small = crop.replace(frames=tuple(_shrunk(frame, factor) for frame in crop.frames), mode="RGBA")
    request = replace(
        request, scale=factor, box=None, degradation="area", palette="free", wrap="none", exact="always",
        roll=place.roll or request.roll,
    )  # fmt: skip
    if unlike:
        request = replace(request, candidates=PEOPLE, imagination=max(request.imagination, VIVID))
    report = engine.upsample(small, request, monitor)
    chosen = _most_unlike(crop, report.candidates) if unlike else report.candidates[0]
    mask = _head(crop, request.roll) if place.by_finder else _all_but_a_seam(crop, factor)
    blended = tuple(_blended(new, old, mask) for new, old in zip(chosen.picture.frames, crop.frames, strict=True))
    exact = project_result(crop.replace(frames=blended), small, replace(request, domain=ART.name, scale=None))
    note = (
        f"Inside the box, {small.width}x{small.height} pixels of the original were kept; everything else is invented."
    )
    if unlike:
        note += f" Of {len(report.candidates)} people, this one differs most from the original."
    best = replace(chosen, picture=exact.picture, residual=exact.after)
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return ReplacedFace(
        _put_back(picture, parts, exact.picture),
        exact.picture,
        (min(lefts), min(tops), max(rights), max(bottoms)),
        (small.width, small.height),
        replace(report, candidates=(best,), notes=(*report.notes, note)),
    )


# Of the people who fit the kept pixels, or of all if none does, the one that differs most from the original.
def _most_unlike(original: Picture, candidates: Sequence[Candidate]) -> Candidate:
    fitting = [one for one in candidates if one.score <= PULSE_EPS] or list(candidates)
    apart = differences(original, [one.picture for one in fitting])
    return fitting[max(range(len(fitting)), key=apart.__getitem__)]


# The picture with these parts replaced. New colours do not fit a palette or a one-bit mode.
def _put_back(picture: Picture, parts: Sequence[tuple[slice, slice]], face: Picture) -> Picture:
    frames = []
    for frame, part, pixels in zip(picture.frames, parts, face.frames, strict=True):
        changed = frame.copy()
        changed[part] = pixels
        frames.append(changed)
    mode = picture.mode if picture.palette is None else ("RGBA" if picture.has_alpha else "RGB")
    return picture.replace(frames=tuple(frames), palette=None, mode="L" if mode == "1" else mode)


# The box of each frame in whole blocks, and the size of a block. Boxes of equal size stay equal.
def _on_the_way(boxes: Sequence[Box], kept: int, picture: Picture) -> tuple[list[Box], int]:
    wholes = [_whole_blocks(box, kept, picture) for box in boxes]
    return [box for box, _ in wholes], wholes[0][1]


# The box extended to whole blocks of `factor` pixels; at the border of the picture it is moved and shrunk instead.
def _whole_blocks(box: Box, kept: int, picture: Picture) -> tuple[Box, int]:
    width, height = box[2] - box[0], box[3] - box[1]
    factor = max(2, -(-max(width, height) // kept))
    if min(width, height) < 2 * LEAST_KEPT:
        raise BadUsageError(f"The box of {width}x{height} pixels is too small to hide a face; draw it larger.")
    left, right = _grown(box[0], box[2], factor, picture.width)
    top, bottom = _grown(box[1], box[3], factor, picture.height)
    return (left, top, right, bottom), factor


def _grown(start: int, end: int, factor: int, limit: int) -> tuple[int, int]:
    length = min(-(-(end - start) // factor), limit // factor) * factor
    start = min(max(0, start - (length - (end - start)) // 2), limit - length)
    return start, start + length


# Block means with premultiplied alpha, rounded to the picture's levels.
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


# 1 inside; at the border, a seam half a block wide in which the invented face blends into the picture.
def _all_but_a_seam(crop: Picture, factor: int) -> Mask:
    seam = max(1, factor // 2)
    ramps = []
    for length in (crop.height, crop.width):
        place = np.arange(length) + 0.5
        ramps.append(np.clip(np.minimum(place, length - place) / seam, 0, 1))
    mask: Mask = ramps[0][:, None] * ramps[1][None, :]
    return mask


# The largest rotated square in the box, with rounded corners and a seam of a tenth of its side.
def _head(crop: Picture, roll: float) -> Mask:
    turn = radians(roll)
    across, down = abs(cos(turn)) * crop.width, abs(sin(turn)) * crop.height
    grown = (across + down) / crop.width  # sides of the box as a multiple of the square's
    y, x = np.mgrid[-1 : 1 : crop.height * 1j, -1 : 1 : crop.width * 1j] * grown
    u, v = cos(turn) * x + sin(turn) * y, cos(turn) * y - sin(turn) * x
    mask: Mask = np.clip((1 - (u**4 + v**4) ** 0.25) / 0.1, 0, 1)
    return mask


def _blended(new: Pixels, old: Pixels, mask: Mask) -> Pixels:
    share = mask[..., None]
    mixed: Pixels = (new.astype(np.float64) * share + old.astype(np.float64) * (1 - share)).round().astype(new.dtype)
    return mixed
