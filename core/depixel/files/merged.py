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
from depixel.picture import Picture

_MERGED = "mergedimage.png"
_FIRST = b"PK\x03\x04"
_NAME_AT, _NAME = 30, b"mimetype"


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
            merged = file.read(limits.file_bytes + 1)
    except KeyError as error:
        raise UnreadablePictureError(
            f"{name} does not contain a merged picture; save it again, or export it as PNG."
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UnreadablePictureError(f"{name} is incomplete or damaged: {str(error)[:120]}.") from error
    if len(merged) > limits.file_bytes:
        raise PictureTooLargeError(f"{name} contains a picture of more than {limits.file_bytes / 2**20:.0f} MB.")
    return png_reading.read(merged, name, limits)
