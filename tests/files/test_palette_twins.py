"""Two indices with the same colour stay distinct: old engines use the index as a key."""

from __future__ import annotations

import numpy as np
import pytest

from depixel.files import encode, read_bytes
from depixel.files.indexed import indices_of, twin_details
from depixel.picture import Picture

PALETTE = np.array([[0, 0, 0, 255], [200, 10, 10, 255], [0, 0, 0, 255], [9, 9, 9, 255], [200, 10, 10, 255]], np.uint8)
INDICES = np.array([[0, 0, 0, 0, 0], [0, 2, 2, 2, 0], [0, 2, 1, 2, 0], [0, 2, 2, 2, 0], [0, 0, 0, 0, 4]], np.uint8)


def _picture(indices: np.ndarray = INDICES, frames: int = 1) -> Picture:
    each = [np.roll(indices, k, 1) for k in range(frames)]
    pixels = tuple(PALETTE[index][..., :3] for index in each)
    details = {**twin_details(each, PALETTE), "source_size": indices.shape[::-1]}
    return Picture(pixels, durations=(50.0,) * frames if frames > 1 else (), palette=PALETTE, mode="P", details=details)


def _numbers(data: bytes, name: str) -> list[np.ndarray]:
    return [np.asarray(index) for index in read_bytes(data, name).details["indices"]]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TGA", "GIF"])
def test_numbers_come_back(kind: str) -> None:
    """A round trip at the same size: every pixel keeps its index."""
    assert np.array_equal(_numbers(encode(_picture(), kind), "a")[0], INDICES)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_numbers_of_frames(kind: str) -> None:
    """Each frame of an animation has its own."""
    numbers = _numbers(encode(_picture(frames=3), kind), "a")

    assert [np.array_equal(index, np.roll(INDICES, k, 1)) for k, index in enumerate(numbers)] == [True] * 3


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TGA", "GIF"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_enlarged_pixels_take_the_number_of_their_source(kind: str, scale: int) -> None:
    """Blocks of pixels: the index of the pixel that a block came from."""
    large = INDICES.repeat(scale, 0).repeat(scale, 1)
    answer = _picture().replace(frames=(PALETTE[large][..., :3],))

    assert np.array_equal(_numbers(encode(answer, kind), "a")[0], large)


def test_what_moved_a_little_takes_the_nearest_number() -> None:
    """Where an answer rounds a corner, black next to the outline is outline, and black far from it is background."""
    large = INDICES.repeat(4, 0).repeat(4, 1)
    pixels = PALETTE[large][..., :3].copy()
    pixels[8, 8] = 0  # a corner of the red inside turned black
    answer = _picture().replace(frames=(pixels,))

    numbers = _numbers(encode(answer, "PNG"), "a")[0]

    assert numbers[8, 8] == 2 and numbers[0, 0] == 0 and numbers[19, 19] == 4
    assert (numbers[large == 0] == 0).all()


def test_a_palette_without_twins_needs_no_numbers() -> None:
    """Equal colours that do not occur are not twins; the indices are kept only where they matter."""
    alone = INDICES.copy()
    alone[alone == 2] = 3
    alone[alone == 4] = 1

    assert twin_details([alone], PALETTE) == {}
    assert set(twin_details([INDICES], PALETTE)) == {"indices"}
    assert "indices" not in read_bytes(encode(_picture(alone)), "a").details


@pytest.mark.parametrize(("row", "column", "number"), [(9, 8, 0), (9, 11, 2), (8, 9, 3), (11, 10, 4)])
def test_the_nearest_neighbour_gives_the_number(row: int, column: int, number: int) -> None:
    """Left, right, above and below there are different entries of one colour: a pixel takes the adjacent one."""
    palette = np.array([[0, 0, 0, 255], [200, 10, 10, 255], *([[0, 0, 0, 255]] * 3)], np.uint8)
    source = np.ones((5, 5), np.uint8)
    source[2, 1], source[2, 3], source[1, 2], source[3, 2] = 0, 2, 3, 4
    pixels = palette[source.repeat(4, 0).repeat(4, 1)][..., :3].copy()
    pixels[row, column] = 0
    details = twin_details([source], palette)

    (indices,) = indices_of(Picture((pixels,), palette=palette, mode="P", details=details)) or ()  # type: ignore[misc]

    assert indices[row, column] == number


def test_frames_that_are_not_the_sources_get_the_first_number() -> None:
    """Indices of one frame say nothing about two."""
    picture = _picture().replace(frames=_picture().frames * 2)

    indices = indices_of(picture)

    assert indices is not None and set(np.unique(indices[0])) == {0, 1}
