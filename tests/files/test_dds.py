from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import read_bytes


def _dds(
    width: int, height: int, fourcc: bytes, payload: bytes, *, dxgi: int = 0, caps2: int = 0, layers: int = 1
) -> bytes:
    """A DDS file put together by hand."""
    head = struct.pack("<7I", 124, 0x81007, height, width, len(payload), 0, 1) + bytes(44)
    head += struct.pack("<II4s5I", 32, 4, fourcc, 0, 0, 0, 0, 0) + struct.pack("<5I", 0x1000, caps2, 0, 0, 0)
    extra = struct.pack("<5I", dxgi, 3, 0, layers, 0) if fourcc == b"DX10" else b""
    return b"DDS " + head + extra + payload


RED_565, BLUE_565 = 0xF800, 0x001F
COLOUR_BLOCK = struct.pack("<HHI", RED_565, BLUE_565, 0x00000000)  # every pixel takes colour 0: red
ALPHA_BLOCK = bytes([200, 10]) + bytes(6)  # every pixel takes alpha 0: 200


@pytest.mark.parametrize(
    ("fourcc", "dxgi", "payload", "first"),
    [
        (b"DXT1", 0, COLOUR_BLOCK, (255, 0, 0, 255)),
        (b"DX10", 72, COLOUR_BLOCK, (255, 0, 0, 255)),
        (b"DXT3", 0, b"\x88" * 8 + COLOUR_BLOCK, (255, 0, 0, 136)),
        (b"DXT5", 0, ALPHA_BLOCK + COLOUR_BLOCK, (255, 0, 0, 200)),
        (b"ATI1", 0, ALPHA_BLOCK, (200, 200, 200, 255)),
    ],
)
def test_blocks_decode_to_known_colours(fourcc: bytes, dxgi: int, payload: bytes, first: tuple[int, ...]) -> None:
    """Blocks made by hand from the format's definition give the colours they say."""
    picture = read_bytes(_dds(4, 4, fourcc, payload, dxgi=dxgi), "t.dds")

    assert tuple(int(v) for v in picture.rgba()[0, 0]) == first
    assert picture.details["dds"].srgb == (dxgi == 72)


def test_bc5_and_bc7_decode() -> None:
    """Two channels of BC5, and BC7's mode 6 with one colour for the whole block."""
    five = read_bytes(_dds(4, 4, b"ATI2", ALPHA_BLOCK + bytes([90, 10]) + bytes(6)), "n.dds")
    bits, at = 1 << 6, 7  # mode 6: endpoints of 7 bits for R, G, B, A, then one p-bit each
    for value in (100, 100, 50, 50, 25, 25, 127, 127):
        bits |= value << at
        at += 7
    bits |= 0b11 << at
    seven = read_bytes(_dds(4, 4, b"DX10", bits.to_bytes(16, "little"), dxgi=98), "c.dds")

    assert tuple(five.frames[0][0, 0, :2]) == (200, 90)
    assert tuple(int(v) for v in seven.rgba()[2, 2]) == (201, 101, 51, 255)
    assert seven.details["dds"].compression == "BC7"


def test_uncompressed_reads() -> None:
    """Pillow's own uncompressed writer, read back."""
    pixels = np.random.default_rng(0).integers(0, 255, (5, 6, 4), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "DDS")

    picture = read_bytes(buffer.getvalue(), "u.dds")

    assert np.array_equal(picture.frames[0], pixels)
    assert picture.details["dds"].compression == "none"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (_dds(4, 4, b"DXT1", COLOUR_BLOCK, caps2=0x200), "cube map"),
        (_dds(4, 4, b"DXT1", COLOUR_BLOCK, caps2=0x200000), "volume"),
        (_dds(4, 4, b"DX10", COLOUR_BLOCK, dxgi=71, layers=3), "array of 3"),
        (_dds(4, 4, b"DX10", bytes(16), dxgi=95), "BC6H"),
        (_dds(4, 4, b"WXYZ", bytes(16)), "WXYZ"),
    ],
)
def test_other_kinds_are_refused_by_name(data: bytes, what: str) -> None:
    """Cube maps, volumes, arrays and unknown compressions are refused with a sentence that names them."""
    with pytest.raises(UnsupportedPictureError, match=what):
        read_bytes(data, "x.dds")


def test_cut_short_is_unreadable() -> None:
    """A DDS without its blocks, or without its header, is a sentence."""
    whole = _dds(64, 64, b"DXT1", COLOUR_BLOCK * 256)
    for length in (10, 127, 140, len(whole) - 9):
        with pytest.raises(UnreadablePictureError, match=r"x\.dds"):
            read_bytes(whole[:length], "x.dds")
