"""Tiles that cover the plane in a lattice (hexagons, diamonds): their answers cover it too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from depixel.errors import DepixelError
from depixel.fill import fill_under_alpha
from depixel.picture import Picture, Pixels
from depixel.preparation.lattices import Lattice, lattice_of, outline
from depixel.projecting import project_result
from depixel.report import Answer, Candidate, Report
from depixel.request import Request

NOTE = "Tiles with this outline cover the plane without gaps; the larger ones do as well."

_SETTLED = "outline"  # in Picture.details: has been examined


def with_partitions(
    pictures: Sequence[Picture], request: Request, answer: Answer
) -> list[Report | DepixelError] | None:
    """Answer pictures of which some are tiles of a lattice; None if none is."""
    if request.edges == "soft" or request.size is not None or request.alpha in ("data", "premultiplied"):
        return None
    lattices = [None if _SETTLED in picture.details else lattice_of(picture) for picture in pictures]
    if not any(lattices):
        return None
    settled = [picture.replace(details={**picture.details, _SETTLED: True}) for picture in pictures]
    outcomes = list(answer(settled, request))
    for index, (picture, lattice) in enumerate(zip(pictures, lattices, strict=True)):
        outcome = outcomes[index]
        if lattice is not None and isinstance(outcome, Report) and not outcome.domain.data_alpha:
            outcomes[index] = _cut_out(outcome, picture, settled[index], lattice)
    return outcomes


def _cut_out(report: Report, picture: Picture, settled: Picture, lattice: Lattice) -> Report:
    mask = outline(picture.frames[0][..., -1] > 0, lattice, report.scale)
    request = replace(
        report.settings, scale=report.scale, domain=report.domain.name, degradation=report.degradation, candidates=1
    )
    candidates = tuple(_candidate(candidate, settled, mask, request) for candidate in report.candidates)
    return replace(report, candidates=candidates, notes=(*report.notes, NOTE))


# The colour over visible source pixels is spread over the area that the mask adds, then projected so that it scales
# back again. The answer's own colour in that area is not used: it can be a dark rim.
def _candidate(candidate: Candidate, small: Picture, mask: Pixels, request: Request) -> Candidate:
    answer = candidate.picture
    frame = answer.frames[0]
    pixels = answer.rgba().astype(np.float32) / answer.levels
    visible = small.frames[0][..., -1] > 0
    factor = frame.shape[0] // small.height
    pixels[..., 3] *= visible.repeat(factor, 0).repeat(factor, 1)
    straight = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    filled = fill_under_alpha(straight)[0, :3].permute(1, 2, 0).numpy()
    channels = [0] if frame.shape[2] == 2 else [0, 1, 2]
    colour = np.rint(filled[..., channels] * answer.levels).astype(frame.dtype)
    alpha = np.where(mask, answer.levels, 0).astype(frame.dtype)[..., None]
    cut = answer.replace(frames=(np.concatenate([colour, alpha], 2),))
    if request.palette == "keep":  # other colours may not appear
        return replace(candidate, picture=cut)
    projection = project_result(cut, small, request)
    residual = projection.after
    picture = answer.replace(frames=projection.picture.frames)
    return candidate.with_picture(picture, residual)
