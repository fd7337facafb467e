"""Bitmaps with every header, depth, bit field and run length, written according to the documents and by Pillow."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from depixel.errors import PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError
from depixel.files import Limits, encode, read_bytes
from depixel.picture import Picture

RNG = np.random.default_rng(8)


def _bmp(
    size: tuple[int, int],
    bits: int,
    compression: int,
    body: bytes,
    *,
    extra: bytes = b"",
    header: int = 40,
    used: int = 0,
) -> bytes:
    """`extra` follows the 40 bytes shared by all newer headers: masks, the rest of the header, the palette."""
    head = struct.pack("<IiiHHIIiiII", header, *size, 1, bits, compression, len(body), 2835, 2835, used, 0)
    start = 14 + len(head) + len(extra)
    return struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start) + head + extra + body


def _palette(*colours: tuple[int, int, int]) -> bytes:
    return b"".join(struct.pack("<4B", blue, green, red, 0) for red, green, blue in colours)


def _rows(values: np.ndarray) -> bytes:
    """Rows padded to four bytes, bottom first."""
    flat = values.reshape(len(values), -1)
    return np.pad(flat, ((0, 0), (0, -flat.shape[1] % 4)))[::-1].tobytes()


@pytest.mark.parametrize(
    ("bits", "masks"),
    [
        (16, (0xF800, 0x7E0, 0x1F, 0)),
        (16, (0xF00, 0xF0, 0xF, 0)),
        (16, (0xF00, 0xF0, 0xF, 0xF000)),
        (32, (0xFF000000, 0xFF0, 0xFF0000, 0)),
        (32, (0x3FF00000, 0xFFC00, 0x3FF, 0)),
        (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    ],
)
@pytest.mark.parametrize("header", [40, 52, 56, 108, 124])
def test_bit_fields_of_any_kind(bits: int, masks: tuple[int, int, int, int], header: int) -> None:
    """Each channel is given by its bits, scaled to 0 ... 255; alpha if there is a mask for it."""
    if header < 56 and masks[3]:
        pytest.skip("three masks only")
    raw = RNG.integers(0, 2**bits, (5, 3), dtype=np.uint64)
    stored = raw.astype("<u4" if bits == 32 else "<u2").view(np.uint8)
    extra = struct.pack("<4I", *masks)[: 12 if header < 56 else 16] + bytes(max(0, header - 56))
    data = _bmp((3, 5), bits, 3, _rows(stored), extra=extra, header=header)

    picture = read_bytes(data, "a.bmp")
    assert np.array_equal(read_bytes(data[14:], "a.dib").frames[0], picture.frames[0])

    for channel, mask in enumerate(m for m in masks if m):
        low = (mask & -mask).bit_length() - 1
        most = mask >> low
        expected = ((raw >> np.uint64(low)) & np.uint64(most)).astype(float) * 255 / most
        assert np.abs(picture.frames[0][..., channel] - expected).max() <= 0.5
    assert picture.channels == (4 if masks[3] else 3)


def test_alpha_in_the_fourth_byte() -> None:
    """Plain 32 bits: the fourth byte is alpha unless it is 0 everywhere, as in TGA."""
    pixels = RNG.integers(0, 256, (4, 4, 4), dtype=np.uint8)
    without = pixels.copy()
    without[..., 3] = 0

    assert np.array_equal(read_bytes(_bmp((4, 4), 32, 0, _rows(pixels))).frames[0], pixels[..., [2, 1, 0, 3]])
    assert np.array_equal(read_bytes(_bmp((4, 4), 32, 0, _rows(without))).frames[0], pixels[..., [2, 1, 0]])


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_palettes_of_every_depth(bits: int) -> None:
    """Indices packed from the highest bits; the palette keeps its order."""
    count = 2**bits
    colours = [tuple(int(v) for v in RNG.integers(0, 256, 3)) for _ in range(count)]
    indices = RNG.integers(0, count, (3, 13), dtype=np.uint8)
    padded = np.pad(indices, ((0, 0), (0, -13 % (8 // bits))))
    shifts = np.arange(8 - bits, -1, -bits)
    packed = (padded.reshape(3, -1, 8 // bits) << shifts).sum(-1).astype(np.uint8)

    picture = read_bytes(_bmp((13, 3), bits, 0, _rows(packed), extra=_palette(*colours)), "a.bmp")  # type: ignore[arg-type]

    assert picture.mode == "P" and picture.palette is not None
    assert picture.palette[:, :3].tolist() == [list(colour) for colour in colours]
    assert np.array_equal(picture.frames[0], np.array(colours, np.uint8)[indices])


def test_rows_from_the_top_and_the_oldest_header() -> None:
    """A negative height means top first; the OS/2 header has 16-bit sizes and three bytes per colour."""
    pixels = RNG.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    body = np.pad(pixels[..., ::-1].reshape(4, -1), ((0, 0), (0, 1)))
    head = struct.pack("<IHHHH", 12, 5, 4, 1, 24)
    old = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 26) + head + body[::-1].tobytes()
    indexed = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 32) + struct.pack("<IHHHH", 12, 8, 1, 1, 1)

    assert np.array_equal(read_bytes(_bmp((5, -4), 24, 0, body.tobytes())).frames[0], pixels)
    assert np.array_equal(read_bytes(old).frames[0], pixels)
    assert read_bytes(indexed + b"\x01\x02\x03\x04\x05\x06" + b"\xa0\0\0\0").frames[0][0, :3, 0].tolist() == [6, 3, 6]


def test_run_lengths_of_eight_bits() -> None:
    """Runs, literal stretches, short rows, jumps; unset pixels have index 0."""
    body = bytes([3, 1, 0, 3, 2, 1, 2, 0, 0, 0, 2, 2, 0, 0, 0, 2, 2, 1, 1, 1, 0, 1])
    colours = _palette((0, 0, 0), (10, 0, 0), (20, 0, 0))

    picture = read_bytes(_bmp((6, 5), 8, 1, body, extra=colours, used=3), "a.bmp")

    assert (picture.frames[0][::-1, :, 0] // 10).tolist() == [
        [1, 1, 1, 2, 1, 2],
        [2, 2, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]


def test_run_lengths_of_four_bits() -> None:
    """A run alternates between two indices; a literal stretch is padded to whole words; rows end where they end."""
    body = bytes([5, 0x12, 0, 0, 0, 5, 0x21, 0x21, 0x20, 0, 9, 0x11, 0, 1])
    colours = _palette((0, 0, 0), (10, 0, 0), (20, 0, 0))

    picture = read_bytes(_bmp((6, 2), 4, 2, body, extra=colours, used=3), "a.bmp")

    assert (picture.frames[0][::-1, :, 0] // 10).tolist() == [[1, 2, 1, 2, 1, 0], [2, 1, 2, 1, 2, 1]]


@pytest.mark.parametrize("cut", [1, 2, 5, 8, 11])
def test_run_lengths_that_end_too_early(cut: int) -> None:
    """Truncated anywhere: a sentence. Only the last mark may be missing."""
    body = bytes([3, 1, 0, 3, 2, 1, 2, 0, 0, 0, 6, 2, 0, 1])
    colours = _palette((0, 0, 0), (10, 0, 0), (20, 0, 0))

    assert read_bytes(_bmp((6, 2), 8, 1, body[:12], extra=colours, used=3)).height == 2
    with pytest.raises(UnreadablePictureError, match=r"a\.bmp is cut short"):
        read_bytes(_bmp((6, 2), 8, 1, body[:cut], extra=colours, used=3), "a.bmp")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_what_pillow_writes(mode: str) -> None:
    """Pillow's files are read as the pixels that Pillow wrote, and grey and one-bit modes are kept."""
    pixels = RNG.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    image = Image.fromarray(pixels).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "BMP")

    picture = read_bytes(buffer.getvalue(), "a.bmp")

    assert np.array_equal(picture.rgba(), np.asarray(image.convert("RGBA")))
    assert picture.mode == mode
    assert "dpi" in picture.details


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_without_a_file_header(bits: int) -> None:
    """A .dib may begin with the second header."""
    fields = struct.pack("<3I", 0xF800, 0x7E0, 0x1F) if bits == 16 else b""
    extra = _palette(*((k, k // 2, 0) for k in range(256))) if bits == 8 else fields
    body = _rows(RNG.integers(0, 256, (4, 5 * bits // 8), dtype=np.uint8))
    whole = _bmp((5, 4), bits, 3 if bits == 16 else 0, body, extra=extra)

    picture = read_bytes(whole[14:], "a.dib")

    assert np.array_equal(picture.frames[0], read_bytes(whole).frames[0])
    assert "wrong_ending" not in picture.details
    assert np.array_equal(read_bytes(encode(picture)).frames[0], picture.frames[0])
    bare = encode(picture)
    assert not bare.startswith(b"BM")
    with Image.open(io.BytesIO(bare), formats=["DIB"]) as image:
        assert image.size == (picture.width, picture.height)
    assert np.array_equal(read_bytes(bare, "a.dib").frames[0], picture.frames[0])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_bmp((4, 4), 32, 3, bytes(64), extra=struct.pack("<3I", 0xF0F0, 0xF, 0)), "bit fields"),
        (_bmp((4, 4), 16, 3, bytes(32), extra=struct.pack("<3I", 0xFF0000, 0, 0)), "bit fields"),
        (_bmp((4, 4), 32, 3, bytes(64), extra=bytes(12)), "bit fields"),
        (_bmp((0, 4), 24, 0, bytes(64)), "0x4"),
        (_bmp((4, 0), 24, 0, bytes(64)), "4x0"),
        (_bmp((4, 4), 24, 0, bytes(30)), "holds fewer"),
        (_bmp((4, 4), 8, 0, bytes(16)), "no palette"),
        (_bmp((4, 4), 24, 0, bytes(64), header=14), "invalid length"),
        (_bmp((4, 4), 24, 0, bytes(64), header=9000), "incomplete"),
        (b"BM" + bytes(20), "incomplete"),
    ],
)
def test_damage_is_said(data: bytes, words: str) -> None:
    """Impossible headers, and missing data."""
    with pytest.raises(UnreadablePictureError, match=words):
        read_bytes(data, "a.bmp")


@pytest.mark.parametrize(("bits", "compression", "words"), [(0, 4, "JPEG"), (0, 5, "PNG"), (24, 1, "compression 1")])
def test_kinds_that_are_not_handled(bits: int, compression: int, words: str) -> None:
    """Bitmaps that contain another format, and combinations that do not exist."""
    with pytest.raises(UnsupportedPictureError, match=words):
        read_bytes(_bmp((4, 4), bits, compression, bytes(64)), "a.bmp")


def test_sizes_are_checked_first() -> None:
    """A run-length file of a few bytes cannot claim more than the limits."""
    with pytest.raises(PictureTooLargeError, match="900x900"):
        read_bytes(_bmp((900, 900), 8, 1, b"\0\1", extra=_palette((0, 0, 0))), "a.bmp", Limits(pixels=1000))


def test_alpha_and_a_palette() -> None:
    """An indexed picture with alpha does not fit a BMP palette: it is written with 32 bits."""
    palette = np.array([[1, 2, 3, 255], [4, 5, 6, 0]], np.uint8)
    picture = Picture((palette[np.array([[0, 1]])],), palette=palette, mode="P")

    assert np.array_equal(read_bytes(encode(picture, "BMP")).frames[0], picture.frames[0])


def test_a_palette_ends_where_the_pixels_begin() -> None:
    """256 colours in the header, room for three: three."""
    colours = _palette((1, 2, 3), (4, 5, 6), (7, 8, 9))

    picture = read_bytes(_bmp((4, 1), 8, 0, bytes([0, 1, 2, 9]), extra=colours), "a.bmp")

    assert picture.palette is not None and len(picture.palette) == 3
    assert picture.frames[0][0].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [0, 0, 0]]


def test_run_lengths_that_only_fill_the_memory() -> None:
    """Seven kilobytes that claim 67 megapixels: refused; the size of a picture with one colour is accepted."""
    colours = _palette((0, 0, 0))

    with pytest.raises(PictureTooLargeError, match="67 megapixels in"):
        read_bytes(_bmp((8192, 8192), 8, 1, bytes([255, 1]) * 3000 + b"\0\1", extra=colours, used=1), "a.bmp")
    small = _bmp((500, 400), 8, 1, (bytes([250, 0]) * 2 + b"\0\0") * 400 + b"\0\1", extra=colours, used=1)
    assert read_bytes(small, "a.bmp", Limits(unproven_pixels=0)).width == 500
