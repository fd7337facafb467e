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
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from depixel.errors import DepixelError, OutputExistsError, UnsupportedPictureError, UnwritableOutputError
from depixel.files import apng, bmp, dds, png_sixteen
from depixel.files.png_chunks import ancillary, chunks, join
from depixel.picture import Picture, Pixels

_FORMATS = {".png": "PNG", ".apng": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".bmp": "BMP",
            ".dib": "BMP", ".tga": "TGA", ".gif": "GIF", ".dds": "DDS"}  # fmt: skip
WRITABLE = frozenset(_FORMATS)
"""Endings that can be written."""

LOSSLESS = frozenset({"PNG", "BMP", "TGA", "DDS"})
"""Formats whose files hold exactly the pixels that were given to them."""

_JPEG_QUALITY = 98
_WEBP_QUALITY = 95


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
    part = path.with_name(f".depixel-{secrets.token_hex(6)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            part.replace(path)
        else:
            _rename_to_new(part, path)
    except FileExistsError as error:
        raise OutputExistsError(f"{path} exists already; say --overwrite to replace it.") from error
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error)).lower()
        raise UnwritableOutputError(f"{path} cannot be written: {reason}.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


# A hard link fails when the name is taken, even by somebody who was faster; file systems without links get the check.
def _rename_to_new(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except (OSError, AttributeError, NotImplementedError):
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        part.replace(path)


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
            return _dds(picture)
        if kind in ("JPEG", "WEBP", "BMP", "TGA", "GIF"):
            return _by_pillow(picture, kind)
    except DepixelError:
        raise
    except (OSError, ValueError, KeyError) as error:
        raise UnsupportedPictureError(f"This picture cannot be written as {kind}: {error}.") from error
    raise UnsupportedPictureError(f"Depixel does not write {kind} files; choose PNG.")


def _png(picture: Picture) -> bytes:
    extra = ancillary(picture.icc_profile, picture.exif, picture.text, picture.details)
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
    return _saved(_image(frame), "PNG", compress_level=6)


def palette_indices(frame: Pixels, palette: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8] | None:
    """[H, W] index of every pixel's colour, or None when a colour is not in the palette (hidden colours may be)."""
    rgba = frame if frame.shape[2] == 4 else np.concatenate([frame, np.full_like(frame[..., :1], 255)], -1)
    packed = rgba.astype(np.uint32) @ np.array([1 << 24, 1 << 16, 1 << 8, 1], np.uint32)
    known = palette.astype(np.uint32) @ np.array([1 << 24, 1 << 16, 1 << 8, 1], np.uint32)
    see_through = np.flatnonzero(palette[:, 3] == 0)
    if len(see_through):  # what lies under a transparent pixel is nobody's colour
        packed = np.where((rgba[..., 3] == 0) & ~np.isin(packed, known), known[see_through[0]], packed)
    values, first = np.unique(known, return_index=True)
    place = np.searchsorted(values, packed).clip(0, len(values) - 1)
    if not (values[place] == packed).all():
        return None
    indices: npt.NDArray[np.uint8] = first[place].astype(np.uint8)
    return indices


def _indexed_png(indices: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(indices).convert("L")
    image.putpalette(palette[:, :3].tobytes(), "RGB")
    options: dict[str, Any] = {}
    if (palette[:, 3] < 255).any():
        options["transparency"] = palette[:, 3].tobytes()
    return _saved(image, "PNG", **options)


def _dds(picture: Picture) -> bytes:
    if picture.levels == 65535:
        raise UnsupportedPictureError("16 bits a sample cannot be written as DDS; choose PNG.")
    if len(picture.frames) > 1:
        raise UnsupportedPictureError("An animation cannot be written as DDS; choose PNG.")
    return dds.encode_uncompressed(picture.frames[0])


def _by_pillow(picture: Picture, kind: str) -> bytes:
    if picture.levels == 65535:
        raise UnsupportedPictureError(f"16 bits a sample cannot be written as {kind}; choose PNG.")
    images = [_image(frame) for frame in picture.frames]
    if len(images) > 1 and kind not in ("GIF", "WEBP"):
        raise UnsupportedPictureError(f"An animation cannot be written as {kind}; choose PNG, WebP or GIF.")
    first = images[0]
    options: dict[str, Any] = {}
    if picture.icc_profile and kind in ("JPEG", "WEBP"):
        options["icc_profile"] = picture.icc_profile
    if picture.exif and kind in ("JPEG", "WEBP"):
        options["exif"] = picture.exif
    if "dpi" in picture.details and kind in ("JPEG", "BMP"):
        options["dpi"] = picture.details["dpi"]
    if kind == "JPEG":
        if picture.has_alpha:
            raise UnsupportedPictureError("JPEG has no transparency; choose PNG or WebP.")
        options |= {"quality": _JPEG_QUALITY, "subsampling": 0, "optimize": True}
        if picture.text:
            options["comment"] = "; ".join(f"{k}: {v}" for k, v in picture.text.items()).encode()[:65000]
    elif kind == "WEBP":
        lossless = picture.format != "WEBP" or bool(picture.details.get("lossless", False))
        options |= {"lossless": lossless, "quality": 100 if lossless else _WEBP_QUALITY, "exact": True, "method": 4}
        images = [image.convert("RGBA") if "A" in image.mode else image.convert("RGB") for image in images]
    elif kind == "TGA":
        if picture.details.get("rle"):
            options["compression"] = "tga_rle"
    elif kind == "BMP" and picture.has_alpha:
        return bmp.encode_with_alpha(picture.rgba())
    elif kind == "GIF" and picture.text.get("Comment"):
        options["comment"] = picture.text["Comment"]
    if kind in ("GIF", "WEBP") and len(images) > 1:
        options |= {"save_all": True, "append_images": images[1:], "loop": picture.loop}
        options["duration"] = [round(d) for d in picture.durations] or 100
        if kind == "GIF":
            options |= {"disposal": 2 if picture.has_alpha else 1, "optimize": False}
            if picture.loop == 1:
                del options["loop"]
    if kind == "GIF" and len(images) == 1:
        images = [_gif_still(picture, first)]
        if picture.palette is not None and "transparency" in images[0].info:
            options["transparency"] = images[0].info["transparency"]
    return _saved(images[0], kind, **options)


# A still that was indexed stays so, index by index.
def _gif_still(picture: Picture, image: Image.Image) -> Image.Image:
    if picture.palette is None:
        return image
    indices = palette_indices(picture.frames[0], picture.palette)
    if indices is None:
        return image
    indexed = Image.fromarray(indices).convert("L")
    indexed.putpalette(picture.palette[:, :3].tobytes(), "RGB")
    hidden = np.flatnonzero(picture.palette[:, 3] == 0)
    if len(hidden):
        indexed.info["transparency"] = int(hidden[0])
    return indexed


def _image(frame: Pixels) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(frame[..., 0] if frame.shape[2] == 1 else frame))


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
