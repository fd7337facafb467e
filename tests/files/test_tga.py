from __future__ import annotations

import dataclasses
import io
import struct
from itertools import product

import numpy as np
import pytest
from PIL import Image

from depixel.errors import UnreadablePictureError
from depixel.files import encode, read_bytes
from depixel.files.tga_writing import TgaLayout
from depixel.picture import Picture

RNG = np.random.default_rng(3)
PIXELS = RNG.integers(1, 256, (5, 7, 4), dtype=np.uint8)


def _tga(kind: int, bits: int, body: bytes, flags: int, size: tuple[int, int] = (7, 5), table: bytes = b"") -> bytes:
    """A hand-made file; with a table of 24-bit entries that begins at index 2."""
    mapped = (1, 2, len(table) // 3, 24) if table else (0, 0, 0, 0)
    return (
        struct.pack("<BBBHHBHHHHBB", 4, mapped[0], kind, *mapped[1:], 0, 0, *size, bits, flags) + b"name" + table + body
    )


@pytest.mark.parametrize("corner", list(product((0, 0x10), (0, 0x20))))
def test_any_corner_may_come_first(corner: tuple[int, int]) -> None:
    """Rows from the bottom or top, columns from the left or right: the picture is upright."""
    right, top = corner
    turned = PIXELS[:: 1 if top else -1, :: -1 if right else 1]

    picture = read_bytes(_tga(2, 32, turned[..., [2, 1, 0, 3]].tobytes(), 8 | right | top))

    assert picture.format == "TGA" and np.array_equal(picture.frames[0], PIXELS)


@pytest.mark.parametrize("bits", [8, 15, 16, 24, 32])
def test_run_lengths_of_every_depth(bits: int) -> None:
    """Runs and raw packets alternate; the same pixels as without run lengths."""
    step = -(-bits // 8)
    row = RNG.integers(0, 128, (5, 7, step), dtype=np.uint8)
    row[:, :3] = row[:, :1]
    packed = b"".join(bytes([0x82]) + r[0].tobytes() + bytes([3]) + r[3:].tobytes() for r in row)
    kind = 3 if bits == 8 else 2

    plain = read_bytes(_tga(kind, bits, row.tobytes(), 0x20))
    runs = read_bytes(_tga(kind | 8, bits, packed, 0x20))

    assert runs.details["tga"].runs and not plain.details["tga"].runs
    assert np.array_equal(plain.frames[0], runs.frames[0])


def test_fifteen_bits_reach_full_white() -> None:
    """5 bits a channel spread over 0 ... 255; the 16th bit is alpha only when the header says so."""
    body = struct.pack("<3H", 0x7FFF, 0xFC00, 0x001F)

    plain = read_bytes(_tga(2, 16, body, 0x20, (3, 1))).frames[0]
    alpha = read_bytes(_tga(2, 16, body, 0x21, (3, 1))).frames[0]

    assert plain.tolist() == [[[255, 255, 255], [255, 0, 0], [0, 0, 255]]]
    assert alpha[0, :, 3].tolist() == [0, 255, 0]


def test_fourth_byte_without_meaning_is_no_alpha() -> None:
    """Old writers leave it 0 everywhere: the picture is opaque and not invisible."""
    body = PIXELS[..., [2, 1, 0, 3]].copy()
    body[..., 3] = 0

    assert np.array_equal(read_bytes(_tga(2, 32, body.tobytes(), 0x20)).frames[0], PIXELS[..., :3])


def test_colour_map_with_an_offset() -> None:
    """Indices count from the colour map's first number."""
    table = RNG.integers(0, 256, (4, 3), dtype=np.uint8)
    index = RNG.integers(2, 6, (5, 7), dtype=np.uint8)

    picture = read_bytes(_tga(1, 8, index.tobytes(), 0x20, table=table[:, ::-1].tobytes()))

    assert picture.mode == "P" and picture.palette is not None
    assert np.array_equal(picture.frames[0], table[index - 2])


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("rle", [False, True])
def test_indexed_stays_indexed(alpha: bool, rle: bool) -> None:
    """A colour-mapped picture is written colour-mapped, its alpha included."""
    palette = RNG.integers(0, 256, (16, 4), dtype=np.uint8)
    palette[:, 3] = palette[:, 3] if alpha else 255
    frame = palette[RNG.integers(0, 16, (6, 9))][..., : 4 if alpha else 3]

    data = encode(Picture((frame,), palette=palette, mode="P", details={"tga": TgaLayout(runs=rle)}), "TGA")
    back = read_bytes(data)

    assert data[1] == 1 and back.mode == "P"
    assert np.array_equal(back.frames[0], frame)
    assert back.details["tga"].runs == rle


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P"])
@pytest.mark.parametrize("compression", [None, "tga_rle"])
def test_what_pillow_writes(mode: str, compression: str | None) -> None:
    """An independent writer's files, all modes."""
    image = Image.fromarray(PIXELS).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "TGA", compression=compression)

    decoded = read_bytes(buffer.getvalue(), "named.dat")

    expected = np.asarray(image.convert("RGBA") if mode == "P" else image)
    if mode == "P":
        expected = expected[..., : decoded.channels]  # older Pillows write no alpha with a palette
    assert np.array_equal(np.squeeze(decoded.frames[0]), expected)


def test_short_files_are_refused() -> None:
    """Fewer pixels than the header says, with and without run lengths."""
    for data in (
        _tga(2, 24, bytes(104), 0),
        _tga(10, 24, bytes([0x80, 1, 2, 3]) * 34, 0),
        _tga(10, 24, b"\x85\1\2", 0),
    ):
        with pytest.raises(UnreadablePictureError, match="7x5"):
            read_bytes(data, "x.tga")


@pytest.mark.parametrize("corner", list(product((0, 0x10), (0, 0x20))))
@pytest.mark.parametrize("runs", [False, True])
@pytest.mark.parametrize(("kind", "bits"), [(2, 16), (2, 24), (2, 32), (3, 8), (3, 16)])
def test_what_is_written_is_like_the_source(kind: int, bits: int, runs: bool, corner: tuple[int, int]) -> None:
    """Origin, depth and image ID stay, byte for byte where the run lengths leave no choice."""
    body = RNG.integers(0, 256, (5, 7, bits // 8), dtype=np.uint8)
    if (kind, bits) == (2, 16):
        body[..., 1] &= 0x7F
    if bits == 32:
        body[..., 3] |= 1
    flags = sum(corner) | (8 if bits == 32 or (kind, bits) == (3, 16) else 0)
    plain = bytearray(_tga(kind, bits, body.tobytes(), flags))
    plain[0] = 5
    source = bytes(plain[:18]) + b"myID!" + bytes(plain[18:])

    picture = read_bytes(source, "a.tga")
    layout = dataclasses.replace(picture.details["tga"], runs=runs)
    data = encode(picture.replace(details={"tga": layout}))

    assert data[18:23] == b"myID!" and data[17] == flags and data[16] == bits
    assert data[2] == kind | (8 if runs else 0)
    assert np.array_equal(read_bytes(data).frames[0], picture.frames[0])
    end = 23 + body.size
    assert runs or data[:end] == source[:end]


def test_one_bit_of_alpha_stays_one_bit() -> None:
    """16 bits with alpha: half and more is seen. Alpha that the header does not speak of makes it 32 bits."""
    body = RNG.integers(0, 256, (4, 4, 2), dtype=np.uint8)
    picture = read_bytes(_tga(2, 16, body.tobytes(), 0x21, (4, 4)))
    soft = picture.frames[0].copy()
    soft[0, :2, 3] = (127, 128)

    back = read_bytes(encode(picture.replace(frames=(soft,))))
    other = picture.replace(details={"tga": dataclasses.replace(picture.details["tga"], alpha_bits=0)})

    assert encode(picture)[16] == 16 and np.array_equal(read_bytes(encode(picture)).frames[0], picture.frames[0])
    assert back.frames[0][0, :2, 3].tolist() == [0, 255]
    assert encode(other)[16] == 32


@pytest.mark.parametrize("width", [1, 2, 3, 127, 128, 129, 300])
def test_run_lengths_of_every_length(width: int) -> None:
    """Runs and plain stretches of more than a packet, and rows that end in either, come back as they were."""
    rows = np.zeros((6, width, 3), np.uint8)
    rows[1] = RNG.integers(0, 256, (width, 3))
    rows[2] = RNG.integers(0, 2, (width, 1)) * 9
    rows[3, : width // 2] = RNG.integers(0, 256, (width // 2, 3))
    rows[4, width // 2 :] = RNG.integers(0, 256, (width - width // 2, 3))
    rows[5] = np.arange(width)[:, None] // 3 % 256

    data = encode(Picture((rows,), details={"tga": TgaLayout(runs=True)}), "TGA")

    assert np.array_equal(read_bytes(data).frames[0], rows)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), rows)
    assert width < 300 or len(data) < rows.nbytes


def test_a_colour_map_that_is_too_large_for_a_palette() -> None:
    """Numbers beyond 256 need 16 bits; the picture is RGB, and each number has its colour."""
    table = RNG.integers(0, 256, (300, 3), dtype=np.uint8)
    index = RNG.integers(2, 302, (5, 7))

    picture = read_bytes(_tga(1, 16, index.astype("<u2").tobytes(), 0x20, table=table[:, ::-1].tobytes()))

    assert (picture.mode, picture.palette) == ("RGB", None)
    assert np.array_equal(picture.frames[0], table[index - 2])


def test_a_colour_map_ends_at_the_last_number_of_16_bits() -> None:
    """first + entries is at most 65536."""
    for first, ok in ((65533, True), (65534, False)):
        header = struct.pack("<BBBHHBHHHHBB", 0, 1, 1, first, 3, 24, 0, 0, 2, 1, 16, 0x20)
        data = header + bytes(range(9)) + struct.pack("<2H", first, min(first + 2, 65535))
        if ok:
            assert read_bytes(data, "x.tga").frames[0].tolist() == [[[2, 1, 0], [8, 7, 6]]]
        else:
            with pytest.raises(UnreadablePictureError):
                read_bytes(data, "x.tga")
