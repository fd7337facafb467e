"""Aseprite's sprites: stacked layers, times, palettes, and unsupported features reported by name."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from spoilt_files import sprite

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import encode, read_bytes
from depixel.picture import Picture

RED, BLUE = bytes([200, 0, 0, 255]), bytes([0, 0, 200, 255])


def _layer(flags: int = 1, kind: int = 0, depth: int = 0, blend: int = 0, opacity: int = 255) -> tuple[int, bytes]:
    return 0x2004, struct.pack("<6HB3xH", flags, kind, depth, 0, 0, blend, opacity, 0)


def _cel(
    layer: int, pixel: bytes, at: tuple[int, int] = (0, 0), size: tuple[int, int] = (4, 3), opacity: int = 255
) -> tuple[int, bytes]:
    return 0x2005, struct.pack("<HhhBH7xHH", layer, *at, opacity, 0, *size) + pixel * (size[0] * size[1])


def _file(*frames: list[tuple[int, bytes]], bits: int = 32, flags: int = 1, clear: int = 0) -> bytes:
    body = b""
    for number, parts in enumerate(frames):
        packed = b"".join(struct.pack("<IH", 6 + len(part), kind) + part for kind, part in parts)
        body += struct.pack("<I3H2xI", 16 + len(packed), 0xF1FA, 0xFFFF, 100 + number, len(parts)) + packed
    head = bytearray(struct.pack("<I5HI", 128 + len(body), 0xA5E0, len(frames), 4, 3, bits, flags).ljust(128, b"\0"))
    head[28] = clear
    return bytes(head) + body


def _corner(data: bytes) -> list[int]:
    return read_bytes(data, "a.ase").rgba()[0, 0].tolist()


def test_layers_lie_over_one_another() -> None:
    """Opacities of layer and cel multiply; hidden layers, groups and reference layers are invisible."""
    base = [_layer(), _cel(0, RED)]

    assert _corner(_file([*base, _layer(), _cel(1, BLUE)])) == [0, 0, 200, 255]
    assert _corner(_file([*base, _layer(opacity=128), _cel(1, BLUE)])) == [100, 0, 100, 255]
    assert _corner(_file([*base, _layer(opacity=128), _cel(1, BLUE)], flags=0)) == [0, 0, 200, 255]
    assert _corner(_file([*base, _layer(), _cel(1, BLUE, opacity=51)])) == [160, 0, 40, 255]
    assert _corner(_file([*base, _layer(flags=0), _cel(1, BLUE)])) == [200, 0, 0, 255]
    assert _corner(_file([*base, _layer(flags=65), _cel(1, BLUE)])) == [200, 0, 0, 255]
    assert _corner(_file([*base, _layer(flags=0, kind=1), _layer(depth=1), _cel(2, BLUE)])) == [200, 0, 0, 255]
    assert _corner(_file([*base, _layer(kind=1), _layer(depth=1), _cel(2, BLUE)])) == [0, 0, 200, 255]
    hidden = [_layer(flags=0, kind=1), _layer(depth=1, kind=1), _layer(depth=2), _layer(), _cel(3, BLUE)]
    assert _corner(_file([*base, *hidden])) == [200, 0, 0, 255]
    assert _corner(_file([*base, *hidden, _cel(4, BLUE)])) == [0, 0, 200, 255]


def test_translucency_is_mixed_straight() -> None:
    """Half of red over nothing stays red; over half of blue the colours are weighted by their visible parts."""
    red, blue = bytes([200, 0, 0, 128]), bytes([0, 0, 200, 128])

    assert _corner(_file([_layer(), _cel(0, red)])) == [200, 0, 0, 128]
    shown = np.array(_corner(_file([_layer(), _cel(0, blue), _layer(), _cel(1, red)])))
    assert np.abs(shown - [133, 0, 67, 192]).max() <= 1


@pytest.mark.parametrize("at", [(-2, -1), (2, 1), (-9, 0), (9, 9), (0, -3)])
def test_cels_reach_over_the_edges(at: tuple[int, int]) -> None:
    """Only the part inside the canvas is visible."""
    shown = read_bytes(_file([_layer(), _cel(0, RED, at)]), "a.ase").frames[0][..., 3] > 0

    y, x = np.mgrid[0:3, 0:4]
    assert np.array_equal(shown, (x >= at[0]) & (x < at[0] + 4) & (y >= at[1]) & (y < at[1] + 3))


def test_frames_times_and_links() -> None:
    """Every frame with its time; a linked cel shows the pixels of another frame."""
    link = (0x2005, struct.pack("<HhhBH7xH", 0, 0, 0, 255, 1, 0))
    picture = read_bytes(
        _file([_layer(), _cel(0, RED)], [_cel(0, BLUE)], [link], [(0x2005, link[1][:-2] + b"\7\0")]), "a.ase"
    )

    assert picture.durations == (100.0, 101.0, 102.0, 103.0)
    assert [frame[0, 0].tolist() for frame in picture.frames] == [
        [200, 0, 0, 255],
        [0, 0, 200, 255],
        [200, 0, 0, 255],
        [0] * 4,
    ]
    assert len(read_bytes(encode(picture, "PNG")).frames) == 4
    assert read_bytes(_file([_layer(), _cel(0, RED)])).durations == ()
    assert read_bytes(_file([_layer(), _cel(0, RED)], [link])).durations == (100.0, 101.0)


def test_indexed_sprites_keep_their_palette() -> None:
    """New and old palettes, colour names skipped; the transparent index is transparent; equal colours stay two."""
    entries = struct.pack("<H4BH3s", 1, 9, 8, 7, 255, 3, b"red") + struct.pack("<H4B", 0, 9, 8, 7, 255)
    new = (0x2019, struct.pack("<3I8x", 8, 2, 3) + entries)
    old = (0x0004, struct.pack("<HBB", 1, 2, 2) + bytes([1, 2, 3, 4, 5, 6]))
    cels = [_layer(), _cel(0, b"\2"), _layer(), _cel(1, b"\3", (2, 0), (4, 3)), _layer(), _cel(2, b"\1")]

    picture = read_bytes(_file([new, *cels], bits=8, clear=1), "a.ase")
    older = read_bytes(_file([old, *cels], bits=8, clear=1), "a.ase")

    assert picture.mode == "P" and picture.frames[0][0, 0].tolist() == picture.frames[0][0, 2].tolist() == [
        9,
        8,
        7,
        255,
    ]
    assert np.asarray(picture.details["indices"][0])[0].tolist() == [2, 2, 3, 3]
    assert older.frames[0][0, [0, 2]].tolist() == [[1, 2, 3, 255], [4, 5, 6, 255]]
    empty = read_bytes(_file([new, _layer(), _cel(0, b"\1")], bits=8, clear=1), "a.ase")
    assert (empty.frames[0][..., 3] == 0).all()
    written = read_bytes(encode(picture.replace(format="PNG")))
    assert written.mode == "P" and written.palette is not None and len(written.palette) == 4


def test_grey_sprites_stay_grey() -> None:
    """16 bits are a grey and its alpha."""
    picture = read_bytes(_file([_layer(), _cel(0, b"\x64\x80")], bits=16), "a.ase")

    assert (picture.mode, picture.frames[0].shape, picture.frames[0][0, 0].tolist()) == ("LA", (3, 4, 2), [100, 128])


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([_layer(blend=3), _cel(0, RED)], "other than normal"),
        ([_layer(), (0x2005, struct.pack("<HhhBH", 0, 0, 0, 255, 3))], "tile maps"),
    ],
)
def test_what_is_not_handled_is_named(parts: list[tuple[int, bytes]], words: str) -> None:
    """Better no picture than a wrong one; a hidden layer may use any blend mode."""
    with pytest.raises(UnsupportedPictureError, match=words):
        read_bytes(_file(parts), "a.ase")
    assert _corner(_file([_layer(), _cel(0, RED), _layer(flags=0, blend=3), _cel(1, BLUE)])) == [200, 0, 0, 255]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_file([_layer(), _cel(1, RED)]), "layer that does not exist"),
        (_file([_layer(), (0x2005, struct.pack("<HhhBH7xHH", 0, 0, 0, 255, 0, 4, 3) + RED)]), "fewer pixels"),
        (_file([_layer(), (0x2005, struct.pack("<HhhBH7xHH", 0, 0, 0, 255, 2, 4, 3) + b"zzzz")]), "damaged"),
        (_file(), "damaged"),
        (_file([])[:-4], "cut short"),
        (_file([(0x2004, b"")])[:-1], "cut short"),
        (sprite(32)[:-9], "cut short"),
    ],
)
def test_lies_and_damage(data: bytes, words: str) -> None:
    """Cels without a layer, without pixels, that inflate to nothing; files without frames; truncated files."""
    with pytest.raises(UnreadablePictureError, match=words):
        read_bytes(data, "a.ase")


def test_a_depth_that_does_not_exist() -> None:
    """Neither byte of it is skipped."""
    for depth in (9, 0x0108):
        data = bytearray(sprite(8))
        struct.pack_into("<H", data, 12, depth)
        with pytest.raises(UnreadablePictureError, match="not a picture"):
            read_bytes(bytes(data), "a.ase")


def test_nothing_is_written() -> None:
    """The editor's own files are not overwritten with ours."""
    with pytest.raises(UnsupportedPictureError, match="does not write Aseprite"):
        encode(Picture((np.zeros((2, 2, 4), np.uint8),)), "ASEPRITE")


def test_old_palettes_come_in_packets() -> None:
    """Each packet skips some entries; entries beyond 256 are dropped."""
    packets = (0x0004, struct.pack("<HBB", 2, 2, 1) + bytes([1, 2, 3]) + bytes([1, 1, 7, 8, 9]))
    beyond = (0x0004, struct.pack("<HBB", 2, 255, 2) + bytes(range(10, 16)) + bytes([9, 1, 1, 1, 1]))

    def colours(chunk: tuple[int, bytes], *pixels: int) -> list[list[int]]:
        cels = [part for k, pixel in enumerate(pixels) for part in (_layer(), _cel(k, bytes([pixel]), (k, 0)))]
        return read_bytes(_file([chunk, *cels], bits=8, clear=1)).frames[0][0, : len(pixels), :3].tolist()

    assert colours(packets, 2, 4) == [[1, 2, 3], [7, 8, 9]]
    assert colours(beyond, 255) == [[10, 11, 12]]
