"""Answers to indexed pictures stay indexed if the colours fit: the old palette in its order, then new colours."""

from __future__ import annotations

import numpy as np
import pytest

from depixel.files import encode, read_bytes
from depixel.picture import Picture

RNG = np.random.default_rng(4)
PALETTE = np.array([[10, 20, 30, 255], [250, 0, 0, 255], [0, 0, 250, 255], [10, 20, 30, 255]], np.uint8)


def _source(kind: str, palette: np.ndarray = PALETTE) -> Picture:
    """An indexed file, as it is read."""
    frame = palette[RNG.integers(0, len(palette), (6, 5))]
    channels = 4 if (palette[:, 3] < 255).any() else 3
    data = encode(Picture((frame[..., :channels],), palette=palette, mode="P"), kind)
    return read_bytes(data, f"a.{kind.lower()}")


def _answer(source: Picture, new: int) -> Picture:
    """The source's pixels at twice the size, with this many additional colours; no palette, like an engine's answer."""
    frame = source.frames[0].repeat(2, 0).repeat(2, 1)
    rows, columns = np.divmod(np.arange(new), frame.shape[1])
    frame[rows, columns, :3] = np.stack([np.full(new, 77), np.arange(new) % 250, np.arange(new) // 250], 1)
    return source.replace(frames=(frame,), palette=None, mode="RGBA" if source.has_alpha else "RGB")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TGA", "PCX"])
def test_new_colours_lie_behind_the_old_palette(kind: str) -> None:
    """The same pixels, indexed, and each old index has its colour."""
    source = _source(kind)
    answer = _answer(source, 40)

    back = read_bytes(encode(answer, kind), f"a.{kind.lower()}")

    assert source.palette is not None and back.palette is not None and back.mode == "P"
    assert np.array_equal(back.palette[:4, :3], PALETTE[:, :3])
    assert np.array_equal(back.rgba(), answer.rgba())


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TGA", "PCX"])
def test_too_many_colours_stay_what_they_are(kind: str) -> None:
    """Full colour, and no colour is changed."""
    source = _source(kind)
    large = source.replace(frames=(source.frames[0].repeat(5, 0).repeat(5, 1),))
    answer = _answer(large, 300)

    back = read_bytes(encode(answer, kind), f"a.{kind.lower()}")

    assert back.palette is None
    assert np.array_equal(back.rgba(), answer.rgba())


@pytest.mark.parametrize("kind", ["PNG", "TGA"])
def test_what_is_transparent_takes_the_transparent_entry(kind: str) -> None:
    """The colour of an answer under alpha 0 needs no entries of its own."""
    palette = PALETTE.copy()
    palette[0, 3] = 0
    source = _source(kind, palette)
    answer = _answer(source, 0)
    hidden = answer.frames[0][..., 3] == 0
    answer.frames[0][hidden, :3] = RNG.integers(0, 255, (int(hidden.sum()), 3))

    back = read_bytes(encode(answer, kind), f"a.{kind.lower()}")

    assert back.palette is not None and hidden.any()
    assert np.array_equal(back.rgba()[..., 3], answer.rgba()[..., 3])
    assert np.array_equal(back.rgba()[~hidden], answer.rgba()[~hidden])
    assert (back.rgba()[hidden] == palette[0]).all()


def test_what_was_not_indexed_stays_so() -> None:
    """Few colours alone do not make a palette."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    source = read_bytes(encode(Picture((pixels,), mode="RGB"), "PNG"), "a.png")
    assert read_bytes(encode(source, "PNG")).palette is None
