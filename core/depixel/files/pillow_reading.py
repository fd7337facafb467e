"""Decodes still pictures with Pillow: every mode of its images, and their metadata."""

from __future__ import annotations

import contextlib
import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, UnidentifiedImageError

from depixel.errors import UnsupportedPictureError
from depixel.files.indexed import twin_details
from depixel.files.inks import rgb_of_inks
from depixel.files.limits import Limits
from depixel.files.metadata import XMP, turn, upright
from depixel.picture import Picture, Pixels

_PILLOW_LIMIT = threading.Lock()  # Pillow's own pixel limit is global; we check ours instead

# The exceptions of Pillow's decoders for damaged files.
_STUMBLES = (OSError, EOFError, SyntaxError, ValueError, TypeError, IndexError, KeyError, OverflowError,
             RuntimeError, ZeroDivisionError, struct.error, zlib.error, Image.DecompressionBombError)  # fmt: skip

_GREY = {"1": "L", "L": "L", "LA": "LA", "La": "LA"}
_SIXTEEN = ("I;16", "I;16L", "I;16B", "I;16N")


class DecoderError(Exception):
    """Pillow could not decode a damaged file. The text is Pillow's."""


@contextlib.contextmanager
def decoding() -> Iterator[None]:
    """
    For calls of Pillow's decoders only, so that bugs of ours are not reported as damaged files.

    Raises:
        DecoderError: instead of Pillow's exceptions for damaged files.
    """
    try:
        yield
    except UnidentifiedImageError as error:  # its text shows a Python object
        raise DecoderError("its header cannot be read") from error
    except _STUMBLES as error:
        raise DecoderError(" ".join(str(error).split()) or type(error).__name__) from error


def read(data: bytes, kind: str, name: str, limits: Limits) -> Picture:
    """
    Decode.

    Raises:
        DecoderError, PictureTooLargeError, UnsupportedPictureError, UnreadablePictureError.
    """
    with without_pillows_limit():
        return _read(data, kind, name, limits)


@contextlib.contextmanager
def without_pillows_limit() -> Iterator[None]:
    """Lift Pillow's own pixel limit, because ours was checked already. One thread at a time."""
    with _PILLOW_LIMIT:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _read(data: bytes, kind: str, name: str, limits: Limits) -> Picture:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as Pillow's warnings about EXIF: only the picture matters
        with decoding():
            image: Any = Image.open(io.BytesIO(data), formats=[kind])
        limits.check(name, image.width, image.height)
        with decoding():
            image.load()
        return still(image, kind, name)


def still(image: ImageFile.ImageFile, kind: str, name: str) -> Picture:
    """A decoded Pillow image as a Picture, with its profile, EXIF, text and resolution."""
    info = {str(k): v for k, v in image.info.items()}
    orientation, exif, text = upright(info.get("exif"), _text(info))
    pixels, source_mode = pixels_of(image, name)
    palette, details = None, _details(info)
    if image.mode == "P":
        palette = _palette(image)
        details.update(twin_details([turn(np.asarray(image), orientation)], palette) if palette is not None else {})
    return Picture(
        frames=(turn(pixels, orientation),),
        palette=palette,
        mode=source_mode,
        format=kind,
        icc_profile=None if image.mode == "CMYK" else info.get("icc_profile"),
        exif=exif,
        text=text,
        details=details,
    )


def pixels_of(image: Image.Image, name: str) -> tuple[Pixels, str]:
    """
    The pixels of a decoded image as [H, W, C], and the mode for writing them back.

    Raises:
        UnsupportedPictureError: samples with 32 bits, in floating point, or in Lab.
    """
    mode = image.mode
    keyed = "transparency" in image.info
    if mode in _SIXTEEN:
        return np.asarray(image).astype(np.uint16)[..., None], "I;16"
    if mode == "I":
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise UnsupportedPictureError(
                f"{name} has 32-bit samples beyond the range of 16 bits, which Depixel does not support."
            )
        return values.astype(np.uint16)[..., None], "I;16"
    if mode in _GREY and not (keyed and mode in ("1", "L")):
        pixels = np.asarray(image.convert(_GREY[mode]))
        return (pixels[..., None] if pixels.ndim == 2 else pixels), mode if mode == "1" else _GREY[mode]
    if mode in ("1", "L"):
        return np.asarray(image.convert("LA")), "LA"
    if mode in ("P", "PA"):
        return np.asarray(image.convert("RGBA" if keyed or mode == "PA" else "RGB")), "P"
    if mode in ("RGBA", "RGBa") or (mode == "RGB" and keyed):
        return np.asarray(image.convert("RGBA")), "RGBA"
    if mode == "CMYK":
        return np.asarray(rgb_of_inks(image)), "RGB"
    if mode in ("RGB", "YCbCr", "HSV", "RGBX"):
        return np.asarray(image.convert("RGB")), "RGB"
    raise UnsupportedPictureError(
        f"{name} has a sample format ({mode}) that Depixel does not support; save it with 8 bits."
    )


def _palette(image: Image.Image) -> npt.NDArray[np.uint8] | None:
    flat = image.getpalette("RGB")
    if not flat:
        return None
    colours = np.array(flat, np.uint8).reshape(-1, 3)
    alpha = np.full((len(colours), 1), 255, np.uint8)
    key = image.info.get("transparency")
    if isinstance(key, bytes):
        alphas = np.frombuffer(key, np.uint8)[: len(alpha)]
        alpha[: len(alphas), 0] = alphas
    elif isinstance(key, int) and key < len(alpha):
        alpha[key] = 0
    return np.concatenate([colours, alpha], 1)


def _text(info: dict[str, Any]) -> dict[str, str]:
    texts = {}
    for key, name in (("comment", "Comment"), ("xmp", XMP)):
        value = info.get(key)
        if isinstance(value, bytes):
            texts[name] = value.decode("utf-8", "replace")
    return texts


def _details(info: dict[str, Any]) -> dict[str, Any]:
    dpi = info.get("dpi")
    if isinstance(dpi, tuple) and len(dpi) == 2 and all(0 < float(v) < 1e6 for v in dpi):
        return {"dpi": tuple(float(v) for v in dpi)}
    return {}
