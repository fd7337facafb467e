"""
Answers become layers or documents. Always new ones: pixels written into a layer that is part of a document cannot be
undone in Krita, while adding a filled layer is one step that undo and redo repeat exactly.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from krita import Krita

from .colours import STRIP, ColourSpace, colours_of, strips
from .files import name_document
from .host import HostError, Target, find_document, find_node, go_to
from .pixels import repeated
from .qt import QtCore
from .recipes import keep
from .scratch import Converter, paint_layer, scratch, used

if TYPE_CHECKING:
    from krita import Document, Node

NEW_LAYER, NEW_DOCUMENT, LARGER_DOCUMENT = "new-layer", "new-document", "larger-document"

_TURNS = 100  # in which a keyframe must be made


@dataclass(frozen=True)
class Painting:
    """One answer, ready for Krita: its order of channels."""

    name: str
    left: int  # in pixels of the answer, from the left edge of what was asked
    top: int
    width: int
    height: int
    frames: tuple[bytes | bytearray, ...]
    recipe: str = ""  # what brings it back (`recipes.KeptRecipe`)


def deliver(
    paintings: Sequence[Painting],
    colours: ColourSpace,
    target: Target,
    scale: int,
    output: str,
    group: str,
    suffix: str = "",
) -> Generator[int, None, str]:
    """
    Add answers to Krita; each `yield` lets it go on for that many milliseconds. Returns the name of what was made.

    Args:
        colours: of the paintings.
        scale: how many pixels of an answer one pixel of the target became.
        output: NEW_LAYER (where it fits on the canvas, which grows to hold a larger answer), NEW_DOCUMENT, or
            LARGER_DOCUMENT (the document is enlarged first). A layer that was answered as a whole is hidden under a
            larger answer, as one step that undo takes back.
        group: name of the group when there are several answers.
        suffix: of the name of a new document, after its source's.

    Raises:
        HostError: the document was closed.
    """
    if output == NEW_DOCUMENT or len(paintings[0].frames) > 1:
        return (yield from _as_document(paintings, colours, target, scale, group, suffix))
    larger = output == LARGER_DOCUMENT and scale > 1
    document = _open(target.document)
    whole = scale > 1 and target.covers(document) and not target.shape
    if larger:
        corner, canvas = (
            (target.left * scale, target.top * scale),
            (document.width() * scale, document.height() * scale),
        )
    else:
        corner, canvas = fitted(target, scale, (document.width(), document.height()))
    making = _Making(colours, colours_of(document), target, scale, corner)
    nodes = yield from _made(paintings, making, group)
    if larger:
        yield from _scaled(target.document, canvas)
    elif canvas != (document.width(), document.height()):
        _open(target.document).resizeImage(0, 0, *canvas)
        yield from _until_size(target.document, canvas)
    if whole:
        yield from _hide(target)
    document = _open(target.document)
    source = find_node(document, target.node)
    parent = source.parentNode() if source is not None else None
    if parent is not None:
        parent.addChildNode(nodes, source)
    else:  # the layer was deleted in the meantime
        document.rootNode().addChildNode(nodes, None)
    yield 50  # until Krita's layer list knows it
    document = _open(target.document)
    document.setActiveNode(nodes)
    _keep_recipes(document, [nodes, *nodes.childNodes()], paintings)
    return nodes.name()


def fitted(target: Target, scale: int, canvas: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """
    Where an answer goes on the canvas that its source lies on: the corner of its first pixel, and the canvas's size,
    which grows when the answer is larger. As near to its source as it fits; what lay beyond the canvas stays beyond it.
    """
    if scale == 1:
        return (target.left, target.top), canvas
    corner, size = [], []
    for start, length, side in ((target.left, target.width, canvas[0]), (target.top, target.height, canvas[1])):
        first, last = max(0, start), min(side, start + length)
        shift = (last - first) * scale
        grown = max(side, shift)
        centred = first + (last - first - shift) // 2
        corner.append(min(max(0, centred), grown - shift) - (first - start) * scale)
        size.append(grown)
    return (corner[0], corner[1]), (size[0], size[1])


# The layers of the paintings, by name: a group was put together elsewhere, and its layers have got new ids since.
def _keep_recipes(document: Document, nodes: Sequence[Node], paintings: Sequence[Painting]) -> None:
    recipes = {painting.name: painting.recipe for painting in paintings}
    for node in nodes:
        keep(document, node, recipes.get(node.name(), ""))


# Krita's own action, because a script's `setVisible` is no step of the undo history; it works on what is in front.
def _hide(target: Target) -> Iterator[int]:
    document = _open(target.document)
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


@dataclass(frozen=True)
class _Making:
    """What the layers of one delivery have in common."""

    source: ColourSpace  # of the paintings
    own: ColourSpace  # of the layers
    target: Target
    scale: int
    corner: tuple[int, int]  # of the target's first pixel, in the document that gets the layers


# One filled layer, or a group of them, in no document yet: adding it is a single step. What consists of more than a
# layer is put together in the scratch document and duplicated from there.
def _made(paintings: Sequence[Painting], making: _Making, group: str) -> Generator[int, None, Node]:
    converter = Converter(making.source, making.own)
    key = making.target.document
    if len(paintings) == 1 and not making.target.shape:
        node = _open(key).createNode(paintings[0].name, "paintlayer")
        yield from _fill(node, paintings[0], 0, converter, making.corner, key)
        return node
    place = scratch(making.own)
    folder = place.createGroupLayer(group)
    place.rootNode().addChildNode(folder, None)
    try:
        for index, painting in reversed(list(enumerate(paintings))):  # the best one on top
            layer = paint_layer(place, painting.name, making.own)
            yield from _fill(layer, painting, 0, converter, making.corner, key)
            layer.setVisible(index == 0)
            folder.addChildNode(layer, None)
            yield from _cut(place, layer, painting, making)
            used(painting.width * painting.height)
        node = (folder if len(paintings) > 1 else layer).duplicate()
        node.setName(group if len(paintings) > 1 else paintings[0].name)
        return node
    finally:
        folder.remove()


# The layer keeps all of its pixels; a transparency mask shows those that came from selected ones.
def _cut(document: Document, layer: Node, painting: Painting, making: _Making) -> Iterator[int]:
    target, scale = making.target, making.scale
    whole = (painting.width, painting.height) == (target.width * scale, target.height * scale)
    if not target.shape or not whole or not hasattr(document, "createTransparencyMask"):  # the last: Krita 5.1
        return
    mask = document.createTransparencyMask("Selection")
    layer.addChildNode(mask, None)
    left, top = making.corner[0] + painting.left, making.corner[1] + painting.top
    for start, rows in strips(target.width, target.height, max(1, STRIP // scale**2)):
        shape = target.shape[start * target.width : (start + rows) * target.width]
        samples = QtCore.QByteArray(repeated(shape, target.width, scale))
        mask.setPixelData(samples, left, top + start * scale, painting.width, rows * scale)
        yield 0


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
    for start, rows in strips(painting.width, painting.height, converter.strip_pixels):
        _open(key)
        strip = converter.strip(bytes(samples[start * row : (start + rows) * row]), painting.width, rows)
        layer.setPixelData(QtCore.QByteArray(strip), left, top + start, painting.width, rows)
        yield 0


def _scaled(key: str, size: tuple[int, int]) -> Iterator[int]:
    document = _open(key)
    document.scaleImage(*size, int(document.xRes()), int(document.yRes()), "NearestNeighbor")
    yield from _until_size(key, size)


def _until_size(key: str, size: tuple[int, int]) -> Iterator[int]:
    for _ in range(1000):
        yield 10
        document = _open(key)
        if (document.width(), document.height()) == size and document.tryBarrierLock():
            document.unlock()
            return
    raise HostError("Krita did not enlarge the document; nothing was added.")


def _as_document(
    paintings: Sequence[Painting], colours: ColourSpace, target: Target, scale: int, group: str, suffix: str
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
    making = _Making(colours, own, target, scale, (-canvas.left() * scale, -canvas.top() * scale))
    key = document.rootNode().uniqueId().toString()
    try:
        yield 1  # Krita has taken long for it
        layers = yield from _fill_document(document, key, paintings, making, rate)
    except BaseException:  # cancelled as well: half a document is no answer
        if find_document(key) is not None:
            document.setModified(False)
            document.close()
        raise
    yield 50  # until Krita's layer list knows them
    document = _open(key)
    document.setActiveNode(layers[0])
    _keep_recipes(document, layers, paintings)
    name_document(document, find_document(target.document), suffix)
    return document.name()


# `document` must be the very object that Krita gave when it made the document: this one owns it until it has a view.
def _fill_document(
    document: Document, key: str, paintings: Sequence[Painting], making: _Making, rate: int
) -> Generator[int, None, list[Node]]:
    app = Krita.instance()
    for node in document.topLevelNodes():
        node.remove()
    yield 1
    converter = Converter(making.source, making.own)
    animated = len(paintings[0].frames) > 1
    layers: list[Node] = []
    for index, painting in reversed(list(enumerate(paintings))):
        layer = document.createNode(painting.name, "paintlayer")
        if not animated:
            yield from _fill(layer, painting, 0, converter, making.corner, key)
        document.rootNode().addChildNode(layer, None)
        layer.setVisible(animated or index == 0)  # Krita makes no keyframes on what is hidden
        yield from _cut(document, layer, painting, making)
        layers.insert(0, layer)
    window = app.activeWindow()
    if window is not None:
        yield 1  # Krita takes longest for this
        window.addView(document)
        yield 50  # until the view knows its layers
    if animated:
        document.setFramesPerSecond(rate)
        for layer, painting in zip(layers, paintings):  # noqa: B905 (Python 3.8 in some builds of Krita)
            yield from _animate(key, layer, painting, making.target.times, converter, making.corner)
        yield from go_to(_open(key), making.target.times[0])
        for layer in layers[1:]:  # Krita 5.2 crashes when one is hidden while it still works on the keyframes
            yield 200
            yield from go_to(_open(key), making.target.times[0])
            layer.setVisible(False)
    return layers


# Krita has no call that makes a keyframe; its own action does, on the active layer at the time that is shown.
def _animate(
    key: str, layer: Node, painting: Painting, times: Sequence[int], converter: Converter, corner: tuple[int, int]
) -> Iterator[int]:
    for frame, time in enumerate(times):
        yield from _keyframe(key, layer, time)
        if not layer.hasKeyframeAtTime(time):
            raise HostError(f"Krita made no keyframe at frame {time}; the new document is incomplete.")
        yield from _fill(layer, painting, frame, converter, corner, key)
    _open(key).setFullClipRangeEndTime(max(times))


# The action works on whatever is in front: it must not be another document that the user turned to in the meantime. Nor
# must the two fight for the front: Krita 5.2 does not survive that.
def _keyframe(key: str, layer: Node, time: int) -> Iterator[int]:
    app = Krita.instance()
    for turn in range(_TURNS):
        document = _open(key)
        if app.activeDocument() != document:
            if turn % 10 == 0:
                _to_front(document)
            yield 100
            continue
        document.setActiveNode(layer)
        yield from go_to(document, time)
        layer.enableAnimation()
        if layer.hasKeyframeAtTime(time):
            return
        node = document.activeNode()
        active = node is not None and node.uniqueId() == layer.uniqueId() and document.currentTime() == time
        if active and app.activeDocument() == document:
            app.action("add_blank_frame").trigger()
        yield 20


# Krita's own setActiveDocument activates the window and not the view in it, and Window.showView does nothing.
def _to_front(document: Document) -> None:
    for window in Krita.instance().windows():
        for view in window.views():
            if view.document() == document:
                view.setVisible()
                return
