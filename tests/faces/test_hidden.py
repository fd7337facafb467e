"""What is hidden: faces at any rotation, one place each, followed through the frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from depixel.faces.hidden import HiddenPlace, find_places
from depixel.picture import Picture, Pixels

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


# Grey waves of 100x160 pixels with a sample portrait of 48 pixels in them, rotated clockwise.
def _scene(left: int, top: int, roll: int = 0) -> Pixels:
    y, x = np.mgrid[:100, :160]
    wave = (120 + 30 * np.sin(x / 9) * np.cos(y / 13))[..., None] * [0.9, 1.0, 1.1]
    face = Image.open(SAMPLES / "faces" / "portrait.png").convert("RGB").resize((48, 48), Image.Resampling.BICUBIC)
    wave[top : top + 48, left : left + 48] = np.asarray(face.rotate(-roll))
    return wave.round().astype(np.uint8)


@pytest.mark.parametrize("roll", [0, 90, 180, 270])
def test_a_face_is_found_however_it_lies(roll: int) -> None:
    """Upright, lying or upside down: one place around it, with its rotation."""
    places = find_places(Picture((_scene(60, 30, roll),)))

    assert len(places) == 1
    left, top, right, bottom = places[0].box
    assert abs((left + right) / 2 - 84) < 8
    assert abs((top + bottom) / 2 - 54) < 8
    assert abs((places[0].roll - roll + 180) % 360 - 180) < 15
    assert places[0].by_finder


def test_a_face_that_moves_is_followed() -> None:
    """In each frame its box is where the face is, always of one size, even if one frame does not show it."""
    frames = [_scene(20 + 12 * k, 30) for k in range(5)]
    frames[2] = np.full_like(frames[2], 120)

    (place,) = find_places(Picture(tuple(frames), durations=(50.0,) * 5))

    assert len({(right - left, bottom - top) for left, top, right, bottom in place.way}) == 1
    for k, (left, top, right, bottom) in enumerate(place.way):
        assert abs((left + right) / 2 - (44 + 12 * k)) < 10
        assert abs((top + bottom) / 2 - 54) < 8


def test_a_face_that_stands_still_has_one_box() -> None:
    """A face visible from the second frame on is hidden in the first as well."""
    frames = (np.full_like(_scene(0, 0), 120), _scene(60, 30), _scene(61, 30))

    (place,) = find_places(Picture(frames, durations=(50.0,) * 3))

    assert place.way == ()
    assert place.by_finder


def test_a_small_picture_is_one_face_and_an_empty_one_has_none() -> None:
    """Up to 64 pixels per side the whole picture is the face; in a larger one without a face nothing is found."""
    assert find_places(Picture((np.full((40, 60, 3), 90, np.uint8),))) == [HiddenPlace((0, 0, 60, 40))]
    assert find_places(Picture((np.full((100, 140, 3), 90, np.uint8),))) == []
