"""New documents: from the answers to one layer, from its keyframes, or from what is visible of a document."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from krita import Krita

from .colours import colours_of, strips
from .files import name_document
from .host import HostError, find_document, go_to
from .painting import Delivery, Destination, Painting, cut, fill, keep_recipes, open_document
from .qt import QtCore
from .scratch import Converter

if TYPE_CHECKING:
    from krita import Document, Node

_TURNS = 100  # within which a keyframe must be created


def new_document(delivery: Delivery, suffix: str) -> Generator[int, None, str]:
    """
    A document with the answers to one layer; each `yield` lets Krita run for that many milliseconds.

    Returns the document's name.
    """
    target, scale, paintings = delivery.target, delivery.scale, delivery.paintings
    app = Krita.instance()
    source = find_document(target.document)
    resolution = source.resolution() if source is not None else 72
    rate = source.framesPerSecond() if source is not None else 24
    canvas = QtCore.QRect(0, 0, target.width, target.height)
    if source is not None and target.covers(source):  # pixels beyond the canvas stay beyond it
        canvas = QtCore.QRect(-target.left, -target.top, source.width(), source.height())
    own = target.colours
    size = round(canvas.width() * scale), round(canvas.height() * scale)
    document = app.createDocument(*size, delivery.group, own.model, own.depth, own.profile, resolution)
    destination = Destination(
        delivery.colours, own, target, scale, (round(-canvas.left() * scale), round(-canvas.top() * scale))
    )
    key = document.rootNode().uniqueId().toString()
    try:
        yield 1  # this took Krita long
        layers = yield from _fill_document(document, key, paintings, destination, rate)
    except BaseException:  # also if cancelled: half a document is useless
        if find_document(key) is not None:
            document.setModified(False)
            document.close()
        raise
    yield 50  # until Krita's layer list has them
    document = open_document(key)
    document.setActiveNode(layers[0])
    keep_recipes(document, layers, paintings)
    name_document(document, find_document(target.document), suffix)
    return document.name()


def flattened_copy() -> Generator[int, None, str]:
    """
    A document with one layer: what is visible of the active document, without its layers, history, recipes or metadata.
    Each `yield` lets Krita run for that many milliseconds; returns the document's name.

    Raises:
        HostError: no document is open, or it was closed.
    """
    app = Krita.instance()
    source = app.activeDocument()
    if source is None:
        raise HostError("Open a picture first.")
    source_key = source.rootNode().uniqueId().toString()
    colours, width, height = colours_of(source), source.width(), source.height()
    name = f"{source.name() or 'picture'} flattened"
    document = app.createDocument(
        width, height, name, colours.model, colours.depth, colours.profile, source.resolution()
    )
    key = document.rootNode().uniqueId().toString()
    try:
        yield 1
        layer = document.topLevelNodes()[0]  # filled in place: there is nothing to undo
        layer.setName("Flattened")
        for top, rows in strips(width, height):
            layer.setPixelData(open_document(source_key).pixelData(0, top, width, rows), 0, top, width, rows)
            yield 0
        window = app.activeWindow()
        if window is not None:
            yield 1
            window.addView(document)
            yield 50
    except BaseException:
        if find_document(key) is not None:
            document.setModified(False)
            document.close()
        raise
    name_document(open_document(key), find_document(source_key), "-flat")
    open_document(key).setModified(True)
    return document.name()


# `document` must be the very object that Krita returned when it created the document: it owns the document until that
# has a view.
def _fill_document(
    document: Document, key: str, paintings: Sequence[Painting], destination: Destination, rate: int
) -> Generator[int, None, list[Node]]:
    app = Krita.instance()
    for node in document.topLevelNodes():
        node.remove()
    yield 1
    converter = Converter(destination.painted, destination.layers)
    animated = len(paintings[0].frames) > 1
    layers: list[Node] = []
    for index, painting in reversed(list(enumerate(paintings))):
        layer = document.createNode(painting.name, "paintlayer")
        if not animated:
            yield from fill(layer, painting, 0, converter, destination.corner, key)
        document.rootNode().addChildNode(layer, None)
        layer.setVisible(animated or index == 0)  # Krita creates no keyframes on hidden layers
        yield from cut(document, layer, painting, destination)
        layers.insert(0, layer)
    window = app.activeWindow()
    if window is not None:
        yield 1  # this takes Krita longest
        window.addView(document)
        yield 50  # until the view has its layers
    if animated:
        document.setFramesPerSecond(rate)
        for layer, painting in zip(layers, paintings):  # noqa: B905 (Python 3.8 in some builds of Krita)
            yield from _animate(key, layer, painting, destination.target.times, converter, destination.corner)
        yield from go_to(open_document(key), destination.target.times[0])
        for layer in layers[1:]:  # Krita 5.2 crashes if one is hidden while it still works on the keyframes
            yield 200
            yield from go_to(open_document(key), destination.target.times[0])
            layer.setVisible(False)
    return layers


# Krita has no API call that creates a keyframe; its own action does, on the active layer at the current time.
def _animate(
    key: str, layer: Node, painting: Painting, times: Sequence[int], converter: Converter, corner: tuple[int, int]
) -> Iterator[int]:
    for frame, time in enumerate(times):
        yield from _keyframe(key, layer, time)
        if not layer.hasKeyframeAtTime(time):
            raise HostError(f"Krita made no keyframe at frame {time}; the new document is incomplete.")
        yield from fill(layer, painting, frame, converter, corner, key)
    open_document(key).setFullClipRangeEndTime(max(times))


# The action works on the active document, which must not be another one that the user switched to in the meantime. The
# two must not compete for activation either: that crashes Krita 5.2.
def _keyframe(key: str, layer: Node, time: int) -> Iterator[int]:
    app = Krita.instance()
    for turn in range(_TURNS):
        document = open_document(key)
        if app.activeDocument() != document:
            if turn % 10 == 0:
                to_front(document)
            yield 100
            continue
        document.setActiveNode(layer)
        yield from go_to(document, time)
        layer.enableAnimation()
        if layer.hasKeyframeAtTime(time):
            return
        node = document.activeNode()
        chosen = node is not None and node.uniqueId() == layer.uniqueId() and document.currentTime() == time
        if chosen and app.activeDocument() == document:
            app.action("add_blank_frame").trigger()
        yield 20


# Krita's own setActiveDocument activates the window but not the view in it, and Window.showView does nothing.
def to_front(document: Document) -> None:
    """Activate a document, as with a click on its tab."""
    for window in Krita.instance().windows():
        for view in window.views():
            if view.document() == document:
                view.setVisible()
                return
