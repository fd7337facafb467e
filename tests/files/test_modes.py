from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from depixel.files import encode, read_bytes
from depixel.picture import Picture

RNG = np.random.default_rng(21)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 256), width=st.integers(1, 9), height=st.integers(1, 9), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize(("kind", "alphas"), [("PNG", 256), ("TGA", 256), ("GIF", 2), ("BMP", 1)])
def test_indexed_round_trip(kind: str, alphas: int, count: int, width: int, height: int, seed: int) -> None:
    """Palettes of 1 to 256 colours, with alpha that the format can hold: the same pixels and still indexed."""
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, rng.choice([2, 256]), (count, 4)).astype(np.uint8)  # of two values: with equal colours
    palette[0] = 255  # a completely transparent palette would mean nothing in TGA
    if alphas < 256:
        palette[:, 3] = np.where(rng.random(count) < 0.7, 255, 0) if alphas == 2 else 255
    frame = palette[rng.integers(0, count, (height, width))]
    has_alpha = bool((palette[:, 3] < 255).any())
    picture = Picture((frame if has_alpha else frame[..., :3],), palette=palette, mode="P")

    back = read_bytes(encode(picture, kind), f"x.{kind.lower()}")

    seen = frame[..., 3] > 0
    assert back.mode == "P" and back.palette is not None
    assert np.array_equal(back.rgba()[seen], frame[seen])
    assert np.array_equal(back.rgba()[..., 3], frame[..., 3])
    if kind in ("PNG", "TGA"):
        assert np.array_equal(back.palette[:count], palette)


@settings(max_examples=15, deadline=None)
@given(pixels=arrays.arrays(np.bool_, st.tuples(st.integers(1, 20), st.integers(1, 20))))
@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_one_bit_round_trip(kind: str, pixels: np.ndarray) -> None:
    """Black and white stay one bit per pixel."""
    picture = Picture((pixels[..., None].astype(np.uint8) * 255,), mode="1")

    data = encode(picture, kind)

    assert read_bytes(data).mode == "1"
    assert np.array_equal(read_bytes(data).rgba(), picture.rgba())
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "1"


@settings(max_examples=15, deadline=None)
@given(width=st.integers(1, 12), height=st.integers(1, 12), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TGA", "BMP", "DDS"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_eight_bits_round_trip(kind: str, channels: int, width: int, height: int, seed: int) -> None:
    """For any number of channels: all samples are preserved, including colour under alpha 0."""
    values = np.array([0, 1, 127, 254, 255], np.uint8)
    pixels = np.random.default_rng(seed).choice(values, (height, width, channels))
    if kind in ("TGA", "BMP") and channels in (2, 4):
        pixels[0, 0, -1] = 9  # alpha 0 everywhere means "no alpha" in these two
    picture = Picture((pixels,))

    back = read_bytes(encode(picture, kind), f"x.{kind.lower()}")

    assert np.array_equal(back.rgba(), picture.rgba())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("keyed", [False, True])
def test_every_mode_that_pillow_writes(mode: str, keyed: bool) -> None:
    """Each PNG mode, with and without tRNS: the same colours and transparency as in Pillow."""
    if mode == "I;16":
        image = Image.fromarray(RNG.integers(0, 65536, (9, 7)).astype(np.uint16))
    else:
        image = Image.fromarray(RNG.integers(0, 256, (9, 7, 4), dtype=np.uint8)).convert("RGB").convert(mode)
    options = {}
    if keyed:
        if mode in ("LA", "RGBA", "I;16"):
            return
        first = image.getpixel((0, 0))
        options["transparency"] = bytes(range(200)) if mode == "P" else first
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)

    picture = read_bytes(buffer.getvalue())

    assert picture.mode == ({"1": "LA", "L": "LA", "RGB": "RGBA"}.get(mode, mode) if keyed else mode)
    with Image.open(buffer) as again:
        if mode == "I;16":
            assert np.array_equal(picture.frames[0][..., 0], np.asarray(again))
        else:
            assert np.array_equal(picture.rgba(), np.asarray(again.convert("RGBA")))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes_of_few_bits(bits: int) -> None:
    """Indices of 1, 2, 4 and 8 bits."""
    palette = RNG.integers(0, 256, (2**bits, 3), dtype=np.uint8)
    index = RNG.integers(0, 2**bits, (5, 13), dtype=np.uint8)
    image = Image.fromarray(index)
    image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", bits=bits)

    picture = read_bytes(buffer.getvalue())

    assert buffer.getvalue()[24] == bits
    assert np.array_equal(picture.frames[0], palette[index])


def test_an_indexed_picture_that_left_its_palette_is_written_in_full_colour() -> None:
    """No colour is ever changed to fit."""
    palette = np.array([[0, 0, 0, 255], [255, 255, 255, 255]], np.uint8)
    frame = np.array([[[0, 0, 0], [9, 9, 9]]], np.uint8)
    for kind in ("PNG", "GIF", "TGA", "BMP"):
        back = read_bytes(encode(Picture((frame,), palette=palette, mode="P"), kind), f"x.{kind.lower()}")

        assert np.array_equal(back.frames[0], frame)
