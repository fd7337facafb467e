"""JPEG: written finely, because every level counts here; printing inks turned into RGB."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from depixel.errors import UnsupportedPictureError
from depixel.files.metadata import EXIF_PREFIX, comment, fitting_profile
from depixel.files.xmp import packet
from depixel.picture import Picture

MOST_SIDE = 65500
"""libjpeg's limit."""

_QUALITY = 98
_MOST_SEGMENT = 65500  # bytes of EXIF, XMP or a comment: what one segment holds, less its own head


def encode(picture: Picture) -> bytes:
    """
    One frame of 8 bits, with full colour resolution.

    Raises:
        UnsupportedPictureError: it is transparent somewhere, or too large.
    """
    frame = picture.frames[0]
    if picture.has_alpha and bool((frame[..., -1] < 255).any()):
        raise UnsupportedPictureError("JPEG has no transparency; choose PNG or WebP.")
    if max(picture.width, picture.height) > MOST_SIDE:
        raise UnsupportedPictureError(f"JPEG holds at most {MOST_SIDE} pixels a side; choose PNG.")
    options: dict[str, Any] = {"quality": _QUALITY, "subsampling": 0, "optimize": True}
    profile = fitting_profile(picture.icc_profile, picture.channels)
    if profile:
        options["icc_profile"] = profile
    exif = (picture.exif or b"").removeprefix(EXIF_PREFIX)
    if 0 < len(exif) < _MOST_SEGMENT:
        options["exif"] = EXIF_PREFIX + exif
    if "dpi" in picture.details:
        options["dpi"] = tuple(min(65535, max(1, round(dots))) for dots in picture.details["dpi"])
    said = comment(picture.text).encode("utf-8", "replace")
    if said:
        options["comment"] = said[:_MOST_SEGMENT]
    described = packet(picture.text)
    if described and len(described) < _MOST_SEGMENT:
        options["xmp"] = described
    buffer = io.BytesIO()
    colour = frame[..., 0] if picture.channels <= 2 else frame[..., :3]
    Image.fromarray(np.ascontiguousarray(colour)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def rgb_of_inks(image: Image.Image) -> Image.Image:
    """CMYK to RGB, through the file's own profile where it has one that works."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")
