from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import encode, read_bytes
from depixel.files.png_chunks import chunks, join, passes
from depixel.files.png_stream import BAND
from depixel.picture import Picture

RNG = np.random.default_rng(11)
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def _filtered(row: bytes, above: bytes, step: int, kind: int) -> bytes:
    """One row with one filter, byte by byte, directly from the specification."""
    out = bytearray([kind])
    for i, value in enumerate(row):
        left = row[i - step] if i >= step else 0
        up = above[i]
        corner = above[i - step] if i >= step else 0
        guess = left + up - corner
        near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
        out.append((value - (0, left, up, (left + up) // 2, near)[kind]) % 256)
    return bytes(out)


def _sixteen(pixels: np.ndarray, interlaced: bool) -> bytes:
    """A 16-bit PNG that uses all five filters in turn, written without any of the code under test."""
    height, width, channels = pixels.shape
    raw, number = b"", 0
    for x, y, dx, dy, _, _ in passes(width, height, interlaced):
        part = pixels[y::dy, x::dx]
        above = bytes(part.shape[1] * 2 * channels)
        for row in part:
            plain = row.astype(">u2").tobytes()
            raw += _filtered(plain, above, 2 * channels, number % 5)
            above, number = plain, number + 1
    header = struct.pack(">IIBBBBB", width, height, 16, COLOUR_TYPES[channels], 0, 0, int(interlaced))
    return join([(b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")])


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (11, 1), (13, 10)])
def test_sixteen_bits_with_every_filter(channels: int, interlaced: bool, size: tuple[int, int]) -> None:
    """All filters, interlaced or not, down to one pixel: all 16 bits are preserved."""
    pixels = RNG.integers(0, 65536, (*size, channels)).astype(np.uint16)

    assert np.array_equal(read_bytes(_sixteen(pixels, interlaced)).frames[0], pixels)


def test_sixteen_bit_grey_is_what_pillow_reads() -> None:
    """An independent reader finds the same samples in the written file."""
    pixels = np.cumsum(RNG.integers(0, 900, (40, 30, 1)), axis=1).astype(np.uint16)

    with Image.open(io.BytesIO(encode(Picture((pixels,))))) as image:
        assert np.array_equal(np.asarray(image), pixels[..., 0])


def test_sixteen_bit_pictures_are_compressed() -> None:
    """A smooth 16-bit gradient takes a fraction of its samples: the row filters work."""
    y, x = np.mgrid[0:64, 0:64]
    pixels = np.stack([x * 700, y * 700, (x + y) * 400], -1).astype(np.uint16)

    assert len(encode(Picture((pixels,)))) < pixels.nbytes / 10


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_large_picture_is_compressed_in_bands(
    channels: int, dtype: type[np.generic], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bands on several threads make one valid file, the same one on any number of processors."""
    y, x = np.mgrid[0:1100, 0:1300]
    pixels = np.stack([x * (2 + c) + y + (x * y // 7) % 5 for c in range(channels)], -1).astype(dtype)
    pixels = np.concatenate([pixels] * max(1, 5 * BAND // pixels.nbytes))
    assert pixels.nbytes > 2 * BAND

    written = encode(Picture((pixels,)))
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    alone = encode(Picture((pixels,)))

    assert written == alone
    if dtype is np.uint8:  # an independent reader that checks the checksum
        with Image.open(io.BytesIO(written)) as image:
            assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)
    assert np.array_equal(read_bytes(written).frames[0].reshape(pixels.shape), pixels)
    idat = b"".join(body for kind, body in chunks(written) if kind == b"IDAT")
    assert len(zlib.decompress(idat)) == pixels.nbytes + len(pixels)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_colour_key_at_every_depth(depth: int) -> None:
    """tRNS of a grey file names one sample at the file's own depth; only that one is transparent."""
    values = np.arange(2 ** min(depth, 8), dtype=np.uint16) * (257 if depth == 16 else 1)
    key = int(values[-1])
    bits = "".join(format(int(v), f"0{depth}b") for v in values)
    row = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    header = struct.pack(">IIBBBBB", len(values), 1, depth, 0, 0, 0, 0)
    parts = [
        (b"IHDR", header),
        (b"tRNS", struct.pack(">H", key)),
        (b"IDAT", zlib.compress(b"\0" + row)),
        (b"IEND", b""),
    ]

    pixels = read_bytes(join(parts)).frames[0]

    full = 65535 if depth == 16 else 255
    assert np.array_equal(pixels[0, :, 1], [*[full] * (len(values) - 1), 0])
    assert pixels[0, -1, 0] == full


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_animated_png_is_shown_as_pillow_shows_it(data: st.DataObject) -> None:
    """Regions, disposal and blending: an independent reader composites the same visible frames."""
    width, height, count = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6)), data.draw(st.integers(2, 4))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    parts: list[tuple[bytes, bytes]] = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))]
    parts.append((b"acTL", struct.pack(">II", count, 0)))
    sequence = 0
    for number in range(count):
        w = width if number == 0 else int(rng.integers(1, width + 1))
        h = height if number == 0 else int(rng.integers(1, height + 1))
        x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        pixels = rng.integers(0, 256, (h, w, 4), dtype=np.uint8)
        pixels[..., 3] = rng.choice([0, 255], (h, w))  # rounding differs between them
        place = struct.pack(">IIIII", sequence, w, h, x, y)
        dispose = int(rng.integers(0, 2))  # "previous" has its own test: what Pillow shows depends on the calls
        parts.append((b"fcTL", place + struct.pack(">HHBB", 1, 10, dispose, int(rng.integers(0, 2)))))
        rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))
        parts.append((b"IDAT", rows) if number == 0 else (b"fdAT", struct.pack(">I", sequence + 1) + rows))
        sequence += 1 if number == 0 else 2
    whole = join([*parts, (b"IEND", b"")])

    picture = read_bytes(whole)

    assert picture.durations == (100.0,) * count
    with Image.open(io.BytesIO(whole)) as image:
        for number in range(count):
            image.seek(number)
            expected, decoded = np.asarray(image.convert("RGBA")), picture.rgba(number)
            assert np.array_equal(expected[..., 3], decoded[..., 3])
            visible = expected[..., 3] > 0
            assert np.array_equal(expected[visible], decoded[visible])


def test_previous_frame_comes_back() -> None:
    """A frame with disposal "previous" restores what was there before it, for the next frame."""
    base, flash, dot = (np.full((2, 2, 4), v, np.uint8) for v in (10, 200, 90))
    for pixels in (base, flash, dot):
        pixels[..., 3] = 255
    parts = list(chunks(encode(Picture((base, flash, dot), durations=(10.0,) * 3))))
    controls = [k for k, (kind, _) in enumerate(parts) if kind == b"fcTL"]
    second, third = parts[controls[1]][1], parts[controls[2]][1]
    parts[controls[1]] = (b"fcTL", second[:24] + bytes([2, 1]))
    # The third is one pixel at the lower right corner.
    parts[controls[2]] = (b"fcTL", third[:4] + struct.pack(">IIII", 1, 1, 1, 1) + third[20:])
    data = next(k for k in range(controls[2], len(parts)) if parts[k][0] == b"fdAT")
    parts[data] = (b"fdAT", parts[data][1][:4] + zlib.compress(b"\0" + dot[0, 0].tobytes()))

    frames = read_bytes(join(parts)).frames

    assert np.array_equal(frames[1], flash[..., :3])
    assert frames[2][..., 0].tolist() == [[10, 10], [10, 90]]


def test_default_image_outside_of_the_animation_is_left_out() -> None:
    """A picture for readers without animation is not a frame of it."""
    frames = [np.full((3, 4, 4), 40 * k + 40, np.uint8) for k in range(3)]
    animated = list(chunks(encode(Picture(tuple(frames), durations=(10.0, 20.0, 30.0)))))
    still = [body for kind, body in chunks(encode(Picture((frames[0] * 0,)))) if kind == b"IDAT"]
    at = next(k for k, (kind, _) in enumerate(animated) if kind == b"fcTL")
    kept = [(b"fdAT", b"\0\0\0\0" + body) if kind == b"IDAT" else (kind, body) for kind, body in animated]
    kept[at:at] = [(b"IDAT", still[0])]

    picture = read_bytes(join(kept))

    assert picture.durations == (10.0, 20.0, 30.0)
    assert np.array_equal(picture.frames[0], frames[0])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_animations_of_every_depth_and_channel_count(channels: int, dtype: type) -> None:
    """Grey, alpha, 8 and 16 bits, equal neighbours, odd durations: all preserved."""
    first = RNG.integers(0, np.iinfo(dtype).max + 1, (5, 4, channels)).astype(dtype)
    picture = Picture((first, first.copy(), first[::-1].copy()), durations=(1000 / 30, 0.0, 70000.0), loop=2)

    back = read_bytes(encode(picture))

    assert back.loop == 2
    assert back.durations == pytest.approx(picture.durations)
    assert all(np.array_equal(a, b) for a, b in zip(picture.frames, back.frames, strict=True))


def test_indexed_animation_stays_indexed() -> None:
    """Frames that use only the palette are written with it."""
    palette = RNG.integers(0, 256, (5, 4), dtype=np.uint8)
    palette[:, 3] = (0, 100, 255, 255, 255)
    frames = tuple(palette[RNG.integers(0, 5, (6, 6))] for _ in range(3))

    data = encode(Picture(frames, durations=(50.0,) * 3, palette=palette, mode="P"))
    back = read_bytes(data)

    assert data[25] == 3  # the colour type: indexed
    assert back.palette is not None and np.array_equal(back.palette, palette)
    assert all(np.array_equal(a, b) for a, b in zip(frames, back.frames, strict=True))


def test_colour_chunks_are_copied() -> None:
    """Chromaticities and cICP mean the same for a larger picture, and are kept."""
    said = {"cHRM": struct.pack(">8I", *range(8)), "cICP": bytes([1, 13, 0, 1])}
    picture = Picture((np.zeros((2, 2, 3), np.uint8),), details={"png": said, "gamma": 0.45455, "dpi": (72.0, 144.0)})

    back = read_bytes(encode(picture)).details

    assert back["png"] == said
    assert back["gamma"] == pytest.approx(0.45455)
    assert back["dpi"] == pytest.approx((72.0, 144.0), abs=0.02)


def test_what_travels_damaged_is_left_behind() -> None:
    """A broken comment, a text that inflates to 64 MB, a huge profile: the picture itself is still read."""
    pixels = RNG.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    parts = list(chunks(encode(Picture((pixels,)))))
    bomb = zlib.compress(bytes(1 << 26), 9)
    spoilt = [
        (b"zTXt", b"Comment\0\0" + bomb),
        (b"zTXt", b"Title\0\0junk"),
        (b"iTXt", b"x"),
        (b"iCCP", b"p\0\0" + bomb),
    ]
    data = bytearray(join([parts[0], *spoilt, (b"tEXt", b"Author\0me"), *parts[1:]]))
    data[data.index(b"Author")] ^= 1  # now its checksum is wrong

    picture = read_bytes(bytes(data))

    assert np.array_equal(picture.frames[0], pixels)
    assert picture.text == {} and picture.icc_profile is None


def test_a_wrong_checksum_of_pixels_is_damage() -> None:
    """One flipped bit in a header or a palette is detected, not shown."""
    palette = np.array([[1, 2, 3, 255], [4, 5, 6, 255]], np.uint8)
    data = encode(Picture((palette[:, :3][None],), palette=palette, mode="P"))
    for word in (b"IHDR", b"PLTE", b"IDAT"):
        turned = bytearray(data)
        turned[turned.index(word) + 5] ^= 1
        with pytest.raises(UnreadablePictureError, match="damaged"):
            read_bytes(bytes(turned))


def _chunk_kinds(data: bytes) -> dict[bytes, bytes]:
    return dict(chunks(data))


def test_texts_keep_their_kind() -> None:
    """
    tEXt stays tEXt while Latin-1 suffices, iTXt stays iTXt, and new text is tEXt, because old engines read only that.
    """
    plain = [
        (b"tEXt", b"Unit\0gr\xfc\xdfe"),
        (b"iTXt", b"Title\0\0\0de\0Titel\0x"),
        (b"zTXt", b"Long\0\0" + zlib.compress(b"y")),
    ]
    first, *rest = chunks(encode(Picture((np.zeros((2, 2, 3), np.uint8),))))
    picture = read_bytes(join([first, *plain, *rest]))
    texts = {**picture.text, "Comment": "new", "Name": "\u52c7\u8005"}

    written = [
        part for part in chunks(encode(picture.replace(text=texts))) if part[0].endswith(b"TXt") or part[0] == b"tEXt"
    ]

    assert picture.text == {"Unit": "gr\xfc\xdfe", "Title": "x", "Long": "y"}
    assert [(kind, body.partition(b"\0")[0]) for kind, body in written] == [
        (b"tEXt", b"Unit"),
        (b"iTXt", b"Title"),
        (b"tEXt", b"Long"),
        (b"tEXt", b"Comment"),
        (b"iTXt", b"Name"),
    ]
    assert written[0][1] == b"Unit\0gr\xfc\xdfe"


@pytest.mark.parametrize(
    "body", [b"", b"a", b"a\0", b"a\0\0", b"a\0\0\0", b"a\0\0\0en", b"a\0\0\0en\0", b"a\0\1\0\0\0bad", b"\0\0\0\0\0x"]
)
def test_a_short_itxt_costs_the_text_alone(body: bytes) -> None:
    """The picture is read, whatever is missing in it."""
    first, *rest = chunks(encode(Picture((np.zeros((2, 3, 3), np.uint8),))))

    picture = read_bytes(join([first, (b"iTXt", body), *rest]))

    assert (picture.width, picture.text) == (3, {})


def test_what_counts_pixels_is_scaled_with_the_picture() -> None:
    """Offsets of Doom and of the standard, and frame sizes of a sheet, are scaled with the picture."""
    extra = [(b"grAb", struct.pack(">ii", 8, -3)), (b"oFFs", struct.pack(">iiB", 5, -6, 0)),
             (b"tEXt", b"FrameSize\0004, 8"), (b"tEXt", b"Offset\0000,-3"), (b"tEXt", b"Frame[2]\0001,2,3,4"),
             (b"tEXt", b"FrameAmount\0004"), (b"tEXt", b"Offset[1]\000none")]  # fmt: skip
    first, *rest = chunks(encode(Picture((np.zeros((4, 6, 3), np.uint8),))))
    picture = read_bytes(join([first, *extra, *rest]))

    same, large = (
        _chunk_kinds(encode(p)) for p in (picture, picture.replace(frames=(np.zeros((16, 24, 3), np.uint8),)))
    )
    texts = read_bytes(encode(picture.replace(frames=(np.zeros((16, 24, 3), np.uint8),)))).text

    assert (same[b"grAb"], same[b"oFFs"]) == (extra[0][1], extra[1][1])
    assert struct.unpack(">ii", large[b"grAb"]) == (32, -12)
    assert struct.unpack(">iiB", large[b"oFFs"]) == (20, -24, 0)
    assert texts == {
        "FrameSize": "16,32",
        "Offset": "0,-12",
        "Frame[2]": "4,8,12,16",
        "FrameAmount": "4",
        "Offset[1]": "none",
    }
    assert read_bytes(encode(picture)).text["FrameSize"] == "4, 8"


def test_offsets_on_paper_stay_and_huge_ones_stay_inside() -> None:
    """oFFs in micrometres is not in pixels; values beyond 32 bits are clipped; unequal sides have no scale."""
    first, *rest = chunks(encode(Picture((np.zeros((4, 6, 3), np.uint8),))))
    far = (b"grAb", struct.pack(">ii", 2**31 - 1, -(2**31)))
    picture = read_bytes(join([first, far, (b"oFFs", struct.pack(">iiB", 5, 6, 1)), *rest]))

    large = _chunk_kinds(encode(picture.replace(frames=(np.zeros((8, 12, 3), np.uint8),))))
    skewed = _chunk_kinds(encode(picture.replace(frames=(np.zeros((8, 6, 3), np.uint8),))))

    assert struct.unpack(">iiB", large[b"oFFs"]) == (5, 6, 1)
    assert large[b"grAb"] == skewed[b"grAb"] == far[1]


@pytest.mark.parametrize(
    ("channels", "dtype", "mode", "body", "written"),
    [
        (1, np.uint8, "L", struct.pack(">H", 100), struct.pack(">H", 100)),
        (2, np.uint8, "LA", struct.pack(">H", 100), struct.pack(">H", 100)),
        (3, np.uint8, "RGB", struct.pack(">3H", 1, 2, 255), struct.pack(">3H", 1, 2, 255)),
        (4, np.uint16, "RGBA;16", struct.pack(">3H", 1, 2, 65535), struct.pack(">3H", 1, 2, 65535)),
        (1, np.uint8, "1", struct.pack(">H", 1), struct.pack(">H", 1)),
    ],
)
def test_a_background_is_kept(channels: int, dtype: type, mode: str, body: bytes, written: bytes) -> None:
    """bKGD is preserved, after the palette and before the pixels."""
    first, *rest = chunks(encode(Picture((np.zeros((2, 2, channels), dtype),), mode=mode)))

    kinds = [kind for kind, _ in chunks(encode(read_bytes(join([first, (b"bKGD", body), *rest]))))]
    again = _chunk_kinds(encode(read_bytes(join([first, (b"bKGD", body), *rest]))))

    assert again[b"bKGD"] == written
    assert kinds.index(b"bKGD") < kinds.index(b"IDAT")


def test_a_background_follows_its_colours() -> None:
    """With a palette it is an index, without one a colour; grey becomes RGB and back again if it is grey."""
    palette = np.array([[9, 9, 9, 255], [10, 20, 30, 255]], np.uint8)
    first, plte, *rest = chunks(encode(Picture((palette[np.array([[0, 1]])][..., :3],), palette=palette, mode="P")))
    indexed = read_bytes(join([first, plte, (b"bKGD", b"\1"), *rest]))
    details = {key: value for key, value in indexed.details.items() if key != "source_palette"}
    plain = indexed.replace(palette=None, mode="RGB", details=details)
    grey = indexed.replace(frames=(np.zeros((1, 2, 1), np.uint8),), palette=None, mode="L", details=details)

    kinds = [kind for kind, _ in chunks(encode(indexed))]

    assert _chunk_kinds(encode(indexed))[b"bKGD"] == b"\1" and kinds.index(b"PLTE") < kinds.index(b"bKGD")
    assert _chunk_kinds(encode(plain))[b"bKGD"] == struct.pack(">3H", 10, 20, 30)
    assert b"bKGD" not in _chunk_kinds(encode(grey))
    assert b"bKGD" not in read_bytes(join([first, plte, (b"bKGD", b"\7"), *rest])).details


def test_significant_bits_are_those_of_the_source() -> None:
    """sBIT is kept in a file of the same size and dropped from an answer, whose bits are all significant."""
    first, *rest = chunks(encode(Picture((np.zeros((2, 2, 3), np.uint8),))))
    picture = read_bytes(join([first, (b"sBIT", b"\5\6\5"), *rest]))

    assert _chunk_kinds(encode(picture))[b"sBIT"] == b"\5\6\5"
    assert b"sBIT" not in _chunk_kinds(encode(picture.replace(frames=(np.zeros((4, 4, 3), np.uint8),))))
    assert b"sBIT" not in _chunk_kinds(encode(picture.replace(frames=(np.zeros((2, 2, 4), np.uint8),))))


def test_texts_are_copied_up_to_a_limit() -> None:
    """A thousand compressed texts of 4 MB each cost no more than the limit, and a sentence says what was dropped."""
    first, *rest = chunks(encode(Picture((np.zeros((2, 2, 3), np.uint8),))))
    bomb = zlib.compress(bytes(2**22))
    texts = [(b"zTXt", b"k%d\0\0" % k + bomb) for k in range(1000)]
    short = (b"tEXt", b"Title\0short")

    picture = read_bytes(join([first, short, *texts, *rest]), "bomb.png")

    assert picture.text == {"Title": "short"}
    assert picture.details["left_out"].startswith("bomb.png: texts")
    assert len(encode(picture)) < 1000


def test_a_huge_profile_is_left_out() -> None:
    """Four megabytes are more than any profile needs."""
    first, *rest = chunks(encode(Picture((np.zeros((2, 2, 3), np.uint8),))))
    profile = (b"iCCP", b"x\0\0" + zlib.compress(bytes(2**23)))

    picture = read_bytes(join([first, profile, *rest]), "bomb.png")

    assert picture.icc_profile is None and "left_out" in picture.details


def test_pictures_made_for_iphones_are_named() -> None:
    """CgBI is refused with advice."""
    parts = [(b"CgBI", b"\x50\x00\x20\x02"), *chunks(encode(Picture((np.zeros((2, 2, 3), np.uint8),))))]

    with pytest.raises(UnsupportedPictureError, match=r"CgBI.*pngcrush"):
        read_bytes(join(parts), "icon.png")
