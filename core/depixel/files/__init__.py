"""
Picture files: read any of them into a `Picture`, write it back as the kind it was.

What a file is, is decided by its content; its name only helps where a format has no signature (TGA).
"""

from __future__ import annotations

from depixel.files.dds_writing import remark
from depixel.files.limits import Limits
from depixel.files.reading import READABLE, read, read_bytes
from depixel.files.video import VIDEO_ENDINGS
from depixel.files.writing import LOSSLESS, WRITABLE, encode, kind_of, write

__all__ = [
    "LOSSLESS",
    "READABLE",
    "VIDEO_ENDINGS",
    "WRITABLE",
    "Limits",
    "encode",
    "kind_of",
    "read",
    "read_bytes",
    "remark",
    "write",
]
