"""Reads a picture of a command line and settles its request, in the same way for a run and for `--dry-run`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from depixel.batch.caps import SizeCaps
from depixel.batch.disk import Read
from depixel.batch.outputs import check_writable
from depixel.batch.plan import PlannedPicture, Problem, problem_with
from depixel.picture import Picture
from depixel.request import Request

if TYPE_CHECKING:
    from depixel.batch.sets import PictureSets


@dataclass(frozen=True)
class ReadPicture:
    """A picture of a command line with its own request."""

    planned: PlannedPicture
    picture: Picture
    request: Request
    note: str = ""  # for the report


def read_planned(
    planned: PlannedPicture, settings: Request, read: Read, caps: SizeCaps, sets: PictureSets | None
) -> ReadPicture | Problem:
    """
    The picture, or why it is not answered.

    Args:
        sets: decides the kind of pictures that belong together; None = each is decided alone.

    Raises:
        Whatever `read` raises.
        UnsupportedPictureError: the answer cannot be written to the target.
    """
    picture, note = read(planned.source), ""
    if (problem := problem_with(planned, picture)) is not None:
        return problem
    request = caps.settle(picture, settings)
    if isinstance(request, Problem):
        return request
    check_writable(planned.target, picture, request)
    if sets is not None:
        request, note = sets.settle(planned.source, picture, request)
    return ReadPicture(planned, picture, request, note)
