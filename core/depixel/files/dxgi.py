"""The supported formats of Direct3D 10 and later by number (DXGI_FORMAT)."""

from __future__ import annotations

from depixel.files.textures import Layout

BLOCKS = {70: "BC1", 71: "BC1", 72: "BC1", 73: "BC2", 74: "BC2", 75: "BC2", 76: "BC3", 77: "BC3", 78: "BC3",
          79: "BC4", 80: "BC4", 81: "BC4", 82: "BC5", 83: "BC5", 84: "BC5", 94: "BC6H", 95: "BC6H", 96: "BC6H",
          97: "BC7", 98: "BC7", 99: "BC7"}  # fmt: skip
"""Number => kind of blocks."""

SRGB = frozenset({29, 72, 75, 78, 91, 93, 99})
"""Numbers of formats with sRGB colours."""

SIGNED = frozenset({31, 37, 51, 58, 63, 81, 84})
"""Numbers of formats whose values stand for -1 ... 1."""

_RGBA8 = (0xFF, 0xFF00, 0xFF0000, 0xFF000000)
_BGRA8 = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
_MASKS = {
    11: ("RGB", 64, (0xFFFF, 0xFFFF << 16, 0xFFFF << 32, 0xFFFF << 48)),
    24: ("RGB", 32, (0x3FF, 0x3FF << 10, 0x3FF << 20, 3 << 30)),
    27: ("RGB", 32, _RGBA8),
    28: ("RGB", 32, _RGBA8),
    29: ("RGB", 32, _RGBA8),
    31: ("RGB", 32, _RGBA8),
    35: ("RGB", 32, (0xFFFF, 0xFFFF << 16, 0, 0)),
    37: ("RGB", 32, (0xFFFF, 0xFFFF << 16, 0, 0)),
    49: ("RGB", 16, (0xFF, 0xFF00, 0, 0)),
    51: ("RGB", 16, (0xFF, 0xFF00, 0, 0)),
    56: ("GREY", 16, (0xFFFF, 0, 0, 0)),
    58: ("GREY", 16, (0xFFFF, 0, 0, 0)),
    61: ("GREY", 8, (0xFF, 0, 0, 0)),
    63: ("GREY", 8, (0xFF, 0, 0, 0)),
    65: ("GREY", 8, (0, 0, 0, 0xFF)),
    85: ("RGB", 16, (0xF800, 0x7E0, 0x1F, 0)),
    86: ("RGB", 16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    87: ("RGB", 32, _BGRA8),
    88: ("RGB", 32, (*_BGRA8[:3], 0)),
    90: ("RGB", 32, _BGRA8),
    91: ("RGB", 32, _BGRA8),
    93: ("RGB", 32, (*_BGRA8[:3], 0)),
    115: ("RGB", 16, (0xF00, 0xF0, 0xF, 0xF000)),
}

PLAIN = {
    number: Layout(kind=kind, bits=bits, masks=masks, signed=number in SIGNED)
    for number, (kind, bits, masks) in _MASKS.items()
}
"""Number => layout of an uncompressed format."""
