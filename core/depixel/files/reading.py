"""Which reader a file needs, and the sentences for those that cannot be read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from depixel.errors import OutOfMemoryError, UnreadablePictureError, UnsupportedPictureError
from depixel.files import dds, gif, pillow_reading, png_reading, tga, video, webp
from depixel.files.limits import Limits
from depixel.picture import Picture

READABLE = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".tga", ".gif", ".dds"}
)
"""Endings of the files that a folder is searched for."""

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"DDS ": "DDS",
}
_ENDINGS = {
    "PNG": {".png", ".apng"},
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "GIF": {".gif"},
    "BMP": {".bmp", ".dib"},
    "DDS": {".dds"},
    "WEBP": {".webp"},
    "TGA": {".tga"},
}
_KNOWN_STRANGERS = {
    b"\x00\x00\x01\x00": "a Windows icon",
    b"\x00\x00\x02\x00\x01": "a Windows cursor",
    b"II*\x00": "a TIFF",
    b"MM\x00*": "a TIFF",
    b"8BPS": "a Photoshop document",
    b"gimp xcf": "a GIMP document",
    b"PK\x03\x04": "a zip archive or a Krita document",
    b"\xabKTX": "a KTX texture",
    b"VTF\x00": "a Valve texture",
    b"qoif": "a QOI picture",
    b"\x76\x2f\x31\x01": "an OpenEXR picture",
    b"#?RADIANCE": "a Radiance picture",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000 picture",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL picture",
    b"\xff\x0a": "a JPEG XL picture",
    b"%PDF": "a PDF",
    b"<svg": "an SVG drawing",
    b"<?xml": "an XML file",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b"version https://git-lfs": "a pointer to a file in Git LFS, not the file",
}
_BOXES = {b"avif": "an AVIF picture", b"avis": "an AVIF picture", b"heic": "a HEIC picture", b"heix": "a HEIC picture",
          b"mif1": "a HEIF picture"}  # fmt: skip


def read(path: Path | str, limits: Limits | None = None) -> Picture:
    """
    The picture in a file.

    Raises:
        UnreadablePictureError: not there, empty, damaged, or no picture.
        PictureTooLargeError: it claims more pixels than the limits allow; nothing was decoded.
        OutOfMemoryError: within the limits, but not within this machine.
        UnsupportedPictureError: a kind of picture that is not handled.
    """
    path = Path(path)
    try:
        # Opening a pipe waits for its writer, unless told not to.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                raise UnreadablePictureError(f"{path.name} is not a file that can be read.")
            (limits or Limits()).check_file(path.name, about.st_size)
            with os.fdopen(handle, "rb", closefd=False) as file:
                data = file.read(about.st_size)  # what grows meanwhile is read no further
        finally:
            os.close(handle)
    except FileNotFoundError as error:
        raise UnreadablePictureError(f"{path.name} is not a file that can be read.") from error
    except MemoryError as error:
        raise OutOfMemoryError(f"{path.name} does not fit into memory.") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UnreadablePictureError(f"{path.name} cannot be read: {reason}.") from error
    return read_bytes(data, path.name, limits)


def read_bytes(data: bytes, name: str = "picture", limits: Limits | None = None) -> Picture:
    """As `read`, from memory; `name` is for messages and for detection."""
    limits = limits or Limits()
    kind = sniff(data, name)
    try:
        if kind == "DDS":
            picture = dds.read(data, name, limits)
        elif kind == "PNG":
            picture = png_reading.read(data, name, limits)
        elif kind == "GIF":
            picture = gif.read(data, name, limits)
        elif kind == "WEBP":
            picture = webp.read(data, name, limits)
        elif kind == "TGA":
            picture = tga.read(data, name, limits)
        elif kind == "VIDEO":
            picture = video.read(data, name, limits)
        else:
            picture = pillow_reading.read(data, kind, name, limits)
    except MemoryError as error:
        raise OutOfMemoryError(f"{name} does not fit into memory.") from error
    except pillow_reading.DecoderError as error:
        raise UnreadablePictureError(f"{name} is damaged or cut short: {str(error)[:120]}.") from error
    details = dict(picture.details)
    suffix = Path(name).suffix.lower()
    if suffix in READABLE and suffix not in _ENDINGS[kind]:
        details["wrong_ending"] = f"{name} is a {kind} by its content."
    return picture.replace(name=name, details=details)


def sniff(data: bytes, name: str) -> str:
    """
    The format by content: PNG, JPEG, GIF, BMP, DDS, WEBP, TGA or VIDEO.

    Raises:
        UnreadablePictureError: empty, or no picture.
        UnsupportedPictureError: another known kind of file.
    """
    if not data:
        raise UnreadablePictureError(f"{name} is empty (0 bytes).")
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    strangers = [what for signature, what in _KNOWN_STRANGERS.items() if data.startswith(signature)]
    if data[4:8] == b"ftyp" and data[8:12] in _BOXES:
        strangers.append(_BOXES[data[8:12]])
    for what in strangers:
        raise UnsupportedPictureError(f"{name} is {what}; Depixel reads PNG, JPEG, WebP, BMP, TGA, GIF and DDS.")
    if tga.recognise(data):
        return "TGA"
    if video.container_of(data):
        return "VIDEO"
    raise UnreadablePictureError(f"{name} is no picture that Depixel knows (PNG, JPEG, WebP, BMP, TGA, GIF, DDS).")
