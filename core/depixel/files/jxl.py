"""JPEG XL by pylibjxl, an extra: `pip install 'depixel[jxl]'`. Stills with 8 bits; written losslessly."""

from __future__ import annotations

import importlib.util

import numpy as np

from depixel.errors import UnreadablePictureError
from depixel.files.format import Format, Size, starts_with
from depixel.files.limits import Limits
from depixel.files.metadata import XMP, exif_of, fitting_profile, upright
from depixel.files.textures import mode_of
from depixel.files.xmp import packet
from depixel.picture import Picture

_OFFSET = 4  # bytes before the EXIF block in its box: the offset of the TIFF header


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """Decode the first frame. Raises PictureTooLargeError, UnreadablePictureError."""
    import pylibjxl

    try:
        about = pylibjxl.probe(data)
        limits.check(name, about["width"], about["height"])
        pixels, extra = pylibjxl.decode(data, metadata=True)
    except (RuntimeError, ValueError) as error:
        raise UnreadablePictureError(
            f"{name} is damaged or cut short: {' '.join(str(error).split())[:120]}."
        ) from error
    xmp, exif = extra.get("xmp"), extra.get("exif") or b""
    exif = exif if exif[:2] in (b"II", b"MM") else exif[_OFFSET:]
    # The decoder already rotates the picture, so EXIF's orientation no longer applies.
    _, upright_exif, text = upright(exif or None, {XMP: bytes(xmp).decode("utf-8", "replace")} if xmp else {})
    frame = np.ascontiguousarray(pixels if pixels.ndim == 3 else pixels[..., None])
    details = {}
    if about["have_animation"]:
        details["left_out"] = f"{name} is animated; only its first frame was read."
    elif about["bits_per_sample"] > 8:
        details["left_out"] = f"{name} has {about['bits_per_sample']} bits per sample; only 8 of them were read."
    return Picture(
        (frame,),
        mode=mode_of(frame),
        format="JXL",
        icc_profile=bytes(extra["icc"]) if extra.get("icc") else None,
        exif=upright_exif,
        text=text,
        details=details,
    )


def encode(picture: Picture) -> bytes:
    """One frame, lossless."""
    import pylibjxl

    pixels = picture.rgba() if picture.channels == 2 else picture.frames[0]
    profile = fitting_profile(picture.icc_profile, pixels.shape[2])
    exif = exif_of(picture)
    data = pylibjxl.encode(
        np.ascontiguousarray(pixels), lossless=True, icc=profile, exif=exif or None, xmp=packet(picture.text)
    )
    return bytes(data)


def _missing() -> str:
    return "" if importlib.util.find_spec("pylibjxl") else "install support for them with pip install 'depixel[jxl]'"


def _size(head: bytes) -> Size | None:
    if _missing():
        return None
    import pylibjxl

    try:
        about = pylibjxl.probe(head)
    except (RuntimeError, ValueError):
        return None
    return about["width"], about["height"]


FORMAT = Format(
    name="JXL",
    label="JPEG XL",
    endings=(".jxl",),
    recognise=starts_with(b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n"),
    media_type="image/jxl",
    read=read,
    encode=encode,
    keeps_text=True,
    missing=_missing,
    size=_size,
)
