"""
The table of formats, and look-ups in it: by content, by extension, by name. A new format is a module and one line here.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files.format import Format, Size
from depixel.files.strangers import stranger

_MODULES = (
    "png",
    "jpeg",
    "gif",
    "webp",
    "dds",
    "bmp",
    "tiff",
    "ico",
    "cur",
    "qoi",
    "avif",
    "jxl",
    "ktx",
    "ktx2",
    "vtf",
    "blp",
    "psd",
    "krita",
    "openraster",
    "aseprite",
    "video",
    "pcx",  # its signature is a single byte, but the rest of its header has few legal values
    "tga",  # last: it has no signature
)

FORMATS: tuple[Format, ...] = tuple(import_module(f"depixel.files.{module}").FORMAT for module in _MODULES)
"""In the order in which a file's content is checked."""

_BY_ENDING = {ending: kind for kind in FORMATS for ending in kind.endings}
_BY_NAME = {kind.name: kind for kind in FORMATS}

READABLE = frozenset(
    ending
    for ending, kind in _BY_ENDING.items()
    if kind.read and kind.encode and kind.from_folders and not kind.missing()
)
"""Extensions of the files that are read from folders, because they can be written again."""

WRITABLE = frozenset(ending for ending, kind in _BY_ENDING.items() if kind.encode and not kind.missing())
"""Extensions that can be written."""


def by_ending(path: Path | str) -> Format | None:
    """The format of a path by its extension; None if the extension is unknown."""
    return _BY_ENDING.get(Path(path).suffix.lower())


def kind_of(path: Path | str) -> str | None:
    """As `by_ending`, but the `Format.name` alone."""
    kind = by_ending(path)
    return kind.name if kind else None


def by_name(name: str) -> Format | None:
    """The format with this `Format.name`; None if there is none."""
    return _BY_NAME.get(name)


def by_content(data: bytes) -> Format | None:
    """The format of a file by its first bytes (at least `format.HEAD`); None if it is unknown."""
    return next((kind for kind in FORMATS if kind.recognise(data)), None)


def sniff(data: bytes, name: str) -> Format:
    """
    The format of a file by its content.

    Args:
        data: the whole file, or its first `format.HEAD` bytes.
        name: for messages.

    Raises:
        UnreadablePictureError: the file is empty, or not a picture.
        UnsupportedPictureError: it is another known kind of file.
    """
    if not data:
        raise UnreadablePictureError(f"{name} is empty (0 bytes).")
    if (kind := by_content(data)) is not None:
        return kind
    if what := stranger(data):
        raise UnsupportedPictureError(f"{name} is {what}. Depixel reads {labels()}.")
    raise UnreadablePictureError(f"{name} is not a picture that Depixel can read. It reads {labels()}.")


def labels() -> str:
    """The formats of pictures that are read and written, as a list for sentences: "PNG, JPEG ... and TGA"."""
    every = [kind.label for kind in FORMATS if kind.read and kind.encode]
    return f"{', '.join(every[:-1])} and {every[-1]}"


def claimed_size(head: bytes) -> Size | None:
    """The width and height that a file's first bytes claim; None if unknown."""
    kind = by_content(head)
    return kind.size(head) if kind else None


def claimed_pixels(head: bytes) -> int | None:
    """The number of pixels per frame that a file's first bytes claim; None if unknown."""
    size = claimed_size(head)
    return size[0] * size[1] if size else None
