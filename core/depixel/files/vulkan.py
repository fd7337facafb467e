"""The supported Vulkan formats of KTX 2 by number (VkFormat)."""

from __future__ import annotations

from depixel.files.bit_fields import Masks
from depixel.files.textures import Layout


def _bytes(kind: str, places: tuple[int | None, ...], bits: int = 8, signed: bool = False) -> Layout:
    red, green, blue, alpha = (0 if place is None else (2**bits - 1) << bits * place for place in places)
    count = sum(place is not None for place in places)
    return Layout(kind=kind, bits=bits * count, masks=(red, green, blue, alpha), signed=signed)


def _packed(masks: Masks) -> Layout:
    return Layout(kind="RGB", bits=16, masks=masks)


_R, _RG, _RGB, _RGBA = (0, None, None, None), (0, 1, None, None), (0, 1, 2, None), (0, 1, 2, 3)
_BGR, _BGRA = (2, 1, 0, None), (2, 1, 0, 3)

LAYOUTS: dict[int, Layout] = {
    2: _packed((0xF000, 0xF00, 0xF0, 0xF)),
    3: _packed((0xF0, 0xF00, 0xF000, 0xF)),
    4: _packed((0xF800, 0x7E0, 0x1F, 0)),
    5: _packed((0x1F, 0x7E0, 0xF800, 0)),
    6: _packed((0xF800, 0x7C0, 0x3E, 1)),
    7: _packed((0x3E, 0x7C0, 0xF800, 1)),
    8: _packed((0x7C00, 0x3E0, 0x1F, 0x8000)),
    9: _bytes("GREY", _R),
    10: _bytes("GREY", _R, signed=True),
    15: _bytes("GREY", _R),
    16: _bytes("RGB", _RG),
    17: _bytes("RGB", _RG, signed=True),
    22: _bytes("RGB", _RG),
    23: _bytes("RGB", _RGB),
    29: _bytes("RGB", _RGB),
    30: _bytes("RGB", _BGR),
    36: _bytes("RGB", _BGR),
    37: _bytes("RGB", _RGBA),
    38: _bytes("RGB", _RGBA, signed=True),
    43: _bytes("RGB", _RGBA),
    44: _bytes("RGB", _BGRA),
    50: _bytes("RGB", _BGRA),
    70: _bytes("GREY", _R, 16),
    77: _bytes("RGB", _RG, 16),
    84: _bytes("RGB", _RGB, 16),
    91: _bytes("RGB", _RGBA, 16),
    131: Layout("BC1"),
    132: Layout("BC1"),
    133: Layout("BC1"),
    134: Layout("BC1"),
    135: Layout("BC2"),
    136: Layout("BC2"),
    137: Layout("BC3"),
    138: Layout("BC3"),
    139: Layout("BC4"),
    140: Layout("BC4", signed=True),
    141: Layout("BC5"),
    142: Layout("BC5", signed=True),
    145: Layout("BC7"),
    146: Layout("BC7"),
}
"""Number => layout."""
