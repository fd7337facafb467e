"""KTX, KTX 2 and VTF: round trips of every layout, mipmaps and resources kept, false headers refused."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import encode, gl, ktx, ktx2, read_bytes, remark, texture_refusals, vtf, vulkan
from depixel.files.textures import Layout, encode_level
from depixel.picture import Picture, Pixels

RNG = np.random.default_rng(31)
SIZES = [(8, 8), (5, 7), (1, 1)]


def _smooth(width: int, height: int) -> Pixels:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 9 + 40, y * 9 + 60, 200 - x * 7, 255 - y * 3], -1).clip(0, 255).astype(np.uint8)


def _levels(layout: Layout, width: int, height: int, count: int, seed: int = 1) -> list[bytes]:
    """The bytes of each level: random where any bytes are valid pixels, smooth in blocks."""
    rng = np.random.default_rng(seed)
    sizes = [(max(1, width >> k), max(1, height >> k)) for k in range(count)]
    if layout.is_blocks:
        return [encode_level(_smooth(*size), layout) for size in sizes]
    return [rng.bytes(layout.level_bytes(*size)) for size in sizes]


def _ktx(layout: Layout, fields: tuple[int, ...], size: tuple[int, int], count: int, pairs: bytes = b"") -> bytes:
    parts = [ktx.SIGNATURE, struct.pack("<13I", 0x04030201, *fields, *size, 0, 0, 1, count, len(pairs)), pairs]
    for number, level in enumerate(_levels(layout, *size, max(1, count))):
        body = level
        if not layout.is_blocks:
            rows = np.frombuffer(level, np.uint8).reshape(max(1, size[1] >> number), -1)
            body = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4))).tobytes()
        parts += [struct.pack("<I", len(body)), body]
    return b"".join(parts)


def _ktx2(number: int, size: tuple[int, int], count: int, scheme: int = 0, pairs: bytes = b"") -> bytes:
    levels = _levels(vulkan.LAYOUTS[number], *size, max(1, count))
    packed = [zlib.compress(level) if scheme == 3 else level for level in levels]
    descriptor = struct.pack("<I", 4)
    at = 80 + 24 * len(levels)
    head = struct.pack("<9I", number, 1, *size, 0, 0, 1, count, scheme)
    head += struct.pack("<4I2Q", at, len(descriptor), at + 4, len(pairs), 0, 0)
    start, index, bodies = at + 4 + len(pairs), [b""] * len(levels), b""
    for k in reversed(range(len(levels))):
        bodies += bytes(-(start + len(bodies)) % 16)
        index[k] = struct.pack("<3Q", start + len(bodies), len(packed[k]), len(levels[k]))
        bodies += packed[k]
    return ktx2.SIGNATURE + head + b"".join(index) + descriptor + pairs + bodies


def _vtf(number: int, size: tuple[int, int], count: int, frames: int = 1, minor: int = 2, extra: bytes = b"") -> bytes:
    layout = vtf._LAYOUTS[number]
    each = [_levels(layout, *size, count, seed) for seed in range(frames)]
    thumbnail = RNG.bytes(128)
    resources = 3 if minor >= 3 else 0
    header = 80 + 8 * resources if minor >= 3 else 80 if minor == 2 else 64
    head = struct.pack("<4s3I2HI2H", b"VTF\0", 7, minor, header, *size, 0x2000, frames, 0)
    head += bytes(4) + struct.pack("<3f", 0.5, 0.5, 0.5) + bytes(4) + struct.pack("<f", 1.0)
    head += struct.pack("<IBIBB", number, count, 13, 16, 16)
    head = (head + (struct.pack("<H", 1) if minor >= 2 else b"")).ljust(min(header, 80), b"\0")
    body = b"".join(levels[k] for k in reversed(range(count)) for levels in each)
    if minor < 3:
        return head + thumbnail + body
    head = head[:68] + struct.pack("<I", resources) + head[72:80]
    table = (
        b"\1\0\0\0" + struct.pack("<I", header) + b"CRC\2" + b"abcd" + b"\x30\0\0\0" + struct.pack("<I", header + 128)
    )
    return head + table + thumbnail + body


@pytest.mark.parametrize("number", sorted(gl.BLOCKS))
def test_ktx_in_blocks(number: int) -> None:
    """Every kind of block compression is read, and written as that kind with as many mipmaps."""
    data = _ktx(gl.BLOCKS[number], (0, 1, 0, number, 0x1908), (8, 8), 4, b"\x0c\0\0\0key\0value\0\0\0")

    picture = read_bytes(data, "a.ktx")
    again = encode(picture.replace(frames=(picture.frames[0].repeat(2, 0).repeat(2, 1),)))
    like = read_bytes(again, "b.ktx").details["texture"]

    assert np.array_equal(picture.frames[0].shape[:2], (8, 8))
    assert (like.width, like.mipmaps, like.fields[3], like.pairs) == (16, 5, number, picture.details["texture"].pairs)
    assert np.abs(read_bytes(again).frames[0].astype(int)[::2, ::2] - picture.frames[0]).mean() < 6


@pytest.mark.parametrize("channels", sorted(gl._CHANNELS))
@pytest.mark.parametrize("kind", [0x1401, 0x1403])
@pytest.mark.parametrize("size", SIZES)
def test_ktx_of_plain_pixels(channels: int, kind: int, size: tuple[int, int]) -> None:
    """Every order of channels with 8 and 16 bits, padded rows: byte for byte the same."""
    layout = gl.plain(kind, channels)
    assert layout is not None
    data = _ktx(layout, (kind, kind - 0x1400, channels, channels, channels), size, 1)

    assert encode(read_bytes(data, "a.ktx")) == data


@pytest.mark.parametrize(("kind", "channels"), sorted(gl._PACKED))
def test_ktx_of_packed_pixels(kind: int, channels: int) -> None:
    """5-6-5, 4-4-4-4 and 5-5-5-1: byte for byte the same; 0 mipmaps stay 0."""
    layout = gl.plain(kind, channels)
    assert layout is not None
    data = _ktx(layout, (kind, 2, channels, channels, channels), (6, 3), 0)

    assert encode(read_bytes(data, "a.ktx")) == data


@pytest.mark.parametrize("number", sorted(vulkan.LAYOUTS))
@pytest.mark.parametrize("scheme", [0, 3])
def test_ktx2_in_every_layout(number: int, scheme: int) -> None:
    """Read, and written with the same number, scheme, descriptor and key-value data, with the mipmaps of its size."""
    layout = vulkan.LAYOUTS[number]
    data = _ktx2(number, (8, 4), 4, scheme, b"\x0a\0\0\0key\0value\0")

    picture = read_bytes(data, "a.ktx2")
    same = read_bytes(encode(picture), "b.ktx2")
    large = read_bytes(encode(picture.replace(frames=(picture.frames[0].repeat(2, 0).repeat(2, 1),)))).details[
        "texture"
    ]

    head = same.details["texture"]
    assert (head.number, head.scheme, head.mipmaps, head.descriptor) == (number, scheme, 4, struct.pack("<I", 4))
    assert head.pairs == b"\x0a\0\0\0key\0value\0"
    assert (large.width, large.height, large.mipmaps) == (16, 8, 5)
    if not layout.is_blocks:
        assert np.array_equal(same.frames[0], picture.frames[0])
    else:
        assert np.abs(same.frames[0].astype(int) - picture.frames[0]).mean() < 4


def test_ktx2_levels_lie_where_the_standard_wants_them() -> None:
    """The smallest first, each at a multiple of 4 and of the bytes per pixel or block."""
    for number, unit in ((23, 12), (43, 4), (131, 8), (137, 16), (9, 4), (84, 12)):
        data = encode(read_bytes(_ktx2(number, (8, 4), 4), "a.ktx2"))
        places = [struct.unpack_from("<3Q", data, 80 + 24 * k) for k in range(4)]

        assert [place[0] for place in places] == sorted((place[0] for place in places), reverse=True)
        assert all(place[0] % unit == 0 and place[1] == place[2] for place in places)
        assert places[0][0] + places[0][1] == len(data)


@pytest.mark.parametrize("number", sorted(vtf._LAYOUTS))
@pytest.mark.parametrize("minor", [1, 2, 3, 5])
def test_vtf_in_every_layout(number: int, minor: int) -> None:
    """Read, and written with the same version, layout, thumbnail and resources: byte for byte if nothing is lossy."""
    layout = vtf._LAYOUTS[number]
    data = _vtf(number, (8, 4), 1, minor=minor)

    picture = read_bytes(data, "a.vtf")
    again = encode(picture)

    free = (1 << layout.bits) - 1 & ~(layout.masks[0] | layout.masks[1] | layout.masks[2] | layout.masks[3])
    if layout.is_blocks:
        assert np.abs(read_bytes(again).frames[0].astype(int) - picture.frames[0]).mean() < 4
    elif free or layout.is_vector:
        assert np.array_equal(read_bytes(again).frames[0], picture.frames[0])
    else:
        assert again == data
    if minor >= 3:
        assert picture.details["texture"].resources == ((b"CRC", 2, b"abcd"),)
        assert b"CRC\2abcd" in again


@pytest.mark.parametrize("minor", [2, 4])
def test_vtf_frames_and_mipmaps(minor: int) -> None:
    """Levels are stored smallest first, frames side by side in each; a larger picture has more levels."""
    data = _vtf(12, (8, 4), 4, frames=3, minor=minor)

    picture = read_bytes(data, "a.vtf")
    large = picture.replace(frames=tuple(frame.repeat(2, 0).repeat(2, 1) for frame in picture.frames))
    again = read_bytes(encode(large), "b.vtf")

    top = np.frombuffer(data[-3 * 128 :], np.uint8).reshape(3, 4, 8, 4)[..., [2, 1, 0, 3]]
    assert len(picture.durations) == 3
    assert all(np.array_equal(frame, expected) for frame, expected in zip(picture.frames, top, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(large.frames, again.frames, strict=True))
    assert (
        again.details["texture"].mipmaps == 5 and again.details["texture"].thumbnail == data[-3 * 43 * 4 - 128 :][:128]
    )


def test_vtf_resources_of_their_own() -> None:
    """Data that a table points to are kept, wherever they end up."""
    data = bytearray(_vtf(3, (4, 4), 1, minor=4))
    data += struct.pack("<I", 5) + b"sheet"
    data[88:92] = b"\x10\0\0\0"
    data[92:96] = struct.pack("<I", len(data) - 9)

    picture = read_bytes(bytes(data), "a.vtf")
    again = read_bytes(encode(picture.replace(frames=(np.zeros((8, 8, 3), np.uint8),))), "b.vtf")

    assert picture.details["texture"].resources == again.details["texture"].resources == ((b"\x10\0\0", 0, b"sheet"),)
    data[92:96] = struct.pack("<I", len(data) - 4)
    with pytest.raises(UnreadablePictureError, match="resources"):
        read_bytes(bytes(data), "a.vtf")


@pytest.mark.parametrize("kind", ["KTX", "KTX2", "VTF"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_new_textures_hold_every_pixel(kind: str, channels: int) -> None:
    """A picture that was not a texture is written uncompressed; 16 bits do not fit."""
    picture = Picture((RNG.integers(0, 256, (5, 7, channels), dtype=np.uint8),))

    again = read_bytes(encode(picture, kind))

    assert np.array_equal(again.rgba(), picture.rgba())
    assert again.details["texture"].mipmaps == 1
    assert getattr(again.details["texture"], "stored_mipmaps", 1) == 1
    with pytest.raises(UnsupportedPictureError, match="16 bits"):
        encode(Picture((np.zeros((2, 2, channels), np.uint16),)), kind)


def test_ktx2_describes_what_it_holds() -> None:
    """The descriptor of a new file: its size, model, transfer function and samples (Khronos Data Format 1.3)."""
    data = encode(Picture((np.zeros((2, 2, 4), np.uint8),)), "KTX2")
    at, length = struct.unpack_from("<2I", data, 48)
    words = struct.unpack_from(f"<{length // 4}I", data, at)

    assert words[0] == length and words[2] == 2 | (length - 4) << 16
    assert words[3] == 1 | 1 << 8 | 2 << 16 and words[5] == 4
    assert [word >> 24 for word in words[7::4]] == [0, 1, 2, 0x1F]
    assert [word & 0xFFFF for word in words[7::4]] == [0, 8, 16, 24]


def _changed(data: bytes, at: int, form: str, value: int) -> bytes:
    spoilt = bytearray(data)
    struct.pack_into(form, spoilt, at, value)
    return bytes(spoilt)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_changed(_ktx2(43, (4, 4), 1), 28, "<I", 3), "volume"),
        (_changed(_ktx2(43, (4, 4), 1), 32, "<I", 2), "array"),
        (_changed(_ktx2(43, (4, 4), 1), 36, "<I", 6), "cube map"),
        (_changed(_ktx2(43, (4, 4), 1), 44, "<I", 1), "Basis Universal"),
        (_changed(_ktx2(43, (4, 4), 1), 44, "<I", 2), "Zstandard"),
        (_changed(_ktx2(43, (4, 4), 1), 44, "<I", 9), "Vulkan format 43"),
        (_changed(_ktx2(43, (4, 4), 1), 12, "<I", 0), "Basis Universal"),
        (_changed(_ktx2(43, (4, 4), 1), 12, "<I", 143), "Vulkan format 143"),
        (_changed(encode(Picture((_smooth(4, 4),)), "KTX"), 12, ">I", 0x04030201), "big-endian"),
        (_changed(encode(Picture((_smooth(4, 4),)), "KTX"), 52, "<I", 6), "cube map"),
        (_changed(encode(Picture((_smooth(4, 4),)), "KTX"), 24, "<I", 0x1900), "OpenGL format"),
        (_changed(_vtf(3, (4, 4), 1), 20, "<I", 0x4000), "cube map"),
        (_changed(_vtf(3, (4, 4), 1), 63, "<H", 4), "volume"),
        (_changed(_vtf(3, (4, 4), 1), 52, "<I", 24), "image format 24"),
        (_changed(_vtf(3, (4, 4), 1), 4, "<I", 8), "version 8"),
    ],
)
def test_kinds_that_are_not_handled(data: bytes, words: str) -> None:
    """Each is named."""
    with pytest.raises(UnsupportedPictureError, match=words):
        read_bytes(data, "a")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_changed(_ktx2(43, (4, 4), 1), 20, "<I", 0), "0x4"),
        (_changed(_ktx2(43, (4, 4), 1), 24, "<I", 0), "4x0"),
        (_changed(_ktx2(43, (4, 4), 1), 20, "<I", 8), "fewer pixels"),
        (_changed(_ktx2(43, (4, 4), 1), 60, "<I", 9999), "key-value"),
        (_changed(_ktx2(43, (4, 4), 1, 3), 88, "<Q", 5), "damaged|fewer"),
        (_changed(encode(Picture((_smooth(4, 4),)), "KTX"), 36, "<I", 0), "0x4"),
        (_changed(encode(Picture((_smooth(4, 4),)), "KTX"), 36, "<I", 40), "40x4"),
        (_changed(encode(Picture((_smooth(4, 4),)), "KTX"), 60, "<I", 9999), "key-value"),
        (_changed(_vtf(3, (4, 4), 1), 16, "<H", 0), "0x4"),
        (_changed(_vtf(3, (4, 4), 1), 24, "<H", 0), "damaged"),
        (_changed(_vtf(3, (4, 4), 1), 16, "<H", 8), "8x4"),
        (_changed(_vtf(3, (4, 4), 1, minor=3), 68, "<I", 9), "fewer resources"),
    ],
)
def test_lies_are_refused(data: bytes, words: str) -> None:
    """Sizes, offsets and counts beyond the file."""
    with pytest.raises(UnreadablePictureError, match=words):
        read_bytes(data, "a")


def test_a_better_encoder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """BC7 without the optional package."""
    picture = read_bytes(_ktx2(145, (8, 8), 1), "a.ktx2")

    assert remark(picture) == ""
    monkeypatch.setattr(texture_refusals, "has_bc7_encoder", lambda: False)
    assert "depixel[dds]" in remark(picture)
    assert remark(read_bytes(_ktx2(43, (8, 8), 1))) == ""


PIXELS = {
    0: (bytes([1, 2, 3, 4]), [1, 2, 3, 4]),
    1: (bytes([4, 3, 2, 1]), [1, 2, 3, 4]),
    2: (bytes([1, 2, 3]), [1, 2, 3]),
    3: (bytes([3, 2, 1]), [1, 2, 3]),
    4: (struct.pack("<H", 31 << 11 | 0 << 5 | 16), [132, 0, 255]),
    5: (bytes([9]), [9]),
    6: (bytes([9, 8]), [9, 8]),
    8: (bytes([7]), [255, 7]),
    11: (bytes([4, 1, 2, 3]), [1, 2, 3, 4]),
    12: (bytes([3, 2, 1, 4]), [1, 2, 3, 4]),
    16: (bytes([3, 2, 1, 4]), [1, 2, 3]),
    17: (struct.pack("<H", 31 << 11 | 0 << 5 | 16), [255, 0, 132]),
    18: (struct.pack("<H", 31 << 10 | 0 << 5 | 16), [255, 0, 132]),
    19: (struct.pack("<H", 1 << 12 | 2 << 8 | 3 << 4 | 4), [34, 51, 68, 17]),
    21: (struct.pack("<H", 1 << 15 | 31 << 10 | 0 << 5 | 16), [255, 0, 132, 255]),
    22: (bytes([0, 0]), [128, 128, 255]),
    23: (bytes([0, 127, 129, 255]), [128, 255, 1, 127]),
    25: (struct.pack("<4H", 1, 3, 5, 7), [1, 3, 5, 7]),
}
"""VTF's number of an image format => the bytes of a pixel, and their meaning according to Valve's documents."""


@pytest.mark.parametrize("number", sorted(PIXELS))
def test_vtf_pixels_are_what_the_documents_say(number: int) -> None:
    """Each uncompressed format, tested with a hand-made pixel."""
    raw, expected = PIXELS[number]
    data = _vtf(number, (1, 1), 1)

    assert read_bytes(data[: -len(raw)] + raw, "a.vtf").frames[0][0, 0].tolist() == expected
    assert set(PIXELS) == {k for k, layout in vtf._LAYOUTS.items() if not layout.is_blocks}


VULKAN = {
    2: (struct.pack("<H", 0x1234), [17, 34, 51, 68]),
    3: (struct.pack("<H", 0x3214), [17, 34, 51, 68]),
    4: (struct.pack("<H", 31 << 11 | 16), [255, 0, 132]),
    5: (struct.pack("<H", 31 << 11 | 16), [132, 0, 255]),
    6: (struct.pack("<H", 31 << 11 | 16 << 1 | 1), [255, 0, 132, 255]),
    7: (struct.pack("<H", 31 << 11 | 16 << 1 | 1), [132, 0, 255, 255]),
    8: (struct.pack("<H", 1 << 15 | 31 << 10 | 16), [255, 0, 132, 255]),
    9: (bytes([9]), [9]),
    10: (bytes([0]), [128]),
    16: (bytes([9, 8]), [9, 8, 0]),
    17: (bytes([0, 0]), [128, 128, 255]),
    23: (bytes([1, 2, 3]), [1, 2, 3]),
    30: (bytes([3, 2, 1]), [1, 2, 3]),
    37: (bytes([1, 2, 3, 4]), [1, 2, 3, 4]),
    38: (bytes([0, 127, 129, 255]), [128, 255, 1, 127]),
    44: (bytes([3, 2, 1, 4]), [1, 2, 3, 4]),
    70: (struct.pack("<H", 1000), [1000]),
    77: (struct.pack("<2H", 1000, 7), [1000, 7, 0]),
    84: (struct.pack("<3H", 1000, 7, 8), [1000, 7, 8]),
    91: (struct.pack("<4H", 1000, 7, 8, 9), [1000, 7, 8, 9]),
}
"""Vulkan's number of a format => the bytes of a pixel, and their meaning; its sRGB twin has the same."""
TWINS = {15: 9, 22: 16, 29: 23, 36: 30, 43: 37, 50: 44}


@pytest.mark.parametrize("number", sorted({*VULKAN, *TWINS}))
def test_vulkan_pixels_are_what_the_documents_say(number: int) -> None:
    """Each uncompressed format, tested with a hand-made pixel."""
    raw, expected = VULKAN[TWINS.get(number, number)]
    data = _ktx2(number, (1, 1), 1)

    assert read_bytes(data[: -len(raw)] + raw, "a.ktx2").frames[0][0, 0].tolist() == expected
    assert {*VULKAN, *TWINS} == {k for k, layout in vulkan.LAYOUTS.items() if not layout.is_blocks}


@pytest.mark.parametrize(
    ("channels", "raw", "expected"),
    [
        (0x1903, bytes([9]), [9]),
        (0x1909, bytes([9]), [9]),
        (0x1906, bytes([9]), [255, 9]),
        (0x190A, bytes([9, 8]), [9, 8]),
        (0x8227, bytes([9, 8]), [9, 8, 0]),
        (0x1907, bytes([1, 2, 3]), [1, 2, 3]),
        (0x80E0, bytes([3, 2, 1]), [1, 2, 3]),
        (0x1908, bytes([1, 2, 3, 4]), [1, 2, 3, 4]),
        (0x80E1, bytes([3, 2, 1, 4]), [1, 2, 3, 4]),
    ],
)
def test_gl_pixels_are_what_the_documents_say(channels: int, raw: bytes, expected: list[int]) -> None:
    """Each order of channels, tested with a hand-made pixel; an array of one picture is a picture."""
    layout = gl.plain(0x1401, channels)
    assert layout is not None
    data = bytearray(_ktx(layout, (0x1401, 1, channels, channels, channels), (1, 1), 1))
    data[-4 : len(data) - 4 + len(raw)] = raw
    struct.pack_into("<I", data, 48, 1)

    assert read_bytes(bytes(data), "a.ktx").frames[0][0, 0].tolist() == expected


@pytest.mark.parametrize(
    ("kind", "channels", "raw", "expected"),
    [
        (0x8363, 0x1907, 31 << 11 | 16, [255, 0, 132]),
        (0x8033, 0x1908, 0x1234, [17, 34, 51, 68]),
        (0x8034, 0x1908, 31 << 11 | 16 << 1 | 1, [255, 0, 132, 255]),
    ],
)
def test_gl_packed_pixels(kind: int, channels: int, raw: int, expected: list[int]) -> None:
    """Two bytes per pixel."""
    layout = gl.plain(kind, channels)
    assert layout is not None
    data = bytearray(_ktx(layout, (kind, 2, channels, channels, channels), (1, 1), 1))
    struct.pack_into("<H", data, len(data) - 4, raw)

    assert read_bytes(bytes(data), "a.ktx").frames[0][0, 0].tolist() == expected


@pytest.mark.parametrize("number", [43, 133])
def test_ktx2_without_mipmaps_asks_for_none(number: int) -> None:
    """0 levels ask the reader to generate them, 1 does not: each is preserved."""
    for stored in (0, 1):
        picture = read_bytes(_ktx2(number, (8, 8), stored), "a.ktx2")
        assert struct.unpack_from("<I", encode(picture), 40)[0] == stored


def test_new_vtf_headers_are_of_version_seven_two() -> None:
    """With a depth of 1, an opaque flag or one of eight bits of alpha."""
    for channels, flags in ((3, 0), (4, 0x2000)):
        data = encode(Picture((np.zeros((2, 3, channels), np.uint8),)), "VTF")
        version = struct.unpack_from("<3I", data, 4)
        assert version == (7, 2, 80) and struct.unpack_from("<2HI2H", data, 16) == (3, 2, flags, 1, 0)
        assert struct.unpack_from("<H", data, 63)[0] == 1 and len(data) == 80 + 6 * channels


def test_one_channel_fills_both_halves_of_bc5() -> None:
    """Grey where two channels are stored: x and y are the same."""
    grey = np.full((4, 4, 1), 77, np.uint8)

    body = encode_level(grey, Layout("BC5"))

    assert body[:8] == body[8:] and len(body) == 16
