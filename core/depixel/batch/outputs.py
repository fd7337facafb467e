"""Checks whether a file can hold an answer, before anything is computed."""

from __future__ import annotations

from pathlib import Path

from depixel import files
from depixel.domain import ART, requested
from depixel.errors import UnsupportedPictureError
from depixel.picture import Picture
from depixel.request import Request


def check_writable(target: Path, picture: Picture, request: Request) -> None:
    """
    Raises UnsupportedPictureError if the answer to this picture cannot be written to `target`: it is too large for the
    format, animated, transparent, or has 16 bits per sample.
    """
    kind = files.by_ending(target) or files.by_name(picture.format)
    if kind is None:
        return
    if refusal := kind.refusal(picture, answer_size(picture, request)):
        raise UnsupportedPictureError(f"{picture.name}: {refusal}")


def answer_size(picture: Picture, request: Request) -> tuple[int, int]:
    """
    Width and height of the answer to this picture, in pixels. All kinds that are detected by content have one scale.
    """
    scale = request.scale_for(requested(request.domain) or ART, picture.width, picture.height)
    return request.answer_size(picture.width, picture.height, scale)


def may_change_pixels(target: Path) -> bool:
    """Whether the format of this file may change pixels."""
    kind = files.by_ending(target)
    return kind is not None and not kind.lossless
