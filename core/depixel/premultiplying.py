"""Pictures with premultiplied alpha: answered with straight colour, and multiplied again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from depixel.consistency import Residual, combine, residual_sums
from depixel.degradation import Degradation, make_degradation
from depixel.domain import ART
from depixel.errors import DepixelError
from depixel.picture import Picture, Pixels
from depixel.preparation.grid import enlargement, reduced
from depixel.preparation.premultiplied import covering, is_premultiplied, multiplied, on_black
from depixel.report import Answer, Candidate, Report
from depixel.request import Request

NOTE = "The colours are premultiplied by alpha, also in the answer (--alpha opacity treats them as straight colours)."


def with_premultiplied(
    pictures: Sequence[Picture], request: Request, answer: Answer
) -> list[Report | DepixelError] | None:
    """
    Answer pictures of which some are premultiplied; None if none is.

    The residual of a report is measured on the premultiplied integers, colour and alpha separately.
    """
    are = [is_premultiplied(picture, request) for picture in pictures]
    if not any(are):
        return None
    plain = replace(request, alpha="opacity")
    others = [index for index, is_one in enumerate(are) if not is_one]
    ones = [index for index, is_one in enumerate(are) if is_one]
    outcomes = dict(zip(others, answer([pictures[index] for index in others], request), strict=True))
    covered = answer([covering(pictures[index]) for index in ones], plain)
    lights = {index: colours for index in ones if (colours := on_black(pictures[index])) is not None}
    shining = dict(zip(lights, answer(list(lights.values()), _on_black(plain)), strict=True))
    for index, outcome in zip(ones, covered, strict=True):
        outcomes[index] = _joined(pictures[index], outcome, shining.get(index), request)
    return [outcomes[index] for index in range(len(pictures))]


# On black, everything except lights looks like the rest of a drawing.
def _on_black(request: Request) -> Request:
    return replace(request, domain=ART.name, palette="free", reading="auto", alpha="auto", candidates=1)


def _joined(
    source: Picture, covered: Report | DepixelError, colours: Report | DepixelError | None, request: Request
) -> Report | DepixelError:
    if isinstance(covered, DepixelError):
        return covered
    if isinstance(colours, DepixelError):
        return colours
    grid = enlargement(source) if covered.domain.gridded else 1
    small = reduced(source, grid) if grid > 1 else source
    degradation = make_degradation(covered.degradation, covered.scale * grid, covered.wrap)
    black = None if colours is None else colours.candidates[0]
    candidates = [_candidate(candidate, black, source, small, degradation) for candidate in covered.candidates]
    notes = [note for note in (*covered.notes, *(colours.notes if colours is not None else ())) if note != NOTE]
    return replace(covered, candidates=tuple(candidates), settings=request, notes=tuple(dict.fromkeys((*notes, NOTE))))


def _candidate(
    candidate: Candidate, black: Candidate | None, source: Picture, small: Picture, degradation: Degradation
) -> Candidate:
    answer, factor = candidate.picture, degradation.factor
    fits = (answer.width, answer.height) == (small.width * factor, small.height * factor)
    block = factor if fits and degradation.name == "area" else 0
    frames = tuple(
        multiplied(
            answer.rgba(number),
            None if black is None else black.picture.rgba(number)[..., :3],
            small.rgba(number),
            source.levels,
            block,
        )
        for number in range(len(answer.frames))
    )
    mode = "RGBA" if source.palette is not None or source.mode == "1" else source.mode
    channels = [0, 3] if source.channels == 2 else [0, 1, 2, 3]
    picture = source.replace(
        frames=tuple(np.ascontiguousarray(frame[..., channels]) for frame in frames),
        mode=mode,
        palette=None,
        data_alpha=True,
    )
    residual = _residual(frames, small, degradation) if fits else candidate.residual
    return candidate.with_picture(picture, residual)


# Colour as an opaque picture, alpha as a grey one.
def _residual(frames: Sequence[Pixels], small: Picture, degradation: Degradation) -> Residual:
    sums = []
    for number, frame in enumerate(frames):
        source = small.rgba(number)
        for channels in ([0, 1, 2], [3, 3, 3]):
            large, original = (_opaque(pixels[..., channels], small.levels) for pixels in (frame, source))
            sums.append(residual_sums(large, original, degradation, levels=small.levels)[0])
    return combine(sums)


def _opaque(pixels: Pixels, levels: int) -> torch.Tensor:
    whole = np.concatenate([pixels, np.full_like(pixels[..., :1], levels)], 2)
    return torch.from_numpy(whole.astype(np.int32)).permute(2, 0, 1)[None]
