"""Pictures that continue in others: answered with the pixels beyond their edges, so that no seams appear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from depixel.domain import requested
from depixel.errors import DepixelError
from depixel.joints import Margins, with_margins
from depixel.picture import MARGINS, Picture
from depixel.preparation.detection import detect
from depixel.preparation.tiling import tiles
from depixel.projecting import measure_result
from depixel.report import Answer, Candidate, Report
from depixel.request import Request

NOTE = (
    "The picture continues in others (such as the faces of a skybox), so it was upscaled together with the pixels "
    "beyond its edges."
)


def with_neighbours(
    pictures: Sequence[Picture], request: Request, answer: Answer
) -> list[Report | DepixelError] | None:
    """Answer pictures of which some have known neighbours (`Picture.details`, MARGINS); None if none has."""
    margins = [_margins(picture, request) for picture in pictures]
    if not any(margins):
        return None
    plain = [index for index, each in enumerate(margins) if not each]
    outcomes = dict(zip(plain, answer([pictures[index] for index in plain], request), strict=True))
    for index, each in enumerate(margins):
        if each:
            outcomes[index] = _met(pictures[index], each, request, answer)
    return [outcomes[index] for index in range(len(pictures))]


# A request that sets how the picture tiles or is cut into frames takes precedence.
def _margins(picture: Picture, request: Request) -> Margins:
    margins = picture.details.get(MARGINS)
    if not isinstance(margins, Margins) or request.wrap not in ("auto", "none") or request.box is not None:
        return Margins()
    if not margins.fit(picture):  # it was cut out, or its colour key became transparency: a figure does not continue
        return Margins()
    domain = requested(request.domain)
    if request.frames not in ("none", "auto") or request.size is not None or (domain is not None and domain.imagined):
        return Margins()
    return margins


def _met(picture: Picture, margins: Margins, request: Request, answer: Answer) -> Report | DepixelError:
    domain = requested(request.domain) or detect(picture)
    own = tiles(picture) if request.wrap == "auto" and domain.repeats else (False, False)
    wraps = [axis for axis, tiles_so, meets in zip("xy", own, margins.axes, strict=True) if tiles_so and not meets]
    whole, (top, left) = with_margins(picture.frames[0], margins)
    details = {key: value for key, value in picture.details.items() if key != MARGINS}
    padded = picture.replace(frames=(whole,), details=details)
    settled = replace(request, domain=domain.name, frames="none", wrap="".join(wraps) or "none")
    report = answer([padded], settled)[0]
    if isinstance(report, DepixelError):
        return report
    scale = report.scale
    area = (
        slice(top * scale, (top + picture.height) * scale),
        slice(left * scale, (left + picture.width) * scale),
    )
    measured = replace(settled, scale=scale, degradation=report.degradation)
    candidates = tuple(_cut(candidate, area, picture, details, measured) for candidate in report.candidates)
    return replace(report, candidates=candidates, notes=(*report.notes, NOTE), settings=request)


def _cut(
    candidate: Candidate, area: tuple[slice, slice], source: Picture, details: dict[str, object], request: Request
) -> Candidate:
    frame = np.ascontiguousarray(candidate.picture.frames[0][area])
    picture = candidate.picture.replace(frames=(frame,))
    residual = measure_result(picture, source.replace(details=details), replace(request, candidates=1))
    return candidate.with_picture(picture, residual)
