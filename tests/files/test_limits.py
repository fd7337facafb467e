"""Metadata of a picture, and the limits of what a file may claim: to the byte, the frame and the pixel."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from depixel.errors import PictureTooLargeError
from depixel.files import Limits, encode, read_bytes
from depixel.files.metadata import within
from depixel.files.png_chunks import chunks, join
from depixel.picture import Picture

PIXELS = np.zeros((2, 2, 3), np.uint8)


def _picture(**fields: object) -> Picture:
    return Picture((PIXELS,), name="a.png").replace(**fields)


def test_texts_are_counted_together() -> None:
    """Key and value of all texts in bytes; the shortest are kept first, in their old order."""
    text = {"long": "x" * 20, "gr": "ö" * 3, "b": "y" * 4}

    assert within(_picture(text=text), Limits(text_bytes=37)).text == text
    cut = within(_picture(text=text), Limits(text_bytes=36))
    assert list(cut.text) == ["gr", "b"] and "a.png: texts" in cut.details["left_out"]
    assert list(within(_picture(text=text), Limits(text_bytes=12)).text) == ["gr"]
    assert within(_picture(text=text), Limits(text_bytes=4)).text == {}


def test_profiles_and_exif_have_limits_of_their_own() -> None:
    """A byte more than allowed is dropped; the picture is kept."""
    limits = Limits(text_bytes=10, profile_bytes=8)

    kept = within(_picture(exif=b"e" * 10, icc_profile=b"p" * 8), limits)
    assert (kept.exif, kept.icc_profile, "left_out" in kept.details) == (b"e" * 10, b"p" * 8, False)
    assert within(_picture(exif=b"e" * 11), limits).exif is None
    assert within(_picture(icc_profile=b"p" * 9), limits).icc_profile is None
    assert (Limits().text_bytes, Limits().profile_bytes) == (2**20, 2**22)


def test_texts_of_a_png_share_one_budget() -> None:
    """Earlier texts count: the second of two texts that fit alone is dropped, compressed or not."""
    first, *rest = chunks(encode(Picture((PIXELS,))))
    value = b"v" * 700
    for second in ((b"tEXt", b"b\0" + value), (b"zTXt", b"b\0\0" + zlib.compress(value)),
                   (b"iTXt", b"b\0\1\0\0\0" + zlib.compress(value))):  # fmt: skip
        data = join([first, (b"tEXt", b"a\0" + value), second, *rest])

        assert set(read_bytes(data, "a.png", Limits(text_bytes=1402)).text) == {"a", "b"}
        picture = read_bytes(data, "a.png", Limits(text_bytes=1000))
        assert set(picture.text) == {"a"} and "left_out" in picture.details


def test_every_limit_holds_to_the_last_one() -> None:
    """Pixels, side, frames, total pixels, pixels per byte of a file: the limit passes, one more does not."""
    limits = Limits(
        pixels=100, all_frames=150, frames=3, side=60, unproven_pixels=20, pixels_per_byte=10, stored_bytes=8
    )

    limits.check("a", 10, 10)
    limits.check("a", 50, 1, 2)
    limits.check("a", 1, 1, 3)
    for width, height, frames, words in (
        (101, 1, 1, "megapixels"),
        (61, 1, 1, "60 per side"),
        (1, 61, 1, "60 per side"),
        (1, 1, 4, "4 frames"),
        (76, 1, 2, "60 per side"),
        (51, 1, 3, "together"),
        (51, 1, 2, r"in 8 bytes"),
    ):
        with pytest.raises(PictureTooLargeError, match=words):
            limits.check("a", width, height, frames)
    limits.check_stored("a", 150)
    with pytest.raises(PictureTooLargeError, match="stores"):
        limits.check_stored("a", 151)
    Limits(file_bytes=2**20).check_file("a", 2**20)
    with pytest.raises(PictureTooLargeError, match="1 MB"):
        Limits(file_bytes=2**20).check_file("a", 2**20 + 1)


def test_one_frame_may_be_as_large_as_was_allowed() -> None:
    """A raised limit of pixels applies to a single frame, regardless of the limit for all frames together."""
    Limits(pixels=1000, all_frames=500).check("a", 100, 10)
    with pytest.raises(PictureTooLargeError, match="together"):
        Limits(pixels=1000, all_frames=500).check("a", 30, 10, 2)


def test_the_limits_that_hold_by_default() -> None:
    """The limits that the documentation states (docs/formats.md, "Limits")."""
    limits = Limits()

    assert (limits.pixels, limits.all_frames, limits.frames) == (8192**2, 2 * 8192**2, 20_000)
    assert (limits.side, limits.file_bytes, limits.scanned) == (2**18, 2**30, 2**30)
    with pytest.raises(PictureTooLargeError, match="2048 MB, more than the limit of 1024 MB"):
        limits.check_file("a", 2**31)
