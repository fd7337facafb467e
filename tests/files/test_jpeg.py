from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from depixel.errors import PictureTooLargeError, UnsupportedPictureError
from depixel.files import Limits, encode, read_bytes
from depixel.files.metadata import EXIF_PREFIX, XMP, upright
from depixel.files.png_chunks import chunks, join
from depixel.picture import Picture

RNG = np.random.default_rng(5)
CORNERS = np.zeros((16, 24, 3), np.uint8)
CORNERS[:8, :8], CORNERS[8:, :8], CORNERS[:8, 16:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_orientation_is_applied_once(orientation: int, kind: str) -> None:
    """The pixels are rotated as Pillow rotates them; the written file has no orientation left to apply."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "maker"
    buffer = io.BytesIO()
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(kind, {})
    Image.fromarray(CORNERS).save(buffer, kind, exif=exif, **options)  # type: ignore[arg-type]

    picture = read_bytes(buffer.getvalue())
    again = read_bytes(encode(picture))

    with Image.open(buffer) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(picture.frames[0], expected)
    assert again.frames[0].shape == picture.frames[0].shape
    assert np.abs(again.frames[0].astype(int) - expected).max() < 40
    with Image.open(io.BytesIO(encode(picture))) as image:
        assert image.getexif()[0x010F] == "maker" and image.getexif().get(0x0112, 1) == 1


def test_only_the_orientation_changes_in_exif() -> None:
    """Two bytes, in either byte order: maker notes of a camera stay where they were."""
    for order, mark in (("<", b"II*\0"), (">", b"MM\0*")):
        entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, 6, 0)
        block = mark + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0) + b"maker note"

        orientation, block_upright, _ = upright(EXIF_PREFIX + block, {})

        assert orientation == 6 and block_upright is not None
        changed = [k for k, (a, b) in enumerate(zip(EXIF_PREFIX + block, block_upright, strict=True)) if a != b]
        assert len(changed) == 1 and block_upright.endswith(b"maker note")


@pytest.mark.parametrize("junk", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"nonsense" * 4, b"MM\0*\0\0\0\x08\xff\xff"])
def test_damaged_exif_is_no_reason_to_fail(junk: bytes) -> None:
    """The picture is read without rotation."""
    assert upright(junk, {})[0] == 1


def test_opaque_alpha_is_no_obstacle() -> None:
    """An RGBA picture that is opaque everywhere can be a JPEG; grey stays grey."""
    opaque = np.full((8, 8, 4), 255, np.uint8)

    assert read_bytes(encode(Picture((opaque,)), "JPEG")).channels == 3
    assert read_bytes(encode(Picture((opaque[..., :2],)), "JPEG")).mode == "L"


def test_inks_go_through_their_profile() -> None:
    """A CMYK file without a usable profile is converted plainly; in any case the result is RGB without that profile."""
    image = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    for profile in (None, b"broken", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", icc_profile=profile)

        picture = read_bytes(buffer.getvalue())

        assert picture.icc_profile is None and picture.mode == "RGB"
        assert picture.frames[0][4, 4, 0] < 60 and picture.frames[0][4, 4, 2] > 150


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_profile_of_other_channels_is_left_out(kind: str) -> None:
    """A grey profile on RGB pixels would make viewers fail; on grey pixels it is kept."""
    grey, rgb = (bytes(16) + space + b"rest of the profile" for space in (b"GRAY", b"RGB "))
    pixels = np.zeros((4, 4, 3), np.uint8)

    assert read_bytes(encode(Picture((pixels,), icc_profile=grey), kind)).icc_profile is None
    assert read_bytes(encode(Picture((pixels,), icc_profile=rgb), kind)).icc_profile == rgb


_PACKET = (
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description tiff:Orientation=\"6\" tiff:ImageWidth='7'"
    " exif:PixelYDimension=\"4\" tiff:Make='me'/><rdf:Description><tiff:Orientation>8</tiff:Orientation>"
    "<exif:PixelXDimension>7</exif:PixelXDimension><tiff:Make>me</tiff:Make></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def test_the_orientation_of_xmp_is_turned_once() -> None:
    """
    Without EXIF, XMP's orientation applies; neither is applied twice; old sizes are removed, everything else is kept.
    """
    orientation, _, text = upright(None, {XMP: _PACKET, "Title": "x"})

    assert orientation == 6 and text["Title"] == "x"
    assert text[XMP].count("tiff:Orientation") == 3 and text[XMP].count("tiff:Make") == 3
    assert upright(None, text) == (1, None, text)
    assert "Dimension" not in text[XMP] and "Width" not in text[XMP]


def test_exif_outweighs_xmp() -> None:
    """It is rotated once, by EXIF, and both are upright afterwards."""
    pixels = RNG.integers(0, 256, (4, 7, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 3
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", exif=exif)
    first, *rest = chunks(buffer.getvalue())
    packet = (b"iTXt", XMP.encode() + b"\0\0\0\0\0" + _PACKET.encode())

    picture = read_bytes(join([first, packet, *rest]))
    alone = read_bytes(join([first, packet, *(part for part in rest if part[0] != b"eXIf")]))

    assert np.array_equal(picture.frames[0], pixels[::-1, ::-1])
    assert np.array_equal(alone.frames[0], np.rot90(pixels, -1))
    assert np.array_equal(read_bytes(encode(picture)).frames[0], picture.frames[0])
    assert 'tiff:Orientation="1"' in read_bytes(encode(alone, "JPEG")).text[XMP]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_sizes_in_exif_are_those_of_the_file(kind: str) -> None:
    """Width and height in both directories, 16 or 32 bits; values that are not pixel counts are left alone."""
    exif = Image.Exif()
    exif[0x0100], exif[0x0101], exif[0x010F] = 7, 4, "maker"
    exif.get_ifd(0x8769).update({0xA002: 7, 0xA003: 4, 0x9003: "2020:01:01 00:00:00"})
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 7, 3), np.uint8)).save(buffer, "PNG", exif=exif)
    answer = read_bytes(buffer.getvalue()).replace(frames=(np.zeros((16, 28, 3), np.uint8),))

    with Image.open(io.BytesIO(encode(answer, kind))) as image:
        again = image.getexif()
        inner = again.get_ifd(0x8769)

    assert (again[0x0100], again[0x0101], again[0x010F]) == (28, 16, "maker")
    assert (inner[0xA002], inner[0xA003], inner[0x9003]) == (28, 16, "2020:01:01 00:00:00")


def _with_frame(data: bytes, **changes: int) -> bytes:
    """The same JPEG with other bytes in its frame header: `marker`, `bits`."""
    at = data.index(b"\xff\xc0")
    spoilt = bytearray(data)
    spoilt[at + 1], spoilt[at + 4] = changes.get("marker", 0xC0), changes.get("bits", 8)
    return bytes(spoilt)


def test_twelve_bits_and_lossless_are_named() -> None:
    """Kinds of JPEG that few programs write: reported as unsupported, not as damaged."""
    data = encode(Picture((np.zeros((8, 8, 3), np.uint8),)), "JPEG")

    with pytest.raises(UnsupportedPictureError, match=r"a\.jpg is a JPEG with 12 bits"):
        read_bytes(_with_frame(data, marker=0xC1, bits=12), "a.jpg")
    with pytest.raises(UnsupportedPictureError, match="lossless"):
        read_bytes(_with_frame(data, marker=0xC3), "a.jpg")


def test_a_scan_repeated_a_hundred_times_is_not_decoded() -> None:
    """A progressive file whose last scan is repeated endlessly: refused at once. Programs write up to ten scans."""
    buffer = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(buffer, "JPEG", progressive=True)
    good = buffer.getvalue()
    last = good[good.rindex(b"\xff\xda") : -2]

    assert read_bytes(good).width == 64
    with pytest.raises(PictureTooLargeError, match=r"a\.jpg stores its 64x64 pixels in 11\d scans"):
        read_bytes(good[:-2] + last * 100 + good[-2:], "a.jpg")
    with pytest.raises(PictureTooLargeError, match="scans, which take minutes"):
        read_bytes(good[:-2] + last * 50 + good[-2:], "a.jpg", Limits(pixels=64 * 64, scanned=64 * 64 * 20))


def test_exif_without_entries_is_exif() -> None:
    """An empty directory is complete; one byte less is not."""
    block = b"II*\0" + struct.pack("<IH", 8, 0)

    assert upright(block, {}) == (1, EXIF_PREFIX + block, {})
    assert upright(block[:-1], {}) == (1, None, {})


def test_the_last_of_many_entries_counts() -> None:
    """Cameras write dozens of entries before and after the orientation."""
    entries = [struct.pack("<HHIHH", 0x0100 + k, 3, 1, k, 0) for k in range(40)]
    entries[39] = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    block = b"II*\0" + struct.pack("<IH", 8, 40) + b"".join(entries) + bytes(4)

    assert upright(block, {})[0] == 6
