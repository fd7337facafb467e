"""Eyes and mouths of emoji and sprites."""

from __future__ import annotations

import pytest
import torch

from depixel.faces.drawn.anchors import LARGEST, Anchors, anchored, find_anchors, landmarks_of
from depixel.faces.reader import ReaderNetwork, reading_of


def _emoji(eye: tuple[float, float, float] = (0.1, 0.05, 0.0), aside: int = 0) -> torch.Tensor:
    """A yellow face of 32 pixels with eyes at x 10 and 21, y 12, and a mouth at y 22."""
    picture = torch.tensor([1.0, 0.8, 0.2])[:, None, None].repeat(1, 32, 32)
    for x in (9 + aside, 20 + aside):
        picture[:, 10:15, x : x + 3] = torch.tensor(eye)[:, None, None]
    picture[:, 21:23, 11 + aside : 21 + aside] = 0.2
    return picture[None]


def test_eyes_and_mouth_are_found() -> None:
    """Found within one pixel of their true position."""
    anchors = find_anchors(_emoji())

    assert anchors is not None
    expected = torch.tensor(((10.5, 12.5), (21.5, 12.5), (16.0, 22.0)))
    assert float((torch.tensor(anchors[:3]) * 32 - expected).abs().max()) < 1.3


@pytest.mark.parametrize("up", [1, -1])
def test_a_smile_and_a_frown_are_found(up: int) -> None:
    """Corners above the middle of the mouth raise the person's corners; corners below it lower them."""
    picture = _emoji()
    picture[..., 21:23, :] = picture[..., 2:3, 2:3]
    for x in range(11, 22):
        y = 22 - up * round(abs(x - 16) * 0.6)
        picture[..., y : y + 2, x] = 0.2

    anchors = find_anchors(picture)

    assert anchors is not None
    assert anchors.curve * up > 0.08
    corners, lip = landmarks_of(anchors)[0, 7:9, 1], landmarks_of(anchors._replace(curve=0.0))[0, 7:9, 1]
    assert bool(((lip - corners) * up > 0.01).all())


def test_eyes_may_be_of_any_colour() -> None:
    """Red eyes as bright as the face are found too."""
    anchors = find_anchors(_emoji((0.95, 0.3, 0.75)))

    assert anchors is not None
    assert abs(anchors.left_eye[1] * 32 - 12.5) < 1.3


def test_a_plain_picture_has_none() -> None:
    """Nothing stands out."""
    assert find_anchors(torch.full((1, 3, 16, 16), 0.4)) is None


def test_landmarks_lie_at_the_anchors() -> None:
    """Eyes and mouth of the person match the picture's."""
    landmarks = landmarks_of(Anchors((0.4, 0.45), (0.6, 0.45), (0.5, 0.66)))[0]

    assert torch.allclose(landmarks[0], torch.tensor([0.4, 0.45]), atol=1e-5)
    assert torch.allclose(landmarks[7:9].mean(0), torch.tensor([0.5, 0.66]), atol=1e-5)


def test_wide_eyes_leave_the_head_in_the_picture() -> None:
    """Eyes at the corners of the picture are moved closer together."""
    landmarks = landmarks_of(Anchors((0.15, 0.4), (0.85, 0.4), (0.5, 0.9)))[0]

    assert abs(float((landmarks[0] - landmarks[1]).norm()) - LARGEST) < 1e-5


def test_a_reading_looks_at_the_camera() -> None:
    """Landmarks and pose are replaced; everything else stays."""
    reading = reading_of(torch.randn(1, sum(ReaderNetwork.PARTS)))

    changed = anchored(reading, Anchors((0.4, 0.45), (0.6, 0.45), (0.5, 0.66)))

    assert float(changed.numbers["yaw"]) == 0 and float(changed.numbers["roll"]) == 0
    assert torch.equal(changed.hair, reading.hair)
