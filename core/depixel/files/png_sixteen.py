"""
PNG with 16 bits per sample, which Pillow reduces to 8. Rows are filtered and compressed with numpy and zlib, because
libraries for it are larger than all other dependencies except torch.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

from depixel.errors import UnreadablePictureError
from depixel.files.png_chunks import passes
from depixel.files.png_filters import compress, unfilter
from depixel.picture import Pixels

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_BAND = 64  # rows converted at a time
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def decode(header: bytes, data: Sequence[bytes], name: str) -> Pixels:
    """
    The samples of one picture.

    Args:
        header: body of IHDR, already checked.
        data: bodies of IDAT.

    Returns:
        [H, W, 1 ... 4] uint16.

    Raises:
        UnreadablePictureError: damaged, or fewer samples than the header implies.
    """
    width, height, _, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    channels = _CHANNELS[colour]
    step = 2 * channels
    steps = list(passes(width, height, bool(interlaced)))
    promised = sum(rows * (1 + columns * step) for *_, columns, rows in steps)
    try:
        raw = zlib.decompressobj().decompress(b"".join(data), promised)
    except zlib.error as error:
        raise UnreadablePictureError(f"{name} is damaged: {error}.") from error
    if len(raw) < promised:
        raise UnreadablePictureError(
            f"{name} is damaged or cut short: it holds fewer pixels than the {width}x{height} that it claims."
        )
    whole = np.empty((height, width, channels), np.uint16)
    at = 0
    for x, y, dx, dy, columns, rows in steps:
        size = rows * (1 + columns * step)
        lines = np.frombuffer(raw, np.uint8, size, at).reshape(rows, -1)
        at += size
        plain = unfilter(lines[:, 0], lines[:, 1:].reshape(rows, columns, step), name)
        del lines
        if at == promised:
            raw = b""
        for top in range(0, rows, _BAND):  # a copy of the whole pass would be as large as the picture
            part = np.ascontiguousarray(plain[top : top + _BAND]).view(">u2")
            whole[y + top * dy : y + (top + len(part)) * dy : dy, x::dx] = part
    return whole


def encode(pixels: Pixels) -> list[tuple[bytes, bytes]]:
    """[H, W, C] uint16 as the chunks IHDR, IDAT and IEND."""
    height, width, channels = pixels.shape
    rows = np.frombuffer(pixels.astype(">u2").tobytes(), np.uint8).reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    return [(b"IHDR", header), (b"IDAT", compress(rows, 2 * channels)), (b"IEND", b"")]
