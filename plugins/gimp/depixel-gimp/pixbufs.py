"""Samples as pixbufs for previews: enlarged, split, on a checkerboard, with a box."""

from __future__ import annotations

from typing import Any, Union

import depixel_client as client
import gi
from host import Source
from selection import Box

gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf, GLib  # noqa: E402

Picture = Union[client.Pixels, client.Answer, Source]


def pixbuf_of(picture: Picture) -> Any:
    """The first frame, 8 bits, with alpha."""
    size = picture.depth // 8
    data = picture.frames[0][size - 1 :: size]  # the upper byte of 16-bit samples
    channels = picture.channels
    out = bytearray(b"\xff") * (picture.width * picture.height * 4)
    for channel in range(3):
        out[channel::4] = data[0 if channels <= 2 else channel :: channels]
    if channels in (2, 4):
        out[3::4] = data[channels - 1 :: channels]
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(bytes(out)), GdkPixbuf.Colorspace.RGB, True, 8, picture.width, picture.height, picture.width * 4
    )


def on_checks(pixels: Any, width: int, height: int) -> Any:
    """
    At another size on GIMP's checkerboard: enlarged by repeating pixels, reduced by the mean, so that no pixel is
    ignored.
    """
    kinds = GdkPixbuf.InterpType
    kind = kinds.NEAREST if width >= pixels.get_width() else kinds.BILINEAR
    return pixels.composite_color_simple(width, height, kind, 255, 8, 0x999999, 0x666666)


def split(before: Any, after: Any, share: float) -> Any:
    """`before` to the left of a line at `share` of the width, `after` to its right; both have the same size."""
    width, height = after.get_width(), after.get_height()
    at = min(width, max(0, round(width * share)))
    picture = after.copy()
    if at:
        before.copy_area(0, 0, at, height, picture, 0, 0)
    if 0 < at < width:
        picture.new_subpixbuf(at, 0, 1, height).fill(0xFFFFFFFF)
    return picture


def faded(pixels: Any) -> Any:
    """With less colour, to mark an answer that does not match the current settings."""
    picture = pixels.copy()
    pixels.saturate_and_pixelate(picture, 0.25, False)
    return picture


def draw_box(pixels: Any, box: Box, times: float) -> None:
    """Two thin frames, white and black, so that one of them is visible on any picture."""
    left, top, right, bottom = (round(edge * times) for edge in box)
    for inset, colour in ((0, 0xFFFFFFFF), (1, 0x000000FF)):
        x, y = left + inset, top + inset
        width, height = right - left - 2 * inset, bottom - top - 2 * inset
        if width < 2 or height < 2:
            break
        for side in ((x, y, width, 1), (x, y + height - 1, width, 1), (x, y, 1, height), (x + width - 1, y, 1, height)):
            pixels.new_subpixbuf(*side).fill(colour)
