from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from depixel.files import encode, read_bytes
from depixel.files.metadata import EXIF_PREFIX, upright
from depixel.picture import Picture

CORNERS = np.zeros((16, 24, 3), np.uint8)
CORNERS[:8, :8], CORNERS[8:, :8], CORNERS[:8, 16:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_orientation_is_applied_once(orientation: int, kind: str) -> None:
    """The pixels are turned as Pillow turns them; what is written asks for no further turn."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "maker"
    buffer = io.BytesIO()
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(kind, {})
    Image.fromarray(CORNERS).save(buffer, kind, exif=exif, **options)

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
    """Two bytes, in either byte order: whatever a camera hid elsewhere stays where it was."""
    for order, mark in (("<", b"II*\0"), (">", b"MM\0*")):
        entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, 6, 0)
        block = mark + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0) + b"maker note"

        orientation, found = upright(EXIF_PREFIX + block)

        assert orientation == 6 and found is not None
        changed = [k for k, (a, b) in enumerate(zip(EXIF_PREFIX + block, found, strict=True)) if a != b]
        assert len(changed) == 1 and found.endswith(b"maker note")


@pytest.mark.parametrize("junk", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"nonsense" * 4, b"MM\0*\0\0\0\x08\xff\xff"])
def test_damaged_exif_is_no_reason_to_fail(junk: bytes) -> None:
    """The picture is read as it lies."""
    assert upright(junk)[0] == 1


def test_opaque_alpha_is_no_obstacle() -> None:
    """RGBA that is opaque everywhere can be a JPEG; grey stays grey."""
    opaque = np.full((8, 8, 4), 255, np.uint8)

    assert read_bytes(encode(Picture((opaque,)), "JPEG")).channels == 3
    assert read_bytes(encode(Picture((opaque[..., :2],)), "JPEG")).mode == "L"


def test_inks_go_through_their_profile() -> None:
    """A CMYK file without a usable profile is converted plainly; either way the result is RGB without that profile."""
    image = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    for profile in (None, b"broken", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", icc_profile=profile)

        picture = read_bytes(buffer.getvalue())

        assert picture.icc_profile is None and picture.mode == "RGB"
        assert picture.frames[0][4, 4, 0] < 60 and picture.frames[0][4, 4, 2] > 150


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_profile_of_other_channels_is_left_out(kind: str) -> None:
    """A grey profile on RGB pixels would make viewers fail; on its own kind it is kept."""
    grey, rgb = (bytes(16) + space + b"rest of the profile" for space in (b"GRAY", b"RGB "))
    pixels = np.zeros((4, 4, 3), np.uint8)

    assert read_bytes(encode(Picture((pixels,), icc_profile=grey), kind)).icc_profile is None
    assert read_bytes(encode(Picture((pixels,), icc_profile=rgb), kind)).icc_profile == rgb
