"""Converts printing inks (CMYK) to RGB."""

from __future__ import annotations

import io

from PIL import Image, ImageCms


def rgb_of_inks(image: Image.Image) -> Image.Image:
    """CMYK to RGB, with the file's own profile if it has a valid one."""
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
