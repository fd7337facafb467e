"""
The PNG and APNG format: written here, with the picture's own kind of samples; read in `png_reading`.
"""

from __future__ import annotations

import struct
import zlib
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image

from depixel.files import apng, png_reading, png_sixteen
from depixel.files.format import Format, Size, starts_with
from depixel.files.indexed import indices_of
from depixel.files.pillow_writing import image_of, saved
from depixel.files.png_chunks import SIGNATURE, chunks, join
from depixel.files.png_extras import extras_of
from depixel.files.png_stream import BAND, stream
from depixel.picture import Picture, Pixels

# Rows are stored as differences, for which zlib has a strategy: over 148 answers to game textures it took half the time
# of level 6 without it, and saved 3%.
_LEVEL, _STRATEGY = 4, zlib.Z_FILTERED
_INDEXED = 3  # colour type of IHDR


def encode(picture: Picture) -> bytes:
    """A PNG with 1, 8 or 16 bits per sample or a palette, like the picture; an APNG if it has durations."""
    bodies = _bodies(picture)
    extras = extras_of(picture, indexed=bodies[0][0][1][9] == _INDEXED)
    if len(bodies) > 1 or picture.durations:
        return apng.join_frames(bodies, picture.durations, picture.loop, extras)
    header, *rest = bodies[0]
    palette = [part for part in rest if part[0] in (b"PLTE", b"tRNS")]
    return join([header, *extras[0], *palette, *extras[1], *rest[len(palette) :]])


# The chunks of each frame. All frames share one header, so they have the same kind of samples.
def _bodies(picture: Picture) -> list[list[tuple[bytes, bytes]]]:
    if picture.levels == 65535:
        return [png_sixteen.encode(frame) for frame in picture.frames]
    if picture.mode == "P" and picture.palette is not None and (indexed := indices_of(picture)) is not None:
        return [list(chunks(_indexed(indices, picture.palette))) for indices in indexed]
    return [_plain(frame, picture) for frame in picture.frames]


# One frame with pixels only; as single bits if the picture was one bit deep and still is.
def _plain(frame: Pixels, picture: Picture) -> list[tuple[bytes, bytes]]:
    bits = picture.mode == "1" and len(picture.frames) == 1 and frame.shape[2] == 1
    if bits and bool(np.isin(frame, (0, 255)).all()):
        return list(chunks(saved(Image.fromarray(frame[..., 0]).convert("1", dither=Image.Dither.NONE), "PNG")))
    if frame.nbytes >= 2 * BAND:
        return _in_bands(frame)
    return list(chunks(saved(image_of(frame), "PNG", compress_level=_LEVEL, compress_type=_STRATEGY)))


# A large frame, compressed on several threads.
def _in_bands(frame: Pixels) -> list[tuple[bytes, bytes]]:
    height = len(frame)
    rows = max(1, BAND // frame[0].nbytes)
    first = list(chunks(saved(image_of(frame[:1]), "PNG")))
    header = first[0][1][:4] + struct.pack(">I", height) + first[0][1][8:]
    bands = [partial(_filtered, frame, top, top + rows) for top in range(0, height, rows)]
    return [(b"IHDR", header), (b"IDAT", stream(bands, _LEVEL, _STRATEGY)), first[-1]]


# Rows from `top` on, each with the number of its filter before it. Pillow filters faster than numpy: its file without
# compression holds the filtered rows. The row above is included, because filters refer to it, and left out afterwards.
def _filtered(frame: Pixels, top: int, end: int) -> bytes:
    plain = saved(image_of(frame[max(0, top - 1) : end]), "PNG", compress_level=0)
    rows = zlib.decompress(b"".join(body for kind, body in chunks(plain) if kind == b"IDAT"))
    return rows[1 + frame[0].nbytes :] if top else rows


def _indexed(indices: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(indices).convert("L")
    image.putpalette(palette[:, :3].tobytes(), "RGB")
    transparent = bool((palette[:, 3] < 255).any())
    return saved(image, "PNG", **({"transparency": palette[:, 3].tobytes()} if transparent else {}))


def _size(head: bytes) -> Size | None:
    return struct.unpack_from(">II", head, 16) if len(head) >= 24 else None


FORMAT = Format(
    name="PNG",
    label="PNG",
    endings=(".png", ".apng"),
    recognise=starts_with(SIGNATURE),
    media_type="image/png",
    read=png_reading.read,
    encode=encode,
    indexed=True,
    animated=True,
    sixteen=True,
    keeps_text=True,
    size=_size,
)
