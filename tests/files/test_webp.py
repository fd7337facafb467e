from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import encode, read_bytes
from depixel.picture import Picture

RNG = np.random.default_rng(9)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_stills_are_exact_hidden_colours_included(channels: int) -> None:
    """What comes from another format is written without loss, colour under alpha 0 too."""
    pixels = RNG.integers(0, 256, (7, 9, channels), dtype=np.uint8)
    if channels in (2, 4):
        pixels[::2, ..., -1] = 0
    picture = Picture((pixels,))

    back = read_bytes(encode(picture, "WEBP"))

    assert back.details["lossless"] is True
    assert np.array_equal(back.rgba(), picture.rgba())


@pytest.mark.parametrize("channels", [3, 4])
def test_animations_keep_equal_frames_and_times(channels: int) -> None:
    """Equal neighbours stay two frames; odd corners, hidden colours, a time of 0 and the loop count survive."""
    frames = [RNG.integers(0, 256, (9, 11, channels), dtype=np.uint8) for _ in range(2)]
    frames += [frames[1].copy(), frames[1].copy()]
    frames[3][5, 7] ^= 0x0F
    picture = Picture(tuple(frames), durations=(40.0, 17.0, 0.0, 1200.0), loop=2)

    back = read_bytes(encode(picture, "WEBP"))

    assert (back.durations, back.loop, back.details["lossless"]) == (picture.durations, 2, True)
    for a, b in zip(picture.frames, back.frames, strict=True):
        assert np.array_equal(a[..., :3], b[..., :3]) or np.array_equal(a[a[..., -1] > 0], b[a[..., -1] > 0])
        assert channels == 3 or np.array_equal(a[..., 3], b[..., 3])


def test_lossy_stays_lossy_and_fine() -> None:
    """A lossy file is written lossy again, near to the pixels it was given."""
    y, x = np.mgrid[0:32, 0:32]
    pixels = np.stack([x * 7, y * 7, (x + y) * 3], -1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=90)

    picture = read_bytes(buffer.getvalue())
    again = encode(picture)

    assert picture.details["lossless"] is False
    assert b"VP8 " in again and b"VP8L" not in again
    assert np.abs(read_bytes(again).frames[0].astype(int) - picture.frames[0]).mean() < 3


def test_who_made_it_is_in_the_file() -> None:
    """Text becomes XMP, beside the XMP that was there."""
    packet = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>theirs</rdf:RDF></x:xmpmeta>'
    pixels = np.zeros((2, 2, 3), np.uint8)
    text = {"Software": 'Depixel "1" & <more>', "Comment": "imagined\x07", "XML:com.adobe.xmp": packet}

    for kind in ("WEBP", "JPEG"):
        back = read_bytes(encode(Picture((pixels,), text=text), kind))
        plain = read_bytes(encode(Picture((pixels,), text={"Comment": "imagined"}), kind))

        said = back.text["XML:com.adobe.xmp"]
        assert "theirs" in said and "imagined" in said and "&amp; &lt;more&gt;" in said
        assert "imagined" in plain.text["XML:com.adobe.xmp"]


def test_cut_anywhere_is_unreadable() -> None:
    """A half-copied animation is no shorter animation."""
    frames = tuple(RNG.integers(0, 256, (8, 8, 4), dtype=np.uint8) for _ in range(3))
    data = encode(Picture(frames, durations=(10.0,) * 3), "WEBP")
    for length in range(12, len(data), 11):
        with pytest.raises(UnreadablePictureError):
            read_bytes(data[:length], "x.webp")


def test_too_large_for_the_format() -> None:
    """WebP holds at most 16383 pixels per side, and says so."""
    with pytest.raises(UnsupportedPictureError, match="16383"):
        encode(Picture((np.zeros((1, 16384, 3), np.uint8),)), "WEBP")
