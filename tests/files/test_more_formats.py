"""TIFF, ICO, CUR, PCX, QOI, AVIF, JPEG XL, BLP, PSD, KRA, ORA: round trips in each mode; false headers are refused."""

from __future__ import annotations

import base64
import dataclasses
import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms
from spoilt_files import pictures, writable

from depixel.errors import DepixelError, PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError
from depixel.files import Limits, by_name, encode, read_bytes
from depixel.files.metadata import XMP
from depixel.files.tiff_directory import directory
from depixel.picture import Picture

RNG = np.random.default_rng(21)
_TEN_BITS = (  # 64x64 pixels of one grey, compressed
    "c-muNU{FXasVqn=%S>Yc0uY^>nP!-qnV9D5Xy^nK`k9+rlE?r7`WY!XMNl?FL1uCZ0}==T@=J?SJreU$a#F#n_zE&ha=~(pKrEM;lb;OYxPb"
    "VK5K%@&AT0~T8kw1SX>hetKu#(Xl$Tg$VCbBmlMgmCE3=@e07!dh79{5bX_3t0f>fvr9H3aBAhRM9B*4tY#Ra5z63Yyo8yS2+Lc+=UIYoKNIT"
    "Z{{U<d@_nFYBp9|9f5!pPLj0%WS@rX-et^)s#i-y3hiVZ<-Mu#1UXC(x0BfrDY{?F9hSLpZw"
)
SAMPLES = pictures()
NEW = sorted(set(SAMPLES) - {"png", "jpg", "gif", "webp", "dds", "bmp", "tga"})


def _pixels(channels: int, dtype: type = np.uint8, size: tuple[int, int] = (9, 7)) -> np.ndarray:
    return RNG.integers(0, np.iinfo(dtype).max, (*size, channels), endpoint=True).astype(dtype)


def _needs(kind: str) -> None:
    if not writable(kind):
        pytest.skip(f"what writes {kind} is not installed")


def _by_pillow(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize("ending", NEW)
def test_cut_short_or_empty_is_a_sentence(ending: str) -> None:
    """
    Every file of every kind, truncated at a third and by its last bytes, is refused with a sentence that names it.
    """
    for data in SAMPLES[ending]:
        for length in (1, 12, len(data) // 3, len(data) * 2 // 3):
            with pytest.raises(DepixelError, match=r"a\.x"):
                read_bytes(data[:length], "a.x")
    with pytest.raises(UnreadablePictureError, match="0 bytes"):
        read_bytes(b"", f"a.{ending}")


@pytest.mark.parametrize("ending", NEW)
def test_the_limit_comes_first(ending: str) -> None:
    """More pixels than allowed: refused by the header."""
    for data in SAMPLES[ending]:
        with pytest.raises(PictureTooLargeError, match="10x12"):
            read_bytes(data, "a.x", Limits(pixels=100))


@pytest.mark.parametrize("kind", ["TIFF", "QOI", "JXL", "ICO", "CUR"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_pixel_comes_back(kind: str, channels: int) -> None:
    """Grey and colour, with and without alpha, including colour under alpha 0."""
    _needs(kind)
    pixels = _pixels(channels)
    if channels in (2, 4):
        pixels[0, :, -1] = 0

    back = read_bytes(encode(Picture((pixels,)), kind))

    assert np.array_equal(back.rgba(), Picture((pixels,)).rgba())


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("number", [1, 8])
def test_tiff_of_sixteen_bits(channels: int, number: int) -> None:
    """Every sample, with and without compression; grey as Pillow reads it."""
    picture = Picture((_pixels(channels, np.uint16),), details={"tiff": number})

    data = encode(picture, "TIFF")
    back = read_bytes(data)

    assert np.array_equal(back.frames[0], picture.frames[0])
    assert back.details["tiff"] == number
    tags = directory(data)
    assert tags is not None and tags.value(259, 0) == number


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("tile", [0, 16])
def test_tiff_of_sixteen_bits_by_others(order: str, compression: int, predictor: int, tile: int) -> None:
    """Both byte orders, strips and tiles, horizontal differences, by the tags of TIFF 6.0."""
    import zlib

    pixels = _pixels(3, np.uint16, (20, 24))
    blocks = []
    step = tile or 24
    for top in range(0, 20, tile or 7):
        for left in range(0, 24, step):
            block = pixels[top : top + (tile or 7), left : left + step]
            if tile:
                block = np.pad(block, ((0, tile - block.shape[0]), (0, tile - block.shape[1]), (0, 0)))
            if predictor == 2:
                block = np.concatenate([block[:, :1], block[:, 1:] - block[:, :-1]], 1)
            raw = block.astype(f"{order}u2").tobytes()
            blocks.append(zlib.compress(raw) if compression == 8 else raw)
    starts = np.cumsum([8, *(len(block) for block in blocks)])
    places = struct.pack(f"{order}{len(blocks)}I", *starts[:-1])
    lengths = struct.pack(f"{order}{len(blocks)}I", *(len(block) for block in blocks))
    tags = {256: 24, 257: 20, 259: compression, 262: 2, 277: 3, 317: predictor}
    tags.update({322: tile, 323: tile} if tile else {278: 7})
    listed = [(tag, 4, 1, struct.pack(order + "I", value)) for tag, value in tags.items()]
    listed += [(258, 3, 3, struct.pack(order + "3H", 16, 16, 16))]
    listed += [(324 if tile else 273, 4, len(blocks), places), (325 if tile else 279, 4, len(blocks), lengths)]
    start = int(starts[-1])
    behind, table, extra = start + 2 + 12 * len(listed) + 4, b"", b""
    for tag, kind, count, value in sorted(listed):
        place = value if len(value) <= 4 else struct.pack(order + "I", behind + len(extra))
        extra += value if len(value) > 4 else b""
        table += struct.pack(order + "HHI", tag, kind, count) + place
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    data = head + b"".join(blocks) + struct.pack(order + "H", len(listed)) + table + bytes(4) + extra

    assert np.array_equal(read_bytes(data, "a.tif").frames[0], pixels)


def test_tiff_of_sixteen_bits_that_is_not_handled() -> None:
    """Separate planes, other sample formats and other kinds of colour are named."""
    data = encode(Picture((_pixels(3, np.uint16),), details={"tiff": 1}), "TIFF")
    tags = directory(data)
    assert tags is not None

    for tag, value in ((284, 2), (262, 5), (277, 2)):
        spoilt = tags.with_values({tag: value}, tuple(tags.entries))
        with pytest.raises(DepixelError, match=r"a\.tif"):
            read_bytes(spoilt, "a.tif")


@pytest.mark.parametrize(
    ("number", "name"), [(1, "raw"), (5, "tiff_lzw"), (8, "tiff_adobe_deflate"), (32773, "packbits")]
)
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
def test_tiff_stays_as_it_was(number: int, name: str, mode: str) -> None:
    """Mode, palette and compression are preserved, and Pillow reads the written file."""
    image = Image.fromarray(_pixels(4)).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(_pixels(1, np.uint16)[..., 0])
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", compression=name)

    picture = read_bytes(buffer.getvalue(), "a.tif")
    with Image.open(io.BytesIO(encode(picture))) as again:
        assert again.mode == image.mode and again.info["compression"] == name
        assert np.array_equal(np.asarray(again), np.asarray(image))
    assert picture.details["tiff"] == number


def test_tiff_carries_what_travels() -> None:
    """Profile, texts and resolution with 8 and with 16 bits; of several pages the first is read, with a note."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    details = {"dpi": (144.0, 72.0)}
    for dtype in (np.uint8, np.uint16):
        picture = Picture((_pixels(3, dtype),), icc_profile=profile, text={"Comment": "größer"}, details=details)

        back = read_bytes(encode(picture, "TIFF"))

        assert back.icc_profile == profile and back.text["Comment"] == "größer"
        with Image.open(io.BytesIO(encode(picture, "TIFF"))) as image:
            assert image.info["dpi"] == (144.0, 72.0)
            assert image.tag_v2[273] == (8,) or dtype is np.uint8  # type: ignore[attr-defined]
        assert "left_out" not in back.details
    for words in ("a", "abc", "abcd", "abcde"):
        short = Picture((_pixels(3, np.uint16),), text={"Comment": words})
        assert read_bytes(encode(short, "TIFF")).text["Comment"] == words
    deep = read_bytes(encode(Picture((_pixels(3, np.uint16),), text={"Title": "x"}), "TIFF"))
    assert "Title: x" in deep.text["Comment"] and "Title: x" in deep.text[XMP]
    buffer = io.BytesIO()
    pages = [Image.fromarray(_pixels(3)) for _ in range(2)]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    assert "several pages" in read_bytes(buffer.getvalue(), "a.tif").details["left_out"]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_pcx_in_every_mode(mode: str) -> None:
    """By Pillow and by us, in both directions; it has no alpha."""
    image = Image.fromarray(_pixels(3)).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "PCX")

    picture = read_bytes(buffer.getvalue(), "a.pcx")

    kind = by_name("PCX")
    assert kind is not None and kind.size(buffer.getvalue()[:128]) == (7, 9)
    assert picture.mode == mode and np.array_equal(picture.rgba(), np.asarray(image.convert("RGBA")))
    assert np.array_equal(_by_pillow(encode(picture)), picture.rgba())
    assert read_bytes(encode(picture)).mode == mode
    with pytest.raises(UnsupportedPictureError, match="no transparency"):
        encode(Picture((np.zeros((2, 2, 4), np.uint8),)), "PCX")


def test_qoi_that_claims_more_than_it_holds() -> None:
    """One byte stands for at most 62 pixels: missing data are not made up."""
    _needs("QOI")
    data = bytearray(encode(Picture((np.zeros((4, 4, 3), np.uint8),)), "QOI"))
    struct.pack_into(">II", data, 4, 400, 400)

    with pytest.raises(UnreadablePictureError, match="400x400"):
        read_bytes(bytes(data), "a.qoi")


@pytest.mark.parametrize("alpha", [False, True])
def test_avif_is_near_and_moves(alpha: bool) -> None:
    """Within a few levels of a smooth picture; frames, durations, profile and EXIF are preserved."""
    y, x = np.mgrid[0:32, 0:32]
    smooth = np.stack([x * 7, y * 7, (x + y) * 3, 255 - x * 4], -1).astype(np.uint8)[..., : 4 if alpha else 3]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    still = Picture((smooth,), icc_profile=profile, text={"Title": "x"})
    moving = Picture((smooth, smooth[::-1].copy()), durations=(40.0, 170.0))

    back, again = read_bytes(encode(still, "AVIF")), read_bytes(encode(moving, "AVIF"))

    assert np.abs(back.frames[0].astype(int) - smooth).max() <= 6
    assert back.icc_profile == profile and "Title: x" in back.text[XMP]
    assert back.durations == () and back.mode == again.mode == ("RGBA" if alpha else "RGB")
    assert again.durations == (40.0, 170.0) and np.abs(again.frames[1].astype(int) - smooth[::-1]).max() <= 6


def test_avif_of_ten_bits_says_what_is_lost() -> None:
    """Pillow reads 8 of them; a file of 8 bits has no such remark."""
    ten = read_bytes(zlib.decompress(base64.b85decode(_TEN_BITS)), "a.avif")
    eight = read_bytes(encode(Picture((_pixels(3),)), "AVIF"), "b.avif")

    assert ten.details["left_out"] == "a.avif has 10 bits per sample; only 8 of them were read."
    assert "left_out" not in eight.details


def test_avif_whose_clock_stands_still() -> None:
    """A time scale of zero, by which Pillow divides, gives a sentence."""
    moving = Picture((np.zeros((8, 8, 3), np.uint8), np.ones((8, 8, 3), np.uint8)), durations=(40.0, 60.0))
    data = bytearray(encode(moving, "AVIF"))
    for box, version_one in ((b"mdhd", 20), (b"mvhd", 20)):
        at = data.index(box) + 4
        struct.pack_into(">I", data, at + (version_one if data[at] else 12), 0)

    with pytest.raises(UnreadablePictureError, match=r"a\.avif"):
        read_bytes(bytes(data), "a.avif")


def test_jpeg_xl_carries_what_travels() -> None:
    """Profile, EXIF and texts."""
    _needs("JXL")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "maker"
    picture = Picture((_pixels(3),), icc_profile=profile, exif=exif.tobytes(), text={"Title": "x"})

    back = read_bytes(encode(picture, "JXL"), "a.jxl")

    assert back.exif is not None and b"maker" in back.exif
    assert "Title: x" in back.text[XMP] and "left_out" not in back.details
    assert back.icc_profile is not None


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A format without an installed reader says how to get it, for reading and for writing."""
    kind = by_name("JXL")
    assert kind is not None
    without = dataclasses.replace(kind, missing=lambda: "install it with pip")

    assert "install it with pip" in without.refusal(Picture((_pixels(3),)))
    monkeypatch.setattr("depixel.files.reading.sniff", lambda *_: without)
    with pytest.raises(UnsupportedPictureError, match=r"a\.jxl is a JPEG XL file.*install it with pip"):
        read_bytes(b"\xff\x0a", "a.jxl")


def _icon(*sizes: int, kind: int = 1) -> bytes:
    """An icon of PNGs, each in a grey that equals its size."""
    bodies = [encode(Picture((np.full((side, side, 4), side, np.uint8),))) for side in sizes]
    start, table = 6 + 16 * len(sizes), b""
    for side, body in zip(sizes, bodies, strict=True):
        table += struct.pack("<4B2H2I", side % 256, side % 256, 0, 0, side // 4, side // 2, len(body), start)
        start += len(body)
    return struct.pack("<3H", 0, kind, len(sizes)) + table + b"".join(bodies)


def test_an_icon_keeps_its_other_sizes() -> None:
    """The largest is read; the answer is added to the sizes drawn by hand, or replaces the one of its own size."""
    picture = read_bytes(_icon(16, 48, 32), "a.ico")
    answer = picture.replace(frames=(np.full((192, 192, 4), 9, np.uint8),))

    assert picture.width == 48
    with Image.open(io.BytesIO(encode(answer))) as image:
        assert image.info["sizes"] == {(16, 16), (32, 32), (192, 192)}
        assert np.asarray(image.ico.getimage((32, 32)))[0, 0].tolist() == [32] * 4  # type: ignore[attr-defined]
    with Image.open(io.BytesIO(encode(picture))) as image:
        assert image.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    with pytest.raises(UnsupportedPictureError, match="256 pixels"):
        encode(picture.replace(frames=(np.zeros((300, 300, 4), np.uint8),)))


def test_a_cursor_points_where_it_did() -> None:
    """The hot spot is scaled with the picture."""
    picture = read_bytes(_icon(32, kind=2), "a.cur")
    data = encode(picture.replace(frames=(np.zeros((128, 128, 4), np.uint8),)))

    assert struct.unpack_from("<2H", data, 10) == (32, 64)
    assert data[6] == data[7] == 128 and read_bytes(data, "a.cur").format == "CUR"
    assert read_bytes(encode(Picture((np.zeros((256, 256, 4), np.uint8),)), "ICO")).width == 256


@pytest.mark.parametrize("bits", [1, 4, 8, 24, 32])
def test_icons_of_bitmaps(bits: int) -> None:
    """Old icons are bitmaps followed by a mask: the same pixels as in Pillow."""
    colours = RNG.integers(0, 256, (2**bits if bits <= 8 else 0, 4), dtype=np.uint8)
    colours[:, 3:] = 0
    stride = (16 * bits + 31) // 32 * 4
    body = (
        RNG.integers(0, 256, stride * 16, dtype=np.uint8).tobytes() + RNG.integers(0, 256, 64, dtype=np.uint8).tobytes()
    )
    bitmap = struct.pack("<IiiHHIIiiII", 40, 16, 32, 1, bits, 0, 0, 0, 0, 0, 0) + colours.tobytes() + body
    data = struct.pack("<3H4B2H2I", 0, 1, 1, 16, 16, 0, 0, 1, bits, len(bitmap), 22) + bitmap

    assert np.array_equal(read_bytes(data, "a.ico").frames[0], _by_pillow(data))


def test_documents_hold_a_merged_picture() -> None:
    """Krita's and OpenRaster's: the merged picture inside; one without it, or another zip, gives a sentence."""
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
    extra = io.BytesIO()
    with zipfile.ZipFile(extra, "w") as archive:
        first = zipfile.ZipInfo("mimetype")
        first.extra = struct.pack("<HH6s", 0x7777, 6, b"filled")
        archive.writestr(first, "image/openraster")
        archive.writestr("mergedimage.png", encode(Picture((_pixels(4),))))
    assert read_bytes(extra.getvalue(), "a.ora").format == "ORA"
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")

    for ending in ("kra", "ora"):
        assert read_bytes(SAMPLES[ending][0], f"a.{ending}").format == ending.upper()
    with pytest.raises(UnreadablePictureError, match="does not contain a merged picture"):
        read_bytes(empty.getvalue(), "a.ora")
    with pytest.raises(UnsupportedPictureError, match="zip archive"):
        read_bytes(plain.getvalue(), "a.kra")
    with pytest.raises(PictureTooLargeError, match="MB"):
        read_bytes(SAMPLES["ora"][0], "a.ora", Limits(file_bytes=10))


def _photoshop(pixels: np.ndarray, *, large: bool = False, runs: bool = False, mode: int = 3) -> bytes:
    height, width, channels = pixels.shape
    depth, planes = pixels.dtype.itemsize * 8, np.ascontiguousarray(pixels.transpose(2, 0, 1))
    rows = [row.astype(f">u{pixels.dtype.itemsize}").tobytes() for row in planes.reshape(-1, width)]
    head = b"8BPS" + struct.pack(">H6xHIIHH", 2 if large else 1, channels, height, width, depth, mode)
    profile = b"8BIM" + struct.pack(">H2xI", 1039, 5) + b"abcde\0"
    layers = struct.pack(">Q" if large else ">I", 0)
    if runs:  # each row as a run of two bytes, and literal bytes
        rows = [b"\xff" + b"\x07" + bytes([len(row) - 3]) + row[2:] for row in rows]
        sizes = b"".join(struct.pack(">I" if large else ">H", len(row)) for row in rows)
    body = struct.pack(">H", runs) + (sizes if runs else b"") + b"".join(rows)
    return head + struct.pack(">II", 0, len(profile)) + profile + layers + body


def test_photoshop_documents() -> None:
    """The merged picture with 8 bits as Pillow shows it; other depths and modes are named."""
    deep = bytearray(SAMPLES["psd"][0])
    deep[23] = 32

    assert read_bytes(SAMPLES["psd"][0]).channels == 3
    assert np.array_equal(_by_pillow(SAMPLES["psd"][0])[..., :3], read_bytes(SAMPLES["psd"][0]).frames[0][..., :3])
    with pytest.raises(UnsupportedPictureError, match="32 bits"):
        read_bytes(bytes(deep), "a.psd")
    with pytest.raises(UnsupportedPictureError, match="colour mode"):
        read_bytes(_photoshop(_pixels(4, np.uint16), mode=4), "a.psd")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("runs", [False, True])
def test_deep_and_large_photoshop_documents(channels: int, large: bool, runs: bool) -> None:
    """16 bits per sample and PSB: every sample, alpha and the profile; truncated anywhere, it is refused."""
    pixels = _pixels(channels, np.uint16)
    if runs:
        pixels[:, 0] = 0x0707  # the run of two bytes
    data = _photoshop(pixels, large=large, runs=runs, mode=3 if channels > 2 else 1)

    picture = read_bytes(data, "a.psd")

    assert np.array_equal(picture.frames[0], pixels) and picture.levels == 65535
    assert picture.icc_profile == b"abcde" and picture.has_alpha == (channels in (2, 4))
    for length in (20, 40, len(data) // 2, len(data) - 1):
        with pytest.raises(UnreadablePictureError, match=r"a\.psd"):
            read_bytes(data[:length], "a.psd")


def test_blizzards_textures_are_what_pillow_shows() -> None:
    """Both versions."""
    for data in SAMPLES["blp"]:
        assert np.array_equal(read_bytes(data, "a.blp").rgba(), _by_pillow(data))
        with pytest.raises(UnsupportedPictureError, match="does not write BLP"):
            encode(read_bytes(data, "a.blp"))


def test_the_largest_extent_is_the_pictures() -> None:
    """An AVIF states several sizes: of alpha, of a thumbnail, of the picture."""
    sizes = [(10, 300), (150, 10), (100, 200), (0, 0)]
    boxes = b"".join(struct.pack(">I4sIII", 20, b"ispe", 0, *size) for size in sizes)
    kind = by_name("AVIF")

    assert kind is not None and kind.size(b"\0" * 40 + boxes) == (100, 200)
    assert kind.size(boxes[:15]) is None
