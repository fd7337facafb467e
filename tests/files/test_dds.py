from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import encode, read_bytes, remark
from depixel.picture import Picture


def _dds(
    width: int, height: int, fourcc: bytes, payload: bytes, *, dxgi: int = 0, caps2: int = 0, layers: int = 1
) -> bytes:
    """A DDS file assembled by hand."""
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
    """Blocks made by hand from the format's definition give the expected colours."""
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
    assert seven.details["dds"].layout.compression == "BC7"


def test_uncompressed_reads() -> None:
    """Pillow's own uncompressed writer, read back."""
    pixels = np.random.default_rng(0).integers(0, 255, (5, 6, 4), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "DDS")

    picture = read_bytes(buffer.getvalue(), "u.dds")

    assert np.array_equal(picture.frames[0], pixels)
    assert picture.details["dds"].layout.compression == "none"


def _plain(
    flags: int, bits: int, masks: tuple[int, int, int, int], payload: bytes, size: tuple[int, int] = (2, 1)
) -> bytes:
    """An uncompressed DDS with a DX9 header."""
    head = (
        struct.pack("<7I", 124, 0x1007, *size[::-1], 0, 0, 0)
        + bytes(44)
        + struct.pack("<8I", 32, flags, 0, bits, *masks)
    )
    return b"DDS " + head + struct.pack("<5I", 0x1000, 0, 0, 0, 0) + payload


@pytest.mark.parametrize(
    ("flags", "bits", "masks", "payload", "expected"),
    [
        (0x41, 32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), bytes([3, 2, 1, 4, 7, 6, 5, 8]), [[1, 2, 3, 4], [5, 6, 7, 8]]),
        (0x41, 32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000), bytes(range(1, 9)), [[1, 2, 3, 4], [5, 6, 7, 8]]),
        (0x40, 32, (0xFF0000, 0xFF00, 0xFF, 0), bytes([3, 2, 1, 0, 7, 6, 5, 0]), [[1, 2, 3], [5, 6, 7]]),
        (0x40, 24, (0xFF0000, 0xFF00, 0xFF, 0), bytes([3, 2, 1, 7, 6, 5]), [[1, 2, 3], [5, 6, 7]]),
        (0x40, 16, (0xF800, 0x7E0, 0x1F, 0), struct.pack("<2H", 0xF800, 0xFFFF), [[255, 0, 0], [255, 255, 255]]),
        (0x41, 16, (0x7C00, 0x3E0, 0x1F, 0x8000), struct.pack("<2H", 0x83E0, 0x1F), [[0, 255, 0, 255], [0, 0, 255, 0]]),
        (0x41, 16, (0xF00, 0xF0, 0xF, 0xF000), struct.pack("<2H", 0xF123, 0), [[17, 34, 51, 255], [0, 0, 0, 0]]),
        (0x20000, 8, (0xFF, 0, 0, 0), bytes([5, 6]), [[5], [6]]),
        (0x20001, 16, (0xFF, 0, 0, 0xFF00), bytes([5, 6, 7, 8]), [[5, 6], [7, 8]]),
        (0x20000, 16, (0xFFFF, 0, 0, 0), struct.pack("<2H", 5, 60000), [[5], [60000]]),
        (0x2, 8, (0, 0, 0, 0xFF), bytes([5, 6]), [[255, 5], [255, 6]]),
    ],
)
def test_plain_layouts_by_their_masks(
    flags: int, bits: int, masks: tuple[int, int, int, int], payload: bytes, expected: list[list[int]]
) -> None:
    """Each channel is where the header's mask says, scaled to the full range; 16 bits stay 16 bits."""
    assert read_bytes(_plain(flags, bits, masks, payload)).frames[0][0].tolist() == expected


@pytest.mark.parametrize("masks", [(0xF0F0, 0xF, 0x1F, 0), (0xFF0000, 0xFF00, 0xFF, 0), (0, 0, 0, 0)])
def test_masks_that_cannot_be(masks: tuple[int, int, int, int]) -> None:
    """Gaps in a mask, a mask beyond the pixel, no mask at all."""
    with pytest.raises(UnreadablePictureError, match="impossible pixels"):
        read_bytes(_plain(0x40, 16, masks, bytes(4)))


@pytest.mark.parametrize("dxgi", [28, 29, 87, 91])
def test_plain_layouts_by_their_number(dxgi: int) -> None:
    """RGBA and BGRA with a DX10 header, sRGB or not."""
    picture = read_bytes(_dds(1, 1, b"DX10", bytes([1, 2, 3, 4]), dxgi=dxgi))

    assert picture.frames[0][0, 0].tolist() == ([1, 2, 3, 4] if dxgi < 80 else [3, 2, 1, 4])
    assert picture.details["dds"].srgb == (dxgi in (29, 91))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dxgi", [None, 28, 29])
def test_written_plain_with_the_header_of_its_kind(channels: int, dxgi: int | None) -> None:
    """Pixel for pixel, including hidden colours; a DX10 source stays DX10 and sRGB; Pillow reads the same."""
    pixels = np.random.default_rng(4).integers(0, 256, (3, 5, channels), dtype=np.uint8)
    details = {}
    if dxgi is not None:
        details = read_bytes(_dds(4, 4, b"DX10", bytes(64), dxgi=dxgi)).details
    picture = Picture((pixels,), details=details)

    data = encode(picture, "DDS")
    back = read_bytes(data)

    assert np.array_equal(back.rgba(), picture.rgba())
    assert (back.details["dds"].dxgi is None) == (dxgi is None)
    assert back.details["dds"].srgb == (dxgi == 29)
    if dxgi is None or channels > 1:
        with Image.open(io.BytesIO(data)) as image:
            assert np.array_equal(np.asarray(image.convert("RGBA")), picture.rgba())


def test_sizes_that_are_no_multiple_of_four_and_mip_levels() -> None:
    """Only the top level, cropped at the picture's edge."""
    blocks = [struct.pack("<HHI", 0xF800 if k % 2 else 0x001F, 0, 0) for k in range(4)]
    data = bytearray(_dds(6, 5, b"DXT1", b"".join(blocks) + bytes(16)))
    data[28:32] = struct.pack("<I", 3)

    picture = read_bytes(bytes(data))

    assert picture.frames[0].shape[:2] == (5, 6)
    assert picture.frames[0][4, :, 0].tolist() == [0, 0, 0, 0, 255, 255]
    assert picture.details["dds"].mipmaps == 3


def _with_depth(data: bytes, depth: int) -> bytes:
    return data[:24] + struct.pack("<I", depth) + data[28:]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (_dds(4, 4, b"DXT1", COLOUR_BLOCK, caps2=0x200), "cube map"),
        (_with_depth(_dds(4, 4, b"DXT1", COLOUR_BLOCK, caps2=0x200000), 2), "volume texture of 2"),
        (_dds(4, 4, b"DX10", COLOUR_BLOCK, dxgi=71, layers=3), "array of 3"),
        (_dds(4, 4, b"DX10", bytes(16), dxgi=95), "BC6H"),
        (_dds(4, 4, b"WXYZ", bytes(16)), "WXYZ"),
        (_dds(4, 4, b"DX10", bytes(99), dxgi=2), "DXGI format 2"),
    ],
)
def test_other_kinds_are_refused_by_name(data: bytes, what: str) -> None:
    """Cube maps, volumes, arrays and unknown compressions are refused with a sentence that names them."""
    with pytest.raises(UnsupportedPictureError, match=what):
        read_bytes(data, "x.dds")


def test_cut_short_is_unreadable() -> None:
    """A DDS without its blocks, or without its header, gives a sentence."""
    whole = _dds(64, 64, b"DXT1", COLOUR_BLOCK * 256)
    for length in (10, 127, 140, len(whole) - 9):
        with pytest.raises(UnreadablePictureError, match=r"x\.dds"):
            read_bytes(whole[:length], "x.dds")


@pytest.mark.parametrize(("fourcc", "said"), [(b"WXYZ", "'WXYZ'"), (struct.pack("<I", 113), "Direct3D format 113")])
def test_a_kind_that_is_not_handled_is_named_as_people_know_it(fourcc: bytes, said: str) -> None:
    """Named by its letters, or by its number if there are none."""
    with pytest.raises(UnsupportedPictureError, match=said):
        read_bytes(_dds(4, 4, fourcc, bytes(128)), "t.dds")


@pytest.mark.parametrize("size", [24, 124])
@pytest.mark.parametrize("depth", [0, 1])
def test_headers_of_old_tools(size: int, depth: int) -> None:
    """A header with size 24, and a volume of one slice: ordinary pictures, written with a correct header."""
    data = bytearray(_dds(4, 4, b"DXT1", COLOUR_BLOCK, caps2=0x200000 if depth else 0))
    struct.pack_into("<I", data, 4, size)
    struct.pack_into("<I", data, 24, depth)

    picture = read_bytes(bytes(data), "x.dds")

    assert np.array_equal(picture.frames[0], read_bytes(_dds(4, 4, b"DXT1", COLOUR_BLOCK)).frames[0])
    assert struct.unpack_from("<I", encode(picture), 4)[0] == 124


@pytest.mark.parametrize(
    ("bits", "masks", "dxgi"),
    [
        (16, (0xFF, 0xFF00, 0, 0), 0),
        (32, (0xFF, 0xFF00, 0xFF0000, 0xFF << 24), 0),
        (32, (0xFFFF, 0xFFFF << 16, 0, 0), 0),
        (16, (0xFF, 0xFF00, 0, 0), 51),
        (32, (0xFF, 0xFF00, 0xFF0000, 0xFF << 24), 31),
        (32, (0xFFFF, 0xFFFF << 16, 0, 0), 37),
    ],
)
def test_signed_kinds(bits: int, masks: tuple[int, int, int, int], dxgi: int) -> None:
    """V8U8, Q8W8V8U8, V16U16: -1 ... 1 becomes 0 ... full, two channels become normals; there and back."""
    raw = np.random.default_rng(3).integers(0, 2, (4, 4, bits // 8), dtype=np.uint8) * 90 + 200  # small and negative
    if dxgi:
        data = _dds(4, 4, b"DX10", raw.tobytes(), dxgi=dxgi)
    else:
        data = _plain(0x80000, bits, masks, raw.tobytes(), (4, 4))

    picture = read_bytes(data, "bump.dds")

    deep = masks[0] == 0xFFFF
    value = raw[..., 1].astype(int) << 8 | raw[..., 0] if deep else raw[..., 0].astype(int)
    full = 65535 if deep else 255
    assert picture.levels == full
    assert np.array_equal(picture.frames[0][..., 0], value ^ (full // 2 + 1))
    if not masks[2]:
        vector = picture.frames[0].astype(float) / (full / 2) - 1
        assert np.abs((vector**2).sum(-1) - 1).max() < 0.02
    assert np.array_equal(np.frombuffer(encode(picture)[-raw.nbytes :], np.uint8).reshape(raw.shape), raw)


def test_red_in_alpha() -> None:
    """RXGB is DXT5 with red in place of alpha: read as RGB, written as it was."""
    alpha = bytes([200, 100]) + bytes(6)
    source = _dds(4, 4, b"RXGB", alpha + struct.pack("<HHI", 0x07E0, 0x001F, 0x55555554))

    picture = read_bytes(source, "normal.dds")
    again = read_bytes(encode(picture), "normal.dds")

    assert picture.mode == "RGB"
    assert picture.frames[0][0, 0].tolist() == [200, 255, 0] and picture.frames[0][3, 3].tolist() == [200, 0, 255]
    assert encode(picture)[84:88] == b"RXGB"
    assert np.abs(again.frames[0].astype(int) - picture.frames[0]).max() <= 2


def test_a_palette() -> None:
    """256 colours with alpha and indices into them: read; written with plain colours, with a remark."""
    palette = np.random.default_rng(1).integers(0, 256, (256, 4), dtype=np.uint8)
    indices = np.random.default_rng(2).integers(0, 256, (4, 4), dtype=np.uint8)
    data = _plain(0x20, 8, (0, 0, 0, 0), palette.tobytes() + indices.tobytes(), (4, 4))

    picture = read_bytes(data, "p.dds")

    assert np.array_equal(picture.frames[0], palette[indices])
    assert np.array_equal(read_bytes(encode(picture)).frames[0], picture.frames[0])
    assert "palette" in remark(picture)
    with pytest.raises(UnreadablePictureError, match="cut short"):
        read_bytes(data[:-1], "p.dds")
