"""
`Format`: everything that Depixel knows about a file format, as one value. Each module of a format ends with its
`FORMAT`, and `depixel.files.table` lists them; no other module names a format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from depixel.files.limits import Limits
from depixel.picture import Picture

Read = Callable[[bytes, str, Limits], Picture]
"""(data, name for messages, limits) => picture. Raises UnreadablePictureError, PictureTooLargeError and the like."""

Encode = Callable[[Picture], bytes]
"""Picture => the whole file. It may assume that `Format.refusal` is empty."""

Size = tuple[int, int]
"""Width and height in pixels."""

HEAD = 2048
"""Bytes at the start of a file that suffice for `Format.recognise`, and usually for `Format.size`."""


def _nothing_missing() -> str:
    return ""


def _no_remark(_: Picture) -> str:
    return ""


def _no_refusal(_: Picture, __: Size) -> str:
    return ""


def _unknown_size(_: bytes) -> Size | None:
    return None


@dataclass(frozen=True)
class Format:
    """A file format: how to recognise, read and write it, and what it cannot hold."""

    name: str
    """Identifier and value of `Picture.format`; Pillow's name if Pillow knows the format."""
    label: str
    """Name in sentences: "WebP"."""
    endings: tuple[str, ...]
    """File extensions in lower case, with the dot; the usual one first."""
    recognise: Callable[[bytes], bool]
    """Whether the start of a file (at least `HEAD` bytes) has this format."""
    media_type: str
    """Media type: the registered one, or the usual one."""
    read: Read | None = None
    encode: Encode | None = None

    lossless: bool = True
    """False if saving may change pixels; such files are read back and measured."""
    most_side: int = 2**31 - 1
    """Largest width and height, in pixels."""
    animated: bool = False
    """Whether a file can hold several frames."""
    sixteen: bool = False
    """Whether a file can hold 16 bits per sample."""
    indexed: bool = False
    """Whether answers to indexed pictures stay indexed if their colours fit into a palette."""
    alpha: bool = True
    """Whether a file can hold transparency."""
    keeps_text: bool = False
    """Whether a file keeps `Picture.text`, which names the program that wrote it."""
    from_folders: bool = True
    """Whether files in folders are read. False for videos and for the working files of editors, which are read only
    if they are named."""

    missing: Callable[[], str] = _nothing_missing
    """What must be installed to use the format, as the end of a sentence; empty if nothing is missing."""
    size: Callable[[bytes], Size | None] = _unknown_size
    """Width and height according to the start of a file, without decoding; None if unknown."""
    remark: Callable[[Picture], str] = _no_remark
    """A sentence about what a file written from this picture loses; empty if nothing."""
    refuses: Callable[[Picture, Size], str] = _no_refusal
    """A sentence about other reasons why the format cannot hold the picture; empty if there are none."""

    def refusal(self, picture: Picture, size: Size | None = None) -> str:
        """
        Why this format cannot hold a picture, as a sentence with a remedy; empty if it can.

        Args:
            size: of the file to write, if it is not the picture's own: an answer is checked before it exists, with its
                source as `picture`, which has the same frames, depth and transparency.
        """
        width, height = size or (picture.width, picture.height)
        if self.encode is None:
            return f"Depixel does not write {self.label} files; choose PNG."
        if missing := self.missing():
            return f"{self.label} files cannot be written here: {missing}, or choose PNG."
        if len(picture.frames) > 1 and not self.animated:
            return f"An animation cannot be written as {self.label}; choose PNG, WebP or GIF."
        if picture.levels > 255 and not self.sixteen:
            return f"16 bits per sample cannot be written as {self.label}; choose PNG or TIFF."
        if not self.alpha and picture.has_transparency:
            return f"{self.label} has no transparency; choose PNG or WebP."
        return self.refusal_of_size(width, height) or self.refuses(picture, (width, height))

    def refusal_of_size(self, width: int, height: int) -> str:
        """Like `refusal`, if only the size of the picture is known."""
        if max(width, height) <= self.most_side:
            return ""
        return (
            f"{self.label} holds at most {self.most_side} pixels per side, and this would be {width}x{height}; "
            "choose PNG or a smaller scale."
        )


def starts_with(*signatures: bytes) -> Callable[[bytes], bool]:
    """A `Format.recognise` for formats whose files begin with one of these signatures."""
    return lambda data: data.startswith(signatures)
