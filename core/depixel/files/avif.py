"""AVIF, read and written by Pillow if it was built with libavif. The format changes pixels slightly."""

from __future__ import annotations

import io
import struct
from typing import Any

from PIL import Image, features

from depixel.files.format import Format, Size
from depixel.files.limits import Limits
from depixel.files.metadata import XMP, exif_of, fitting_profile, turn, upright
from depixel.files.pillow_reading import decoding, pixels_of, without_pillows_limit
from depixel.files.pillow_writing import image_of
from depixel.files.xmp import packet
from depixel.picture import Picture

_BRANDS = (b"avif", b"avis")
_QUALITY = 98
_HIGH_DEPTH, _TWELVE_BITS = 0x40, 0x20
_MOST_SIDE = 32768  # libavif's limit


def recognise(data: bytes) -> bool:
    """Whether the first box names one of AVIF's brands, as main or compatible brand."""
    if data[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(data[:4], "big"), 256)
    return any(data[at : at + 4] in _BRANDS for at in range(8, end, 4) if at != 12)


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """Decode all frames with 8 bits. Raises DecoderError, PictureTooLargeError."""
    with without_pillows_limit():
        with decoding():
            image: Any = Image.open(io.BytesIO(data), formats=["AVIF"])
        limits.check(name, image.width, image.height, image.n_frames)
        xmp = image.info.get("xmp")
        text = {XMP: xmp.decode("utf-8", "replace")} if xmp else {}
        orientation, exif, text = upright(image.info.get("exif"), text)
        frames, durations = [], []
        for number in range(image.n_frames):
            with decoding():
                image.seek(number)
                image.load()
            frames.append(turn(pixels_of(image, name)[0], orientation))
            durations.append(float(image.info.get("duration", 0)))
        depth = _depth(data)
        left_out = f"{name} has {depth} bits per sample; only 8 of them were read."
        return Picture(
            tuple(frames),
            durations=tuple(durations) if len(frames) > 1 else (),
            mode=pixels_of(image, name)[1],
            format="AVIF",
            icc_profile=image.info.get("icc_profile"),
            exif=exif,
            text=text,
            details={"left_out": left_out} if depth > 8 else {},
        )


# Bits per sample, by the codec's configuration (AV1 in ISO base media files, 2.3.3).
def _depth(data: bytes) -> int:
    at = data.find(b"av1C")
    if at < 0 or at + 6 >= len(data) or not data[at + 6] & _HIGH_DEPTH:
        return 8
    return 12 if data[at + 6] & _TWELVE_BITS else 10


def encode(picture: Picture) -> bytes:
    """All frames, with full colour resolution and little compression."""
    options: dict[str, Any] = {"quality": _QUALITY, "subsampling": "4:4:4"}
    if profile := fitting_profile(picture.icc_profile, picture.channels):
        options["icc_profile"] = profile
    if exif := exif_of(picture):
        options["exif"] = exif
    if described := packet(picture.text):
        options["xmp"] = described
    first, *others = [image_of(picture.rgba(k) if picture.channels == 2 else f) for k, f in enumerate(picture.frames)]
    if others:
        durations = picture.durations or (100.0,) * len(picture.frames)
        options.update(save_all=True, append_images=others, duration=[round(time) for time in durations])
    buffer = io.BytesIO()
    first.save(buffer, "AVIF", **options)
    return buffer.getvalue()


# The largest "image spatial extents" in the first bytes.
def _size(head: bytes) -> Size | None:
    sizes = []
    at = head.find(b"ispe")
    while 0 <= at <= len(head) - 16:
        sizes.append(struct.unpack_from(">II", head, at + 8))
        at = head.find(b"ispe", at + 1)
    return max(sizes, key=lambda sides: sides[0] * sides[1]) if sizes else None


def _missing() -> str:
    return "" if features.check("avif") else "this Pillow was built without AVIF; install a newer one"


FORMAT = Format(
    name="AVIF",
    label="AVIF",
    endings=(".avif",),
    recognise=recognise,
    media_type="image/avif",
    read=read,
    encode=encode,
    lossless=False,
    most_side=_MOST_SIDE,
    animated=True,
    keeps_text=True,
    missing=_missing,
    size=_size,
)
