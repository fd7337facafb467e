"""The supported OpenGL formats of KTX 1 by number."""

from __future__ import annotations

from depixel.files.bit_fields import Masks
from depixel.files.textures import Layout

BLOCKS = {
    0x83F0: Layout("BC1"),
    0x83F1: Layout("BC1"),
    0x83F2: Layout("BC2"),
    0x83F3: Layout("BC3"),
    0x8C4C: Layout("BC1"),
    0x8C4D: Layout("BC1"),
    0x8C4E: Layout("BC2"),
    0x8C4F: Layout("BC3"),
    0x8DBB: Layout("BC4"),
    0x8DBC: Layout("BC4", signed=True),
    0x8DBD: Layout("BC5"),
    0x8DBE: Layout("BC5", signed=True),
    0x8E8C: Layout("BC7"),
    0x8E8D: Layout("BC7"),
}
"""glInternalFormat of compressed textures => layout."""

_BYTE, _SHORT = 0x1401, 0x1403
_CHANNELS = {
    0x1903: ("GREY", (0, None, None, None)),
    0x1909: ("GREY", (0, None, None, None)),
    0x1906: ("GREY", (None, None, None, 0)),
    0x190A: ("GREY", (0, None, None, 1)),
    0x8227: ("RGB", (0, 1, None, None)),
    0x1907: ("RGB", (0, 1, 2, None)),
    0x80E0: ("RGB", (2, 1, 0, None)),
    0x1908: ("RGB", (0, 1, 2, 3)),
    0x80E1: ("RGB", (2, 1, 0, 3)),
}  # glFormat => places of R, G, B and A
_PACKED: dict[tuple[int, int], Masks] = {
    (0x8363, 0x1907): (0xF800, 0x7E0, 0x1F, 0),
    (0x8033, 0x1908): (0xF000, 0xF00, 0xF0, 0xF),
    (0x8034, 0x1908): (0xF800, 0x7C0, 0x3E, 1),
}  # (glType, glFormat) => bits


def plain(kind: int, channels: int) -> Layout | None:
    """The layout of an uncompressed texture by glType and glFormat; None if it is not supported."""
    if (kind, channels) in _PACKED:
        return Layout(kind="RGB", bits=16, masks=_PACKED[kind, channels])
    if kind not in (_BYTE, _SHORT) or channels not in _CHANNELS:
        return None
    bits = 8 if kind == _BYTE else 16
    colours, places = _CHANNELS[channels]
    red, green, blue, alpha = (0 if place is None else (2**bits - 1) << bits * place for place in places)
    count = sum(place is not None for place in places)
    return Layout(kind=colours, bits=bits * count, masks=(red, green, blue, alpha))
