"""Previews of pictures for web pages: the whole picture, scaled to fit, in few enough bytes to be embedded."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from depixel.picture import Picture

_EXACT_BYTES = 300_000  # most bytes of a PNG that is embedded because it is exact
_FRAMES = 64  # most frames of an animation
_QUALITY = 90  # of WebP


@dataclass(frozen=True)
class PagePreview:
    """A picture file for a browser."""

    data: bytes
    media: str  # "image/png" or "image/webp"
    width: int
    height: int
    exact: bool  # whether it holds every pixel of the picture

    @property
    def uri(self) -> str:
        """The file as a data: URI."""
        return f"data:{self.media};base64,{base64.b64encode(self.data).decode('ascii')}"


def preview(picture: Picture, side: int = 1024, most: int = 2_000_000) -> PagePreview:
    """
    The whole picture, with at most `side` pixels on the longer side and at most `most` bytes; exact if possible.

    Args:
        side: of the longer side, in pixels.
        most: bytes of the file.
    """
    frames = [_image(picture, index) for index in range(min(len(picture.frames), _FRAMES))]
    whole = len(frames) == len(picture.frames) and picture.levels == 255
    if max(picture.width, picture.height) <= side:
        data = _png(frames, picture)
        if len(data) <= min(most, _EXACT_BYTES):
            return PagePreview(data, "image/png", picture.width, picture.height, whole)
    while True:
        reduced = [_reduced(frame, side) for frame in frames]
        data = _webp(reduced, picture)
        if len(data) <= most or side <= 32:
            return PagePreview(data, "image/webp", *reduced[0].size, False)
        side //= 2
        if side < 128:  # an animation of many frames: show only the first
            frames = frames[:1]


# 8-bit RGB or RGBA, as browsers need it.
def _image(picture: Picture, index: int) -> Image.Image:
    pixels = picture.rgba(index)
    if picture.levels != 255:
        pixels = (pixels // 257).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels[..., : 4 if picture.has_alpha else 3]))


# Colours are averaged by how visible they are.
def _reduced(image: Image.Image, side: int) -> Image.Image:
    if max(image.size) <= side:
        return image
    factor = side / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    if image.mode == "RGBA":
        return image.convert("RGBa").resize(size, Image.Resampling.BOX).convert("RGBA")
    return image.resize(size, Image.Resampling.BOX)


def _png(frames: list[Image.Image], picture: Picture) -> bytes:
    buffer = io.BytesIO()
    if len(frames) == 1:
        frames[0].save(buffer, "PNG", compress_level=6)
    else:
        frames[0].save(
            buffer, "PNG", save_all=True, append_images=frames[1:], duration=_durations(frames, picture), loop=0
        )
    return buffer.getvalue()


def _webp(frames: list[Image.Image], picture: Picture) -> bytes:
    buffer = io.BytesIO()
    if len(frames) == 1:
        frames[0].save(buffer, "WEBP", quality=_QUALITY)
    else:
        duration = _durations(frames, picture)
        frames[0].save(
            buffer, "WEBP", save_all=True, append_images=frames[1:], duration=duration, loop=0, quality=_QUALITY
        )
    return buffer.getvalue()


def _durations(frames: list[Image.Image], picture: Picture) -> list[int] | int:
    return [round(ms) or 100 for ms in picture.durations[: len(frames)]] or 100
