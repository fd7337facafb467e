"""
Turns answers into layers or documents. Always new ones: pixels written into a layer of a document cannot be undone in
Krita, while adding a filled layer is one step that undo and redo repeat exactly.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from krita import Krita

from ._client import COPIES
from .colours import colours_of
from .copies import document_copy
from .documents import new_document
from .host import Target, find_node
from .painting import Delivery, Destination, Painting, cut, fill, keep_recipes, open_document, until_idle, until_size
from .scratch import Converter, paint_layer, scratch, used

if TYPE_CHECKING:
    from krita import Node

NEW_LAYER, NEW_DOCUMENT, LARGER_DOCUMENT = "new-layer", "new-document", "larger-document"
DOCUMENT, VISIBLE_DOCUMENT = "document", "visible-document"


def deliver(
    deliveries: Sequence[Delivery], output: str, suffix: str = "", only: Collection[str] = ()
) -> Generator[int, None, str]:
    """
    Add the answers to one layer or to several; each `yield` lets Krita run for that many milliseconds.

    Returns the name of what was made.

    Args:
        output: NEW_LAYER (placed on the canvas, which grows to hold a larger answer), NEW_DOCUMENT, LARGER_DOCUMENT
            (the document is enlarged first), DOCUMENT (a copy of the document in which every layer is answered), or
            VISIBLE_DOCUMENT (the same with only the visible layers). A layer that was answered as a whole is hidden
            below a larger answer, as one undo step.
        suffix: appended to the source's name for a new document.
        only: ids of the layers that a copy of the document keeps; empty: all for DOCUMENT, otherwise the answered ones.

    Raises:
        HostError: the document was closed.
    """
    first = deliveries[0]
    moving = any(len(delivery.paintings[0].frames) > 1 for delivery in deliveries)
    if output in COPIES:
        return (yield from document_copy(deliveries, suffix, only))
    if len(deliveries) > 1 and (moving or output == NEW_DOCUMENT):
        return (yield from document_copy(deliveries, suffix, only or {delivery.target.node for delivery in deliveries}))
    if moving or output == NEW_DOCUMENT:
        return (yield from new_document(first, suffix))
    return (yield from _as_layers(deliveries, output == LARGER_DOCUMENT and first.scale > 1))


def _as_layers(deliveries: Sequence[Delivery], larger: bool) -> Generator[int, None, str]:
    key, scale = deliveries[0].target.document, deliveries[0].scale
    document = open_document(key)
    size = document.width(), document.height()
    whole = [one.target for one in deliveries if scale > 1 and one.target.covers(document) and not one.target.shape]
    if larger:
        corners = [(round(one.target.left * scale), round(one.target.top * scale)) for one in deliveries]
        canvas = round(size[0] * scale), round(size[1] * scale)
    else:
        places = [fitted(one.target, scale, size) for one in deliveries]
        corners = [corner for corner, _ in places]
        canvas = max(width for _, (width, _) in places), max(height for _, (_, height) in places)
    nodes = []
    for one, corner in zip(deliveries, corners):  # noqa: B905 (Python 3.8 in some builds of Krita)
        destination = Destination(one.colours, colours_of(open_document(key)), one.target, scale, corner)
        nodes.append((yield from _new_node(one.paintings, destination, one.group)))
    yield 1  # Krita's next call is its longest, and gets a turn of the event loop for itself
    document = open_document(key)
    if larger:
        document.scaleImage(*canvas, int(document.xRes()), int(document.yRes()), "NearestNeighbor")
    elif canvas != size:
        document.resizeImage(0, 0, *canvas)
    if canvas != size:
        yield from until_size(key, canvas)
    for target in whole:
        yield from _hide(target)
    for one, node in zip(deliveries, nodes):  # noqa: B905
        yield from until_idle(key)
        yield 1
        _put_above(node, one.target)
        yield 50  # until Krita's layer list has it
        document = open_document(key)
        document.setActiveNode(node)
        keep_recipes(document, [node, *node.childNodes()], one.paintings)
    return nodes[0].name() if len(nodes) == 1 else f"{len(nodes)} layers"


def _put_above(node: Node, target: Target) -> None:
    document = open_document(target.document)
    source = find_node(document, target.node)
    parent = source.parentNode() if source is not None else None
    if parent is not None:
        parent.addChildNode(node, source)
    else:  # the layer was deleted in the meantime
        document.rootNode().addChildNode(node, None)


def fitted(target: Target, scale: float, canvas: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """
    The position of an answer on its source's canvas: the corner of its first pixel, and the canvas's size, which grows
    if the answer is larger. As close to its source as possible; pixels beyond the canvas stay beyond it.
    """
    if scale == 1:
        return (target.left, target.top), canvas
    corner, size = [], []
    for start, length, side in ((target.left, target.width, canvas[0]), (target.top, target.height, canvas[1])):
        first, last = max(0, start), min(side, start + length)
        shown = round((last - first) * scale)
        grown = max(side, shown)
        centred = first + (last - first - shown) // 2
        corner.append(min(max(0, centred), grown - shown) - round((first - start) * scale))
        size.append(grown)
    return (corner[0], corner[1]), (size[0], size[1])


# Krita's own action, because a script's `setVisible` is not an undo step; it works on the active document.
def _hide(target: Target) -> Iterator[int]:
    document = open_document(target.document)
    source = find_node(document, target.node)
    if source is None or not source.visible():
        return
    app = Krita.instance()
    if app.activeDocument() == document:
        document.setActiveNode(source)
        yield 50
        node = document.activeNode()
        if app.activeDocument() == document and node is not None and node.uniqueId() == source.uniqueId():
            app.action("toggle_layer_visibility").trigger()
            yield 20
    if source.visible():
        source.setVisible(False)


# One filled layer, or a group of them, not yet in a document: adding it is a single step. Anything more complex than a
# layer is assembled in the scratch document and duplicated from there.
def _new_node(paintings: Sequence[Painting], destination: Destination, group: str) -> Generator[int, None, Node]:
    converter = Converter(destination.painted, destination.layers)
    key = destination.target.document
    if len(paintings) == 1 and not destination.target.shape:
        node = open_document(key).createNode(paintings[0].name, "paintlayer")
        yield from fill(node, paintings[0], 0, converter, destination.corner, key)
        return node
    place = scratch(destination.layers)
    folder = place.createGroupLayer(group)
    place.rootNode().addChildNode(folder, None)
    try:
        for index, painting in reversed(list(enumerate(paintings))):  # the best one on top
            layer = paint_layer(place, painting.name, destination.layers)
            yield from fill(layer, painting, 0, converter, destination.corner, key)
            layer.setVisible(index == 0)
            folder.addChildNode(layer, None)
            yield from cut(place, layer, painting, destination)
            used(painting.width * painting.height)
        node = (folder if len(paintings) > 1 else layer).duplicate()
        node.setName(group if len(paintings) > 1 else paintings[0].name)
        return node
    finally:
        folder.remove()
