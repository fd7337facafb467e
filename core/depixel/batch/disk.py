"""The two functions through which the command line touches picture files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from depixel import files
from depixel.errors import BadUsageError, OutputExistsError, UnwritableOutputError
from depixel.files import video
from depixel.picture import Picture
from depixel.terminal.mistakes import no_such_input

Read = Callable[[Path], Picture]
Write = Callable[[Path, Picture], None]

READABLE = files.READABLE
"""Extensions of the files that are read from folders."""

WRITABLE = files.WRITABLE
"""Extensions that can be written."""


def check_no_video(out: Path) -> None:
    """Raises BadUsageError if OUT has a video's extension."""
    if files.by_ending(out) is video.FORMAT:
        raise BadUsageError(
            f"-o {out}: Depixel does not write videos: their compression would change pixels, and the result would no "
            f"longer scale back. Write {out.with_suffix('.png').name} (an APNG), .webp or .gif, and convert that with "
            "ffmpeg if you need a video."
        )


def reader(max_pixels: int | None) -> Read:
    """Reads a picture of at most so many pixels (None = the limit of `depixel.files`)."""
    limits = files.Limits() if max_pixels is None else files.Limits(pixels=max_pixels)

    def read(path: Path) -> Picture:
        if not os.path.lexists(path):
            raise BadUsageError(no_such_input(str(path)))
        return files.read(path, limits)

    return read


def writer(overwrite: bool, *, resume: bool = False) -> Write:
    """
    A function that writes a picture under a temporary name and renames it, over an existing file only with `overwrite`.

    Args:
        resume: an existing file with the same bytes, as an interrupted run leaves it, counts as written.
    """

    def write(path: Path, picture: Picture) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UnwritableOutputError(f"The folder {path.parent} cannot be created: {reason}.") from error
        try:
            files.write(path, picture, overwrite=overwrite)
        except OutputExistsError:
            if not resume or path.is_symlink() or not path.is_file():
                raise
            if path.read_bytes() != files.encode(picture, files.kind_of(path)):
                raise

    return write
