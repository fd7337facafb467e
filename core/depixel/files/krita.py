"""Krita's documents: reads the merged picture."""

from __future__ import annotations

from depixel.files import merged
from depixel.files.format import Format

FORMAT = Format(
    name="KRA",
    label="Krita (KRA)",
    endings=(".kra", ".krz"),
    recognise=merged.with_type(b"application/x-krita", b"application/x-kra"),
    media_type="application/x-krita",
    read=merged.read,
    from_folders=False,
)
