"""What becomes of an answer in its file: whether the file can hold it, which is known before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from depixel import files
from depixel.client.option_table import MAX_SCALE
from depixel.errors import UnsupportedPictureError
from depixel.picture import Picture
from depixel.request import Request

if TYPE_CHECKING:
    from depixel.preparation.prepare import Prepared


def check_writable(target: Path, picture: Picture, settings: Request) -> None:
    """
    Raises UnsupportedPictureError when the answer to this picture could not be written to `target`: it would be too
    large for the format, is animated, has 16 bits a sample or transparency.
    """
    kind = files.by_ending(target) or files.by_name(picture.format)
    if kind is None:
        return
    largest = (picture.width * MAX_SCALE, picture.height * MAX_SCALE)
    refusal = kind.refusal(picture)
    if not refusal and kind.refusal(picture, largest):  # it depends on the scale, which is dear to find out
        from depixel.preparation.prepare import prepare

        refusal = kind.refusal(picture, answer_size(prepare(picture, settings)))
    if refusal:
        raise UnsupportedPictureError(f"{picture.name}: {refusal}")


def answer_size(prepared: Prepared) -> tuple[int, int]:
    """Width and height of the answer, in pixels."""
    return prepared.source.width * prepared.scale, prepared.source.height * prepared.scale


def may_change_pixels(target: Path) -> bool:
    """Whether a file of this name may hold other pixels than were given to it."""
    kind = files.by_ending(target)
    return kind is not None and not kind.lossless
