"""
Write a Picture as the kind it was, completely or not at all: a temporary name in the same folder, flushed to the disk,
then renamed.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import stat
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from depixel.errors import (
    DepixelError,
    OutOfMemoryError,
    OutputExistsError,
    UnsupportedPictureError,
    UnwritableOutputError,
)
from depixel.files import apng, bmp, dds_writing, gif, jpeg, png_sixteen, tga, webp
from depixel.files.indexed import look_up
from depixel.files.metadata import fitting_profile
from depixel.files.png_chunks import ancillary, chunks, join
from depixel.picture import Picture, Pixels

_FORMATS = {".png": "PNG", ".apng": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG",
            ".webp": "WEBP", ".bmp": "BMP",
            ".dib": "BMP", ".tga": "TGA", ".gif": "GIF", ".dds": "DDS"}  # fmt: skip


def kind_of(path: Path | str) -> str | None:
    """Pillow's name of the format that a path's ending asks for; None when it asks for none."""
    return _FORMATS.get(Path(path).suffix.lower())


WRITABLE = frozenset(_FORMATS)
"""Endings that can be written."""

LOSSLESS = frozenset({"PNG", "BMP", "TGA"})
"""Formats whose files hold exactly the pixels that were given to them (a DDS does when it is not compressed)."""

# Rows are stored as differences, which zlib has a strategy for: half the time of its level 6 without it, 3 % smaller
# over 148 answers of game textures.
_QUICK = {"compress_level": 4, "compress_type": zlib.Z_FILTERED}

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is full",
    errno.ENAMETOOLONG: "the name is too long for this file system",
    errno.EROFS: "the disk is read-only",
}


def write(path: Path | str, picture: Picture, *, overwrite: bool = False) -> None:
    """
    Write in the format of the path's ending (of the picture where the ending says nothing).

    Raises:
        OutputExistsError: it is there already and overwrite is false; nothing was touched.
        UnwritableOutputError: no permission, disk full ...; no partial file is left.
        UnsupportedPictureError: the format cannot hold this picture.
    """
    path = Path(path)
    if not overwrite and os.path.lexists(path):
        raise OutputExistsError(f"{path} exists already; say --overwrite to replace it.")
    data = encode(picture, _FORMATS.get(path.suffix.lower()))
    place(path, data, overwrite=overwrite)


def place(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Bytes under a name, all of them or none. Raises OutputExistsError, UnwritableOutputError."""
    part = path.with_name(f".depixel-{secrets.token_hex(6)}.part")  # short: the name itself may be at its limit
    try:
        _fill(part, data, _permissions(path))
        if overwrite:
            part.replace(path)
        else:
            _rename_to_new(part, path)
        _settle(path.parent)
    except FileExistsError as error:
        raise OutputExistsError(f"{path} exists already; say --overwrite to replace it.") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        reason = _REASONS.get(getattr(error, "errno", 0)) or (getattr(error, "strerror", None) or str(error)).lower()
        raise UnwritableOutputError(f"{path} cannot be written: {reason}.") from error
    finally:
        with contextlib.suppress(OSError, ValueError):
            part.unlink(missing_ok=True)


def _fill(part: Path, data: bytes, permissions: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(part, flags, permissions), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


# A file that is replaced keeps its permissions; a new one takes the user's default.
def _permissions(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode) & 0o666
    except (OSError, ValueError):
        return 0o666


# A hard link fails when the name is taken, even by somebody who was faster. On file systems without links an empty file
# takes the name first, and is replaced.
def _rename_to_new(part: Path, path: Path) -> None:
    if os.name == "nt":
        part.rename(path)  # there it refuses a name that is taken
        return
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            part.replace(path)
        except OSError:
            path.unlink(missing_ok=True)
            raise


# The folder's entry reaches the disk too, where folders can be opened; the file itself is safe already.
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
    The file as bytes; kind = Pillow's name of the format, None = the picture's own.

    Raises:
        UnsupportedPictureError: the format cannot hold this picture.
    """
    kind = kind or picture.format
    try:
        if kind == "PNG":
            return _png(picture)
        if kind == "DDS":
            return dds_writing.encode(picture)
        if kind in ("JPEG", "WEBP", "BMP", "TGA", "GIF"):
            if picture.levels == 65535:
                raise UnsupportedPictureError(f"16 bits a sample cannot be written as {kind}; choose PNG.")
            if kind == "GIF":
                return gif.encode(picture)
            if kind == "WEBP":
                return webp.encode(picture)
            return _still(picture, kind)
    except DepixelError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError("The answer does not fit into memory as a file; use a smaller scale.") from error
    except (OSError, ValueError, KeyError) as error:
        raise UnsupportedPictureError(f"This picture cannot be written as {kind}: {error}.") from error
    raise UnsupportedPictureError(f"Depixel does not write {kind} files; choose PNG.")


def _png(picture: Picture) -> bytes:
    profile = fitting_profile(picture.icc_profile, picture.channels)
    extra = ancillary(profile, picture.exif, picture.text, picture.details)
    bodies = _png_bodies(picture)
    if len(bodies) > 1 or picture.durations:
        return apng.join_frames(bodies, picture.durations, picture.loop, extra)
    return join([bodies[0][0], *extra, *bodies[0][1:]])


# The chunks of each frame; all frames of one kind, as one header must speak for all.
def _png_bodies(picture: Picture) -> list[list[tuple[bytes, bytes]]]:
    if picture.levels == 65535:
        return [png_sixteen.encode(frame) for frame in picture.frames]
    if picture.mode == "P" and picture.palette is not None:
        indexed = [palette_indices(frame, picture.palette) for frame in picture.frames]
        found = [indices for indices in indexed if indices is not None]
        if len(found) == len(indexed):
            return [list(chunks(_indexed_png(indices, picture.palette))) for indices in found]
    return [list(chunks(_plain_png(frame, picture))) for frame in picture.frames]


# One frame without anything but pixels: as bits where the picture was one bit deep and still is.
def _plain_png(frame: Pixels, picture: Picture) -> bytes:
    bits = picture.mode == "1" and len(picture.frames) == 1 and frame.shape[2] == 1
    if bits and bool(np.isin(frame, (0, 255)).all()):
        return _saved(Image.fromarray(frame[..., 0]).convert("1", dither=Image.Dither.NONE), "PNG")
    return _saved(_image(frame), "PNG", **_QUICK)


def palette_indices(frame: Pixels, palette: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8] | None:
    """[H, W] index of every pixel's colour, or None when a colour is not in the palette (hidden colours may be)."""
    rgba = frame if frame.shape[2] == 4 else np.concatenate([frame, np.full_like(frame[..., :1], 255)], -1)
    found = look_up([rgba], palette)
    return None if found is None else found[0]


def _indexed_png(indices: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(indices).convert("L")
    image.putpalette(palette[:, :3].tobytes(), "RGB")
    options: dict[str, Any] = {}
    if (palette[:, 3] < 255).any():
        options["transparency"] = palette[:, 3].tobytes()
    return _saved(image, "PNG", **options)


def _still(picture: Picture, kind: str) -> bytes:
    if len(picture.frames) > 1:
        raise UnsupportedPictureError(f"An animation cannot be written as {kind}; choose PNG, WebP or GIF.")
    if kind == "JPEG":
        return jpeg.encode(picture)
    indices = None
    if picture.mode == "P" and picture.palette is not None:
        indices = palette_indices(picture.frames[0], picture.palette)
    if kind == "TGA":
        rle = bool(picture.details.get("rle"))
        if indices is not None:
            return tga.encode(indices[..., None], picture.palette, rle)
        return tga.encode(picture.frames[0], None, rle)
    if picture.has_alpha:
        return bmp.encode_with_alpha(picture.rgba())
    image = _image(picture.frames[0])
    if indices is not None and picture.palette is not None:
        image = Image.fromarray(indices)
        image.putpalette(picture.palette[:, :3].tobytes(), "RGB")
    elif picture.mode == "1" and bool(np.isin(picture.frames[0], (0, 255)).all()):
        image = image.convert("1", dither=Image.Dither.NONE)
    return _saved(image, kind, **({"dpi": picture.details["dpi"]} if "dpi" in picture.details else {}))


def _image(frame: Pixels) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(frame[..., 0] if frame.shape[2] == 1 else frame))


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
