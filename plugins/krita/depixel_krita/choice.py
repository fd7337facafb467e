"""What to work on in a document: the active layer, the selected layers, or all layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from krita import Krita

from .colours import MASK, ColourSpace, colours_of
from .host import HostError, Target, below
from .qt import QtCore

if TYPE_CHECKING:
    from krita import Document, Node

_NO_PIXELS = {"filterlayer": "A filter layer", "referenceimages": "The layer of reference images"}
_MASKS = ("transparencymask", "filtermask", "transformmask", "selectionmask", "colorizemask", "localselectionmask")
_PAINTED = ("paintlayer", "filelayer", "transparencymask")
_LARGEST = 1 << 28  # pixels; the engine's own limit is close to this
_MARGIN = 4  # transparent pixels around a layer of a whole document: how far the engine looks beyond an edge


def active_layer() -> Target:
    """
    The active layer of the active document: the whole canvas and anything beyond it, and the selection's box.

    Raises:
        HostError: there is nothing to work on.
    """
    document, node = _active()
    return _target(document, _layer_of(node))


def selected_layers() -> tuple[Target, ...]:
    """
    The layers selected in the layer list, each as `active_layer` describes it, from the bottom up. Layers inside a
    selected group belong to the group; if several are selected, layers without pixels are skipped.

    Raises:
        HostError: there is nothing to work on.
    """
    document, node = _active()
    window = Krita.instance().activeWindow()
    view = window.activeView() if window is not None else None
    marked = view.selectedNodes() if view is not None and view.document() == document else []
    layers = {_key(layer): layer for layer in map(_layer_of, [*marked, node])}
    if len(layers) == 1:
        return (active_layer(),)
    outermost = [layer for layer in layers.values() if not any(_key(one) in layers for one in _parents(layer))]
    ordered = [layer for layer in below(document.rootNode()) if _key(layer) in map(_key, outermost)]
    with_pixels = [layer for layer in ordered if layer.type() not in _NO_PIXELS and not layer.bounds().isEmpty()]
    if not with_pixels:
        raise HostError("The selected layers have no pixels: select paint layers or groups.")
    return tuple(_target(document, layer) for layer in with_pixels)


def whole_document() -> tuple[Target, ...]:
    """
    Everything in the active document with pixels of its own, the largest layer first: paint layers without their masks,
    the masks separately, and file layers as they are shown. Krita scales the other kinds itself.

    Raises:
        HostError: there is nothing to work on.
    """
    document = _document()
    targets = parts_of(document, document.rootNode())
    if not targets:
        raise HostError("The document has no layer with pixels.")
    return targets


def visible_document() -> tuple[tuple[Target, ...], frozenset[str]]:
    """
    The targets of `whole_document` that belong to visible layers, and the ids of these layers. The source of a visible
    clone counts as visible.

    Raises:
        HostError: no layer is visible, or none has pixels.
    """
    document = _document()
    layers = {_key(layer): layer for layer in _visible(document.rootNode())}
    for layer in tuple(layers.values()):
        source = layer.sourceNode() if hasattr(layer, "sourceNode") else None
        if source is not None:
            layers[_key(source)] = source
    parts = [part for layer in layers.values() for part in parts_of(document, layer)]
    if not parts:
        raise HostError("The document has no visible layer with pixels.")
    return _ordered(parts), frozenset(layers)


# Without groups, because a group that is kept would keep its hidden layers too; but with the masks of groups.
def _visible(parent: Node) -> Iterator[Node]:
    for node in parent.childNodes():
        if node.type() in _MASKS:
            if node.type() == "transparencymask":
                yield node
        elif node.visible() and node.type() == "grouplayer":
            yield from _visible(node)
        elif node.visible():
            yield node


def parts_of(document: Document, root: Node) -> tuple[Target, ...]:
    """Everything with pixels of its own in this node and below it, as in `whole_document`; may be empty."""
    nodes = [node for node in (root, *below(root)) if node.type() in _PAINTED and not node.bounds().isEmpty()]
    return _ordered([_part(document, node) for node in nodes])


def _ordered(targets: Iterable[Target]) -> tuple[Target, ...]:
    return tuple(sorted(targets, key=lambda target: (target.colours == MASK, -target.width * target.height)))


def _document() -> Document:
    document = Krita.instance().activeDocument()
    if document is None:
        raise HostError("Open a picture first.")
    return document


# A document opened by a script has no active layer for a while: use the topmost.
def _active() -> tuple[Document, Node]:
    document = _document()
    layers = [node for node in document.topLevelNodes() if node.type() not in _MASKS]
    node = document.activeNode() or (layers[-1] if layers else None)
    if node is None:
        raise HostError("Select a layer first.")
    return document, node


def _key(node: Node) -> str:
    return node.uniqueId().toString()


def _parents(node: Node) -> Iterator[Node]:
    parent = node.parentNode()
    while parent is not None:
        yield parent
        parent = parent.parentNode()


# A mask is processed with its layer.
def _layer_of(node: Node) -> Node:
    parent = node.parentNode()
    while node.type() in _MASKS and parent is not None:
        node, parent = parent, parent.parentNode()
    return node


def _target(document: Document, node: Node) -> Target:
    kind = node.type()
    if kind in _NO_PIXELS:
        raise HostError(f"{_NO_PIXELS[kind]} has no pixels of its own: select a paint layer or a group.")
    colours = colours_of(node)
    masked = any(child.type() in _MASKS and child.visible() for child in node.childNodes())
    area, notes = _area(document, node)
    times = _times(document, node)
    notes += [colours.note()] if colours.is_converted else []
    notes += [f"All {len(times)} keyframes were processed together, for a new document."] if times else []
    target = _over(document, node, area, colours, kind != "paintlayer" or masked)
    return replace(target, times=times, notes=tuple(notes), selection=_selection(document, area))


# A layer may be much smaller than the canvas; two distant layers cost no more than their pixels.
def _part(document: Document, node: Node) -> Target:
    colours = MASK if node.type() == "transparencymask" else colours_of(node)
    canvas, bounds = QtCore.QRect(0, 0, document.width(), document.height()), node.bounds()
    area = bounds.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN).intersected(canvas.united(bounds))
    if area.width() * area.height() > _LARGEST:
        raise HostError(f"The layer {node.name()} is too large.")
    target = _over(document, node, area, colours, node.type() == "filelayer")
    times = _times(document, node) if node.type() == "paintlayer" else ()
    return replace(target, times=times, notes=(colours.note(),) if colours.is_converted else ())


def _over(document: Document, node: Node, area: QtCore.QRect, colours: ColourSpace, projected: bool) -> Target:
    return Target(
        document=_key(document.rootNode()),
        node=_key(node),
        name=node.name(),
        left=area.left(),
        top=area.top(),
        width=area.width(),
        height=area.height(),
        colours=colours,
        projected=projected,
        selection=None,
    )


def _area(document: Document, node: Node) -> tuple[QtCore.QRect, list[str]]:
    canvas = QtCore.QRect(0, 0, document.width(), document.height())
    bounds = node.bounds()
    whole = canvas if bounds.isEmpty() else canvas.united(bounds)
    if whole.width() * whole.height() > 4 * canvas.width() * canvas.height() + (1 << 20):
        return canvas, ["Pixels far outside the canvas were ignored."]
    if whole.width() * whole.height() > _LARGEST:
        raise HostError("The layer is too large: select a part of it.")
    return whole, []


def _selection(document: Document, area: QtCore.QRect) -> tuple[int, int, int, int] | None:
    selection = document.selection()
    if selection is None or selection.width() <= 0 or selection.height() <= 0:
        return None
    chosen = QtCore.QRect(selection.x(), selection.y(), selection.width(), selection.height()).intersected(area)
    if chosen.isEmpty():
        raise HostError("The selection does not touch the layer: select a part of it, or nothing.")
    chosen.translate(-area.left(), -area.top())
    return chosen.left(), chosen.top(), chosen.right() + 1, chosen.bottom() + 1


# The keyframes of an animated layer, or of all layers of a group, each shown and read in turn.
def _times(document: Document, node: Node) -> tuple[int, ...]:
    animated = [n for n in _family(node) if n.animated()]
    if not animated:
        return ()
    last = max(document.fullClipRangeEndTime(), document.animationLength())
    span = range(document.fullClipRangeStartTime(), last + 1)
    times = [time for time in span if any(n.hasKeyframeAtTime(time) for n in animated)]
    return tuple(times) if len(times) > 1 else ()


def _family(node: Node) -> Iterator[Node]:
    yield node
    if node.type() == "grouplayer":
        for child in node.childNodes():
            yield from _family(child)
