"""
Special pictures, such as those with a colour key or with known neighbours: answered by calls for ordinary pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from depixel.errors import DepixelError
from depixel.monitor import Monitor, Portions
from depixel.picture import Picture
from depixel.premultiplying import with_premultiplied
from depixel.regions import with_regions
from depixel.report import Answer, Report
from depixel.request import Request

Special = Callable[[Sequence[Picture], Request, Answer], list[Report | DepixelError] | None]
"""Answers pictures of which some are special; None if none is."""

_TWICE: tuple[Special, ...] = (with_premultiplied, with_regions)  # call once more: for colours on black, for frames


def answer_special(
    specials: Iterable[Special],
    pictures: Sequence[Picture],
    request: Request,
    upsample_many: Callable[[Sequence[Picture], Request, Monitor], Sequence[Report | DepixelError]],
    monitor: Monitor,
) -> list[Report | DepixelError] | None:
    """The outcomes from the first of `specials` that applies; None if none does. Its calls share one progress."""
    for special in specials:
        total = len(pictures) * (2 if special in _TWICE else 1)
        outcomes = special(pictures, request, Portions(upsample_many, total, monitor))
        if outcomes is not None:
            return outcomes
    return None
