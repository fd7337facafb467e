"""
The target of a job, and how its pixels are read. Everything that touches Krita's documents is here and in `results`.

A job stores the ids of its document and layer, and looks them up each time: Krita's own objects must not be used after
their document was closed. Reading happens in parts, as a generator driven by a timer: Krita's pixels may be accessed
only on the interface's thread, and that thread must not block.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from krita import Krita

from ._client import sentence
from .colours import ColourSpace, strips
from .qt import QtCore
from .scratch import Converter

if TYPE_CHECKING:
    from krita import Document, Node


class HostError(Exception):
    """The document does not allow the request; `str(error)` is a sentence for the user."""


def sentence_of(error: BaseException) -> str:
    """The text to show for an error, of the document or of any other kind."""
    return str(error) if isinstance(error, HostError) else sentence(error)


@dataclass(frozen=True)
class Target:
    """A part of a layer, in pixels of the document."""

    document: str  # unique id of the document's root
    node: str  # unique id of the layer
    name: str  # of the layer
    left: int
    top: int
    width: int
    height: int
    colours: ColourSpace  # of the layer
    projected: bool  # as the layer is shown, with its masks; otherwise its own pixels
    selection: tuple[int, int, int, int] | None  # left, top, right, bottom inside this part
    times: tuple[int, ...] = ()  # frames of the timeline; empty: the current one
    notes: tuple[str, ...] = ()
    shaped: bool = False  # this is the selected part, and the selection may not be a rectangle
    shape: bytes = b""  # how much of each pixel is selected, 0 ... 255, once read; empty: all of them

    def covers(self, document: Document) -> bool:
        """Whether it contains the whole canvas."""
        across = self.left <= 0 and self.left + self.width >= document.width()
        return across and self.top <= 0 and self.top + self.height >= document.height()

    def chosen(self) -> Target:
        """The selected part alone, in the selection's shape; everything if nothing is selected."""
        return self if self.selection is None else replace(self.part(self.selection), shaped=True)

    def part(self, box: tuple[int, int, int, int], moving: bool = True) -> Target:
        """The part `box` (left, top, right, bottom inside this one) alone; not `moving`: only the current frame."""
        left, top, right, bottom = box
        return replace(
            self,
            left=self.left + left,
            top=self.top + top,
            width=right - left,
            height=bottom - top,
            selection=None,
            times=self.times if moving else (),
        )


@dataclass(frozen=True)
class Shot:
    """Pixels read from Krita: frame by frame, in Krita's order of channels."""

    target: Target
    colours: ColourSpace  # of the samples
    frames: tuple[bytes, ...]


def find_document(key: str) -> Document | None:
    """The open document whose root has this id; None if it was closed."""
    for document in Krita.instance().documents():
        root = document.rootNode()
        if root is not None and root.uniqueId().toString() == key:
            return document
    return None


def find_node(document: Document, key: str) -> Node | None:
    """The layer with this id; None if it was deleted."""
    by_id = document.nodeByUniqueID(QtCore.QUuid(key))
    if type(by_id) is not QtCore.QObject:
        return by_id
    # Krita 5.1 returns an object next to which no layer can be placed.
    return next((node for node in below(document.rootNode()) if node.uniqueId().toString() == key), None)


def below(node: Node) -> Iterator[Node]:
    """Everything inside a node, parents before their children."""
    for child in node.childNodes():
        yield child
        yield from below(child)


def read(target: Target) -> Generator[int, None, Shot]:
    """
    Read a target; each `yield` lets Krita run for that many milliseconds.

    Raises:
        HostError: the document was closed, or the layer deleted.
    """
    document, node = _objects(target)
    colours = target.colours.travels
    if target.shaped:
        shape = yield from _shape(document, target)
        target = replace(target, shaped=False, shape=shape)
    converter = Converter(target.colours, colours)
    frames = []
    present = document.currentTime()
    try:
        for time in target.times or (None,):
            if time is not None and target.projected:
                yield from go_to(document, time)
            samples = bytearray()
            for top, rows in strips(target.width, target.height, converter.strip_pixels):
                document, node = _objects(target)
                samples += converter.strip(_strip(node, target, top, rows, time), target.width, rows)
                yield 0
            frames.append(bytes(samples))
    finally:
        if target.times and target.projected and find_document(target.document) is not None:
            document.setCurrentTime(present)
    return Shot(target, colours, tuple(frames))


def _shape(document: Document, target: Target) -> Generator[int, None, bytes]:
    selection = document.selection()
    if selection is None:  # it was removed in the meantime
        return b""
    shape = bytearray()
    for top, rows in strips(target.width, target.height):
        _objects(target)
        shape += bytes(selection.pixelData(target.left, target.top + top, target.width, rows))
        yield 0
    return bytes(shape) if shape.count(255) < len(shape) else b""


def glance(target: Target) -> bytes:
    """The pixels of a small target at once, in the layer's own colours; used to notice changes."""
    _, node = _objects(target)
    return _strip(node, target, 0, target.height, None)


def go_to(document: Document, time: int) -> Iterator[int]:
    """Show another frame of the timeline, and wait until Krita has drawn it."""
    document.setCurrentTime(time)
    for _ in range(100):
        yield 10
        if document.currentTime() == time and is_idle(document):
            return


def is_idle(document: Document) -> bool:
    """Whether Krita has finished its work on a document; does not wait."""
    if not document.tryBarrierLock():
        return False
    document.unlock()
    return True


def _strip(node: Node, target: Target, top: int, rows: int, time: int | None) -> bytes:
    place = (target.left, target.top + top, target.width, rows)
    if target.projected:
        data = node.projectionPixelData(*place)
    elif time is not None:
        data = node.pixelDataAtTime(*place, time)
    else:
        data = node.pixelData(*place)
    samples = bytes(data)
    if len(samples) != target.width * rows * target.colours.pixel_bytes:
        raise HostError(f"The pixels of {target.name} cannot be read; its colours are {target.colours}.")
    return samples


def _objects(target: Target) -> tuple[Document, Node]:
    document = find_document(target.document)
    node = find_node(document, target.node) if document is not None else None
    if document is None or node is None:
        raise HostError("The document was closed, or the layer deleted, before its pixels were read.")
    return document, node
