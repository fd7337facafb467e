"""
Writes a Picture completely or not at all: under a temporary name in the same folder, flushed to the disk, then renamed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from pathlib import Path

from depixel.errors import (
    DepixelError,
    OutOfMemoryError,
    OutputExistsError,
    UnsupportedPictureError,
    UnwritableOutputError,
)
from depixel.files.indexed import indexed_again
from depixel.files.renaming import rename_new
from depixel.files.table import by_ending, by_name
from depixel.picture import Picture

_USUAL_NAME = 255  # bytes in a name, if the system does not say
_LEAST_SPACE = 2**16  # bytes; any answer needs more

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is full",
    errno.ENAMETOOLONG: "the name is too long for this file system",
    errno.EROFS: "the disk is read-only",
}


def write(path: Path | str, picture: Picture, *, overwrite: bool = False) -> None:
    """
    Write in the format of the path's extension (in the picture's own format if the extension is unknown).

    Raises:
        OutputExistsError: the file exists and `overwrite` is false; nothing was changed.
        UnwritableOutputError: no permission, disk full ...; no partial file is left.
        UnsupportedPictureError: the format cannot hold this picture.
    """
    path = Path(path)
    if not overwrite and os.path.lexists(path):
        raise OutputExistsError(f"{path} already exists; use --overwrite to replace it.")
    target = by_ending(path)
    data = encode(picture, target.name if target else None)
    place(path, data, overwrite=overwrite)


def place(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a file completely or not at all. Raises OutputExistsError, UnwritableOutputError."""
    part = path.with_name(
        f".depixel-{secrets.token_hex(6)}.part"
    )  # short, because the name itself may have the maximum length
    try:
        _fill(part, data, _permissions(path))
        if overwrite:
            part.replace(path)
        else:
            rename_new(part, path)
        _settle(path.parent)
    except FileExistsError as error:
        raise OutputExistsError(f"{path} already exists; use --overwrite to replace it.") from error
    except (OSError, ValueError) as error:  # ValueError: the name contains NUL
        reason = _REASONS.get(getattr(error, "errno", 0)) or (getattr(error, "strerror", None) or str(error)).lower()
        raise UnwritableOutputError(f"{path} cannot be written: {reason}.") from error
    finally:
        with contextlib.suppress(OSError, ValueError):
            part.unlink(missing_ok=True)


def why_unwritable(path: Path) -> str:
    """
    Why this file cannot be written, as the end of a sentence, as far as that is known in advance: a name that is too
    long, a file in place of a folder, a folder without permission, a full disk. Empty if nothing is known.
    """
    try:
        if _overlong_part(path):
            return _REASONS[errno.ENAMETOOLONG]
        folder = _nearest_folder(path.parent)
        if not folder.is_dir():
            return f"{folder} is not a folder"
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"you have no permission to write to the folder {folder}"
        if shutil.disk_usage(folder).free < _LEAST_SPACE:
            return _REASONS[errno.ENOSPC]
    except (OSError, ValueError):  # other reasons show up when writing
        return ""
    return ""


def check_name(path: Path) -> None:
    """
    Raises UnwritableOutputError if a part of this path is longer than the file system allows: even checking whether
    such a file exists is an error.
    """
    if part := _overlong_part(path):
        raise UnwritableOutputError(f"{part[:20]}... cannot be written: {_REASONS[errno.ENAMETOOLONG]}.")


# From the top, because nothing below an overlong name can be examined. Empty if every part fits.
def _overlong_part(path: Path) -> str:
    parts = path.absolute().parts
    for count, part in enumerate(parts):
        longest = _longest_name(Path(*parts[:count])) if count else _USUAL_NAME
        if len(os.fsencode(part)) > longest:
            return part
    return ""


def _longest_name(folder: Path) -> int:
    try:
        return os.pathconf(_nearest_folder(folder), "PC_NAME_MAX") if hasattr(os, "pathconf") else _USUAL_NAME
    except (OSError, ValueError):
        return _USUAL_NAME


def _nearest_folder(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _fill(part: Path, data: bytes, permissions: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(part, flags, permissions), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


# A replaced file keeps its permissions; a new file gets the user's default.
def _permissions(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode) & 0o666
    except (OSError, ValueError):
        return 0o666


# Also flush the folder's entry, if folders can be opened. The file itself is already safe.
def _settle(folder: Path) -> None:
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def encode(picture: Picture, kind: str | None = None) -> bytes:
    """
    A picture as the bytes of a file.

    Args:
        kind: `Format.name`; None = the picture's own format.

    Raises:
        UnsupportedPictureError: the format cannot hold this picture.
        OutOfMemoryError: the file does not fit into memory.
    """
    name = kind or picture.format
    target = by_name(name)
    if target is None or target.encode is None:
        raise UnsupportedPictureError(f"Depixel does not write {target.label if target else name} files; choose PNG.")
    if refusal := target.refusal(picture):
        raise UnsupportedPictureError(refusal)
    try:
        return target.encode(indexed_again(picture) if target.indexed else picture)
    except DepixelError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError("The answer does not fit into memory as a file; use a smaller scale.") from error
    except (OSError, ValueError, KeyError) as error:
        raise UnsupportedPictureError(f"This picture cannot be written as {target.label}: {error}.") from error


def remark(picture: Picture, kind: str | None = None) -> str:
    """A sentence about what a file written from this picture loses; empty if nothing."""
    target = by_name(kind or picture.format)
    return target.remark(picture) if target else ""
