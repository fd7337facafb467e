"""
`Format`: everything that Depixel knows about one kind of file, as one value. Each module of a format ends with its own
(`FORMAT`), and `depixel.files.table` lists them; nothing else knows a format by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from depixel.files.limits import Limits
from depixel.picture import Picture

Read = Callable[[bytes, str, Limits], Picture]
"""(data, name for messages, limits) => picture. Raises UnreadablePictureError, PictureTooLargeError and the like."""

Encode = Callable[[Picture], bytes]
"""The whole file. It may rely on `Format.refusal` having been empty."""

Size = tuple[int, int]
"""Width and height in pixels."""

HEAD = 2048
"""Bytes at the start of a file that are enough for `Format.recognise`, and for most of `Format.size`."""


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
    """One kind of file: how it is recognised, read and written, and what it cannot hold."""

    name: str
    """Identifies it: the value of `Picture.format`. Pillow's name where Pillow knows the format."""
    label: str
    """In sentences: "WebP"."""
    endings: tuple[str, ...]
    """Lower case, with the dot, the usual one first."""
    recognise: Callable[[bytes], bool]
    """Whether the start of a file (`HEAD` bytes or more) is of this format."""
    media_type: str
    """On the wire: registered, or the usual one."""
    read: Read | None = None
    encode: Encode | None = None

    lossless: bool = True
    """False where a file may hold other pixels than were given to it; such files are read back and measured."""
    most_side: int = 2**31 - 1
    """Pixels that width and height may have in a file."""
    animated: bool = False
    """Whether a file can hold several frames."""
    sixteen: bool = False
    """Whether a file can hold 16 bits a sample."""
    indexed: bool = False
    """Whether answers to indexed pictures stay indexed where their colours fit into a palette."""
    alpha: bool = True
    """Whether a file can hold transparency."""
    from_folders: bool = True
    """Whether a folder's files are taken. False for films and for the working files of editors: those are read when
    they are named."""

    missing: Callable[[], str] = _nothing_missing
    """What must be installed before the format can be used, as the end of a sentence; empty when all is there."""
    size: Callable[[bytes], Size | None] = _unknown_size
    """Width and height that the start of a file claims, without decoding; None where it does not say."""
    remark: Callable[[Picture], str] = _no_remark
    """A sentence on what a file written from this picture does not keep; empty when it keeps everything."""
    refuses: Callable[[Picture, Size], str] = _no_refusal
    """A sentence for what this format cannot hold beyond the limits above; empty when there is nothing."""

    def refusal(self, picture: Picture, size: Size | None = None) -> str:
        """
        Why this format cannot hold a picture, as a sentence with the way out; empty when it can.

        Args:
            size: of the file that is to be written, where that is not the picture's own: an answer is asked about
                before it exists, by its source. Frames, depth and transparency are those of the source.
        """
        width, height = size or (picture.width, picture.height)
        if self.encode is None:
            return f"Depixel does not write {self.label} files; choose PNG."
        if missing := self.missing():
            return f"{self.label} files cannot be written here: {missing}, or choose PNG."
        if len(picture.frames) > 1 and not self.animated:
            return f"An animation cannot be written as {self.label}; choose PNG, WebP or GIF."
        if picture.levels > 255 and not self.sixteen:
            return f"16 bits a sample cannot be written as {self.label}; choose PNG or TIFF."
        if not self.alpha and _is_transparent(picture):
            return f"{self.label} has no transparency; choose PNG or WebP."
        if max(width, height) > self.most_side:
            return (
                f"{self.label} holds at most {self.most_side} pixels a side and this would have {width}x{height}; "
                "choose PNG or a smaller scale."
            )
        return self.refuses(picture, (width, height))


def starts_with(*signatures: bytes) -> Callable[[bytes], bool]:
    """A `Format.recognise` for formats whose files begin with one of these bytes."""
    return lambda data: data.startswith(signatures)


def _is_transparent(picture: Picture) -> bool:
    return picture.has_alpha and any(bool((frame[..., -1] < picture.levels).any()) for frame in picture.frames)
