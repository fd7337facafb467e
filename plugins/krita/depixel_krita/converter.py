"""
`Converter`: pixels from one colour space to another, by Krita's own colour management.

It happens on layers of a scratch document that nobody sees: on a layer of the user's own document it would leave a
step in its undo history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .colours import Colours
from .qt import QtCore

if TYPE_CHECKING:
    from krita import Document


class Converter:
    """
    Converts strips of pixels with Krita's own colour management.

    Args:
        app: Krita.instance().
    """

    def __init__(self, app: Any, source: Colours, target: Colours) -> None:
        self._source, self._target = source, target
        self._scratch: Document | None = None
        if source != target:
            self._scratch = app.createDocument(1, 1, "depixel", source.model, source.depth, source.profile, 72.0)
            self._scratch.setBatchmode(True)

    def strip(self, samples: bytes, width: int, height: int) -> bytes:
        """Pixels in the source's memory order to pixels in the target's."""
        if self._scratch is None:
            return samples
        node = self._scratch.createNode("strip", "paintlayer")
        source, target = self._source, self._target
        if (node.colorModel(), node.colorDepth(), node.colorProfile()) != (source.model, source.depth, source.profile):
            node.setColorSpace(source.model, source.depth, source.profile)
        node.setPixelData(QtCore.QByteArray(bytes(samples)), 0, 0, width, height)
        node.setColorSpace(target.model, target.depth, target.profile)
        return bytes(node.pixelData(0, 0, width, height))

    def close(self) -> None:
        """Let go of the scratch document."""
        if self._scratch is not None:
            self._scratch.setModified(False)
            self._scratch.close()
            self._scratch = None
