"""Names of new documents: after their source, in the same folder, and different from all open documents and files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from krita import Krita

from ._client import unique_path

if TYPE_CHECKING:
    from krita import Document


def name_document(document: Document, source: Document | None, suffix: str) -> None:
    """
    Give a new document the path at which *Save* will write it: `sprite-x4.kra` next to `sprite.png`. A source that was
    never saved has no folder: then nothing changes. Nothing is written, and the document counts as unsaved.

    Args:
        suffix: between the source's name and the extension.
    """
    if source is None or not source.fileName() or not suffix:
        return
    open_paths = [other.fileName() for other in Krita.instance().documents() if other.fileName()]
    document.setFileName(unique_path(str(Path(source.fileName()).with_suffix("")) + suffix, ".kra", open_paths))
    document.setModified(True)
