"""
Formats that change pixels when saving. A report must give the residual of the file, so the file is read back and
measured.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from depixel.picture import Picture

if TYPE_CHECKING:
    from depixel.report import Report

_NOTE = "Saving in this format changed pixels; the residual is that of the file (--format png keeps every pixel)."


def as_written(report: Report, small: Picture, read_back: Sequence[Picture]) -> Report:
    """The report with the residuals of the candidates' files, as decoded, instead of the engine's."""
    from depixel.projecting import measure_result

    settings = dataclasses.replace(
        report.settings, scale=report.scale, domain=report.domain.name, degradation=report.degradation
    )
    candidates = []
    for candidate, picture in zip(report.candidates, read_back, strict=True):
        same = _same_pixels(candidate.picture, picture)
        residual = candidate.residual if same else measure_result(picture, small, settings)
        candidates.append(dataclasses.replace(candidate, residual=residual))
    changed = any(new.residual != old.residual for new, old in zip(candidates, report.candidates, strict=True))
    notes = (*report.notes, _NOTE) if changed else report.notes
    return dataclasses.replace(report, candidates=tuple(candidates), notes=notes)


def _same_pixels(first: Picture, second: Picture) -> bool:
    return len(first.frames) == len(second.frames) and all(
        first.rgba(i).shape == second.rgba(i).shape and bool((first.rgba(i) == second.rgba(i)).all())
        for i in range(len(first.frames))
    )
