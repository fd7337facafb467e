"""
A preview on GIMP's canvas: an answer as large as its source, in a temporary layer above it.

GIMP's undo history is frozen while the layer is added or removed, as its reference recommends for previews, but not in
between: what the user does meanwhile can be undone as usual.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import gi
import host
import images
import selection

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402

NAME = "Depixel preview"
_MARK = "depixel-preview"
_PERSISTENT = 1  # the mark is saved with the image


class CanvasPreview:
    """
    A temporary layer that shows an answer on the canvas.

    Args:
        source: what the answers are made from; its layer must be in the image.
    """

    def __init__(self, image: Any, source: host.Source) -> None:
        self._image, self._source = image, source
        self._layer: Any = None

    def show(self, pixels: Any) -> None:
        """Show an answer (a pixbuf) in place of the previous one; only hides that if this one cannot be shown."""
        if not self._can_show(pixels):
            self.hide()
            return
        with _outside_history(self._image), host.plain_colours(self._image):
            if not self._is_there():
                self._layer = self._new_layer()
            buffer = self._layer.get_buffer()
            whole = Gegl.Rectangle.new(0, 0, pixels.get_width(), pixels.get_height())
            buffer.set(whole, "R'G'B'A u8", pixels.read_pixel_bytes().get_data())
            buffer.flush()
            self._layer.update(0, 0, pixels.get_width(), pixels.get_height())
        Gimp.displays_flush()

    def hide(self) -> None:
        """Remove the layer, if there is one."""
        if self._is_there():
            _remove(self._image, [self._layer])
        self._layer = None

    # The image must still have the source, and cannot have a fixed palette.
    def _can_show(self, pixels: Any) -> bool:
        if self._source.layer not in _layers(self._image):
            return False
        size = (self._source.width, self._source.height)
        indexed = self._image.get_base_type() == Gimp.ImageBaseType.INDEXED
        return (pixels.get_width(), pixels.get_height()) == size and not indexed

    # The user may have deleted it, or closed the image.
    def _is_there(self) -> bool:
        return self._layer is not None and self._layer in _layers(self._image)

    def _new_layer(self) -> Any:
        source, below = self._source, self._source.layer
        grey = self._image.get_base_type() == Gimp.ImageBaseType.GRAY
        kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
        size = (source.width, source.height)
        layer = Gimp.Layer.new(self._image, NAME, *size, kind, 100.0, Gimp.LayerMode.NORMAL)
        layer.attach_parasite(Gimp.Parasite.new(_MARK, _PERSISTENT, b"1"))
        selected = self._image.get_selected_layers()
        self._image.insert_layer(layer, below.get_parent(), self._image.get_item_position(below))
        layer.set_offsets(source.left, source.top)
        if source.shape:
            selection.cut(layer, source.shape, *size)
        self._image.set_selected_layers(selected)
        return layer


def remove_left_over(image: Any) -> None:
    """Remove the layers of previews whose plug-in was killed."""
    left = [layer for layer in _layers(image) if layer.get_parasite(_MARK) is not None]
    if left:
        _remove(image, left)


def _remove(image: Any, layers: list[Any]) -> None:
    selected = image.get_selected_layers()
    with _outside_history(image):
        for layer in layers:
            image.remove_layer(layer)
        kept = [layer for layer in selected if layer not in layers]
        if kept:
            image.set_selected_layers(kept)
    Gimp.displays_flush()


# The image counts as changed afterwards only if it did before.
@contextlib.contextmanager
def _outside_history(image: Any) -> Iterator[None]:
    clean = not image.is_dirty()
    image.undo_freeze()
    try:
        yield
    finally:
        image.undo_thaw()
        if clean:
            image.clean_all()


def _layers(image: Any) -> list[Any]:
    return images.leaves(image.get_layers(), groups=True) if image.is_valid() else []
