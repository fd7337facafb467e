"""Pictures with a colour key: enlarged with a transparent background, which then gets the key colour again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from depixel.errors import DepixelError
from depixel.picture import Picture
from depixel.preparation.keys import Key, key_of, with_alpha, with_key
from depixel.report import Answer, Report
from depixel.request import Request


def with_keys(pictures: Sequence[Picture], request: Request, answer: Answer) -> list[Report | DepixelError]:
    """
    Answer pictures, those with a key with a transparent background. Reports and answers are in terms of the original
    pictures.

    A picture whose key is a palette index keeps its palette unless the request says otherwise: without indices, its
    background could not be distinguished from the figure.
    """
    outcomes: dict[int, Report | DepixelError] = {}
    groups: dict[Request, list[tuple[int, Picture, Key | None]]] = {}
    for index, picture in enumerate(pictures):
        try:
            key = key_of(picture, request)
        except DepixelError as error:
            outcomes[index] = error
            continue
        settled = replace(request, key="none")
        if key is not None and key.number is not None and "palette" not in request.typed and request.size is None:
            settled = replace(settled, palette="keep")
        small = picture if key is None else with_alpha(picture, key)
        groups.setdefault(settled, []).append((index, small, key))
    for settled, members in groups.items():
        answers = answer([small for _, small, _ in members], settled)
        for (index, _, key), outcome in zip(members, answers, strict=True):
            if not isinstance(outcome, Report):
                outcomes[index] = outcome
                continue
            report = replace(outcome, settings=request)
            keeps = settled.palette == "keep"
            outcomes[index] = report if key is None else _on_key(report, pictures[index], key, keeps=keeps)
    return [outcomes[index] for index in range(len(pictures))]


def _on_key(report: Report, source: Picture, key: Key, *, keeps: bool) -> Report:
    candidates = tuple(
        replace(candidate, picture=with_key(candidate.picture, source, key, keep_palette=keeps))
        for candidate in report.candidates
    )
    return replace(report, candidates=candidates, notes=(*report.notes, key.note))
