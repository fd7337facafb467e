"""OpenRaster documents (GIMP, Krita, MyPaint ...): reads the merged picture."""

from __future__ import annotations

from depixel.files import merged
from depixel.files.format import Format

FORMAT = Format(
    name="ORA",
    label="OpenRaster (ORA)",
    endings=(".ora",),
    recognise=merged.with_type(b"image/openraster"),
    media_type="image/openraster",
    read=merged.read,
    from_folders=False,
)
