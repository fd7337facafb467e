"""
Sheets with frames at any positions, as listed in a side file: each frame is answered separately and inserted into the
answer to the whole sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

import numpy as np

from depixel.consistency import Residual
from depixel.errors import DepixelError
from depixel.picture import REGIONS, Picture
from depixel.report import Answer, Candidate, Report
from depixel.request import Request

_LEAST = 2  # pixels per side
_MOST = 4096

Region = tuple[int, int, int, int]


def with_regions(pictures: Sequence[Picture], request: Request, answer: Answer) -> list[Report | DepixelError] | None:
    """Answer pictures of which some have known frames; None if none has."""
    regions = [regions_of(picture, request) for picture in pictures]
    if not any(regions):
        return None
    whole = [picture.replace(details=_without_regions(picture)) for picture in pictures]
    outcomes = list(answer(whole, request))
    for index, (picture, boxes) in enumerate(zip(whole, regions, strict=True)):
        outcome = outcomes[index]
        if boxes and isinstance(outcome, Report):
            outcomes[index] = _with_frames(picture, boxes, outcome, request, answer)
    return outcomes


def regions_of(picture: Picture, request: Request) -> tuple[Region, ...]:
    """The frames that are answered separately: those inside the picture, unless the request cuts it in another way."""
    stored: Sequence[Region] = picture.details.get(REGIONS, ())
    if request.frames not in ("none", "auto") or request.box is not None or request.size is not None:
        return ()
    if len(picture.frames) > 1:
        return ()
    inside = [
        (left, top, width, height)
        for left, top, width, height in stored
        if left >= 0 and top >= 0 and min(width, height) >= _LEAST
        if left + width <= picture.width and top + height <= picture.height
        if (width, height) != (picture.width, picture.height)
    ]
    return tuple(dict.fromkeys(inside[:_MOST]))


def _without_regions(picture: Picture) -> dict[str, object]:
    return {key: value for key, value in picture.details.items() if key != REGIONS}


# All frames have the domain of the whole sheet, and none of them tiles.
def _with_frames(
    picture: Picture, boxes: Sequence[Region], whole: Report, request: Request, answer: Answer
) -> Report | DepixelError:
    settled = replace(request, domain=whole.domain.name, scale=whole.scale, wrap="none", frames="none")
    frame = picture.frames[0]
    cut = [
        picture.replace(frames=(np.ascontiguousarray(frame[top : top + height, left : left + width]),), details={})
        for left, top, width, height in boxes
    ]
    answers = answer(cut, settled)
    parts: list[Report] = []
    for part in answers:
        if isinstance(part, DepixelError):
            return part
        parts.append(part)
    candidates = tuple(
        _candidate(candidate, [part.candidates[min(k, len(part.candidates) - 1)] for part in parts], boxes, whole.scale)
        for k, candidate in enumerate(whole.candidates)
    )
    note = f"Each of the {len(boxes)} frames listed in the side file was answered separately."
    return replace(whole, candidates=candidates, notes=(*whole.notes, note), settings=request)


def _candidate(whole: Candidate, parts: Sequence[Candidate], boxes: Sequence[Region], scale: int) -> Candidate:
    pixels = whole.picture.frames[0].copy()
    for part, (left, top, width, height) in zip(parts, boxes, strict=True):
        frame = part.picture.frames[0]
        if frame.shape[2] == pixels.shape[2]:
            pixels[top * scale : (top + height) * scale, left * scale : (left + width) * scale] = frame
    residual = _together(whole, parts, boxes, pixels.shape[0] * pixels.shape[1] // scale**2)
    return whole.with_picture(whole.picture.replace(frames=(pixels,)), residual)


# Weighted by pixels; the area outside all frames has the residual of the whole sheet.
def _together(whole: Candidate, parts: Sequence[Candidate], boxes: Sequence[Region], total: int) -> Residual:
    areas = [width * height for _, _, width, height in boxes]
    rest = max(0, total - sum(areas))
    every = [(whole.residual, rest), *zip((part.residual for part in parts), areas, strict=True)]
    count = sum(area for _, area in every)
    return Residual(
        max(residual.maximum for residual, area in every if area),
        sum(residual.mean * area for residual, area in every) / count,
        sqrt(sum(residual.rmse**2 * area for residual, area in every) / count),
    )
