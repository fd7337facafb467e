"""The selection: its position, how much of each pixel it covers, and layers cropped to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Tuple

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402

Box = Tuple[int, int, int, int]
"""left, top, right, bottom"""

SELECTED = b"\xff"


def bounds_of(image: Any) -> Box | None:
    """(left, top, right, bottom) in the image, or None if nothing is selected."""
    bounds = Gimp.Selection.bounds(image)
    return tuple(bounds[-4:]) if bounds[1] else None


@contextlib.contextmanager
def nothing_selected(image: Any) -> Iterator[None]:
    """A context in which all pixels can be written; afterwards the selection is restored."""
    if bounds_of(image) is None:
        yield
        return
    channel = Gimp.Selection.save(image)
    Gimp.Selection.none(image)
    try:
        yield
    finally:
        image.select_item(Gimp.ChannelOps.REPLACE, channel)
        image.remove_channel(channel)


def within(bounds: Box, left: int, top: int, width: int, height: int) -> Box | None:
    """`bounds` in the pixels of a layer at left, top; None if they do not touch it."""
    inside = (
        max(0, bounds[0] - left),
        max(0, bounds[1] - top),
        min(width, bounds[2] - left),
        min(height, bounds[3] - top),
    )
    return None if inside[0] >= inside[2] or inside[1] >= inside[3] else inside


def leaves_out(image: Any, layers: list[Any]) -> bool:
    """Whether there is a selection that does not include every pixel of these layers: *Select > All* counts as none."""
    bounds = bounds_of(image)
    if bounds is None:
        return False
    for layer in layers:
        left, top = layer.get_offsets()[-2:]
        whole = (0, 0, layer.get_width(), layer.get_height())
        if within(bounds, left, top, *whole[2:]) != whole or shape_of(image, left, top, *whole[2:], whole):
            return True
    return False


def shape_of(image: Any, left: int, top: int, width: int, height: int, box: Box) -> bytes:
    """
    How much of each pixel is selected, 0 ... 255, in the rectangle at left, top in the image; b"" if the selection is
    exactly the rectangle `box` inside it.
    """
    rectangle = Gegl.Rectangle.new(left, top, width, height)
    data = bytes(image.get_selection().get_buffer().get(rectangle, 1.0, "Y u8", Gegl.AbyssPolicy.NONE))
    rows = (data[y * width + box[0] : y * width + box[2]] for y in range(box[1], box[3]))
    return data if any(row.strip(SELECTED) for row in rows) else b""


def cut(layer: Any, shape: bytes, width: int, height: int) -> None:
    """
    Give a layer a mask that shows only what was selected.

    shape: from `shape_of`, for a rectangle of width x height that the whole layer answers; it is enlarged smoothly.
    """
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    fill_mask(mask, shape, width, height)


def fill_mask(mask: Any, values: bytes, width: int, height: int) -> None:
    """Set a layer's mask to these values of width x height pixels, enlarged smoothly."""
    size = (mask.get_width(), mask.get_height())
    data = values if size == (width, height) else _enlarged(values, width, height, *size)
    buffer = mask.get_buffer()
    buffer.set(Gegl.Rectangle.new(0, 0, *size), "Y u8", data)
    buffer.flush()
    mask.update(0, 0, *size)


def values_of(mask: Any) -> bytes:
    """The values of a layer's mask, 0 ... 255."""
    whole = Gegl.Rectangle.new(0, 0, mask.get_width(), mask.get_height())
    return bytes(mask.get_buffer().get(whole, 1.0, "Y u8", Gegl.AbyssPolicy.NONE))


def _enlarged(shape: bytes, width: int, height: int, new_width: int, new_height: int) -> bytes:
    image = Gimp.Image.new(width, height, Gimp.ImageBaseType.GRAY)
    layer = Gimp.Layer.new(image, "shape", width, height, Gimp.ImageType.GRAY_IMAGE, 100.0, Gimp.LayerMode.NORMAL)
    Gimp.context_push()
    try:
        image.insert_layer(layer, None, 0)
        layer.get_buffer().set(Gegl.Rectangle.new(0, 0, width, height), "Y' u8", shape)
        Gimp.context_set_interpolation(Gimp.InterpolationType.LINEAR)
        layer.scale(new_width, new_height, False)
        whole = Gegl.Rectangle.new(0, 0, new_width, new_height)
        return bytes(layer.get_buffer().get(whole, 1.0, "Y' u8", Gegl.AbyssPolicy.NONE))
    finally:
        Gimp.context_pop()
        image.delete()
