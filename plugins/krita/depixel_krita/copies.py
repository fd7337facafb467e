"""
An enlarged copy of a document with all its layers in register. Krita scales the copy, which preserves its structure:
groups, names, opacity, blending modes, masks, guides, vector shapes. Then the answers replace the scaled pixels.

The copy is written to a temporary file and opened from there. Undo in the copy itself would revert its scaling without
the pixels written since, which crashes Krita.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from krita import InfoObject, Krita

from .colours import MASK, colours_of
from .files import name_document
from .host import HostError, below, find_document, find_node, go_to, is_idle
from .painting import Delivery, fill, open_document
from .qt import QtCore, QtGui
from .recipes import keep
from .scratch import Converter

if TYPE_CHECKING:
    from krita import Document, Node, Shape

_TURNS = 1000  # of 10 ms, within which Krita must become idle
_TRIES = 20
_MASKS = ("transparencymask", "filtermask", "transformmask", "selectionmask", "colorizemask")


def document_copy(deliveries: Sequence[Delivery], suffix: str, only: Collection[str] = ()) -> Generator[int, None, str]:
    """
    Open an enlarged copy of the document that the answers belong to; each `yield` lets Krita run for that many
    milliseconds. Returns the name of the copy.

    Args:
        suffix: appended to the source's name for the copy.
        only: ids of the layers to keep, with everything in them; empty: all.

    Raises:
        HostError: the document was closed, or the copy could not be written.
    """
    key, scale = deliveries[0].target.document, deliveries[0].scale
    source = open_document(key)
    copy = source.clone()
    copy.setBatchmode(True)
    try:
        if only:
            _prune(copy.rootNode(), frozenset(only))
        yield 0
        for delivery in deliveries:
            _wipe(find_node(copy, delivery.target.node), delivery)
        yield from _scaled(copy, scale)
        for delivery in deliveries:
            yield from _answered(copy, delivery)
        time = open_document(key).currentTime()
        if any(delivery.target.times for delivery in deliveries):
            yield from go_to(copy, time)
        name = yield from _opened(copy, find_document(key), suffix)
    finally:
        copy.setModified(False)
        copy.close()
    return name


# Groups that contain a kept layer stay, with their masks. Clones are removed first, or Krita would turn them into paint
# layers.
def _prune(parent: Node, only: Collection[str]) -> None:
    for node in sorted(parent.childNodes(), key=lambda node: node.type() != "clonelayer"):
        if node.uniqueId().toString() in only:
            continue
        if any(inner.uniqueId().toString() in only for inner in below(node)):
            _prune(node, only)
        elif node.type() not in _MASKS:
            node.remove()


# Otherwise Krita's smooth scaling would leave a soft rim beyond the answer.
def _wipe(node: Node | None, delivery: Delivery) -> None:
    if node is None or node.type() != "paintlayer" or delivery.target.times:
        return
    bounds = node.bounds()
    nothing = QtCore.QByteArray(bytes(bounds.width() * bounds.height() * colours_of(node).pixel_bytes))
    node.setPixelData(nothing, bounds.x(), bounds.y(), bounds.width(), bounds.height())


def _scaled(copy: Document, scale: float) -> Iterator[int]:
    size = round(copy.width() * scale), round(copy.height() * scale)
    if size == (copy.width(), copy.height()):
        return
    guides = copy.horizontalGuides(), copy.verticalGuides()
    before = _shapes(copy)
    yield 1  # Krita's next call takes long
    copy.scaleImage(*size, int(copy.xRes()), int(copy.yRes()), "Bicubic")
    yield from _idle(copy)
    if (copy.width(), copy.height()) != size:
        raise HostError("Krita did not enlarge the copy of the document; nothing was added.")
    copy.setHorizontalGuides([place * scale for place in guides[0]])  # Krita moves them only while they are visible
    copy.setVerticalGuides([place * scale for place in guides[1]])
    # Krita 5.2 and 5.3 draw scaled shapes larger, but save them unscaled.
    larger = QtGui.QTransform.fromScale(scale, scale)
    for shape, old in before:
        if shape.transformation() == old:
            combined = old * larger  # type: ignore[operator]
            shape.setTransformation(combined)


# Wait until Krita has finished.
def _idle(copy: Document) -> Iterator[int]:
    for _ in range(_TURNS):
        yield 10
        if is_idle(copy):
            return


def _shapes(copy: Document) -> list[tuple[Shape, QtGui.QTransform]]:
    vectors = [node for node in below(copy.rootNode()) if node.type() == "vectorlayer"]
    return [(shape, shape.transformation()) for node in vectors for shape in node.shapes()]


def _answered(copy: Document, delivery: Delivery) -> Iterator[int]:
    target, painting = delivery.target, delivery.paintings[0]
    node = find_node(copy, target.node)
    if node is None:  # it was deleted while the engine worked, or belongs to a replaced layer
        return
    if target.projected:
        node = _painted(copy, node)
    own = MASK if node.type() == "transparencymask" else colours_of(node)
    converter = Converter(delivery.colours, own)
    corner = round(target.left * delivery.scale), round(target.top * delivery.scale)
    for frame, time in enumerate(target.times or (None,)):
        if time is not None:
            yield from go_to(copy, time)
        yield from fill(node, painting, frame, converter, corner, target.document)
    keep(copy, node, painting.recipe)


# A paint layer that replaces one that was answered as it is shown, with its masks.
def _painted(copy: Document, node: Node) -> Node:
    layer = copy.createNode(node.name(), "paintlayer")
    layer.setOpacity(node.opacity())
    layer.setBlendingMode(node.blendingMode())
    layer.setVisible(node.visible())
    layer.setColorLabel(node.colorLabel())
    layer.setInheritAlpha(node.inheritAlpha())
    parent = node.parentNode()
    if parent is None:
        raise HostError(f"The layer {node.name()} has no parent, so it cannot be replaced.")
    parent.addChildNode(layer, node)
    node.remove()
    return layer


def _opened(copy: Document, source: Document | None, suffix: str) -> Generator[int, None, str]:
    app = Krita.instance()
    window = app.activeWindow()
    name = (source.name() if source is not None else copy.name()) + suffix
    folder = tempfile.mkdtemp(prefix="depixel-")
    try:
        path = Path(folder, "copy.kra")
        for _ in range(_TRIES):  # Krita refuses while it is still drawing
            yield from _idle(copy)
            if copy.exportImage(str(path), InfoObject()) and path.exists():
                break
        else:
            raise HostError(f"Krita could not write the enlarged copy to {folder}: check that the disk has free space.")
        yield 1
        document = app.openDocument(str(path))
        if document is None:
            raise HostError("Krita could not open the enlarged copy that it had just written.")
        document.setFileName("")  # forget the temporary file's name; Save would write there
        document.setName(name)
        name_document(document, source, suffix)
        document.setModified(True)
        yield 1  # this takes Krita longest
        if window is not None:
            window.addView(document)
        yield 50
        return document.name()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
