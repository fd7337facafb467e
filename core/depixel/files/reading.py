"""Reads a file of any supported format into a `Picture`, or raises an error with a sentence."""

from __future__ import annotations

import dataclasses
import os
import stat
from pathlib import Path

from depixel.errors import OutOfMemoryError, UnreadablePictureError, UnsupportedPictureError
from depixel.files import pillow_reading
from depixel.files.limits import Limits
from depixel.files.metadata import within
from depixel.files.table import by_ending, sniff
from depixel.picture import Picture


def read(path: Path | str, limits: Limits | None = None) -> Picture:
    """
    The picture in a file.

    Raises:
        UnreadablePictureError: it is missing, empty, damaged, or not a picture.
        PictureTooLargeError: it claims more pixels than the limits allow; nothing was decoded.
        OutOfMemoryError: it is within the limits, but does not fit into memory.
        UnsupportedPictureError: a kind of picture that Depixel does not support.
    """
    path = Path(path)
    try:
        # Opening a pipe would wait for its writer.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                raise UnreadablePictureError(f"{path.name} is not a readable file.")
            (limits or Limits()).check_file(path.name, about.st_size)
            with os.fdopen(handle, "rb", closefd=False) as file:
                data = file.read(about.st_size)  # a file that grows meanwhile is cut off here
        finally:
            os.close(handle)
    except FileNotFoundError as error:
        raise UnreadablePictureError(f"{path.name} is not a readable file.") from error
    except MemoryError as error:
        raise OutOfMemoryError(f"{path.name} does not fit into memory.") from error
    except (OSError, ValueError) as error:  # ValueError: the path contains NUL
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UnreadablePictureError(f"{path.name} cannot be read: {reason}.") from error
    return read_bytes(data, path.name, limits)


def read_bytes(data: bytes, name: str = "picture", limits: Limits | None = None) -> Picture:
    """As `read`, from memory; `name` is for messages and for detection."""
    limits = dataclasses.replace(limits or Limits(), stored_bytes=len(data))
    kind = sniff(data, name)
    if kind.read is None:
        raise UnsupportedPictureError(f"{name} is a {kind.label} file, which Depixel does not read.")
    if missing := kind.missing():
        raise UnsupportedPictureError(f"{name} is a {kind.label} file, which cannot be read here: {missing}.")
    try:
        picture = kind.read(data, name, limits)
    except MemoryError as error:
        raise OutOfMemoryError(f"{name} does not fit into memory.") from error
    except pillow_reading.DecoderError as error:
        raise UnreadablePictureError(f"{name} is damaged or cut short: {str(error)[:120]}.") from error
    details = {**picture.details, "source_size": (picture.width, picture.height)}
    if picture.palette is not None:
        details["source_palette"] = picture.palette
    claimed = by_ending(name)
    if claimed is not None and claimed is not kind:
        details["wrong_ending"] = f"{name} is a {kind.label} by its content."
    return within(picture.replace(name=name, format=kind.name, details=details), limits)
