"""
Picture files: reads any supported format into a `Picture`, and writes it back in the same format.

The content of a file decides its format; the name only helps for a format without a signature (TGA). `table` lists the
formats, one line each.
"""

from __future__ import annotations

from depixel.files.format import HEAD, Format
from depixel.files.limits import Limits
from depixel.files.reading import read, read_bytes
from depixel.files.table import (
    FORMATS,
    READABLE,
    WRITABLE,
    by_content,
    by_ending,
    by_name,
    claimed_pixels,
    claimed_size,
    kind_of,
    labels,
)
from depixel.files.writing import encode, remark, write

__all__ = [
    "FORMATS",
    "HEAD",
    "READABLE",
    "WRITABLE",
    "Format",
    "Limits",
    "by_content",
    "by_ending",
    "by_name",
    "claimed_pixels",
    "claimed_size",
    "encode",
    "kind_of",
    "labels",
    "read",
    "read_bytes",
    "remark",
    "write",
]
