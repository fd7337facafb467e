"""Answers on their way into Krita: paintings, written into layers strip by strip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .colours import ColourSpace, strips
from .host import HostError, Target, find_document, is_idle
from .pixels import resized
from .qt import QtCore
from .recipes import keep
from .scratch import Converter

if TYPE_CHECKING:
    from krita import Document, Node

_TURNS = 1000  # of 10 ms, within which Krita must have finished


@dataclass(frozen=True)
class Painting:
    """One answer in Krita's order of channels."""

    name: str
    left: int  # in pixels of the answer, from the left edge of the source
    top: int
    width: int
    height: int
    frames: tuple[bytes | bytearray, ...]
    recipe: str = ""  # reproduces it (`recipes.KeptRecipe`)


@dataclass(frozen=True)
class Delivery:
    """The answers to one layer, on their way into Krita."""

    paintings: tuple[Painting, ...]
    colours: ColourSpace  # of the paintings
    target: Target
    scale: float  # side of an answer divided by that of the target; a whole number unless a size was chosen
    group: str  # name of the answers together


@dataclass(frozen=True)
class Destination:
    """Where the layers of one delivery go."""

    painted: ColourSpace  # of the paintings
    layers: ColourSpace
    target: Target
    scale: float
    corner: tuple[int, int]  # of the target's first pixel, in the document that gets the layers


def open_document(key: str) -> Document:
    """
    The document of this id.

    Raises:
        HostError: it was closed.
    """
    document = find_document(key)
    if document is None:
        raise HostError("The document was closed in the meantime; nothing was added.")
    return document


def fill(
    layer: Node, painting: Painting, frame: int, converter: Converter, corner: tuple[int, int], key: str
) -> Iterator[int]:
    """
    Write one frame into a layer that is not yet in a document of the user's.

    Args:
        corner: of the target's first pixel, in the document that gets the layer.
        key: the document that must stay open meanwhile.
    """
    samples = memoryview(painting.frames[frame])
    row = len(samples) // painting.height
    left, top = corner[0] + painting.left, corner[1] + painting.top
    for start, rows in strips(painting.width, painting.height, converter.strip_pixels):
        open_document(key)
        strip = converter.strip(bytes(samples[start * row : (start + rows) * row]), painting.width, rows)
        layer.setPixelData(QtCore.QByteArray(strip), left, top + start, painting.width, rows)
        yield 0


def cut(document: Document, layer: Node, painting: Painting, destination: Destination) -> Iterator[int]:
    """Give a layer a transparency mask that shows what came from selected pixels; the layer keeps all of its pixels."""
    target = destination.target
    size = round(target.width * destination.scale), round(target.height * destination.scale)
    whole = (painting.width, painting.height) == size
    if not target.shape or not whole or not hasattr(document, "createTransparencyMask"):  # the last: Krita 5.1
        return
    mask = document.createTransparencyMask("Selection")
    layer.addChildNode(mask, None)
    left, top = destination.corner[0] + painting.left, destination.corner[1] + painting.top
    for start, rows in strips(*size):
        part = resized(target.shape, (target.width, target.height), size, range(start, start + rows))
        mask.setPixelData(QtCore.QByteArray(part), left, top + start, painting.width, rows)
        yield 0


def until_size(key: str, size: tuple[int, int]) -> Iterator[int]:
    """
    Wait until a document has this size.

    Raises:
        HostError: it was closed, or Krita did not change it.
    """
    for _ in range(_TURNS):
        yield 10
        document = open_document(key)
        if (document.width(), document.height()) == size and is_idle(document):
            return
    raise HostError("Krita did not enlarge the document; nothing was added.")


def until_idle(key: str) -> Iterator[int]:
    """
    Wait until Krita has drawn a document, but no longer than 10 s. Krita's calls wait for that themselves, and the
    interface with them.

    Raises:
        HostError: it was closed.
    """
    for _ in range(_TURNS):
        if is_idle(open_document(key)):
            return
        yield 10


def keep_recipes(document: Document, nodes: Sequence[Node], paintings: Sequence[Painting]) -> None:
    """Store recipes with layers, by name: a group is assembled elsewhere, and its layers have new ids."""
    recipes = {painting.name: painting.recipe for painting in paintings}
    for node in nodes:
        keep(document, node, recipes.get(node.name(), ""))
