from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms

from depixel.files import encode, read, read_bytes, write
from depixel.files.indexed import indices_of
from depixel.picture import Picture

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))


@settings(max_examples=40, deadline=None)
@given(st.data())
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_keeps_every_sample(channels: int, dtype: type, data: st.DataObject) -> None:
    """Grey, alpha, colour, 8 and 16 bits: reading returns what was written, including colour under alpha 0."""
    height, width = data.draw(SIZES)
    pixels = data.draw(arrays.arrays(dtype, (height, width, channels)))

    back = read_bytes(encode(Picture((pixels,), text={"Comment": "größer"})), "x.png")

    assert back.frames[0].dtype == dtype
    assert np.array_equal(back.frames[0], pixels)
    assert back.text == {"Comment": "größer"}


@pytest.mark.parametrize("alpha", [False, True])
def test_indexed_png_stays_indexed(tmp_path: Path, alpha: bool) -> None:
    """The palette keeps its order and transparency, and the indices are the same."""
    rng = np.random.default_rng(2)
    indices = rng.integers(0, 7, (5, 6), dtype=np.uint8)
    image = Image.fromarray(indices).convert("L")
    colours = rng.integers(0, 255, (7, 3), dtype=np.uint8)
    image.putpalette(colours.tobytes())
    image.save(tmp_path / "in.png", **({"transparency": bytes([0, 128, 255])} if alpha else {}))  # type: ignore[arg-type]

    picture = read(tmp_path / "in.png")
    write(tmp_path / "out.png", picture)

    assert picture.mode == "P" and picture.palette is not None
    assert picture.channels == (4 if alpha else 3)
    with Image.open(tmp_path / "out.png") as again:
        assert again.mode == "P"
        assert np.array_equal(np.asarray(again), indices)
        with Image.open(tmp_path / "in.png") as before:
            assert np.array_equal(np.asarray(again.convert("RGBA")), np.asarray(before.convert("RGBA")))


def test_one_bit_png_stays_one_bit(tmp_path: Path) -> None:
    """Black and white in, black and white out, unless a grey appears."""
    bits = np.random.default_rng(0).integers(0, 2, (9, 11)).astype(bool)
    Image.fromarray(bits).save(tmp_path / "bits.png")

    picture = read(tmp_path / "bits.png")
    write(tmp_path / "again.png", picture)
    grey = picture.replace(frames=(np.full((2, 2, 1), 99, np.uint8),))

    assert picture.mode == "1" and set(np.unique(picture.frames[0])) <= {0, 255}
    with Image.open(tmp_path / "again.png") as again:
        assert again.mode == "1"
        assert np.array_equal(np.asarray(again), bits)
    assert read_bytes(encode(grey)).frames[0][0, 0, 0] == 99


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_colour_key_becomes_alpha(tmp_path: Path, mode: str) -> None:
    """tRNS in grey and RGB files makes exactly that colour transparent."""
    key: object = 7 if mode == "L" else (1, 2, 3)
    image = Image.new(mode, (3, 2), 50 if mode == "L" else (9, 9, 9))
    image.putpixel((1, 1), key)  # type: ignore[arg-type]
    image.save(tmp_path / "k.png", transparency=key)

    pixels = read(tmp_path / "k.png").frames[0]

    assert pixels[1, 1, -1] == 0
    assert (np.delete(pixels[..., -1].ravel(), 4) == 255).all()


def test_profile_exif_text_and_resolution_travel(tmp_path: Path) -> None:
    """Metadata of a file are in the written file, with the orientation applied once."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a shield"
    pixels = np.random.default_rng(1).integers(0, 255, (4, 7, 3), dtype=np.uint8)
    for name in ("a.png", "a.jpg", "a.webp"):
        wishes = {"lossless": True} if name.endswith("webp") else {}
        Image.fromarray(pixels).save(tmp_path / name, icc_profile=profile, exif=exif, dpi=(144, 144), **wishes)  # type: ignore[arg-type]

        picture = read(tmp_path / name)
        write(tmp_path / f"out-{name}", picture)
        again = read(tmp_path / f"out-{name}")

        assert (picture.height, picture.width) == (7, 4)
        assert again.frames[0].shape == picture.frames[0].shape
        assert again.icc_profile == profile
        with Image.open(tmp_path / f"out-{name}") as image:
            assert image.getexif().get(0x0112, 1) == 1
            assert image.getexif()[0x010E] == "a shield"


def test_sixteen_bit_keeps_its_profile_and_text() -> None:
    """The 16-bit path keeps the same chunks as the 8-bit one."""
    pixels = np.random.default_rng(1).integers(0, 65535, (4, 7, 4)).astype(np.uint16)
    picture = Picture((pixels,), icc_profile=b"profile" * 30, text={"Title": "x"}, details={"gamma": 0.45455})

    back = read_bytes(encode(picture))

    assert back.icc_profile == picture.icc_profile
    assert back.text == {"Title": "x"}
    assert back.mode == "RGBA;16"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animations_keep_frames_and_timings(kind: str) -> None:
    """Every frame and duration, the loop count, and equal neighbours if the format's writer can store them."""
    frames = [np.zeros((8, 8, 4), np.uint8) for _ in range(4)]
    for i, frame in enumerate(frames):
        frame[i : i + 3, i : i + 3] = (255, 60 * i, 0, 255)
    if kind == "PNG":
        frames[2] = frames[1].copy()
    durations = (40.0, 120.0, 200.0, 80.0)
    picture = Picture(tuple(frames), durations=durations, loop=3, format=kind, details={"lossless": True})

    back = read_bytes(encode(picture), f"x.{kind.lower()}")

    assert back.durations == durations
    assert back.loop == 3
    assert len(back.frames) == 4
    for a, b in zip(frames, back.frames, strict=True):
        assert np.array_equal(a[..., 3], b[..., 3])
        assert np.array_equal(a[a[..., 3] > 0], b[a[..., 3] > 0])


@pytest.mark.parametrize("kind", ["BMP", "TGA", "DDS", "WEBP"])
@pytest.mark.parametrize("channels", [3, 4])
def test_lossless_formats_keep_pixels(kind: str, channels: int) -> None:
    """BMP, TGA, uncompressed DDS and lossless WebP are exact pixel for pixel."""
    pixels = np.random.default_rng(3).integers(0, 255, (6, 10, channels), dtype=np.uint8)
    picture = Picture((pixels,), mode="RGB" if channels == 3 else "RGBA", format=kind, details={"lossless": True})

    assert np.array_equal(read_bytes(encode(picture), f"x.{kind.lower()}").frames[0], pixels)


def test_rle_tga_stays_rle(tmp_path: Path) -> None:
    """A run-length coded TGA is written with run-length coding."""
    Image.new("RGBA", (64, 64), (1, 2, 3, 4)).save(tmp_path / "a.tga", compression="tga_rle")

    write(tmp_path / "b.tga", read(tmp_path / "a.tga"))

    assert (tmp_path / "b.tga").stat().st_size < 2000
    assert np.array_equal(read(tmp_path / "a.tga").frames[0], read(tmp_path / "b.tga").frames[0])


def test_jpeg_is_near() -> None:
    """JPEG cannot be exact; at the quality used here a smooth picture is within a few levels."""
    y, x = np.mgrid[0:32, 0:32]
    pixels = np.stack([x * 7, y * 7, (x + y) * 3], -1).astype(np.uint8)

    back = read_bytes(encode(Picture((pixels,), mode="RGB"), "JPEG"), "x.jpg").frames[0]

    assert np.abs(back.astype(int) - pixels).max() <= 6


def test_cmyk_jpeg_becomes_rgb(tmp_path: Path) -> None:
    """A CMYK file is converted, and its CMYK profile is not attached to RGB."""
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "c.jpg", icc_profile=b"cmyk")

    picture = read(tmp_path / "c.jpg")

    assert picture.channels == 3 and picture.icc_profile is None
    assert picture.frames[0][4, 4, 0] > 200


def test_palette_indices_refuse_strange_colours() -> None:
    """A colour that is not in the palette is never replaced by another one."""
    palette = np.array([[0, 0, 0, 255], [255, 0, 0, 255], [9, 9, 9, 0]], np.uint8)
    colours = np.array([[[255, 0, 0, 255], [77, 77, 77, 0]]], np.uint8)
    strange = np.array([[[254, 0, 0, 255]]], np.uint8)

    indices = indices_of(Picture((colours,), palette=palette))

    assert indices is not None and indices[0].tolist() == [[1, 2]]
    assert indices_of(Picture((strange,), palette=palette)) is None
    assert indices_of(Picture((colours,))) is None
