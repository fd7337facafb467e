"""
Documents of painting programs that are zip archives with the merged picture inside as a PNG: Krita's and OpenRaster's.

Source: OpenRaster specification 0.0.5; Krita's "KRA file format".
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable

from depixel.errors import PictureTooLargeError, UnreadablePictureError
from depixel.files import png_reading
from depixel.files.limits import Limits
from depixel.files.png_chunks import SIGNATURE, check_header
from depixel.picture import Picture

_MERGED = "mergedimage.png"
_FIRST = b"PK\x03\x04"
_NAME_AT, _NAME = 30, b"mimetype"
_HEAD = 33  # bytes of a PNG up to the end of IHDR
_MOST_SAMPLE = 8  # bytes of a pixel: RGBA with 16 bits each
_BESIDE = 2**24  # bytes of profile, texts, and what deflate adds


def with_type(*kinds: bytes) -> Callable[[bytes], bool]:
    """
    A `Format.recognise` for zip archives whose first entry, "mimetype", is uncompressed and names one of these types.
    """

    def recognise(data: bytes) -> bool:
        if not data.startswith(_FIRST) or data[_NAME_AT : _NAME_AT + len(_NAME)] != _NAME:
            return False
        start = _NAME_AT + len(_NAME) + int.from_bytes(data[28:30], "little")
        return any(data[start : start + len(kind)] == kind for kind in kinds)

    return recognise


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """The merged picture. Raises PictureTooLargeError, UnreadablePictureError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(_MERGED) as file:
            head = file.read(_HEAD)
            most = _most_bytes(head, name, limits)
            merged = head + file.read(most + 1 - len(head))
    except KeyError as error:
        raise UnreadablePictureError(
            f"{name} does not contain a merged picture; save it again, or export it as PNG."
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UnreadablePictureError(f"{name} is incomplete or damaged: {str(error)[:120]}.") from error
    if len(merged) > most:
        raise PictureTooLargeError(
            f"{name} contains a merged picture that unpacks to more than its size in pixels allows "
            f"({most / 2**20:.0f} MB); save it again."
        )
    return png_reading.read(merged, name, limits)


# The most bytes that a PNG with this header can have: compression adds little to the samples.
def _most_bytes(head: bytes, name: str, limits: Limits) -> int:
    if len(head) < _HEAD or not head.startswith(SIGNATURE) or head[12:16] != b"IHDR":
        raise UnreadablePictureError(f"The merged picture in {name} is not a PNG; save it again, or export it as PNG.")
    check_header(head[16:29], name)
    width, height = (int.from_bytes(head[at : at + 4], "big") for at in (16, 20))
    limits.check(name, width, height)
    return min(limits.file_bytes, height * (1 + _MOST_SAMPLE * width) + _BESIDE)
