"""Which parts of a request a prior can carry out, and what the report says about the rest."""

from __future__ import annotations

from dataclasses import replace

from depixel.consistency import Residual
from depixel.priors.base import PriorSpec
from depixel.request import Request
from depixel.search.terms import idle_options

INVENTED = "Detail was invented, not recovered."


def possible(request: Request, spec: PriorSpec) -> Request:
    """
    Reduce the request to what this prior can do: without latents it has one answer and nothing to search. A third-party
    network answers without averaging several positions, unless that is requested.
    """
    if spec.latents:
        return request
    turns = 1 if request.ensemble is None else request.ensemble
    return replace(request, candidates=1, steps=0, imagination=0.0, like=None, ensemble=turns)


def notes_for(request: Request, spec: PriorSpec) -> tuple[str, ...]:
    """Sentences for the report: about imagined detail, and about options that have no effect."""
    notes: list[str] = []
    if not spec.latents:
        requests = {
            "candidates": request.candidates > 1,
            "steps": bool(request.steps),
            "imagination": request.imagination > 0,
            "like": request.like is not None,
        }
        idle = [name for name, is_wanted in requests.items() if is_wanted]
        if idle:
            notes.append(f"{spec.name} gives one answer per picture, so these options have no effect: {_list(idle)}.")
        return tuple(notes)
    if request.imagination > 0:
        notes.append(INVENTED)
    idle = [] if request.steps else idle_options(request)
    if idle:
        notes.append(f"These options only guide a search and have no effect without steps: {_list(idle)}.")
    return tuple(notes)


def stray_note(spec: PriorSpec, stray: Residual) -> str:
    """How far a third-party network alone was from the source pixels."""
    return (
        f"{spec.name} alone strayed from the given pixels by {stray.rmse:.2f} levels (root mean square; at most "
        f"{stray.maximum:.0f}); Depixel made its answer exact."
    )


def whole_note(spec: PriorSpec) -> str:
    """Says that a picture was cut into tiles, which the network answers differently from the whole."""
    return (
        f"{spec.name} looks at whole pictures, but this one was too large for one pass: its tiles differ from the "
        f"whole by up to {spec.whole:.1f} levels."
    )


def _list(names: list[str]) -> str:
    return ", ".join(names)
