from __future__ import annotations

import numpy as np
import pytest

from depixel.picture import Picture

GREY = np.array([[[10], [200]]], np.uint8)


def test_rgba_spreads_grey_and_adds_opacity() -> None:
    """Grey becomes three equal channels; missing alpha is opaque, in the range of the dtype."""
    assert Picture((GREY,)).rgba().tolist() == [[[10, 10, 10, 255], [200, 200, 200, 255]]]
    assert Picture((GREY.astype(np.uint16),)).rgba()[0, 0].tolist() == [10, 10, 10, 65535]


def test_rgba_keeps_colour_under_transparency() -> None:
    """Alpha 0 hides a colour and does not change it."""
    pixels = np.array([[[1, 2, 3, 0], [4, 5, 6, 255]]], np.uint8)

    assert np.array_equal(Picture((pixels,)).rgba(), pixels)
    assert Picture((pixels[..., 2:],)).rgba().tolist() == [[[3, 3, 3, 0], [6, 6, 6, 255]]]


def test_sizes_channels_and_levels() -> None:
    """Width, height, channels, alpha and the largest value follow from the frames."""
    picture = Picture((np.zeros((2, 5, 2), np.uint16),))

    assert (picture.width, picture.height, picture.channels) == (5, 2, 2)
    assert picture.has_alpha and picture.levels == 65535


def test_replace_leaves_the_original() -> None:
    """A picture is immutable; a change makes another one."""
    first = Picture((GREY,), text={"Title": "a"})

    second = first.replace(mode="L", text={})

    assert (first.mode, first.text) == ("RGBA", {"Title": "a"})
    assert (second.mode, second.text) == ("L", {})
    assert second.frames[0] is GREY


@pytest.mark.parametrize(
    ("frames", "durations"),
    [
        ((), ()),
        ((np.zeros((2, 2), np.uint8),), ()),
        ((np.zeros((2, 2, 5), np.uint8),), ()),
        ((np.zeros((2, 2, 3), np.float32),), ()),
        ((GREY, GREY.astype(np.uint16)), ()),
        ((GREY, GREY[:, :1]), ()),
        ((GREY, GREY), (10.0,)),
    ],
)
def test_what_is_no_picture_is_refused(frames: tuple[np.ndarray, ...], durations: tuple[float, ...]) -> None:
    """No frame, other shapes or dtypes, frames that differ, durations that do not match."""
    with pytest.raises(ValueError):
        Picture(frames, durations=durations)
