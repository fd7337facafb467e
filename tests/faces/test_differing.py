"""How much a face differs from another."""

from __future__ import annotations

import numpy as np
import torch

from depixel.faces.differing import differences
from depixel.picture import Picture
from depixel.portrait.rendering import render
from depixel.portrait.sampling import sample


def _picture(size: int, **changes: float) -> Picture:
    person = sample([3]).replaced({"yaw": 0.0, "pitch": 0.0, "headwear": 0.0, "glasses": 0.0, "hair": 0.0, **changes})
    pixels = (render(person, size, samples=2)[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8)
    return Picture((pixels.numpy(),))


def test_another_person_differs_more_than_another_size() -> None:
    """The same face differs by nothing, at another size by little, another age and gender by much."""
    original = _picture(96, age=25.0, gender=0.0)

    same, smaller, older = differences(
        original, [original, _picture(64, age=25.0, gender=0.0), _picture(96, age=80.0, gender=1.0)]
    )

    assert same == 0
    assert older > 1.5 * smaller
    assert older > 1


def test_the_depth_of_a_picture_does_not_matter() -> None:
    """The same face with 16 bits per channel does not differ."""
    original = _picture(96, age=25.0)
    deep = Picture((original.frames[0].astype(np.uint16) * 257,))

    assert differences(deep, [original])[0] < 1e-3
