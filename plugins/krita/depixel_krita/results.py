"""
Answers become layers or documents. Always new ones: pixels written into a layer that is part of a document cannot be
undone in Krita, while adding a filled layer is one step that undo and redo repeat exactly.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from krita import Krita

from .colours import Colours, colours_of, strips
from .converter import Converter
from .host import HostError, Target, find_document, find_node, go_to
from .qt import QtCore

if TYPE_CHECKING:
    from krita import Document, Node

NEW_LAYER, NEW_DOCUMENT, LARGER_DOCUMENT = "new-layer", "new-document", "larger-document"


@dataclass(frozen=True)
class Painting:
    """One answer, ready for Krita: its order of channels."""

    name: str
    left: int  # in pixels of the answer, from the left edge of what was asked
    top: int
    width: int
    height: int
    frames: tuple[bytes | bytearray, ...]


def deliver(
    paintings: Sequence[Painting], colours: Colours, target: Target, scale: int, output: str, group: str
) -> Generator[int, None, str]:
    """
    Add answers to Krita; each `yield` lets it go on for that many milliseconds. Returns the name of what was made.

    Args:
        colours: of the paintings.
        scale: how many pixels of an answer one pixel of the target became.
        output: NEW_LAYER (beside its source), NEW_DOCUMENT, or LARGER_DOCUMENT (the document is enlarged first).
        group: name of the group when there are several answers.

    Raises:
        HostError: the document was closed.
    """
    if output == NEW_DOCUMENT or len(paintings[0].frames) > 1:
        return (yield from _as_document(paintings, colours, target, scale, group))
    left, top = target.left, target.top
    if output == LARGER_DOCUMENT and scale > 1:
        yield from _enlarge(target.document, scale)
        left, top = left * scale, top * scale
    made = yield from _add(paintings, colours, target, (left, top), group)
    yield 50  # until Krita's layer list knows it
    _open(target.document).setActiveNode(made)
    return made.name()


# One filled layer, or a group of them, added in a single step. The group is built in a document of its own and
# duplicated from there: each layer put into it here would be a step of the undo history.
def _add(
    paintings: Sequence[Painting], colours: Colours, target: Target, corner: tuple[int, int], group: str
) -> Generator[int, None, Node]:
    app = Krita.instance()
    own = colours_of(_open(target.document))
    converter = Converter(app, colours, own)
    scratch = None
    try:
        if len(paintings) == 1:
            made = _open(target.document).createNode(paintings[0].name, "paintlayer")
            yield from _fill(made, paintings[0], 0, converter, corner, target.document)
        else:
            scratch = app.createDocument(1, 1, "depixel", own.model, own.depth, own.profile, 72.0)
            scratch.setBatchmode(True)
            folder = scratch.createGroupLayer(group)
            for index, painting in reversed(list(enumerate(paintings))):  # the best one on top
                layer = scratch.createNode(painting.name, "paintlayer")
                yield from _fill(layer, painting, 0, converter, corner, target.document)
                layer.setVisible(index == 0)
                folder.addChildNode(layer, None)
            made = folder.duplicate()
            made.setName(group)
        document = _open(target.document)
        source = find_node(document, target.node)
        parent = source.parentNode() if source is not None else None
        if parent is not None:
            parent.addChildNode(made, source)
        else:  # the layer was deleted in the meantime
            document.rootNode().addChildNode(made, None)
    finally:
        converter.close()
        if scratch is not None:
            scratch.setModified(False)
            scratch.close()
    return made


def _open(key: str) -> Document:
    document = find_document(key)
    if document is None:
        raise HostError("The document was closed in the meantime; nothing was added.")
    return document


# `key` is the document that must stay open while this goes on.
def _fill(
    layer: Node, painting: Painting, frame: int, converter: Converter, corner: tuple[int, int], key: str
) -> Iterator[int]:
    samples = memoryview(painting.frames[frame])
    row = len(samples) // painting.height
    left, top = corner[0] + painting.left, corner[1] + painting.top
    for start, rows in strips(painting.width, painting.height):
        _open(key)
        strip = converter.strip(bytes(samples[start * row : (start + rows) * row]), painting.width, rows)
        layer.setPixelData(QtCore.QByteArray(strip), left, top + start, painting.width, rows)
        yield 0


def _enlarge(key: str, scale: int) -> Iterator[int]:
    document = _open(key)
    width, height = document.width() * scale, document.height() * scale
    document.scaleImage(width, height, int(document.xRes()), int(document.yRes()), "NearestNeighbor")
    for _ in range(1000):
        yield 10
        document = _open(key)
        if (document.width(), document.height()) == (width, height) and document.tryBarrierLock():
            document.unlock()
            return
    raise HostError("Krita did not enlarge the document; nothing was added.")


def _as_document(
    paintings: Sequence[Painting], colours: Colours, target: Target, scale: int, group: str
) -> Generator[int, None, str]:
    app = Krita.instance()
    source = find_document(target.document)
    resolution = source.resolution() if source is not None else 72
    rate = source.framesPerSecond() if source is not None else 24
    canvas = QtCore.QRect(0, 0, target.width, target.height)
    if source is not None and target.covers(source):  # what lay beyond the canvas stays beyond it
        canvas = QtCore.QRect(-target.left, -target.top, source.width(), source.height())
    own = target.colours
    document = app.createDocument(
        canvas.width() * scale, canvas.height() * scale, group, own.model, own.depth, own.profile, resolution
    )
    key = document.rootNode().uniqueId().toString()
    for node in document.topLevelNodes():
        node.remove()
    converter = Converter(app, colours, own)
    corner = (-canvas.left() * scale, -canvas.top() * scale)
    animated = len(paintings[0].frames) > 1
    layers = []
    try:
        for index, painting in reversed(list(enumerate(paintings))):
            layer = document.createNode(painting.name, "paintlayer")
            if not animated:
                yield from _fill(layer, painting, 0, converter, corner, key)
            document.rootNode().addChildNode(layer, None)
            layer.setVisible(index == 0)
            layers.insert(0, layer)
        window = app.activeWindow()
        if window is not None:
            window.addView(document)
        if animated:
            document.setFramesPerSecond(rate)
            for layer, painting in zip(layers, paintings):  # noqa: B905 (Python 3.8 in some builds of Krita)
                yield from _animate(key, layer, painting, target.times, converter, corner)
            yield from go_to(_open(key), target.times[0])
    finally:
        converter.close()
    yield 50  # until Krita's layer list knows them
    document = _open(key)
    document.setActiveNode(layers[0])
    return document.name()


# Krita has no call that makes a keyframe; its own action does, on the active layer at the time that is shown.
def _animate(
    key: str, layer: Node, painting: Painting, times: Sequence[int], converter: Converter, corner: tuple[int, int]
) -> Iterator[int]:
    app = Krita.instance()
    for frame, time in enumerate(times):
        document = _open(key)
        if app.activeDocument() != document:
            app.setActiveDocument(document)
            yield 50
        document.setActiveNode(layer)
        yield from go_to(document, time)
        layer.enableAnimation()
        if not layer.hasKeyframeAtTime(time):
            app.action("add_blank_frame").trigger()
            yield 20
        if not layer.hasKeyframeAtTime(time):
            raise HostError(f"Krita made no keyframe at frame {time}; the new document is incomplete.")
        yield from _fill(layer, painting, frame, converter, corner, key)
    _open(key).setFullClipRangeEndTime(max(times))
