"""
A document in addition to the user's own: for converting pixels with Krita's own colour management, and for assembling a
layer with its mask or a group with its layers before any of it is added. In the user's document each of these would be
a separate undo step.

Krita blocks for about 50 ms to create a document, and as long again to close it. So there is a single one, of one pixel
and without a view, which is created between jobs (`prepare`) and kept. Clones of it would cost only 2 ms each, but
closing them soon crashes Krita 5.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from krita import Krita

from .colours import CONVERTED, SRGB, STRIP, ColourSpace, colours_of
from .qt import QtCore

if TYPE_CHECKING:
    from krita import Document, Node

NAME = "Depixel works here"

_ENOUGH = 1 << 24  # pixels; its own undo history keeps what was done in it

_kept: list[Document] = []  # at most one
_conversions: set[tuple[ColourSpace, ColourSpace]] = set()  # conversions that Krita has already done once
_used = 0  # pixels
_making = False  # Krita processes events meanwhile


def prepare(colours: ColourSpace) -> None:
    """
    Let Krita do its slow work now, while it is idle: create the document, load profiles.

    Args:
        colours: of the layer that may be processed next.
    """
    if _making:
        return
    if _used > _ENOUGH:
        _forget()
    scratch()
    for source, target in ((colours, colours.travels), (colours.travels, colours)):
        if source != target and (source, target) not in _conversions:
            _conversions.add((source, target))
            Converter(source, target).strip(bytes(source.pixel_bytes), 1, 1)


def scratch(colours: ColourSpace | None = None) -> Document:
    """The document, with these colours if they matter. Anything put into it must be removed again."""
    app = Krita.instance()
    if _kept and _kept[0].rootNode() not in [document.rootNode() for document in app.documents()]:
        _kept.clear()  # a script has closed all documents
    if not _kept:
        _make()
    document = _kept[0]
    if colours is not None and colours_of(document) != colours:
        document.setColorSpace(colours.model, colours.depth, colours.profile)
    return document


def _make() -> None:
    global _making  # noqa: PLW0603 (there is one document)
    app = Krita.instance()
    _making = True
    try:
        document = app.createDocument(1, 1, NAME, "RGBA", "U8", SRGB, 72.0)
    finally:
        _making = False
    document.setBatchmode(True)
    if _kept:  # another turn of the event loop was faster
        document.close()
        return
    _kept.append(document)
    notifier = app.notifier()
    notifier.setActive(True)
    notifier.applicationClosing.connect(_forget)


def used(pixels: int) -> None:
    """Record that this many pixels went through the document."""
    global _used  # noqa: PLW0603 (there is one document)
    _used += pixels
    if _kept:
        _kept[0].setModified(False)


class Converter:
    """Converts strips of pixels with Krita's own colour management."""

    def __init__(self, source: ColourSpace, target: ColourSpace) -> None:
        self._source, self._target = source, target
        self.strip_pixels = STRIP if source == target else CONVERTED  # pixels at once

    def strip(self, samples: bytes, width: int, height: int) -> bytes:
        """Pixels in the source's memory order to pixels in the target's."""
        if self._source == self._target:
            return samples
        node = paint_layer(scratch(), "strip", self._source)
        node.setPixelData(QtCore.QByteArray(bytes(samples)), 0, 0, width, height)
        node.setColorSpace(self._target.model, self._target.depth, self._target.profile)
        used(width * height)
        return bytes(node.pixelData(0, 0, width, height))


def paint_layer(document: Document, name: str, colours: ColourSpace) -> Node:
    """An empty paint layer with these colours, not yet placed in the document, which is a scratch one."""
    node = document.createNode(name, "paintlayer")
    if colours_of(node) != colours:
        node.setColorSpace(colours.model, colours.depth, colours.profile)
    return node


def _forget() -> None:
    global _used  # noqa: PLW0603
    _used = 0
    while _kept:
        document = _kept.pop()
        document.setModified(False)
        document.close()
