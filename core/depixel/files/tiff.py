"""
TIFF with 8 and 16 bits per sample, by Pillow. With several channels of 16 bits, Pillow would keep only 8; for these it
only decompresses, and the samples are assembled here.

Source: TIFF 6.0; TIFF Technical Note 2 (horizontal differencing).
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import pillow_reading, tiff_directory
from depixel.files.format import Format, Size, starts_with
from depixel.files.indexed import indices_of
from depixel.files.limits import Limits
from depixel.files.metadata import EXIF_PREFIX, XMP, comment, exif_of, fitting_profile, turn, upright
from depixel.files.pillow_reading import decoding, without_pillows_limit
from depixel.files.pillow_writing import image_of, saved
from depixel.files.textures import mode_of
from depixel.files.tiff_directory import Directory, directory
from depixel.files.xmp import packet
from depixel.picture import Picture, Pixels

_NONE, _DEFLATE, _OLD_JPEG, _JPEG = 1, 8, 6, 7
_BLACK_IS_ZERO, _RGB, _WHITE_IS_ZERO = 1, 2, 0
_ASSOCIATED = 1  # extra samples: colours are premultiplied by alpha
_KEPT = (tiff_directory.COMPRESSION, tiff_directory.STRIPS, tiff_directory.ROWS, tiff_directory.COUNTS,
         tiff_directory.TILE_HEIGHT, tiff_directory.TILES, tiff_directory.TILE_COUNTS, 266)  # fmt: skip
_COMPRESSIONS = {1: "raw", 5: "tiff_lzw", 8: "tiff_adobe_deflate", 32946: "tiff_adobe_deflate", 32773: "packbits"}
_USUAL = 8  # number of the compression: every program reads it, and it is smaller than LZW


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    The first page. `details["tiff"]` is the number of its compression.

    Raises:
        DecoderError, PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError.
    """
    tags = directory(data)
    if tags is not None:
        limits.check(name, tags.value(tiff_directory.WIDTH, 0), tags.value(tiff_directory.HEIGHT, 0))
    if tags is not None and len(tags.values(tiff_directory.BITS)) > 1 and max(tags.values(tiff_directory.BITS)) > 8:
        picture = _sixteen(tags, name, limits)
    else:
        picture = pillow_reading.read(data, "TIFF", name, limits)
    details = {**picture.details, "tiff": tags.value(tiff_directory.COMPRESSION, _NONE) if tags else _USUAL}
    text = dict(picture.text)
    if tags is not None and tags.more:
        details["left_out"] = f"{name} has several pages; only the first was read."
    if tags is not None and (description := tags.text(tiff_directory.DESCRIPTION, limits.text_bytes)):
        text["Comment"] = description.rstrip(b"\0").decode("utf-8", "replace")
    return picture.replace(details=details, text=text)


def encode(picture: Picture) -> bytes:
    """A TIFF with the compression of its source if that is lossless, otherwise with deflate."""
    if picture.levels > 255 and picture.channels > 1:
        return _written(picture)
    number = picture.details.get("tiff", _USUAL)
    options: dict[str, Any] = {"compression": _COMPRESSIONS.get(number, _COMPRESSIONS[_USUAL])}
    if profile := fitting_profile(picture.icc_profile, picture.channels):
        options["icc_profile"] = profile
    if exif := exif_of(picture):
        options["exif"] = EXIF_PREFIX + exif
    if "dpi" in picture.details:
        options["dpi"] = picture.details["dpi"]
    if words := comment(picture.text):
        options["description"] = words.encode("utf-8", "replace")  # as str, characters outside ASCII would be lost
    indices = indices_of(picture) if picture.mode == "P" and not picture.has_alpha else None
    if indices is not None and picture.palette is not None:
        image = Image.fromarray(indices[0])
        image.putpalette(picture.palette[:, :3].tobytes(), "RGB")
    else:
        image = image_of(picture.frames[0])
    if picture.mode == "1" and bool(np.isin(picture.frames[0], (0, 255)).all()):
        image = image.convert("1", dither=Image.Dither.NONE)
    return saved(image, "TIFF", **options)


# 16 bits and several channels: Pillow reads the same bytes as a grey picture with 8 bits.
def _sixteen(tags: Directory, name: str, limits: Limits) -> Picture:
    width, height = tags.value(tiff_directory.WIDTH, 0), tags.value(tiff_directory.HEIGHT, 0)
    bits, photometric = tags.values(tiff_directory.BITS), tags.value(tiff_directory.PHOTOMETRIC, _RGB)
    samples = tags.value(tiff_directory.SAMPLES, len(bits))
    extra = tags.value(tiff_directory.EXTRA, 0)
    if not width or not height or samples != len(bits):
        raise UnreadablePictureError(f"{name} is damaged: its tags contradict each other.")
    plain = set(bits) == {16} and set(tags.values(tiff_directory.SAMPLE_FORMAT)) <= {1}
    chunky = tags.value(tiff_directory.PLANAR, 1) == 1
    compression = tags.value(tiff_directory.COMPRESSION, _NONE)
    colours = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3}.get(photometric, 0)
    if not plain or not chunky or samples not in (colours, colours + 1) or compression in (_OLD_JPEG, _JPEG):
        raise UnsupportedPictureError(
            f"{name} is a TIFF of a kind ({samples} samples of {max(bits)} bits) that Depixel does not support; "
            "save it as PNG."
        )
    step = 2 * samples
    grey_tags = {
        tiff_directory.WIDTH: width * step,
        tiff_directory.HEIGHT: height,
        tiff_directory.BITS: 8,
        tiff_directory.PHOTOMETRIC: _BLACK_IS_ZERO,
        tiff_directory.SAMPLES: 1,
    }
    if tiff_directory.TILE_WIDTH in tags.entries:
        grey_tags[tiff_directory.TILE_WIDTH] = tags.value(tiff_directory.TILE_WIDTH, 0) * step
    with without_pillows_limit(), decoding():
        image: ImageFile.ImageFile = Image.open(io.BytesIO(tags.with_values(grey_tags, _KEPT)), formats=["TIFF"])
        image.load()
        raw = np.asarray(image)
    if raw.shape != (height, width * step):
        raise UnreadablePictureError(f"{name} is damaged: its tags contradict each other.")
    pixels = np.ascontiguousarray(raw).view(f"{tags.order}u2").reshape(height, width, samples).astype(np.uint16)
    if tags.value(tiff_directory.PREDICTOR, 1) == 2:
        pixels = _summed(pixels, tags)
    if photometric == _WHITE_IS_ZERO:
        pixels[..., 0] = 65535 - pixels[..., 0]
    if samples > colours and extra == _ASSOCIATED:
        alpha = np.maximum(pixels[..., -1:].astype(np.float64), 1)
        pixels[..., :-1] = np.minimum(np.rint(pixels[..., :-1] * (65535 / alpha)), 65535)
    xmp = tags.text(tiff_directory.XMP_TAG, limits.text_bytes)
    _, _, text = upright(None, {XMP: xmp.decode("utf-8", "replace")} if xmp else {})
    return Picture(
        (turn(pixels, min(8, max(1, tags.value(tiff_directory.ORIENTATION, 1)))),),
        mode=mode_of(pixels),
        format="TIFF",
        icc_profile=tags.text(tiff_directory.PROFILE, limits.profile_bytes) or None,
        text=text,
    )


# Reverses horizontal differencing; each tile starts anew.
def _summed(pixels: Pixels, tags: Directory) -> Pixels:
    width = pixels.shape[1]
    tile = tags.value(tiff_directory.TILE_WIDTH, width) or width
    parts = [np.cumsum(pixels[:, at : at + tile], 1, dtype=np.uint16) for at in range(0, width, tile)]
    return np.concatenate(parts, 1)


# 16 bits and several channels: one strip, compressed by zlib.
def _written(picture: Picture) -> bytes:
    pixels = picture.frames[0]
    height, width, channels = pixels.shape
    number = _NONE if picture.details.get("tiff") == _NONE else _DEFLATE
    body = pixels.astype("<u2").tobytes()
    if number == _DEFLATE:
        first, rest = pixels[:, :1], pixels[:, 1:] - pixels[:, :-1]
        body = zlib.compress(np.concatenate([first, rest], 1).astype("<u2").tobytes())
    described, words = packet(picture.text), comment(picture.text).encode("utf-8", "replace")
    profile = fitting_profile(picture.icc_profile, picture.channels)
    across, down = picture.details.get("dpi", (72.0, 72.0))
    entries: dict[int, tuple[int, bytes]] = {
        tiff_directory.WIDTH: (4, struct.pack("<I", width)),
        tiff_directory.HEIGHT: (4, struct.pack("<I", height)),
        tiff_directory.BITS: (3, struct.pack(f"<{channels}H", *(16,) * channels)),
        tiff_directory.COMPRESSION: (3, struct.pack("<H", number)),
        tiff_directory.PHOTOMETRIC: (3, struct.pack("<H", _RGB if channels > 2 else _BLACK_IS_ZERO)),
        tiff_directory.STRIPS: (4, struct.pack("<I", 8)),
        tiff_directory.SAMPLES: (3, struct.pack("<H", channels)),
        tiff_directory.ROWS: (4, struct.pack("<I", height)),
        tiff_directory.COUNTS: (4, struct.pack("<I", len(body))),
        tiff_directory.X_RESOLUTION: (5, struct.pack("<II", round(across * 1000), 1000)),
        tiff_directory.Y_RESOLUTION: (5, struct.pack("<II", round(down * 1000), 1000)),
        tiff_directory.UNIT: (3, struct.pack("<H", 2)),
    }
    if number == _DEFLATE:
        entries[tiff_directory.PREDICTOR] = (3, struct.pack("<H", 2))
    if picture.has_alpha:
        entries[tiff_directory.EXTRA] = (3, struct.pack("<H", 2))
    if words:
        entries[tiff_directory.DESCRIPTION] = (2, words + b"\0")
    if described:
        entries[tiff_directory.XMP_TAG] = (1, described)
    if profile:
        entries[tiff_directory.PROFILE] = (7, profile)
    return tiff_directory.joined(body, entries)


def _size(head: bytes) -> Size | None:
    tags = directory(head)
    if tags is None:
        return None
    return tags.value(tiff_directory.WIDTH, 0), tags.value(tiff_directory.HEIGHT, 0)


FORMAT = Format(
    name="TIFF",
    label="TIFF",
    endings=(".tif", ".tiff"),
    recognise=starts_with(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    media_type="image/tiff",
    read=read,
    encode=encode,
    sixteen=True,
    keeps_text=True,
    size=_size,
)
