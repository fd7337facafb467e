"""Colour keys: which colour is one, and that exactly the background has it in the answer."""

from __future__ import annotations

import numpy as np
import pytest

from depixel.errors import BadUsageError
from depixel.files import encode, read_bytes
from depixel.picture import Picture
from depixel.preparation.keys import Key, find_key, key_of, with_alpha, with_key
from depixel.request import Request

RNG = np.random.default_rng(5)
MAGENTA = (255, 0, 255)


def _sprite(key: tuple[int, int, int] = MAGENTA, side: int = 16) -> np.ndarray:
    """A disc in a few drawn colours on a flat background."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    pixels = np.empty((side, side, 3), np.uint8)
    pixels[:] = key
    inside = np.hypot(x, y) < side * 0.4
    pixels[inside] = np.array([[200, 120, 40], [90, 60, 160]], np.uint8)[RNG.integers(0, 2, int(inside.sum()))]
    return pixels


def _indexed(numbers: np.ndarray, palette: list[tuple[int, int, int]]) -> Picture:
    colours = np.array([(*colour, 255) for colour in palette], np.uint8)
    picture = Picture((colours[numbers][..., :3],), palette=colours, mode="P", details={"indices": (numbers,)})
    return read_bytes(encode(picture, "PNG"), "sprite.png")


@pytest.mark.parametrize("key", [MAGENTA, (248, 0, 248), (0, 255, 255), (0, 255, 0)])
def test_usual_keys_are_found(key: tuple[int, int, int]) -> None:
    """Magenta, cyan and green, also as 16-bit files hold them."""
    assert find_key(Picture((_sprite(key),), mode="RGB")) == Key(key)


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (92, 148, 252), (200, 0, 0), (128, 128, 128)])
def test_a_plain_ground_is_no_key(colour: tuple[int, int, int]) -> None:
    """White paper, a black frame, a blue sky, a red flag."""
    assert find_key(Picture((_sprite(colour),), mode="RGB")) is None


def test_any_ground_of_a_sheet_is_a_key() -> None:
    """Similar frames, on a colour that only the background has."""
    one = _sprite((165, 106, 106))
    assert find_key(Picture((np.concatenate([one] * 5, 1),), mode="RGB")) == Key((165, 106, 106))
    assert find_key(Picture((one,), mode="RGB")) is None


def test_soft_edges_on_cyan_are_no_key() -> None:
    """If most pixels next to a background are blends of it, it is a painted sky."""
    y, x = np.mgrid[:32, :32] - 15.5
    cover = np.clip(13 - np.hypot(x, y), 0, 8)[..., None] / 8
    pixels = (cover * np.array([20, 30, 40]) + (1 - cover) * np.array([0, 255, 255])).round().astype(np.uint8)
    assert find_key(Picture((pixels,), mode="RGB")) is None


def test_transparent_pictures_have_none() -> None:
    """A transparent picture needs no key; a fully opaque alpha channel means nothing."""
    alpha = np.full((16, 16, 1), 255, np.uint8)
    pixels = np.concatenate([_sprite(), alpha], 2)
    assert find_key(Picture((pixels,))) == Key(MAGENTA)
    pixels[4, 4, 3] = 0
    assert find_key(Picture((pixels,))) is None


def test_a_number_is_a_key_where_its_colour_is_that_of_another() -> None:
    """Black background and black outline with two indices: only the index distinguishes them."""
    numbers = np.zeros((12, 12), np.uint8)
    numbers[3:9, 3:9] = 2
    numbers[4:8, 4:8] = 1
    picture = _indexed(numbers, [(0, 0, 0), (200, 30, 30), (0, 0, 0)])

    key = find_key(picture)

    assert key == Key((0, 0, 0), 0)
    assert (with_alpha(picture, key).frames[0][..., 3] == 0).sum() == 144 - 36


def test_a_key_by_name() -> None:
    """#RRGGBB, an index of the palette, none; a nonexistent one is refused with a sentence."""
    white = Picture((_sprite((255, 255, 255)),), mode="RGB", name="a.png")
    assert key_of(white, Request(key="#FFffFF")) == Key((255, 255, 255))
    assert key_of(Picture((_sprite(),), mode="RGB"), Request(key="none")) is None
    with pytest.raises(BadUsageError, match="no palette"):
        key_of(white, Request(key="0"))
    indexed = _indexed(np.zeros((8, 8), np.uint8), [(1, 2, 3), (4, 5, 6)])
    assert key_of(indexed, Request(key="1")) == Key((4, 5, 6))
    with pytest.raises(BadUsageError, match="only 2 palette entries"):
        key_of(indexed, Request(key="7"))


@pytest.mark.parametrize("depth", [8, 16])
def test_back_on_the_key(depth: int) -> None:
    """
    The background has exactly the key, soft alpha becomes all or nothing, and a figure's pixel in that colour is moved.
    """
    level = 1 if depth == 8 else 257
    source = Picture(((_sprite().astype(np.uint32) * level).astype(f"u{depth // 8}"),), mode="RGB")
    answer = RNG.integers(0, 256 * level - 1, (32, 32, 4)).astype(f"u{depth // 8}")
    answer[0, 0] = [255 * level, 0, 255 * level, 255 * level]
    keyed = with_alpha(source, Key(MAGENTA)).replace(frames=(answer,))

    out = with_key(keyed, source, Key(MAGENTA), keep_palette=False)

    is_key = (out.frames[0] == np.array(MAGENTA, np.uint32) * level).all(-1)
    assert np.array_equal(is_key, answer[..., 3].astype(int) * 2 < 255 * level)
    assert out.channels == 3 and out.mode == source.mode
    assert abs(int(out.frames[0][0, 0, 1]) - 0) == 1


def test_numbers_of_the_answer() -> None:
    """With a kept palette, background and figure keep their indices, whatever is nearest."""
    numbers = np.zeros((8, 8), np.uint8)
    numbers[2:6, 2:6] = 2
    source = _indexed(numbers, [(0, 0, 0), (200, 30, 30), (0, 0, 0)])
    key = find_key(source)
    assert key is not None
    alpha = np.zeros((32, 32, 1), np.uint8)
    alpha[4:28, 4:28] = 255  # far beyond the figure
    answer = with_alpha(source, key).replace(frames=(np.concatenate([np.zeros((32, 32, 3), np.uint8), alpha], 2),))

    data = encode(with_key(answer, source, key, keep_palette=True), "PNG")

    back = read_bytes(data, "a.png").details["indices"][0]
    assert np.array_equal(back, np.where(alpha[..., 0] > 0, 2, 0))


def test_other_twins_than_that_of_the_ground_stay_two() -> None:
    """A patch of one number inside another of the same colour is kept in the answer, and so is the key's twin."""
    numbers = np.zeros((10, 12), np.uint8)
    numbers[2:8, 2:10], numbers[3:7, 4:8], numbers[4:6, 5:7] = 3, 1, 2
    source = _indexed(numbers, [(0, 0, 0), (200, 60, 20), (200, 60, 20), (0, 0, 0)])
    key = find_key(source)
    assert key == Key((0, 0, 0), 0)

    large = with_alpha(source, key)
    answer = large.replace(frames=tuple(frame.repeat(4, 0).repeat(4, 1) for frame in large.frames))
    written = read_bytes(encode(with_key(answer, source, key, keep_palette=True), "PNG"), "b.png")

    assert np.array_equal(written.details["indices"][0], numbers.repeat(4, 0).repeat(4, 1))


def test_an_unused_twin_of_the_ground_makes_no_key() -> None:
    """Two reds are in use, so indices are kept; the second black is not, so black is no key."""
    numbers = np.zeros((12, 12), np.uint8)
    numbers[3:9, 3:9] = 1
    numbers[5:7, 5:7] = 3
    picture = _indexed(numbers, [(0, 0, 0), (200, 30, 30), (0, 0, 0), (200, 30, 30)])
    assert "indices" in picture.details and find_key(picture) is None


@pytest.mark.parametrize("turned", [False, True])
def test_a_band_with_soft_edges_is_no_figure_on_a_key(turned: bool) -> None:
    """A road on cyan whose edges are blends: those are counted above and below as well as at the sides."""
    pixels = np.empty((32, 32, 3), np.uint8)
    pixels[:] = (0, 255, 255)
    pixels[8:24] = (30, 230, 230)
    pixels[9:23] = (20, 30, 40)
    picture = Picture((np.ascontiguousarray(pixels.swapaxes(0, 1) if turned else pixels),), mode="RGB")
    assert find_key(picture) is None
