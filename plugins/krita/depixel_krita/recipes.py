"""
The recipe of an answer, stored in its document: an annotation for each layer, which Krita saves in .kra files. It
reproduces the answer exactly, without the source layer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ._client import EngineError, Recipe, parse_json
from .colours import ColourSpace
from .host import Target, find_document, find_node
from .qt import QtCore

if TYPE_CHECKING:
    from krita import Document, Node

_KEY = "depixel:"  # and the layer's id

_latest: tuple[bytes, KeptRecipe] | None = None  # the last one read: the panel asks for it repeatedly


@dataclass(frozen=True)
class KeptRecipe:
    """A recipe with the position that its answer came from."""

    recipe: Recipe
    colours: ColourSpace  # of the picture that was sent, in Krita's terms
    left: int  # where that picture was in its document
    top: int

    def target(self, target: Target) -> Target:
        """The picture that the recipe holds, at the position of the current target."""
        source = self.recipe.source
        size = (source.width, source.height) if source is not None else (target.width, target.height)
        part = target.part((0, 0, *size), moving=False)
        return replace(
            part, name=self.recipe.name, left=self.left, top=self.top, colours=self.colours, notes=(), shaped=False
        )

    def to_json(self) -> str:
        """One line."""
        colours = [self.colours.model, self.colours.depth, self.colours.profile]
        return json.dumps({"recipe": self.recipe.to_json(), "colours": colours, "place": [self.left, self.top]})

    @classmethod
    def from_json(cls, text: str) -> KeptRecipe:
        """
        Read what `to_json` wrote.

        Raises:
            EngineError: it cannot be read.
        """
        try:
            values = parse_json(text)
            colours, (left, top) = ColourSpace(*map(str, values["colours"])), values["place"]
            if max(abs(int(left)), abs(int(top))) >= 2**31:
                raise ValueError("no place in a document")
            return cls(Recipe.from_json(values["recipe"]), colours, int(left), int(top))
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError(f"The recipe of this layer cannot be read ({type(error).__name__}).", "usage") from error


def keep(document: Document, node: Node, text: str) -> None:
    """Store a recipe with a layer of the document."""
    if text:
        key = _KEY + node.uniqueId().toString()
        document.setAnnotation(key, "How Depixel made this layer", QtCore.QByteArray(text.encode("ascii")))


def recipe_of_layer(document: Document, node: Node) -> KeptRecipe | None:
    """
    The recipe of a layer; None if Depixel did not make it.

    Raises:
        EngineError: there is one, but it cannot be read.
    """
    global _latest  # noqa: PLW0603 (one is enough)
    key = _KEY + node.uniqueId().toString()
    if key not in document.annotationTypes():
        return None
    text = bytes(document.annotation(key))
    if _latest is None or _latest[0] != text:  # the pixels in it may be megabytes
        _latest = text, KeptRecipe.from_json(text.decode("utf-8", "replace"))
    return _latest[1]


def recipe_of_target(target: Target) -> KeptRecipe | None:
    """The recipe of a target's layer; None if there is none that this version can read."""
    document = find_document(target.document)
    node = find_node(document, target.node) if document is not None else None
    try:
        return recipe_of_layer(document, node) if document is not None and node is not None else None
    except EngineError:  # treat it like any other layer
        return None
